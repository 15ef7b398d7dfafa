"""Layers that the page registers itself (``--layers``): handed on as they are.

Their arguments are written as Keras saved them. TF.js turns keys and strings into camel case, and
finds weights by name: those that the class gives to ``addWeight`` have to be Keras's, or, for
``.keras`` archives, which do not tell names, the position: ``"0"``, ``"1"`` ...
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tfjs_serve.conversion.context import TfjsLayer
from tfjs_serve.conversion.model import KerasLayer, Variable
from tfjs_serve.conversion.object_paths import object_paths
from tfjs_serve.keras_files import Container, KerasModel
from tfjs_serve.layers_model.model import LayersWeight, TensorSource


def page_class(layer: KerasLayer, classes: Collection[str]) -> str | None:
    """Return which of the page's `classes` a layer is of.

    Packages (``my>Scale``) need not agree: HDF5 files name them, archives do so elsewhere.
    """
    wanted = layer.class_name.rpartition(">")[2]
    return next((name for name in classes if name.rpartition(">")[2] == wanted), None)


def page_variables(
    model: KerasLayer, keras_model: KerasModel, classes: Collection[str]
) -> Mapping[str, tuple[Variable, ...]]:
    """Return the variables that the file has for each layer of `classes`, by layer path."""
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
    """Return the position of each variable in its object, after the object's path if inside."""
    return [
        f"{group.removeprefix(path).lstrip('/')}/{index}".lstrip("/")
        for group, refs in keras_model.weights.items()
        if group == path or group.startswith(f"{path}/")
        for index in range(len(refs))
    ]


def passed_on(
    layer: KerasLayer,
    class_name: str,
    name: str,
    scope: str,
    weights: Mapping[str, TensorSource],
) -> TfjsLayer:
    """Return the layer under the page's class name, with Keras's arguments and weights."""
    config = {**layer.config, "name": name, "trainable": layer.trainable, "dtype": "float32"}
    return TfjsLayer(
        class_name=class_name,
        config=config,
        weights=tuple(
            LayersWeight(name=f"{scope}/{variable}", source=source)
            for variable, source in weights.items()
        ),
    )
