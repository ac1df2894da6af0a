"""The harmonic mean of precision and recall, by scikit-learn. The workbook's own implementation."""

import datasets
import evaluate
from sklearn.metrics import f1_score

_DESCRIPTION = "The harmonic mean of precision and recall: 2PR / (P + R).\n"
_KWARGS_DESCRIPTION = """\
Args:
    predictions, references: lists of ints (config "multilabel": lists of lists of 0 and 1).
    labels: the classes to average over, and their order with average=None.
    pos_label: the positive class of average="binary".
    average: "binary" (the default, for two classes), "micro", "macro", "weighted", "samples", or None for a score
        per class.
    sample_weight: weights of the examples.
Returns:
    f1: a float, or an array with average=None.
Example:
    >>> evaluate.load("f1").compute(predictions=[0, 1, 1, 0], references=[0, 1, 0, 0])
    {'f1': 0.6666666666666666}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class F1(evaluate.Metric):
    def _info(self):
        label = datasets.Value("int32")
        kind = datasets.Sequence(label) if self.config_name == "multilabel" else label
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation="",
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features({"predictions": kind, "references": kind}),
        )

    def _compute(
        self,
        predictions,
        references,
        labels=None,
        pos_label=1,
        average="binary",
        sample_weight=None,
    ):
        score = f1_score(
            references,
            predictions,
            labels=labels,
            pos_label=pos_label,
            average=average,
            sample_weight=sample_weight,
        )
        return {"f1": score if average is None else float(score)}
