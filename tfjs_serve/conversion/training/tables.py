"""What Keras ships to compile models with: names, and arguments with their defaults.

The defaults are those of Keras 3; a test holds them against it. ``...`` is an argument without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Arguments = Mapping[str, Any]
Table = Mapping[str, Arguments]

_LOGITS: Arguments = {"from_logits": False, "label_smoothing": 0.0, "axis": -1}
LOSSES: Table = {
    "BinaryCrossentropy": _LOGITS,
    "BinaryFocalCrossentropy": {
        **_LOGITS,
        "apply_class_balancing": False,
        "alpha": 0.25,
        "gamma": 2.0,
    },
    "CTC": {},
    "CategoricalCrossentropy": _LOGITS,
    "CategoricalFocalCrossentropy": {**_LOGITS, "alpha": 0.25, "gamma": 2.0},
    "CategoricalGeneralizedCrossEntropy": {"q": 0.5},
    "CategoricalHinge": {},
    "Circle": {"gamma": 80.0, "margin": 0.4, "remove_diagonal": True},
    "CosineSimilarity": {"axis": -1},
    "Dice": {"axis": None},
    "Hinge": {},
    "Huber": {"delta": 1.0},
    "KLDivergence": {},
    "LogCosh": {},
    "MeanAbsoluteError": {},
    "MeanAbsolutePercentageError": {},
    "MeanSquaredError": {},
    "MeanSquaredLogarithmicError": {},
    "Poisson": {},
    "SparseCategoricalCrossentropy": {"from_logits": False, "ignore_class": None, "axis": -1},
    "SquaredHinge": {},
    "Tversky": {"alpha": 0.5, "beta": 0.5, "axis": None},
}
"""``keras/src/losses/losses.py``."""

_AT = {"num_thresholds": 200, "class_id": None}
_IOU: Arguments = {"ignore_class": None, "sparse_y_true": True, "sparse_y_pred": True, "axis": -1}
_ONE_HOT_IOU: Arguments = {"ignore_class": None, "sparse_y_pred": False, "axis": -1}
METRICS: Table = {
    "AUC": {
        "num_thresholds": 200,
        "curve": "ROC",
        "summation_method": "interpolation",
        "thresholds": None,
        "multi_label": False,
        "num_labels": None,
        "label_weights": None,
        "from_logits": False,
    },
    "Accuracy": {},
    "BinaryAccuracy": {"threshold": 0.5},
    "BinaryCrossentropy": {"from_logits": False, "label_smoothing": 0},
    "BinaryIoU": {"target_class_ids": [0, 1], "threshold": 0.5},
    "CategoricalAccuracy": {},
    "CategoricalCrossentropy": {"from_logits": False, "label_smoothing": 0, "axis": -1},
    "CategoricalHinge": {},
    "ConcordanceCorrelation": {"axis": -1},
    "CosineSimilarity": {"axis": -1},
    "F1Score": {"average": None, "threshold": None},
    "FBetaScore": {"average": None, "beta": 1.0, "threshold": None},
    "FalseNegatives": {"thresholds": None},
    "FalsePositives": {"thresholds": None},
    "Hinge": {},
    "IoU": {"num_classes": ..., "target_class_ids": ..., **_IOU},
    "KLDivergence": {},
    "LogCoshError": {},
    "MeanAbsoluteError": {},
    "MeanAbsolutePercentageError": {},
    "MeanIoU": {"num_classes": ..., **_IOU},
    "MeanSquaredError": {},
    "MeanSquaredLogarithmicError": {},
    "OneHotIoU": {"num_classes": ..., "target_class_ids": ..., **_ONE_HOT_IOU},
    "OneHotMeanIoU": {"num_classes": ..., **_ONE_HOT_IOU},
    "PearsonCorrelation": {"axis": -1},
    "Poisson": {},
    "Precision": {"thresholds": None, "top_k": None, "class_id": None},
    "PrecisionAtRecall": {"recall": ..., **_AT},
    "R2Score": {"class_aggregation": "uniform_average", "num_regressors": 0},
    "Recall": {"thresholds": None, "top_k": None, "class_id": None},
    "RecallAtPrecision": {"precision": ..., **_AT},
    "RootMeanSquaredError": {},
    "SensitivityAtSpecificity": {"specificity": ..., **_AT},
    "SparseCategoricalAccuracy": {},
    "SparseCategoricalCrossentropy": {"from_logits": False, "ignore_class": None, "axis": -1},
    "SparseTopKCategoricalAccuracy": {"k": 5, "from_sorted_ids": False},
    "SpecificityAtSensitivity": {"sensitivity": ..., **_AT},
    "SquaredHinge": {},
    "TopKCategoricalAccuracy": {"k": 5},
    "TrueNegatives": {"thresholds": None},
    "TruePositives": {"thresholds": None},
}
"""``keras/src/metrics/``."""

OF_ALL_OPTIMIZERS: Arguments = {
    "weight_decay": None,
    "clipnorm": None,
    "global_clipnorm": None,
    "clipvalue": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "gradient_accumulation_steps": None,
}
_BETAS = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
OPTIMIZERS: Table = {
    "Adadelta": {"rho": 0.95, "epsilon": 1e-7},
    "Adafactor": {
        "beta_2_decay": -0.8,
        "epsilon_1": 1e-30,
        "epsilon_2": 1e-3,
        "clip_threshold": 1.0,
        "relative_step": True,
    },
    "Adagrad": {"initial_accumulator_value": 0.1, "epsilon": 1e-7},
    "Adam": {**_BETAS, "amsgrad": False},
    "AdamW": {**_BETAS, "amsgrad": False, "weight_decay": 0.004},
    "Adamax": _BETAS,
    "Ftrl": {
        "learning_rate_power": -0.5,
        "initial_accumulator_value": 0.1,
        "l1_regularization_strength": 0.0,
        "l2_regularization_strength": 0.0,
        "l2_shrinkage_regularization_strength": 0.0,
        "beta": 0.0,
    },
    "Lamb": _BETAS,
    "Lion": {"beta_1": 0.9, "beta_2": 0.99},
    "Muon": {
        "adam_beta_1": 0.9,
        "adam_beta_2": 0.999,
        "epsilon": 1e-7,
        "weight_decay": 0.004,
        "exclude_layers": None,
        "muon_a": 3.4445,
        "muon_b": -4.775,
        "muon_c": 2.0315,
        "adam_lr_ratio": 1,
        "momentum": 0.95,
        "ns_steps": 5,
        "nesterov": True,
        "exclude_embeddings": True,
        "adam_weight_decay": 0.004,
        "rms_rate": 0.2,
    },
    "Nadam": _BETAS,
    "RMSprop": {"rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False},
    "SGD": {"momentum": 0.0, "nesterov": False},
    "ScheduleFreeAdamW": {**_BETAS, "epsilon": 1e-8, "warmup_steps": 0},
}
"""``keras/src/optimizers/``; all have a ``learning_rate``, and those of `OF_ALL_OPTIMIZERS`."""

LEARNING_RATES: Mapping[str, float] = {
    **dict.fromkeys(OPTIMIZERS, 0.001),
    "SGD": 0.01,
    "ScheduleFreeAdamW": 0.0025,
}
"""Those of ``keras.optimizers.get(name)``."""

SCHEDULES: Table = {
    "CosineDecay": {
        "initial_learning_rate": ...,
        "decay_steps": ...,
        "alpha": 0.0,
        "warmup_target": None,
        "warmup_steps": 0,
    },
    "CosineDecayRestarts": {
        "initial_learning_rate": ...,
        "first_decay_steps": ...,
        "t_mul": 2.0,
        "m_mul": 1.0,
        "alpha": 0.0,
    },
    "ExponentialDecay": {
        "initial_learning_rate": ...,
        "decay_steps": ...,
        "decay_rate": ...,
        "staircase": False,
    },
    "InverseTimeDecay": {
        "initial_learning_rate": ...,
        "decay_steps": ...,
        "decay_rate": ...,
        "staircase": False,
    },
    "PiecewiseConstantDecay": {"boundaries": ..., "values": ...},
    "PolynomialDecay": {
        "initial_learning_rate": ...,
        "decay_steps": ...,
        "end_learning_rate": 0.0001,
        "power": 1.0,
        "cycle": False,
    },
}
"""``keras/src/optimizers/schedules/learning_rate_schedule.py``."""

_SHORT = {
    "bce": "BinaryCrossentropy",
    "kld": "KLDivergence",
    "kullbackleiblerdivergence": "KLDivergence",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "mse": "MeanSquaredError",
    "msle": "MeanSquaredLogarithmicError",
    "cosine": "CosineSimilarity",
    "cosineproximity": "CosineSimilarity",
}
"""In Keras 1 to 3, for losses and metrics alike."""


def _names(table: Table, more: Mapping[str, str]) -> dict[str, str]:
    return {**{_letters(name): name for name in table}, **more}


def _letters(name: str) -> str:
    return name.replace("_", "").lower()


_LOSS_NAMES = _names(LOSSES, {**_SHORT, "huberloss": "Huber"})
_METRIC_NAMES = _names(METRICS, {**_SHORT, "logcosh": "LogCoshError"})
_OPTIMIZER_NAMES = _names(OPTIMIZERS, {})


def loss_class(name: str) -> str:
    """Return the class that a name of a loss means, in any spelling; empty if it is none."""
    return _LOSS_NAMES.get(_letters(name), "")


def metric_class(name: str) -> str:
    """Return the class that a name of a metric means, in any spelling; empty if it is none."""
    return _METRIC_NAMES.get(_letters(name), "")


def optimizer_class(name: str) -> str:
    """Return the class that a name of an optimizer means; empty if it is none."""
    return _OPTIMIZER_NAMES.get(_letters(name), "")
