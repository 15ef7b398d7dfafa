"""Takes a model back to what its record says, by converting it again.

The record has the Keras model without weights. It is converted as it was before, with unknown
variables, which tells how the weights of the page are made of them. Then the page's weights tell
what the variables are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tfjs_serve.conversion.compiling import Detail, compiled
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.report import HINT_DAMAGED
from tfjs_serve.conversion.model.sources import Array, LayerWeights, values
from tfjs_serve.conversion.passes import Draft, complete_arguments, spelled
from tfjs_serve.conversion.raising.flags import with_page_flags
from tfjs_serve.conversion.raising.model import Origin, Page
from tfjs_serve.conversion.raising.sameness import is_same_argument, is_same_model
from tfjs_serve.conversion.raising.training import is_for_script
from tfjs_serve.conversion.record.model import Record, Stated
from tfjs_serve.conversion.record.solving import (
    Solution,
    Unknown,
    UnsolvedError,
    evaluated,
    is_handed_on,
    is_nearly,
    made_of,
)
from tfjs_serve.conversion.training.trained_weights import trained_weights
from tfjs_serve.conversion.translate import Done, freest, written
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.keras_files import Container, Dialect, KerasModel, SavedTraining
from tfjs_serve.layers_model.model import ArraySource, LayersModel, LayersWeight, TensorSource
from tfjs_serve.layers_model.tfjs_weights import TfjsWeight

_TRAINED = (
    "The page changed its weights so that no layer of Keras computes the same: numbers that belong "
    "together are no longer the same, or constants are others."
)
_LOST = "Its variable {} is not among the weights of the page."


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A recorded model, converted again with unknown variables.

    Attributes
    ----------
    draft
        The model as the rules know it, before shapes were filled in.
    """

    draft: Draft
    done: Done
    model: LayersModel


def converted_again(record: Record, page: Page) -> Converted | None:
    """Convert a recorded model; ``None`` if the page has another one now.

    It has, if it was made by another version of the converter, or changed in the page.
    """
    try:
        draft = _draft(record, page.display_name)
        done = freest(draft)
        model = compiled(written(done), done.draft, done.translation, Detail.PLAIN)
    except TfjsServeError:
        return None
    if not _has_same_weights(model, page):
        return None
    if not is_same_model(model.topology["model_config"], page.model):
        return None
    return Converted(draft=draft, done=done, model=model)


def _draft(record: Record, display_name: str) -> Draft:
    dialect = Dialect(generation=record.generation, container=Container.HDF5, backend="tensorflow")
    file = KerasModel(
        display_name=display_name,
        dialect=dialect,
        keras_version=record.keras_version,
        config=record.config,
        weights={},
        training=None if record.training is None else SavedTraining(settings=record.training),
    )
    draft = complete_arguments(spelled(file, record.custom_layers))
    variables = {
        path: {name: _variable(record, path, name, one) for name, one in named.items()}
        for path, named in record.variables.items()
    }
    return replace(draft, model=_changed(draft.model, record), weights=variables)


def _changed(layer: KerasLayer, record: Record) -> KerasLayer:
    children = tuple(_changed(child, record) for child in layer.children)
    changes = record.changed.get(layer.path, {})
    return replace(layer, children=children, **changes)


def _variable(record: Record, path: str, name: str, stated: Stated) -> TensorSource:
    shape, dtype = stated
    data = record.values.get(path, {}).get(name)
    if data is None:
        return Unknown(shape, dtype)
    kind = np.dtype("float32" if dtype == "bfloat16" else dtype).newbyteorder("<")
    return ArraySource(np.frombuffer(data, kind).reshape(shape))


def _has_same_weights(model: LayersModel, page: Page) -> bool:
    stored = {name: tuple(source.shape) for name, source in page.weights.items()}
    return stored == {weight.name: tuple(weight.source.shape) for weight in model.weights}


# --- From the weights of the page to variables ----------------------------------------------


