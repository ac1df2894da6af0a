"""A question: its wording, the way of asking, the sampling; and the key under which an answer is kept.

A question's id depends on all of these, so a change of prompt or schema makes a new question. Answers stored under
an earlier id stay in the store and can be read by that id (`LabelStore.questions()` lists them); they are never
mixed with the new ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbook.errors import WorkbookError
from workbook.labelling import prompt
from workbook.labelling.schema import json_schema
from workbook.teacher import Teacher

WAYS = {
    "thinking": "free: it thinks, then answers",
    "json_schema": "bound: every token must fit the schema",
    "json_object": "bound to be a JSON object of any kind",
}


@dataclass(frozen=True)
class Question:
    """What is asked of every paper, and how.

    way: thinking, json_schema or json_object (see `WAYS`). temperature: DeepSeek advises 0.6 for R1 and its
    distilled models; at 0 they run in circles. max_tokens: includes the thinking. extra: further request fields.
    Raises WorkbookError for an unknown way.
    """

    way: str = "thinking"
    temperature: float = 0.6
    max_tokens: int = 4096
    template: str = prompt.TEMPLATE
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.way not in WAYS:
            raise WorkbookError(f"{self.way!r} is not a way of asking. There are: {', '.join(WAYS)}.")

    def parameters(self) -> dict[str, Any]:
        """The fields of the request besides model and messages."""
        fields: dict[str, Any] = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        if self.way == "json_schema":
            answer = {"name": "answer", "schema": json_schema(), "strict": True}
            fields["response_format"] = {"type": "json_schema", "json_schema": answer}
        elif self.way == "json_object":
            fields["response_format"] = {"type": "json_object"}
        return fields | dict(self.extra)

    def request(self, model: str, title: str | None, abstract: str | None) -> dict[str, Any]:
        """The body of the request for one paper."""
        message = {"role": "user", "content": prompt.write_prompt(title, abstract, self.template)}
        return {"model": model, "messages": [message], **self.parameters()}

    def settings(self, teacher: Teacher) -> dict[str, Any]:
        """Everything that an answer depends on besides the paper."""
        return {
            "endpoint": teacher.name,
            "model": teacher.model,
            "way": self.way,
            "prompt": prompt.version(self.template),
            "schema": _hash(json_schema()),
            "parameters": self.parameters(),
        }

    def id(self, teacher: Teacher) -> str:
        """Sixteen characters that identify this question asked of this teacher."""
        return _hash(self.settings(teacher))


def answer_key(question_id: str, title: str | None, abstract: str | None) -> str:
    """The key of one paper's answer to one question: 32 characters that depend on the text and the question."""
    text = _hash([prompt.clean(title), prompt.clean(abstract)], 32)
    return _hash([question_id, text], 32)


def _hash(value: Any, length: int = 16) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]
