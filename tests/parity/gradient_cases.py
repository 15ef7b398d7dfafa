"""Which cases of the tables are tried for gradients, and which cannot be."""

from __future__ import annotations

import re

from tfjs_serve.conversion.all_rules import rules

from .cases import KERAS2, KERAS3, Case, cases_of

OTHER_NAMES = {"GroupQueryAttention": "GroupedQueryAttention"}
"""From the name in Keras to the name in files."""
FURTHER = (
    # What TensorFlow.js gets wrong, or throws at
    r"AveragePooling\dD-.*padding_same",
    r"(Max|Average)Pooling3D\.(lowered|free)-",
    r"MaxPooling3D-pool_size_1x2x3",
    r"UpSampling2D-(size_3|interpolation_bilinear)",
    r"(Conv\dD|ConvLSTM\dD)(\.causal|\.groups)?-.*dilation_rate_2$",
    r"(Separable|Depthwise)Conv\dD(\.both|\.lowered)(\.free)?-(strides_2-)?dilation_rate_2$",
    r"Conv\dDTranspose\.lowered-.*(output_padding_1-kernel_size_4|dilation_rate_2-kernel_size_2)$",
    r"(Batch|Layer)Normalization-center_(True|False)-scale",
    r"ReLU\.grid",
    r"Softmax\.(axis|rank4)-axis_1",
    r"(Maximum|Minimum)-(broadcast|ranks)",
    r"(GRU\.masked|mask-through-Dense)$",
    r"Resizing\.(12x14|9x5)-interpolation_nearest",
    r"ops\.(order|single)-(sort|top_k|take_along_axis)",
    r"ops\.reduce-(median|max|min)-last$",
    r"ops\.(shaping-(tile-longer|roll-flat)|one-(angle|sinc)|vectors-diagflat)$",
    r"ops\.(pair|broadcast)-(maximum|minimum|hypot)$",
    r"ops\.statistics-(cumsum|cumprod)",
    r"(ops|tf)\.\w+-gather_nd$",
    r"executor-one_step_of_a_decoder$",
    # What is computed in another way with these arguments
    r"Conv[12]D\.many-groups-(padding_same|strides_2)",
    r"GroupNormalization\.parts-",
)
"""Patterns of the cases that are tried beside the first one of each layer."""
STEPS = {
    r"CategoryEncoding": "counts",
    r"ContrastLimitedAdaptiveHistogramEqualization": "looks numbers up in tables",
    r"ops\.matrices-qr": "throws: JavaScript computes it",
    r"Discretization": "has no slope but at the boundaries",
}
"""Patterns of the cases whose slopes tell nothing, and why."""
THROWS = {
    "executor-one_step_of_a_decoder": "recurrent layers of one step, as the converter cannot know",
}
"""Cases at which plain TensorFlow.js throws although the converter does not tell."""


def chosen(*, everything: bool) -> list[tuple[str, Case]]:
    """Return cases with their dialects: of Keras 3 where it has them."""
    new = [(KERAS3, case) for case in cases_of(KERAS3)]
    old = [(KERAS2, case) for case in cases_of(KERAS2) if KERAS3 not in case.dialects]
    usable = [one for one in (*new, *old) if not _is_step(one[1])]
    if everything:
        return usable
    first = {class_of(case): (dialect, case) for dialect, case in reversed(usable)}
    further = [one for one in usable if any(re.match(name, one[1].id) for name in FURTHER)]
    known = {name: one for name, one in first.items() if name in rules()}
    return list(
        {case.id: (dialect, case) for dialect, case in (*known.values(), *further)}.values()
    )


def _is_step(case: Case) -> bool:
    return any(re.match(name, case.id) for name in STEPS)


def class_of(case: Case) -> str:
    """Return the class of layers that a case is named after, as it is in files."""
    (name,) = re.findall(r"^\w+", case.id)
    return OTHER_NAMES.get(name, name)