def origin_of(converted: Converted, record: Record, page: Page) -> Origin:
    """Return the Keras model with the weights and flags of the page.

    Raises
    ------
    ConversionError
        The weights of a layer were changed so that it is none of Keras's any more.
    """
    draft = converted.draft
    variables = draft.weights
    known = {id(one): one for named in variables.values() for one in named.values()}
    owners = {
        id(one): (path, name) for path, named in variables.items() for name, one in named.items()
    }
    report = draft.report.copy()
    layers = {layer.path: layer for layer in draft.model.walk()}
    solution = Solution(
        {key: one for key, one in known.items() if isinstance(one, Unknown)},
        is_rounded=_is_rounded(page),
    )

    def tell(weight: LayersWeight, why: str) -> None:
        found = made_of(weight.source, known)
        path = owners[next(iter(found))][0] if found else draft.model.path
        report.problem(layers[path], "changed-in-the-page", why, HINT_DAMAGED)

    for weight in converted.model.weights:
        try:
            solution.learn(weight.source, _values(page, weight.name))
        except UnsolvedError as error:
            tell(weight, f"{_TRAINED} ({error})")
    report.raise_problems()
    found, lost = _found(variables, solution)
    for weight in _disagreeing(converted.model, page, known, found):
        tell(weight, _TRAINED)
    report.raise_problems()
    notes = [f"{path}: {_LOST.format(name)} It is zero now." for path, name in lost]
    return Origin(
        generation=record.generation,
        keras_version=record.keras_version,
        config=record.config,
        model=with_page_flags(draft.model, converted.done, page),
        variables=found,
        trained=_trained(converted.model),
        arranged=partial(_arranged, converted),
        training=page.training if is_compiled_anew(converted, page) else record.training,
        is_recorded=not is_compiled_anew(converted, page),
        notes=tuple(notes),
    )


def is_compiled_anew(converted: Converted, page: Page) -> bool:
    """Whether the page has other compile settings than it was given."""
    if page.training is None or is_for_script(page.training):
        return False
    given = converted.model.training_config
    return given is None or not is_same_argument(given, page.training)


def _trained(model: LayersModel) -> list[str]:
    weights = trained_weights(model.topology["model_config"], model.weights)
    return [weight.name for weight in weights]


def _arranged(converted: Converted, slots: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """Return slots of the variables, from those of the page's weights; numbers are only moved."""
    variables = converted.draft.weights
    unknown = {
        id(one): one
        for named in variables.values()
        for one in named.values()
        if isinstance(one, Unknown)
    }
    solution = Solution(unknown, moves_only=True)
    for weight in converted.model.weights:
        if weight.name in slots:
            solution.learn(weight.source, slots[weight.name])
    return {
        path: {
            name: value
            for name, one in named.items()
            if id(one) in unknown and (value := solution.value(one)) is not None
        }
        for path, named in variables.items()
    }


def _is_rounded(page: Page) -> bool:
    return any(isinstance(one, TfjsWeight) and one.is_quantized for one in page.weights.values())


def _values(page: Page, name: str) -> Array:
    return values(page.weights[name])


def _found(
    variables: LayerWeights, solution: Solution
) -> tuple[LayerWeights, list[tuple[str, str]]]:
    """Return all variables, those of which nothing is known as zeros, and the names of these."""
    found: dict[str, dict[str, TensorSource]] = {}
    lost = []
    for path, named in variables.items():
        found[path] = {}
        for name, one in named.items():
            value = solution.value(one) if isinstance(one, Unknown) else values(one)
            if value is None:
                lost.append((path, name))
                value = np.zeros(one.shape, np.float32)
            found[path][name] = ArraySource(_in_dtype(value, one.dtype))
    return found, lost


def _in_dtype(value: Array, dtype: str) -> Array:
    """Return a variable in the dtype that it had; Keras reads bfloat16 from float32."""
    return value if dtype == "bfloat16" else value.astype(dtype, copy=False)


def _disagreeing(
    model: LayersModel, page: Page, known: Mapping[int, TensorSource], found: LayerWeights
) -> Iterator[LayersWeight]:
    """Yield the weights that the rules would now make otherwise."""
    if _is_rounded(page):
        return
    arrays = dict(
        zip(
            known, (values(one) for named in found.values() for one in named.values()), strict=False
        )
    )
    for weight in model.weights:
        its = made_of(weight.source, known)
        if its and is_handed_on(weight.source, its):
            continue
        with np.errstate(all="ignore"):
            again = evaluated(weight.source, arrays)
        if not is_nearly(_values(page, weight.name), np.asarray(again, np.float32)):
            yield weight
