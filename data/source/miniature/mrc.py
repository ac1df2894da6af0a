"""Short paragraphs with questions, in the form of KLUE MRC. Invented places, people and things throughout.

The first place where an answer stands in its paragraph is its ``answer_start``.
"""

from miniature.grammar import texts

TEXT = texts("mrc")


def rows(paragraphs: list[dict], split: str) -> list[dict]:
    """Dataset rows. As in KLUE, an unanswerable question carries a plausible wrong answer."""
    made = []
    for paragraph in paragraphs:
        title, context = paragraph["title"], paragraph["context"]
        questions = [(line, False) for line in paragraph["answered"]]
        questions += [(line, True) for line in paragraph["unanswered"]]
        for line, is_impossible in questions:
            question, answer = line.split(" | ")
            start = context.find(answer)
            if start < 0:
                raise ValueError(f"{title}: the answer {answer!r} is not in the paragraph")
            made.append(
                {
                    "title": title,
                    "context": context,
                    "news_category": None,
                    "source": "miniature",
                    "guid": f"klue-mrc-v1_{split}_{len(made):05}",
                    "is_impossible": is_impossible,
                    "question_type": 3 if is_impossible else 1,
                    "question": question,
                    "answers": {"answer_start": [start], "text": [answer]},
                }
            )
    return made
