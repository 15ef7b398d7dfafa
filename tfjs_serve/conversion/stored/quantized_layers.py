"""Restores quantized layers of Keras 3: integers and scales become plain weights.

Sources: ``variable_serialization_spec`` and the calls in ``dense.py``, ``einsum_dense.py`` and
``embedding.py`` in ``keras/src/layers/core``. Some modes also quantize the layer's input. Then a
layer that does the same is put before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.shapes import Shape
from tfjs_serve.conversion.model.sources import Weights, computed_source
from tfjs_serve.conversion.stored import quantized_weights as numbers
from tfjs_serve.conversion.stored.forms import FormOf, Restored, StoredForm
from tfjs_serve.conversion.stored.lora import lora_names, with_lora, without_lora
from tfjs_serve.conversion.stored.quantized_embeddings import QuantizedEmbedding
from tfjs_serve.conversion.stored.quantized_kernels import Mode, QuantizedKernel
from tfjs_serve.conversion.stored.replacements import inner_layer, replacement
from tfjs_serve.keras_files import Container
from tfjs_serve.layers_model.model import TensorSource

_FLOAT8 = tuple(
    f"{what}_{kind}"
    for what in ("inputs", "kernel", "outputs_grad")
    for kind in ("scale", "amax_history")
)
_KERNEL_NAMES = {
    "int8": ("kernel", "bias", "kernel_scale"),
    "int4": ("kernel", "bias", "kernel_scale", "kernel_zero", "g_idx"),
    "float8": ("kernel", "bias", *_FLOAT8),
    "gptq": ("bias", "kernel", "kernel_scale", "kernel_zero", "g_idx"),
    "awq": ("bias", "kernel", "kernel_scale", "kernel_zero", "awq_scales", "g_idx"),
}
_REVERSE = ("reverse_embeddings", "reverse_embeddings_scale", "reverse_embeddings_zero")
_NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "Dense": _KERNEL_NAMES,
    "EinsumDense": _KERNEL_NAMES,
    "Embedding": {
        "int8": ("embeddings", "embeddings_scale"),
        "int4": ("embeddings", "embeddings_scale", "embeddings_zero", "g_idx"),
    },
    "ReversibleEmbedding": {
        "int8": ("embeddings", "embeddings_scale", *_REVERSE[:2]),
        "int4": ("embeddings", "embeddings_scale", "embeddings_zero", "g_idx", *_REVERSE),
    },
}
_EMBEDDINGS = frozenset({"Embedding", "ReversibleEmbedding"})
_OF_GROUPS = frozenset({"kernel_zero", "embeddings_zero", "reverse_embeddings_zero", "g_idx"})
_PLAIN = frozenset({"bias", "lora_kernel_a", "lora_kernel_b", "lora_embeddings_a"}) | frozenset(
    {"lora_embeddings_b"}
)
_WEIGHTS_ONLY = (3, 14)
"""Since this version, int4 does not quantize inputs unless it is told to."""

InputShape = Callable[[KerasLayer], Shape | None]
"""From a layer to the shape of its input, counting the batch axis; ``None`` if not known."""


def _mode(layer: KerasLayer) -> Mode | None:
    """Read a dtype policy, such as ``int4/128`` or ``int8_from_float32``."""
    name, *rest = layer.dtype.partition("_from_")[0].split("/")
    if name not in _NAMES.get(layer.class_name, {}):
        return None
    grouped = name in ("gptq", "awq") or (bool(rest) and rest[-1] not in ("-1", "None"))
    return Mode(name=name, is_grouped=grouped, is_packed=not rest or rest[0] == "4")


def is_quantized(layer: KerasLayer) -> bool:
    """Whether a layer's weights are saved as integers, or as floats of eight bits."""
    return _mode(layer) is not None


def note_quantized_steps(model: KerasLayer, report: Report) -> None:
    """Note quantized layers that Keras calls without their scales."""
    for layer in model.walk():
        if layer.class_name == "TimeDistributed" and any(map(is_quantized, layer.children)):
            report.warn(
                layer,
                "Keras 3.15 computes the quantized layer inside of it with integers alone, without "
                "their scales, so its own predictions are wrong; the page uses the scales.",
            )


def quantized_forms(container: Container, input_shape: InputShape, report: Report) -> FormOf:
    """Return the forms of quantized layers.

    Parameters
    ----------
    container
        HDF5 or ``.keras``.
    input_shape
        Returns the shape of a layer's input.
    report
        Gets layers that cannot be restored.
    """

    def form(layer: KerasLayer) -> StoredForm | None:
        mode = _mode(layer)
        if mode is None:
            return None

        def restore(restored: KerasLayer, weights: Weights) -> Restored:
            plain = replace(without_lora(restored), dtype="float32")
            if not weights:
                return plain, {plain.path: {}}
            shape = input_shape(restored)
            return _Layer(restored, plain, weights, mode, shape, report).restored()

        return StoredForm(variables=_variables(layer, mode, container), restore=restore)

    return form


def _variables(layer: KerasLayer, mode: Mode, container: Container) -> tuple[Variable, ...]:
    names = [
        name
        for name in _NAMES[layer.class_name][mode.name]
        if (name != "bias" or _has_bias(layer))
        and (mode.is_grouped or name not in _OF_GROUPS)
        and (name not in _REVERSE or layer.config.get("tie_weights") is False)
    ]
    if container is Container.KERAS_ZIP or mode.name == "float8":
        return tuple(Variable(name=name) for name in names)
    trained = [*(name for name in names if name == "bias"), *lora_names(layer)]
    return (
        *(Variable(name=name) for name in trained),
        *(Variable(name=name, trainable=False) for name in names if name != "bias"),
    )


