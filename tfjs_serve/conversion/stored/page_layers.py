"""Finds the variables in a file of layers that the page registers itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tfjs_serve.conversion.model.layers import KerasLayer, Variable
from tfjs_serve.conversion.rules.page_class import page_class
from tfjs_serve.conversion.stored.archive_paths import object_paths
from tfjs_serve.keras_files import Container, KerasModel


def page_variables(
    model: KerasLayer, keras_model: KerasModel, classes: Collection[str]
) -> Mapping[str, tuple[Variable, ...]]:
    """Return the variables that the file has for layers of the page, by layer path.

    Parameters
    ----------
    model
        The outermost model.
    keras_model
        The file.
    classes
        Names of the classes that the page registers.
    """
    if not classes:
        return {}
    in_archive = keras_model.dialect.container is Container.KERAS_ZIP
    paths = object_paths(model) if in_archive else ((layer, layer.name) for layer in model.children)
    names = _names_by_position if in_archive else _names_in_file
    return {
        layer.path: tuple(Variable(name=name) for name in names(keras_model, path))
        for layer, path in paths
        if page_class(layer, classes)
    }


def _names_in_file(keras_model: KerasModel, group: str) -> list[str]:
    refs = keras_model.weights.get(group, ())
    return [ref.name.rpartition("/")[2].partition(":")[0] for ref in refs]


def _names_by_position(keras_model: KerasModel, path: str) -> list[str]:
    """Return ``weight_<position>`` for the layer's own variables, after the path for inner ones.

    If the first name of a model ended with a number, TF.js would take all of them for positions
    (``isKerasSavedModelFormat`` in ``tfjs-layers/src/engine/container.ts``).
    """
    return [
        f"{group.removeprefix(path).lstrip('/')}/weight_{index}".lstrip("/")
        for group, refs in keras_model.weights.items()
        if group == path or group.startswith(f"{path}/")
        for index in range(len(refs))
    ]
