"""The share of what was found that is right, by scikit-learn. The workbook's own implementation."""

import datasets
import evaluate
from sklearn.metrics import precision_score

_DESCRIPTION = "The share of the predicted positives that are positive: TP / (TP + FP).\n"
_KWARGS_DESCRIPTION = """\
Args:
    predictions, references: lists of ints (config "multilabel": lists of lists of 0 and 1).
    labels: the classes to average over, and their order with average=None.
    pos_label: the positive class of average="binary".
    average: "binary" (the default, for two classes), "micro", "macro", "weighted", "samples", or None for a score
        per class.
    sample_weight: weights of the examples.
    zero_division: what 0/0 counts as: 0, 1 or "warn" (0 and a warning).
Returns:
    precision: a float, or an array with average=None.
Example:
    >>> evaluate.load("precision").compute(predictions=[0, 1, 1, 0], references=[0, 1, 0, 0])
    {'precision': 0.5}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Precision(evaluate.Metric):
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
        zero_division="warn",
    ):
        score = precision_score(
            references,
            predictions,
            labels=labels,
            pos_label=pos_label,
            average=average,
            sample_weight=sample_weight,
            zero_division=zero_division,
        )
        return {"precision": score if average is None else float(score)}
