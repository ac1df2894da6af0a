"""Labels from a reasoning model: put one question to a teacher, read its answers, keep them safe.

>>> teacher = workbook.teacher.find()
>>> question = Question(way="thinking")
>>> with LabelStore("labels.sqlite") as store:
...     ask_all(store, teacher, question, papers)    # again: asks only what is missing
"""

from workbook.labelling.asking import Summary, ask_all
from workbook.labelling.corpus import papers_about_datasets, scan_papers
from workbook.labelling.parsing import USABLE, Parsed, parse_completion
from workbook.labelling.prompt import write_prompt
from workbook.labelling.question import Question
from workbook.labelling.reading import Reply, ask, read
from workbook.labelling.schema import LABELS, Answer
from workbook.labelling.store import LabelStore

__all__ = [
    "LABELS", "USABLE", "Answer", "LabelStore", "Parsed", "Question", "Reply", "Summary", "ask", "ask_all",
    "papers_about_datasets", "parse_completion", "read", "scan_papers", "write_prompt",
]  # fmt: skip
