"""A small model where the sizes that it needs are known, and a companion layer elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError


def lower_or_companion(
    context: LayerContext,
    lower: Callable[[Lowering], Tensor | Sequence[Tensor]],
    class_name: str,
    arguments: Mapping[str, Json],
) -> TfjsLayer:
    """Return the small model that `lower` builds, or a companion if it must know unknown sizes.

    Parameters
    ----------
    lower
        Adds layers to an empty small model, and returns its output or outputs.
    class_name, arguments
        Class and arguments of the companion; see ``LayerContext.companion``.
    """
    try:
        lowering = Lowering(context)
        made = lower(lowering)
    except UnknownShapeError:
        return context.companion(class_name, arguments)
    return lowering.model(*([made] if isinstance(made, Tensor) else made))
