"""Entity-level scores of tagged sequences, by the seqeval package. The workbook's own implementation."""

import datasets
import evaluate
from seqeval.metrics import accuracy_score, classification_report
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, IOE1, IOE2

_SCHEMES = {"IOB1": IOB1, "IOB2": IOB2, "IOE1": IOE1, "IOE2": IOE2, "IOBES": IOBES, "BILOU": BILOU}
_AVERAGES = ("micro avg", "macro avg", "weighted avg")

_DESCRIPTION = """\
Counts entities, not tags: an entity is right where its type and both its ends are right.
"""
_KWARGS_DESCRIPTION = """\
Args:
    predictions, references: lists of tag sequences, such as [["B-PS", "I-PS", "O"]].
    suffix: True where the B, I, O prefixes stand behind the type ("PS-B").
    scheme: one of IOB1, IOB2, IOE1, IOE2, IOBES, BILOU; read strictly with mode="strict".
    mode: "strict", or None for the lenient reading of CoNLL's script.
    sample_weight: weights of the tags.
    zero_division: what 0/0 counts as: 0, 1 or "warn" (0 and a warning).
Returns:
    overall_precision, overall_recall, overall_f1 (micro averages), overall_accuracy (of tags), and for every type
    a dict with precision, recall, f1 and number, the entities of that type in the references.
Example:
    >>> evaluate.load("seqeval").compute(predictions=[["B-PS", "O"]], references=[["B-PS", "O"]])["overall_f1"]
    1.0
"""
_CITATION = """\
@misc{seqeval, title={{seqeval}: A Python framework for sequence labeling evaluation},
  author={Hiroki Nakayama}, year={2018}, url={https://github.com/chakki-works/seqeval}}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Seqeval(evaluate.Metric):
    def _info(self):
        tags = datasets.Sequence(datasets.Value("string", id="label"), id="sequence")
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            homepage="https://github.com/chakki-works/seqeval",
            features=datasets.Features({"predictions": tags, "references": tags}),
        )

    def _compute(
        self,
        predictions,
        references,
        suffix=False,
        scheme=None,
        mode=None,
        sample_weight=None,
        zero_division="warn",
    ):
        if scheme is not None and scheme not in _SCHEMES:
            raise ValueError(f"scheme must be one of {', '.join(_SCHEMES)}, not {scheme!r}")
        report = classification_report(
            y_true=references,
            y_pred=predictions,
            suffix=suffix,
            output_dict=True,
            scheme=_SCHEMES.get(scheme),
            mode=mode,
            sample_weight=sample_weight,
            zero_division=zero_division,
        )
        overall = report["micro avg"]
        scores = {
            name: {
                "precision": values["precision"],
                "recall": values["recall"],
                "f1": values["f1-score"],
                "number": values["support"],
            }
            for name, values in report.items()
            if name not in _AVERAGES
        }
        scores["overall_precision"] = overall["precision"]
        scores["overall_recall"] = overall["recall"]
        scores["overall_f1"] = overall["f1-score"]
        scores["overall_accuracy"] = accuracy_score(y_true=references, y_pred=predictions)
        return scores
