"""Losses and metrics with their arguments, and the numbers that they are tried with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .cases.case import generator
from .node import Array

Config = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A loss or a metric; `data` names an entry of :func:`batch`.

    Attributes
    ----------
    masked, weighted
        Whether predictions have a mask, and samples weights.
    """

    class_name: str
    config: Config = field(default_factory=dict)
    data: str = "numbers"
    masked: bool = False
    weighted: bool = False

    @property
    def id(self) -> str:
        extra = ["masked"] * self.masked + ["weighted"] * self.weighted
        parts = [self.class_name, *map(str, self.config.values()), self.data, *extra]
        return "-".join(parts)


def batch(data: str, number: int, samples: int) -> dict[str, Array]:
    """Return ``yTrue``, ``yPred``, ``mask`` and ``sampleWeight`` of one batch."""
    random = generator(f"{data} {number}")
    shape = {"sequences": (samples, 5, 3), "steps": (samples, 5, 4)}.get(data, (samples, 4))
    chances = random.uniform(0.02, 0.98, shape)
    shares = chances / chances.sum(-1, keepdims=True)
    classes = random.integers(0, shape[-1], shape[:-1])
    flags = (chances + random.normal(0, 0.4, shape) > 0.5).astype("int32")
    one_hot = (classes[..., None] == range(shape[-1])).astype("float32")
    numbers = random.normal(0, 1.5, shape)
    targets, predictions = {
        "numbers": (random.normal(0, 1.5, shape), numbers),
        "sequences": (random.normal(0, 1.5, shape), numbers),
        "positive": (random.uniform(0, 3, shape), random.uniform(0.1, 3, shape)),
        "flags": (flags, chances),
        "sparse flags": (flags, (chances > 0.5).astype("float32")),
        "flag": (flags[:, :1], chances[:, :1]),
        "flat flag": (flags[:, 0], chances[:, :1]),
        "flag logits": (flags, numbers),
        "signs": (2 * flags - 1, numbers),
        "one-hot": (one_hot, shares),
        "one-hot logits": (one_hot, numbers),
        "classes": (classes, shares),
        "class columns": (classes[..., None], shares),
        "class numbers": (classes, random.integers(0, shape[-1], classes.shape)),
        "class logits": (classes, numbers),
        "steps": (classes, shares),
        "embeddings": (classes // 2, numbers / (numbers**2).sum(-1, keepdims=True) ** 0.5),
    }[data]
    return {
        "yTrue": as_number(targets),
        "yPred": as_number(predictions),
        "mask": random.uniform(0, 1, shape[:-1]) > 0.4,
        "sampleWeight": random.uniform(0.2, 2, shape[:-1]).astype("float32"),
    }


def as_number(array: Array) -> Array:
    return array.astype("int32" if array.dtype.kind in "iu" else "float32")


def case(name: str, data: str, **config: Any) -> Case:
    return Case(class_name=name, data=data, config=config)


LOSSES = [
    *(case(name, "numbers") for name in ("MeanSquaredError", "MeanAbsoluteError", "Huber")),
    *(case(name, "numbers") for name in ("LogCosh", "MeanAbsolutePercentageError")),
    case("Huber", "numbers", delta=0.4),
    case("Huber", "numbers", reduction="sum"),
    case("MeanSquaredError", "numbers", reduction="none"),
    case("MeanSquaredLogarithmicError", "positive"),
    case("Poisson", "positive"),
    case("CosineSimilarity", "numbers"),
    case("KLDivergence", "one-hot"),
    *(case(name, "signs") for name in ("Hinge", "SquaredHinge")),
    *(case(name, "flag logits") for name in ("Hinge", "SquaredHinge")),
    case("CategoricalHinge", "one-hot logits"),
    case("BinaryCrossentropy", "flags"),
    case("BinaryCrossentropy", "flag"),
    case("BinaryCrossentropy", "flat flag"),
    case("BinaryCrossentropy", "flags", label_smoothing=0.2),
    case("BinaryCrossentropy", "flag logits", from_logits=True),
    case("BinaryCrossentropy", "sparse flags"),
    case("BinaryFocalCrossentropy", "flags"),
    case("BinaryFocalCrossentropy", "flags", apply_class_balancing=True, gamma=3.0, alpha=0.4),
    case("BinaryFocalCrossentropy", "flag logits", from_logits=True, label_smoothing=0.1),
    case("CategoricalCrossentropy", "one-hot"),
    case("CategoricalCrossentropy", "one-hot", label_smoothing=0.2),
    case("CategoricalCrossentropy", "one-hot logits", from_logits=True),
    case("CategoricalFocalCrossentropy", "one-hot", alpha=0.4),
    case("CategoricalFocalCrossentropy", "one-hot logits", from_logits=True, gamma=1.5),
    *(case("SparseCategoricalCrossentropy", data) for data in ("classes", "class columns")),
    case("SparseCategoricalCrossentropy", "steps"),
    case("SparseCategoricalCrossentropy", "class logits", from_logits=True),
    case("SparseCategoricalCrossentropy", "steps", ignore_class=1),
    case("CategoricalGeneralizedCrossEntropy", "classes"),
    case("CategoricalGeneralizedCrossEntropy", "classes", q=0.7),
    *(case(name, "flags") for name in ("Dice", "Tversky")),
    case("Dice", "flags", axis=[1]),
    case("Tversky", "flags", alpha=0.3, beta=0.8, axis=[1]),
    case("Circle", "embeddings"),
    case("Circle", "embeddings", gamma=16.0, margin=0.2),
]
LOSSES += [
    Case(class_name=name, data=data, masked=masked, weighted=weighted, config={"reduction": how})
    for name, data in (
        ("MeanSquaredError", "sequences"),
        ("SparseCategoricalCrossentropy", "steps"),
    )
    for masked, weighted in ((True, False), (False, True), (True, True))
    for how in ("sum_over_batch_size", "sum", "mean_with_sample_weight")
]

METRICS = [
    *(case(name, "numbers") for name in ("MeanSquaredError", "MeanAbsoluteError")),
    *(case(name, "numbers") for name in ("RootMeanSquaredError", "LogCoshError", "R2Score")),
    case("MeanAbsolutePercentageError", "numbers"),
    case("R2Score", "numbers", class_aggregation="variance_weighted_average", num_regressors=2),
    case("R2Score", "numbers", class_aggregation=None),
    case("MeanSquaredLogarithmicError", "positive"),
    case("Poisson", "positive"),
    case("CosineSimilarity", "numbers"),
    case("PearsonCorrelation", "numbers"),
    case("ConcordanceCorrelation", "numbers"),
    case("KLDivergence", "one-hot"),
    *(case(name, "signs") for name in ("Hinge", "SquaredHinge")),
    case("CategoricalHinge", "one-hot logits"),
    case("BinaryCrossentropy", "flags", label_smoothing=0.1),
    case("CategoricalCrossentropy", "one-hot"),
    case("SparseCategoricalCrossentropy", "steps"),
    case("Accuracy", "class numbers"),
    *(case("BinaryAccuracy", data) for data in ("flags", "flag", "flat flag")),
    case("BinaryAccuracy", "flags", threshold=0.3),
    case("CategoricalAccuracy", "one-hot"),
    *(case("SparseCategoricalAccuracy", data) for data in ("classes", "class columns", "steps")),
    case("TopKCategoricalAccuracy", "one-hot", k=2),
    case("TopKCategoricalAccuracy", "one-hot"),
    *(case("SparseTopKCategoricalAccuracy", data, k=2) for data in ("classes", "steps")),
    *(case(name, "flags") for name in ("TruePositives", "FalsePositives")),
    *(case(name, "flags", thresholds=[0.2, 0.7]) for name in ("TrueNegatives", "FalseNegatives")),
    *(case(name, "flags") for name in ("Precision", "Recall", "AUC")),
    *(case(name, "flag") for name in ("Precision", "Recall", "AUC")),
    case("Precision", "one-hot", top_k=2),
    case("Precision", "one-hot", class_id=1, thresholds=0.3),
    case("Recall", "one-hot", top_k=2, class_id=2),
    case("Recall", "flags", thresholds=[0.0, 0.5, 1.0]),
    case("SensitivityAtSpecificity", "flags", specificity=0.6),
    case("SpecificityAtSensitivity", "flags", sensitivity=0.7, num_thresholds=50),
    case("PrecisionAtRecall", "flags", recall=0.6),
    case("RecallAtPrecision", "flags", precision=0.6),
    *(
        case("AUC", "flags", curve=curve, summation_method=summation, num_thresholds=30)
        for curve in ("ROC", "PR", "PRGAIN")
        for summation in ("interpolation", "majoring", "minoring")
    ),
    case("AUC", "flags", multi_label=True, num_labels=4),
    case("AUC", "flags", multi_label=True, num_labels=4, label_weights=[1.0, 2.0, 0.5, 1.0]),
    case("AUC", "flags", multi_label=True, num_labels=4, curve="PR"),
    case("AUC", "flags", thresholds=[0.1, 0.2, 0.6]),
    case("AUC", "flag logits", from_logits=True),
    *(case("F1Score", "one-hot", average=how) for how in (None, "micro", "macro", "weighted")),
    case("F1Score", "flags", threshold=0.5),
    case("FBetaScore", "one-hot", beta=2.0, average="macro"),
    case("MeanIoU", "class numbers", num_classes=4),
    case("MeanIoU", "classes", num_classes=4, sparse_y_pred=False),
    case("IoU", "class numbers", num_classes=4, target_class_ids=[0, 2], ignore_class=1),
    case("BinaryIoU", "flags", target_class_ids=[1], threshold=0.4),
    case("OneHotIoU", "one-hot", num_classes=4, target_class_ids=[0, 3]),
    case("OneHotMeanIoU", "one-hot", num_classes=4),
]
METRICS += [
    Case(class_name="MeanSquaredError", data="sequences", masked=masked, weighted=weighted)
    for masked, weighted in ((True, False), (False, True), (True, True))
]
METRICS += [
    Case(class_name=name, data="steps", masked=True)
    for name in ("SparseCategoricalAccuracy", "SparseCategoricalCrossentropy")
]
METRICS += [
    Case(class_name=name, data=data, weighted=True)
    for name, data in (
        *(("AUC", "flags"), ("Precision", "flags"), ("F1Score", "one-hot"), ("R2Score", "numbers")),
        *(("BinaryAccuracy", "flags"), ("RootMeanSquaredError", "numbers")),
    )
]
BATCHES = (8, 8, 3)
"""Samples of each batch that a metric sees."""


def arrays_of(given: Case, number: int, samples: int) -> dict[str, Any]:
    """Return what a loss, or one batch of a metric, gets; ``None`` for what the case has not."""
    arrays: dict[str, Any] = dict(batch(given.data, number, samples))
    if not given.masked:
        arrays["mask"] = None
    if not given.weighted:
        arrays["sampleWeight"] = None
    return arrays
