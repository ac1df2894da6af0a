"""What a teacher has to answer: why, and one of two labels."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field, StringConstraints

Label = Literal["new_dataset", "no_new_dataset"]
LABELS: tuple[str, ...] = get_args(Label)
SHORTEST_EXPLANATION, LONGEST_EXPLANATION = 40, 400  # characters
PLACEHOLDER = (
    f"one or two sentences, {SHORTEST_EXPLANATION} to {LONGEST_EXPLANATION} characters, "
    "naming what in the abstract decides it"
)


class Answer(BaseModel):
    """What in a paper's abstract shows whether the paper introduces a new dataset, and the label that follows.

    The explanation comes first: a server that binds its answer to the schema keeps the order of the fields, and a
    model that writes its reasons first can base the label on them. `maxLength` is for such servers alone: it ends
    the loops that small models fall into. A longer explanation from a server that ignores it is still valid.
    """

    explanation: Annotated[str, StringConstraints(strip_whitespace=True, min_length=SHORTEST_EXPLANATION)] = (
        Field(
            description=PLACEHOLDER.capitalize() + ".", json_schema_extra={"maxLength": LONGEST_EXPLANATION}
        )
    )
    label: Label


def json_schema() -> dict[str, Any]:
    """`Answer` as the JSON schema that servers take in `response_format`: no optional and no additional fields."""
    schema = Answer.model_json_schema()
    schema.pop("description", None)  # for readers of this file, not for the model
    return {**schema, "additionalProperties": False}
