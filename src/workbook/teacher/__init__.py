"""The wire to a language model: any server that speaks the OpenAI API. It knows no question and reads no answer.

>>> teacher = find()                # the server that OPENAI_BASE_URL names, else one started on this machine's GPU
>>> teacher.send({"model": teacher.model, "messages": [{"role": "user", "content": "Hello"}]}).content
"""

from workbook.teacher.client import Teacher, connect
from workbook.teacher.completion import Completion, Outcome
from workbook.teacher.failures import FormatRefused, Stop
from workbook.teacher.serving import check, find, model_that_fits, serve

__all__ = [
    "Completion", "FormatRefused", "Outcome", "Stop", "Teacher", "check", "connect", "find", "model_that_fits", "serve",
]  # fmt: skip
