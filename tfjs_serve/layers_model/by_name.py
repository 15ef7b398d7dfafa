"""Which weights are stored otherwise than the rest of their model, because of their names. Pure.

The rules are those of the official converter (``map_layers_to_quantization_dtype`` in its
``quantization.py``): patterns as in :mod:`fnmatch`, with case on every system; what no pattern
matches is stored as the rest; no weight may be matched by patterns of two dtypes.

A pattern may be of the name in ``model.json`` or of the one in the Keras file, which is what the
official converter writes. The two differ where TensorFlow.js looks weights up under other names
than Keras saved them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from tfjs_serve.errors import ConversionProblem
from tfjs_serve.layers_model.model import LayersWeight
from tfjs_serve.settings import ConversionOptions, Variant

_MOST_SHOWN = 5


def with_variants(
    weights: Sequence[LayersWeight], options: ConversionOptions
) -> tuple[LayersWeight, ...]:
    """Return the weights, each with the variant that its name decides."""
    if not options.by_name:
        return tuple(weights)
    return tuple(
        replace(weight, variant=next(_variants(weight, options), None)) for weight in weights
    )


def find_name_problems(
    weights: Sequence[LayersWeight], options: ConversionOptions
) -> tuple[ConversionProblem, ...]:
    """Return a problem for each weight that is to be stored in two ways."""
    found = ((weight, list(dict.fromkeys(_variants(weight, options)))) for weight in weights)
    return tuple(
        ConversionProblem(
            code="two-quantizations",
            layer_path=weight.name,
            class_name="weight",
            message=f"patterns for {variants[0].value} and {variants[1].value} both match it.",
            hint="Change one of the patterns so that it does not.",
        )
        for weight, variants in found
        if len(variants) > 1
    )


def notes_on_patterns(
    weights: Sequence[LayersWeight], options: ConversionOptions
) -> tuple[str, ...]:
    """Return a note for each pattern that matches no weight."""
    names = [weight.name for weight in weights if not weight.group]
    shown = ", ".join(names[:_MOST_SHOWN]) + (", ..." if len(names) > _MOST_SHOWN else "")
    return tuple(
        f"No weight has a name like {pattern!r}, which is to be stored as {variant.value}; "
        f"the names are {shown or 'none'}."
        for variant, patterns in options.by_name
        for pattern in patterns
        if not any(_matches(weight, pattern) for weight in weights)
    )


def _variants(weight: LayersWeight, options: ConversionOptions) -> Iterator[Variant]:
    for variant, patterns in options.by_name:
        if any(_matches(weight, pattern) for pattern in patterns):
            yield variant


def _matches(weight: LayersWeight, pattern: str) -> bool:
    names = (weight.name, *weight.saved_names)
    return not weight.group and any(fnmatchcase(name, pattern) for name in names)
