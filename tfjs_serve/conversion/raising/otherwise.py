"""Finds the layers that TensorFlow.js computes otherwise than Keras.

It takes some arguments without following them, and gives masks to other layers than Keras. What a
model without a record predicts in the page is then not what Keras predicts with the same layers.

The converter knows all of these differences: it never makes a layer of TensorFlow.js of such a
layer of Keras. So the model that goes back is converted once more, and where that gives something
else than the page has, the two differ. The exception is Dot with ``normalize``: TensorFlow.js
divides by at least 3e-4, which only vectors that are shorter could tell.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.report import NONSENSE
from tfjs_serve.conversion.model.sources import LayerWeights
from tfjs_serve.conversion.passes import Draft
from tfjs_serve.conversion.translate import freest
from tfjs_serve.errors import ConversionError, TfjsServeError
from tfjs_serve.facts.layers import Became

_MOST = 5
"""So many layers are named."""


def notes_of_difference(draft: Draft, variables: LayerWeights) -> tuple[str, ...]:
    """Return notes on the layers with which Keras predicts something else than the page.

    Parameters
    ----------
    draft
        The model as Keras spells it.
    variables
        From a layer's path to its variables by name.
    """
    model = _without_normalizing(draft.model)
    paths = _otherwise(replace(draft, model=model, weights=variables, report=draft.report.copy()))
    if not paths:
        return ()
    more = [f"{len(paths) - _MOST} more"] if len(paths) > _MOST else []
    named = ", ".join([*paths[:_MOST], *more])
    return (
        f"{named}: TensorFlow.js does not compute what Keras computes with these arguments "
        "and masks, so Keras may predict something else than the page.",
    )


def _without_normalizing(layer: KerasLayer) -> KerasLayer:
    children = tuple(map(_without_normalizing, layer.children))
    changed = {"normalize": False} if layer.class_name == "Dot" else {}
    return replace(layer, children=children, config={**layer.config, **changed})


def _otherwise(draft: Draft) -> list[str]:
    try:
        done = freest(draft)
    except ConversionError as error:
        return sorted({problem.layer_path for problem in error.problems})
    except (TfjsServeError, *NONSENSE):
        return []  # what is wrong is found, and told, where it goes back
    return [
        layer.path
        for layer in done.draft.model.walk()
        if done.translation.became.get(layer.path) in (Became.LOWERED, Became.COMPANION)
    ]
