"""TensorFlow's functions in models of Keras 2: ``TFOpLambda`` and ``SlicingOpLambda``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tests.parity.cases.case import KERAS2, Build, Case, Keras
from tests.parity.cases.functions import Function, Shape
from tests.parity.cases.inputs import InputMaker, numbers, within


def _built(function: Function, shapes: tuple[Shape, ...]) -> Build:
    def build(keras: Keras) -> Any:
        # Only the builder of Keras 2's models has it.
        import tensorflow

        inputs = [keras.Input(shape) for shape in shapes]
        return keras.Model(inputs, function(tensorflow, *inputs))

    return build


def functions(
    label: str, table: dict[str, Function], *shapes: Shape, inputs: InputMaker = numbers
) -> Iterator[Case]:
    """Yield one Keras 2 model for each function of ``tf`` and tensors."""
    for name, function in table.items():
        yield Case(
            id=f"tf.{label}-{name}",
            build=_built(function, shapes),
            inputs=inputs,
            dialects=(KERAS2,),
        )


ARITHMETIC: dict[str, Function] = {
    "plus": lambda tf, x: x + 1,
    "number-plus": lambda tf, x: 1 + x,
    "minus": lambda tf, x: x - 1,
    "number-minus": lambda tf, x: 1 - x,
    "times": lambda tf, x: x * 2.0,
    "number-times": lambda tf, x: 2.0 * x,
    "over": lambda tf, x: x / 2.0,
    "number-over": lambda tf, x: 2.0 / (x * x + 1),
    "floor-divide": lambda tf, x: x // 0.3,
    "modulo": lambda tf, x: x % 0.7,
    "power": lambda tf, x: x**2,
    "number-power": lambda tf, x: 2.0**x,
    "negative": lambda tf, x: -x,
    "absolute": lambda tf, x: abs(x),
    "greater": lambda tf, x: tf.cast(x > 0, "float32"),
    "logical": lambda tf, x: tf.cast((x > 0) & (x < 1) | ~(x > -1), tf.float32),
    "array": lambda tf, x: x * np.array([1, 2, 3, 4.0], "float32"),
    "constant": lambda tf, x: tf.constant([1.0, 2, 3, 4]) * x,
    "constant-minus": lambda tf, x: tf.constant([1.0, 2, 3, 4]) - x,
    "itself": lambda tf, x: tf.add(x, x),
    "maximum": lambda tf, x: tf.maximum(x, 0.1),
    "minimum": lambda tf, x: tf.minimum(x, tf.constant(0.1)),
    "matmul-itself": lambda tf, x: x @ tf.transpose(x, [0, 2, 1]),
    "squared_difference": lambda tf, x: tf.math.squared_difference(x, x * 2.0),
    "divide_no_nan": lambda tf, x: tf.math.divide_no_nan(x, tf.nn.relu(x)),
    "multiply_no_nan": lambda tf, x: tf.math.multiply_no_nan(x, tf.nn.relu(x)),
    "add_n": lambda tf, x: tf.add_n([x, x * 2.0, x]),
    "scalar_mul": lambda tf, x: tf.scalar_mul(2.0, x),
    "where": lambda tf, x: tf.where(x > 0, x, 0.0),
    "clip": lambda tf, x: tf.clip_by_value(x, -0.5, 1.0),
    "cast": lambda tf, x: tf.cast(x * 3, tf.int32),
    "round": lambda tf, x: tf.round(x * 3),
    "bias_add": lambda tf, x: tf.nn.bias_add(x, [1.0, 2, 3, 4]),
    "ones_like": lambda tf, x: tf.ones_like(x) + tf.zeros_like(x),
    "stop_gradient": lambda tf, x: tf.stop_gradient(x) + tf.identity(x),
}
_NN = ("relu", "relu6", "elu", "selu", "softplus", "softsign", "silu", "softmax", "log_softmax")
_MATH = ("exp", "sigmoid", "tanh", "square", "sign", "sin", "cos", "floor", "ceil", "erf", "abs")


def _nn(name: str) -> Function:
    return lambda tf, x: getattr(tf.nn, name)(x)


def _math(name: str) -> Function:
    return lambda tf, x: getattr(tf.math, name)(x)


UNARY: dict[str, Function] = {
    **{name: _nn(name) for name in _NN},
    **{name: _math(name) for name in _MATH},
    "gelu": lambda tf, x: tf.nn.gelu(x),
    "gelu-approximate": lambda tf, x: tf.nn.gelu(x, approximate=True),
    "leaky_relu": lambda tf, x: tf.nn.leaky_relu(x, 0.1),
    "leaky_relu-default": lambda tf, x: tf.nn.leaky_relu(x),
    "softmax-axis": lambda tf, x: tf.nn.softmax(x, axis=1),
    "l2_normalize": lambda tf, x: tf.math.l2_normalize(x, axis=-1),
    "l2_normalize-epsilon": lambda tf, x: tf.math.l2_normalize(x, axis=-1, epsilon=2.0),
    "l2_normalize-axes": lambda tf, x: tf.nn.l2_normalize(x, axis=[1, 2]),
    "reduce_mean": lambda tf, x: tf.reduce_mean(x, axis=1),
    "reduce_mean-kept": lambda tf, x: tf.math.reduce_mean(x, [1, 2], True),
    "reduce_mean-all": lambda tf, x: tf.reduce_mean(x),
    "reduce_sum": lambda tf, x: tf.reduce_sum(x, -1),
    "reduce_max": lambda tf, x: tf.reduce_max(x, 1, keepdims=True),
    "reduce_min": lambda tf, x: tf.reduce_min(x, 2),
    "reduce_prod": lambda tf, x: tf.reduce_prod(x, 1),
    "reduce_any": lambda tf, x: tf.reduce_any(x > 1, 1),
    "reduce_all": lambda tf, x: tf.reduce_all(x > -1, axis=2),
    "reduce_std": lambda tf, x: tf.math.reduce_std(x, 1),
    "reduce_variance": lambda tf, x: tf.math.reduce_variance(x, 1),
    "reduce_logsumexp": lambda tf, x: tf.reduce_logsumexp(x, 1),
    "norm": lambda tf, x: tf.norm(x, axis=-1),
    "norm-1": lambda tf, x: tf.norm(x, ord=1, axis=1, keepdims=True),
    "argmax": lambda tf, x: tf.argmax(x, -1),
    "argmax-first": lambda tf, x: tf.argmax(x, axis=1),
    "cumsum": lambda tf, x: tf.cumsum(x, axis=1),
    "cumprod": lambda tf, x: tf.math.cumprod(x, axis=1),
    "top_k": lambda tf, x: tf.math.top_k(x, 2),
    "sort": lambda tf, x: tf.sort(x),
    "moments": lambda tf, x: tf.nn.moments(x, [1]),
    "k-mean": lambda tf, x: _backend().mean(x, axis=1),
    "k-var": lambda tf, x: _backend().var(x, axis=1),
    "k-l2": lambda tf, x: _backend().l2_normalize(x, -1),
    "k-dot": lambda tf, x: _backend().batch_dot(x, x, axes=2),
    "k-flatten": lambda tf, x: _backend().batch_flatten(x),
    "k-repeat": lambda tf, x: _backend().repeat_elements(x, 2, 1),
    "k-concatenate": lambda tf, x: _backend().concatenate([x, x]),
    "k-hard_sigmoid": lambda tf, x: _backend().hard_sigmoid(x),
    "k-relu": lambda tf, x: _backend().relu(x, alpha=0.1),
    "k-clip": lambda tf, x: _backend().clip(x, 0, 1),
}


def _backend() -> Any:
    import tf_keras

    return tf_keras.backend


SHAPING: dict[str, Function] = {
    "one": lambda tf, x: x[:, 0],
    "last": lambda tf, x: x[:, -1, :],
    "turned": lambda tf, x: x[..., ::-1],
    "new-axis": lambda tf, x: x[:, tf.newaxis],
    "part": lambda tf, x: x[:, 1:, :2],
    "concat": lambda tf, x: tf.concat([x, x * 2.0], -1),
    "concat-one": lambda tf, x: tf.concat([x], -1),
    "concat-axis": lambda tf, x: tf.concat([x, x, x], axis=1),
    "stack": lambda tf, x: tf.stack([x, x * 2.0], 1),
    "stack-one": lambda tf, x: tf.stack([x], axis=-1),
    "split": lambda tf, x: tf.split(x, 2, axis=-1),
    "split-sizes": lambda tf, x: tf.split(x, [1, -1], axis=2),
    "unstack": lambda tf, x: tf.unstack(x, axis=1),
    "reshape": lambda tf, x: tf.reshape(x, [-1, 12]),
    "reshape-shape": lambda tf, x: tf.reshape(x, [tf.shape(x)[0], 12]),
    "reshape-sizes": lambda tf, x: tf.reshape(x, (-1, tf.shape(x)[1] * tf.shape(x)[2])),
    "reshape-flat": lambda tf, x: tf.reshape(x, [-1]),
    "transpose": lambda tf, x: tf.transpose(x, perm=[0, 2, 1]),
    "expand_dims": lambda tf, x: tf.expand_dims(x, -1),
    "squeeze": lambda tf, x: tf.squeeze(tf.expand_dims(x, 1), axis=1),
    "squeeze-list": lambda tf, x: tf.squeeze(tf.expand_dims(x, 1), [1]),
    "tile": lambda tf, x: tf.tile(x, [1, 2, 1]),
    "tile-batch": lambda tf, x: tf.tile(x[:1], [tf.shape(x)[0], 1, 1]),
    "pad": lambda tf, x: tf.pad(x, [[0, 0], [1, 2], [0, 1]]),
    "pad-reflect": lambda tf, x: tf.pad(x, [[0, 0], [1, 2], [0, 0]], mode="REFLECT"),
    "pad-value": lambda tf, x: tf.pad(x, [[0, 0], [1, 1], [0, 0]], constant_values=2.0),
    "gather": lambda tf, x: tf.gather(x, [0, 2], axis=1),
    "gather-batch": lambda tf, x: tf.gather(x, tf.argmax(x, -1), axis=2, batch_dims=2),
    "gather_nd": lambda tf, x: tf.gather_nd(x, [[0, 1], [1, 2]]),
    "one_hot": lambda tf, x: tf.one_hot(tf.cast(abs(x) * 2, tf.int32), 3),
    "slice": lambda tf, x: tf.slice(x, [0, 0, 1], [-1, 2, 2]),
    "strided_slice": lambda tf, x: tf.strided_slice(x, [0, 0], [2, 2]),
    "reverse": lambda tf, x: tf.reverse(x, [1]),
    "broadcast_to": lambda tf, x: tf.broadcast_to(x, [2, 3, 4]),
    "fill": lambda tf, x: tf.fill(tf.shape(x), 2.0) + x,
    "zeros": lambda tf, x: tf.concat([x, tf.fill([tf.shape(x)[0], 1, 4], 0.0)], 1),
    "repeat": lambda tf, x: tf.repeat(x, 2, axis=1),
    "roll": lambda tf, x: tf.roll(x, 1, 1),
    "range": lambda tf, x: x + tf.cast(tf.range(tf.shape(x)[2]), tf.float32),
    "matmul": lambda tf, x: tf.matmul(x, x, transpose_b=True),
    "matmul-constant": lambda tf, x: tf.matmul(x, np.ones((4, 2), "float32")),
    "tensordot": lambda tf, x: tf.tensordot(x, np.ones((4, 2), "float32"), 1),
    "trace": lambda tf, x: tf.linalg.trace(x),
    "flatten-mean": lambda tf, x: tf.reduce_mean(tf.reshape(x, [tf.shape(x)[0], -1]), axis=1),
}
IMAGES: dict[str, Function] = {
    "resize": lambda tf, x: tf.image.resize(x, [6, 7]),
    "resize-nearest": lambda tf, x: tf.image.resize(x, (8, 8), method="nearest"),
    "resize-bicubic": lambda tf, x: tf.image.resize(x, (3, 8), method="bicubic"),
    "resize-antialias": lambda tf, x: tf.image.resize(x, (2, 3), antialias=True),
    "resize-shape": lambda tf, x: tf.image.resize(x, tf.shape(x)[1:3] * 2),
    "space_to_depth": lambda tf, x: tf.nn.space_to_depth(x, 2),
    "depth_to_space": lambda tf, x: tf.nn.depth_to_space(x[..., :4], 2),
    "flip": lambda tf, x: tf.image.flip_left_right(x),
    "avg_pool": lambda tf, x: tf.nn.avg_pool2d(x, 2, 2, "VALID"),
    "max_pool": lambda tf, x: tf.nn.max_pool(x, [1, 3, 3, 1], [1, 2, 2, 1], "SAME"),
    "conv": lambda tf, x: tf.nn.conv2d(
        x, np.linspace(-1, 1, 40).reshape(2, 2, 5, 2).astype("float32"), 1, "SAME"
    ),
    "conv-strides": lambda tf, x: tf.nn.conv2d(
        x, np.linspace(-1, 1, 40).reshape(2, 2, 5, 2).astype("float32"), [1, 2, 2, 1], "VALID"
    ),
    "depthwise": lambda tf, x: tf.nn.depthwise_conv2d(
        x, np.linspace(-1, 1, 20).reshape(2, 2, 5, 1).astype("float32"), [1, 1, 1, 1], "SAME"
    ),
    "grayscale": lambda tf, x: tf.image.rgb_to_grayscale(x[..., :3]),
    "hsv": lambda tf, x: tf.image.rgb_to_hsv(x[..., :3]),
    "mean": lambda tf, x: tf.reduce_mean(x, axis=[1, 2]),
}


def _applications() -> dict[str, Function]:
    def preprocessing(name: str) -> Function:
        def function(_tf: Any, x: Any) -> Any:
            import tf_keras

            return getattr(tf_keras.applications, name).preprocess_input(x[..., :3])

        return function

    return {name: preprocessing(name) for name in ("vgg16", "mobilenet_v2", "densenet", "resnet")}


WITH_TENSORS = frozenset(
    {
        "tf.images-hsv",
        "tf.applications-vgg16",
        "tf.applications-resnet",
    }
)
"""Models with tensors among the arguments of operations, which JSON does not hold."""

_TABLES = [
    *functions("arithmetic", ARITHMETIC, (3, 4)),
    *functions("unary", UNARY, (3, 4)),
    *functions(
        "positive", {k: _math(k) for k in ("log", "sqrt", "rsqrt")}, (4,), inputs=within(1, 2)
    ),
    *functions("shaping", SHAPING, (3, 4)),
    *functions("images", IMAGES, (4, 4, 5)),
    *functions("applications", _applications(), (None, None, 3)),
]

CASES = [replace(case, only_hdf5=case.id in WITH_TENSORS) for case in _TABLES]
