"""What a teacher has to answer: one of two labels, and why."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field, StringConstraints

Label = Literal["new_dataset", "no_new_dataset"]
LABELS: tuple[str, ...] = get_args(Label)
SHORTEST_EXPLANATION = 40


class Answer(BaseModel):
    """Whether a paper introduces a new data set, and what in its abstract says so."""

    label: Label
    explanation: Annotated[str, StringConstraints(strip_whitespace=True, min_length=SHORTEST_EXPLANATION)] = (
        Field(description="One or two sentences naming what in the abstract decides it.")
    )


def json_schema() -> dict[str, Any]:
    """`Answer` as the JSON schema that servers take in `response_format`: nothing optional, nothing besides."""
    schema = Answer.model_json_schema()
    return {**schema, "additionalProperties": False}
