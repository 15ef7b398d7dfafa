"""``model.d.ts``: types of a model's inputs, outputs and classes, for TypeScript. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.facts.layers import TensorInfo
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.version import __version__

TYPES_NAME = "model.d.ts"
_MOST_AXES = 5
"""Up to here, TensorFlow.js exports types of tensors by their numbers of axes."""
_TAKEN = ("LayersModel", "GraphModel")
"""What the types import."""


def type_name(model_name: str) -> str:
    """Return the name of a model's type, such as ``TwoInputsModel`` for ``a/two-inputs``."""
    words = re.findall("[A-Za-z0-9]+", model_name.rpartition("/")[2])
    joined = "".join(f"{word[0].upper()}{word[1:]}" for word in words)
    name = f"{joined.removesuffix('Model')}Model"
    return f"_{name}" if name[0].isdigit() or name in _TAKEN else name


def types_of(entry: CatalogEntry, facts: ModelFacts) -> str:
    """Return the declarations."""
    base = "GraphModel" if entry.kind.loader == "loadGraphModel" else "LayersModel"
    name, tensors = type_name(entry.name), _tensor_types(facts)
    needed = sorted({base, "ModelPredictConfig" if base == "GraphModel" else "", *tensors} - {""})
    config = "ModelPredictConfig" if base == "GraphModel" else "{batchSize?: number}"
    lines = [
        f"// tfjs-serve {__version__}: types of {json.dumps(entry.exact_name)}",
        f"import type {{{', '.join(needed)}}} from '@tensorflow/tfjs';",
        "",
        *_interface("Inputs", facts.inputs),
        *_interface("Outputs", facts.outputs),
        *_labels(facts.labels),
        f"export interface {name} extends {base} {{",
        f"  predict(x: {_all(facts.inputs)}, config?: {config}): {_all(facts.outputs)};",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _interface(name: str, tensors: Sequence[TensorInfo]) -> Sequence[str]:
    members = [f"  {json.dumps(one.name)}: {_type(one)};{_comment(one)}" for one in tensors]
    return [f"export interface {name} {{", *members, "}", ""]


def _comment(tensor: TensorInfo) -> str:
    if tensor.shape is None:
        return ""
    sizes = ", ".join("any" if size is None else str(size) for size in tensor.shape)
    return f"  // {tensor.dtype} [{sizes}]".replace("\n", " ").replace("\r", " ")


def _labels(labels: Sequence[str]) -> Sequence[str]:
    if not labels:
        return []
    named = json.dumps(list(labels)).replace("\u2028", "").replace("\u2029", "")
    return [
        "/** The classes of the output, in order. */",
        f"export type Labels = {named};",
        "export type Label = Labels[number];",
        "",
    ]


def _all(tensors: Sequence[TensorInfo]) -> str:
    """Return the type of the inputs or outputs of a call: one tensor, or a list of them."""
    types = [_type(tensor) for tensor in tensors]
    if not types:
        return "Tensor | Tensor[]"
    return types[0] if len(types) == 1 else f"[{', '.join(types)}]"


def _tensor_types(facts: ModelFacts) -> set[str]:
    tensors = [*facts.inputs, *facts.outputs]
    unknown = {"Tensor"} if not (facts.inputs and facts.outputs) else set()
    return {_type(tensor) for tensor in tensors} | unknown


def _type(tensor: TensorInfo) -> str:
    axes = None if tensor.shape is None else len(tensor.shape)
    if axes is None or axes > _MOST_AXES:
        return "Tensor"
    return f"Tensor{axes}D" if axes else "Scalar"
