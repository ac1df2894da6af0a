"""A page that shows the entities of a Korean sentence in colour."""

import os

import gradio as gr
from transformers import pipeline

MODEL_ID = os.environ.get("MODEL_ID", "")
EXAMPLES = [
    "김해진은 지난 12일 김해에서 열린 간담회에 참석했다.",
    "강릉시는 오후 5시 30분까지 두 가지 행사를 연다.",
]


def tag(sentence: str) -> dict:
    """The sentence with its entities, as HighlightedText takes them."""
    if not MODEL_ID:
        raise gr.Error("Set MODEL_ID to a repo with a trained NER model, then start the app again.")
    found = tagger(sentence)
    entities = [{"entity": e["entity_group"], "start": e["start"], "end": e["end"]} for e in found]
    return {"text": sentence, "entities": entities}


tagger = pipeline("token-classification", model=MODEL_ID, aggregation_strategy="simple") if MODEL_ID else None
demo = gr.Interface(
    fn=tag,
    inputs=gr.Textbox(label="Sentence"),
    outputs=gr.HighlightedText(label="Entities"),
    examples=EXAMPLES,
    title="Names, places and dates of a Korean sentence",
)

if __name__ == "__main__":
    demo.launch()
