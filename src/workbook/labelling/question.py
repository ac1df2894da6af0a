"""A question as it is put: its words, the way of asking, the sampling; and the key that an answer is kept under."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbook.errors import WorkbookError
from workbook.labelling import prompt
from workbook.labelling.schema import json_schema

if TYPE_CHECKING:
    from workbook.teacher import Teacher

WAYS = {
    "thinking": "free: it thinks, then answers",
    "json_schema": "bound: every token has to fit the schema",
    "json_object": "bound to be some JSON object",
}


@dataclass(frozen=True)
class Question:
    """What is asked of every paper, and how.

    way: thinking, json_schema or json_object (see `WAYS`). temperature: DeepSeek advises 0.6 for R1 and its
    distilled models; at 0 they run in circles. max_tokens: thinking included. extra: further fields of the request.
    """

    way: str = "thinking"
    temperature: float = 0.6
    max_tokens: int = 4096
    template: str = prompt.TEMPLATE
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.way not in WAYS:
            raise WorkbookError(f"There is no way of asking {self.way!r}. There are: {', '.join(WAYS)}.")

    def parameters(self) -> dict[str, Any]:
        """The request's fields besides model and messages."""
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
        """Sixteen characters for this question asked of this teacher."""
        return _hash(self.settings(teacher))


def answer_key(question_id: str, title: str | None, abstract: str | None) -> str:
    """The key of one paper's answer to one question: it changes with the text and with all that is asked."""
    text = _hash([prompt.clean(title), prompt.clean(abstract)], 32)
    return _hash([question_id, text], 32)


def _hash(value: Any, length: int = 16) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]
