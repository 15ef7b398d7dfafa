"""Plausible values for the arguments of layers, by the argument's name.

Only values other than the default: an omitted argument is a case of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.parity.cases.case import made

INITIALIZERS = (
    "ones",
    "he_normal",
    "LecunNormal",
    made("initializers.Constant", value=0.5),
    made("initializers.VarianceScaling", scale=2.0, mode="fan_out", distribution="uniform"),
)
REGULARIZERS = ("l2", made("regularizers.L1L2", l1=0.01, l2=0.02))
CONSTRAINTS = ("non_neg", made("constraints.MaxNorm", max_value=2.0))
BY_ENDING: Mapping[str, Sequence[Any]] = {
    "_initializer": INITIALIZERS,
    "_regularizer": REGULARIZERS,
    "_constraint": CONSTRAINTS,
}
"""Values that change nothing in a model that has been trained."""

BARELY_KNOWN = ("relu", "softmax", "gelu", "hard_sigmoid", "leaky_relu", "log_softmax", "silu")
"""Activations whose translations differ; Activation and Dense are tried with all."""

CHANGES_NOTHING: Mapping[str, Sequence[Any]] = {
    "dropout": (0.3,),
    "recurrent_dropout": (0.3,),
    "seed": (7,),
    "noise_shape": (),
    "implementation": (2,),
    "use_cudnn": (False,),
    "flash_attention": (False,),
    "softmax_robust_masking": (True,),
    "robust_masking": (True,),
    "synchronized": (True,),
    "power_iterations": (2,),
    "momentum": (0.5,),
    "unroll": (True,),
    "trainable": (False,),
    "name": ("a.b'c d", "vars", "batch_input_shape", "return_sequences"),
    "autocast": (False,),
    "dynamic": (),
    "sparse": (False,),
    "ragged": (False,),
    "activity_regularizer": REGULARIZERS,
    "input_length": (),
    "encoding": (),
    "lora_rank": (),
    "lora_alpha": (),
    "quantization_config": (),
    "gptq_unpacked_column_size": (),
    "reverse_dtype": (),
    "vocabulary_dtype": ("int32",),
    "vocabulary_size": (),
    "renorm": (),
    "renorm_clipping": (),
    "renorm_momentum": (),
    # Of augmentation, which rests at inference.
    "value_range": ((0, 1),),
    "num_chains": (2,),
    "chain_depth": (2,),
    "all_ops": (False,),
    "num_ops": (3,),
    "fill_mode": ("constant", "nearest"),
    "fill_value": (0.5,),
    "mode": (),
    "brightness_factor": (0.2,),
    "contrast_factor": (0.2,),
    "saturation_factor": (0.2,),
    "hue_factor": (0.2,),
    "x_factor": (0.2,),
    "y_factor": (0.2,),
    "width_factor": (0.1,),
    "sigma": (0.5,),
    "factor": (0.5,),
}
"""Arguments that are combined with others only once, all together."""

DTYPES = ("float16", "float64", "bfloat16", "mixed_float16", "mixed_bfloat16")
TOLERANCES = {"16": 0.05, "64": 1e-5}
"""Keras rounds to the eight or eleven bits of a float16, TensorFlow.js does not."""

VALUES: Mapping[str, Sequence[Any]] = {
    **CHANGES_NOTHING,
    "dtype": DTYPES,
    "activation": BARELY_KNOWN,
    "recurrent_activation": ("relu", "hard_sigmoid", "tanh", "gelu"),
    "use_bias": (False,),
    "padding": ("same",),
    "strides": (2,),
    "dilation_rate": (2,),
    "groups": (2,),
    "data_format": ("channels_first",),
    "depth_multiplier": (2,),
    "output_padding": (),
    "pool_size": (3,),
    "keepdims": (True,),
    "axis": (1, -1),
    "epsilon": (0.1, 1e-5),
    # Given as pairs in the subjects.
    "mean": (),
    "variance": (),
    "center": (False,),
    "scale": (False,),
    "rate": (0.5,),
    "unit_forget_bias": (False,),
    "return_sequences": (True,),
    "return_state": (True,),
    "go_backwards": (True,),
    "stateful": (True,),
    "time_major": (True,),
    "reset_after": (False,),
    "zero_output_for_mask": (True,),
    "mask_zero": (True,),
    "merge_mode": ("sum", "mul", "ave", None),
    "weights": (),
    "use_scale": (False, True),
    "score_mode": ("concat",),
    "value_dim": (5,),
    "attention_axes": (1, (1,)),
    "sliding_window": (2,),
    "use_gate": (True,),
    "normalize": (True,),
    "invert": (True,),
    "interpolation": ("nearest",),
    "negative_slope": (0.2,),
    "threshold": (0.4,),
    "max_value": (1.5, 6.0),
    "alpha": (0.5,),
    "theta": (0.3,),
    "mask_value": (1.0,),
    "offset": (-1.0,),
    "tie_weights": (False,),
    "logit_soft_cap": (2.0,),
    "output_mode": (),
    "max_tokens": (),
    "pad_to_max_tokens": (),
    "idf_weights": (),
    "num_oov_indices": (0, 2),
    "mask_token": (),
    "oov_token": (),
    "oov_method": (),
    "salt": (),
    "crop_to_aspect_ratio": (True,),
    "pad_to_aspect_ratio": (True,),
    "antialias": (True,),
    "bins": (16,),
    "clip_limit": (2.0,),
    "tile_grid_size": ((2, 2),),
    "addition_factor": (0.3,),
    "threshold_factor": (0.3,),
}


def changes_nothing(name: str) -> bool:
    """Whether the argument is without effect on predictions."""
    return name in CHANGES_NOTHING or name.endswith(tuple(BY_ENDING))


def values_of(name: str) -> Sequence[Any] | None:
    """Return values for the argument, or ``None`` if it is not in the tables."""
    for ending, values in BY_ENDING.items():
        if name.endswith(ending) and name not in VALUES:
            return values
    return VALUES.get(name)


def tolerance_of(dtype: Any) -> float:
    """Return the allowed deviation of a layer that Keras computes in `dtype`."""
    endings = (value for ending, value in TOLERANCES.items() if str(dtype).endswith(ending))
    return next(endings, 1e-5)
