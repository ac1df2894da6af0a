"""The share of right labels, by scikit-learn. The workbook's own implementation."""

import datasets
import evaluate
from sklearn.metrics import accuracy_score

_DESCRIPTION = "The share of predictions that equal their reference.\n"
_KWARGS_DESCRIPTION = """\
Args:
    predictions, references: lists of ints (config "multilabel": lists of lists of 0 and 1).
    normalize: False counts the right ones instead.
    sample_weight: weights of the examples.
Returns:
    accuracy: 0 to 1, or a count.
Example:
    >>> evaluate.load("accuracy").compute(predictions=[0, 1, 1, 0], references=[0, 1, 0, 0])
    {'accuracy': 0.75}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Accuracy(evaluate.Metric):
    def _info(self):
        label = datasets.Value("int32")
        kind = datasets.Sequence(label) if self.config_name == "multilabel" else label
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation="",
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features({"predictions": kind, "references": kind}),
        )

    def _compute(self, predictions, references, normalize=True, sample_weight=None):
        score = accuracy_score(references, predictions, normalize=normalize, sample_weight=sample_weight)
        return {"accuracy": float(score)}