def _has_bias(layer: KerasLayer) -> bool:
    if layer.class_name == "EinsumDense":
        return layer.config.get("bias_axes") is not None
    return layer.config.get("use_bias") is not False


@dataclass(frozen=True, slots=True)
class _Layer:
    """A quantized layer with its weights."""

    saved: KerasLayer
    plain: KerasLayer
    weights: Weights
    mode: Mode
    shape: Shape | None
    report: Report

    def restored(self) -> Restored:
        if self.mode.name == "float8":
            return self._float8()
        if self.saved.class_name in _EMBEDDINGS:
            found = self._tables()
        else:
            found = {"kernel": self._kernel().source()}
        found |= {name: source for name, source in self.weights.items() if name in _PLAIN}
        merged = with_lora(self.saved, found)
        if self.saved.class_name == "ReversibleEmbedding":
            return self._with_quantizer_inside(merged)
        quantizer = self._input_quantizer()
        if quantizer is None:
            return self.plain, {self.plain.path: merged}
        if merged.keys() != found.keys():
            self._report_lora()
        return _behind(self.plain, "AbsMaxQuantizer", quantizer, merged)

    def _report_lora(self) -> None:
        """Report LoRA weights: Keras multiplies them by the input before the input is quantized."""
        self.report.problem(
            self.saved,
            "unsupported-argument",
            "Its LoRA weights are saved beside its quantized kernel.",
            "Save the model as .keras, which puts them into the kernel.",
        )

    def _tables(self) -> dict[str, TensorSource]:
        return QuantizedEmbedding(saved=self.saved, weights=self.weights, mode=self.mode).tables()

    def _with_quantizer_inside(self, weights: Weights) -> Restored:
        """Hand on how it quantizes its input, because it does so only in one of its directions."""
        arguments = self._activation_quantizer()
        config = dict(self.plain.config)
        if arguments is not None:
            config["input_quantizer"] = _quantizer(arguments, [-1])
        return replace(self.plain, config=config), {self.plain.path: weights}

    def _activation_quantizer(self) -> Mapping[str, Json] | None:
        """Return the arguments of the quantizer of inputs; ``None`` if the file says that none is.

        They are empty if the file does not say.
        """
        settings = self.saved.config.get("quantization_config")
        if not isinstance(settings, dict):
            return {}
        quantizer = settings.get("config", {}).get("activation_quantizer")
        return quantizer.get("config", {}) if isinstance(quantizer, dict) else None

    def _kernel(self) -> QuantizedKernel:
        return QuantizedKernel(
            saved=self.saved,
            weights=self.weights,
            mode=self.mode,
            shape=self.shape,
        )

    def _input_quantizer(self) -> dict[str, Json] | None:
        """Return the arguments of a layer that quantizes the input; ``None`` if Keras does not."""
        if self.saved.class_name == "Embedding" or self.mode.name in ("gptq", "awq"):
            return None
        arguments = self._activation_quantizer()
        if not arguments and self.mode.name == "int4" and self.saved.version >= _WEIGHTS_ONLY:
            arguments = None
        if arguments is None or (self.mode.name == "int4" and self.mode.is_grouped):
            return None
        axes = [-1]
        if self.saved.class_name == "EinsumDense":
            equation = self._kernel().equation()
            axes = [equation.source.index(axis) for axis in equation.contracted]
        return _quantizer(arguments, axes)

    def _float8(self) -> Restored:
        """Round the input and the kernel to ``float8_e4m3fn``, and the bias to ``bfloat16``."""
        weights = dict(zip(self._float8_names(), self.weights.values(), strict=True))
        kernel = weights["kernel"]
        scale = numbers.scalar(weights["kernel_scale"])
        found = {
            "kernel": computed_source(
                lambda array: numbers.as_float8(array, scale), kernel, shape=kernel.shape
            )
        }
        if "bias" in weights:
            bias = weights["bias"]
            found["bias"] = computed_source(numbers.as_bfloat16, bias, shape=bias.shape)
        arguments = {"scale": numbers.scalar(weights["inputs_scale"])}
        return _behind(self.plain, "Float8Quantizer", arguments, found)

    def _float8_names(self) -> list[str]:
        """Return the names in the order of the weights.

        In HDF5 this is the order of creation. A layer that was loaded before created its kernel
        last.
        """
        names = list(self.weights)
        if next(iter(self.weights.values())).shape:
            return names
        return [*_FLOAT8, *(name for name in names if name in ("kernel", "bias"))]


def _quantizer(arguments: Mapping[str, Json], axes: list[int]) -> dict[str, Json]:
    """Return the arguments of the companion's AbsMaxQuantizer from those of Keras's."""
    lowest, highest = arguments.get("value_range") or (-127, 127)
    epsilon = arguments.get("epsilon") or 1e-7
    return {"axes": axes, "lowest": lowest, "highest": highest, "epsilon": epsilon}


def _behind(
    layer: KerasLayer, class_name: str, arguments: Mapping[str, Json], weights: Weights
) -> Restored:
    """Return a model in place of the layer, in which another layer comes before it."""
    first = inner_layer(layer, class_name, arguments)
    last = inner_layer(layer, layer.class_name, layer.config)
    return replacement(layer, (first, last)), {layer.path: {}, last.path: weights}
