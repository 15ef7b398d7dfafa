"""Sums, statistics, norms, products and layers as functions: ``keras.ops`` in a graph."""

from __future__ import annotations

import numpy as np

from .operation import Function, operations, with_infinities, with_nan, within

_NAMES = ("sum", "prod", "mean", "max", "min", "std", "var", "logsumexp", "median")
_NAN = (
    *("nansum", "nanmean", "nanmax", "nanmin", "nanstd", "nanvar", "nanprod", "nanmedian"),
    *("nanargmax", "nanargmin"),
)


def _over(name: str, axis: object, keepdims: bool = False) -> Function:
    return lambda ops, x: getattr(ops, name)(x, axis=axis, keepdims=keepdims)


def over_axes(*names: str) -> dict[str, Function]:
    """Return each reduction over several choices of axes."""
    choices: dict[str, tuple[object, bool]] = {
        "last": (-1, False),
        "last-kept": (-1, True),
        "middle": (1, False),
        "two": ((1, 2), False),
        "two-kept": ((1, 2), True),
        "apart": ((1, 3), False),
        "rest": ((1, 2, 3), False),
        "batch": (0, False),
        "all": (None, False),
        "all-kept": (None, True),
    }
    return {
        f"{name}-{label}": _over(name, *choice)
        for name in names
        for label, choice in choices.items()
    }


WITH_NAN: dict[str, Function] = {
    **{name: _over(name, 1) for name in _NAN},
    "nancumsum": lambda ops, x: ops.nancumsum(x, axis=1),
    "nancumprod": lambda ops, x: ops.nancumprod(x, axis=1),
    "nanquantile": lambda ops, x: ops.nanquantile(x, 0.3, axis=1),
    "nanpercentile": lambda ops, x: ops.nanpercentile(x, 30, axis=1, keepdims=True),
}
STATISTICS: dict[str, Function] = {
    "amax": lambda ops, x: ops.amax(x, axis=1),
    "amin": lambda ops, x: ops.amin(x, axis=-1, keepdims=True),
    "size": lambda ops, x: ops.size(x) + x,
    "max-initial": lambda ops, x: ops.max(x, axis=1, initial=0.7),
    "min-initial": lambda ops, x: ops.min(x, axis=1, initial=-0.7),
    "any": lambda ops, x: ops.any(x > 0.5, axis=1),
    "any-float": lambda ops, x: ops.any(x, axis=-1),
    "all": lambda ops, x: ops.all(x > -0.5, axis=(1, 2), keepdims=True),
    "count_nonzero": lambda ops, x: ops.count_nonzero(ops.round(x), axis=1),
    "average": lambda ops, x: ops.average(x, axis=1),
    "average-weights": lambda ops, x: ops.average(
        x, axis=2, weights=np.array([1.0, 2.0, 3.0], "float32")
    ),
    "ptp": lambda ops, x: ops.ptp(x, axis=1),
    "quantile": lambda ops, x: ops.quantile(x, 0.3, axis=1),
    "quantile-several": lambda ops, x: ops.quantile(x, [0.1, 0.5, 0.9], axis=(1, 2)),
    "percentile-lower": lambda ops, x: ops.percentile(x, 30, axis=1, method="lower"),
    "quantile-nearest": lambda ops, x: ops.quantile(x, 0.3, axis=1, method="nearest"),
    "quantile-kept": lambda ops, x: ops.quantile(x, 0.7, axis=-1, keepdims=True),
    "moments": lambda ops, x: ops.moments(x, axes=[1, 2]),
    "moments-kept": lambda ops, x: ops.moments(x, axes=[-1], keepdims=True),
    "cumsum": lambda ops, x: ops.cumsum(x, axis=1),
    "cumsum-last": lambda ops, x: ops.cumsum(x, axis=-1),
    "cumsum-batch": lambda ops, x: ops.cumsum(x, axis=0),
    "cumsum-flat": lambda ops, x: ops.cumsum(x),
    "cumprod": lambda ops, x: ops.cumprod(x, axis=2),
    "norm-matrix": lambda ops, x: ops.norm(x, axis=(2, 3)),
    "norm-fro": lambda ops, x: ops.norm(x, ord="fro", axis=(1, 2)),
    "norm-matrix-1": lambda ops, x: ops.norm(x, ord=1, axis=(1, 2)),
    "norm-all": lambda ops, x: ops.norm(x),
    "trapezoid": lambda ops, x: ops.trapezoid(x, dx=0.5, axis=1),
    "layer_normalization": lambda ops, x: ops.layer_normalization(x, axis=-1),
    "layer_normalization-weights": lambda ops, x: ops.layer_normalization(
        x, gamma=np.arange(4, dtype="float32"), beta=np.ones(4, "float32"), axis=-1
    ),
    "layer_normalization-axes": lambda ops, x: ops.layer_normalization(x, axis=(1, 2)),
    "rms_normalization": lambda ops, x: ops.rms_normalization(x, axis=-1),
    "rms_normalization-scale": lambda ops, x: ops.rms_normalization(
        x, scale=np.arange(4, dtype="float32"), axis=-1
    ),
    "batch_normalization": lambda ops, x: ops.batch_normalization(
        x, np.arange(4, dtype="float32"), np.arange(1, 5, dtype="float32"), axis=-1
    ),
    "batch_normalization-all": lambda ops, x: ops.batch_normalization(
        x,
        np.ones(3, "float32"),
        np.arange(1, 4, dtype="float32"),
        axis=2,
        offset=np.ones(3, "float32"),
        scale=np.arange(3, dtype="float32"),
    ),
}
FREE = (2, None, 4)
STACKS: dict[str, Function] = {
    "scores": lambda ops, x, y: ops.matmul(x, ops.swapaxes(y, -1, -2)),
    "attended": lambda ops, x, y: ops.softmax(x @ ops.transpose(y, (0, 1, 3, 2))) @ y,
    "five": lambda ops, x, y: x[:, :, None] @ ops.swapaxes(y, 2, 3)[:, :, None],
    "five-wide": lambda ops, x, y: ops.matmul(
        ops.reshape(x, (-1, 2, 2, 1, 5)), ops.reshape(y, (-1, 2, 2, 5, 1))
    ),
    "broadcast": lambda ops, x, y: x[:, :1] @ ops.swapaxes(y, -1, -2),
    "einsum": lambda ops, x, y: ops.einsum("bhid,bhjd->bhij", x, y),
    "einsum-heads-behind": lambda ops, x, y: ops.einsum("aecd,abcd->acbe", x, y[:, :1]),
    "einsum-back": lambda ops, x, y: ops.einsum("acbe,aecd->abcd", x[..., :2], y),
    "einsum-outer": lambda ops, x, y: ops.einsum("bhid,bkjd->bhij", x, y),
}
PRODUCTS: dict[str, Function] = {
    "matmul": lambda ops, x, y: ops.matmul(x, ops.swapaxes(y, 1, 2)),
    "at": lambda ops, x, y: ops.swapaxes(x, 1, 2) @ y,
    "matmul-constant": lambda ops, x, y: ops.matmul(x, np.ones((4, 2), "float32")) + y[..., :2],
    "constant-matmul": lambda ops, x, y: ops.matmul(np.ones((2, 3), "float32"), x) + y[:, :2],
    "constant-vector": lambda ops, x, y: ops.matmul(x + y, np.arange(4, dtype="float32")),
    "matmul-4": lambda ops, x, y: ops.matmul(x[:, None], ops.swapaxes(y, 1, 2)[:, None]),
    "matmul-broadcast": lambda ops, x, y: ops.matmul(x[:, None], ops.swapaxes(y, 1, 2)),
    "dot-constant": lambda ops, x, y: ops.dot(x + y, np.ones((4, 5), "float32")),
    "dot": lambda ops, x, y: ops.dot(x, ops.swapaxes(y, 1, 2)),
    "tensordot": lambda ops, x, y: ops.tensordot(x, y, axes=[[1, 2], [1, 2]]),
    "tensordot-1": lambda ops, x, y: ops.tensordot(x, ops.transpose(y), axes=1),
    "tensordot-constant": lambda ops, x, y: ops.tensordot(
        x + y, np.arange(40, dtype="float32").reshape(4, 2, 5), axes=1
    ),
    "inner": lambda ops, x, y: ops.inner(x, y),
    "vdot": lambda ops, x, y: ops.vdot(x, y),
    "outer": lambda ops, x, y: ops.outer(x[0, 0], y[0, 1]),
    "kron": lambda ops, x, y: ops.kron(x[0], y[0]),
    "cross": lambda ops, x, y: ops.cross(x[..., :3], y[..., 1:]),
    "cross-2": lambda ops, x, y: ops.cross(x[..., :2], y[..., :2]),
    "einsum-batch": lambda ops, x, y: ops.einsum("bij,bkj->bik", x, y),
    "einsum-turned": lambda ops, x, y: ops.einsum("bij,bkj->bki", x, y),
    "einsum-other": lambda ops, x, y: ops.einsum("bij,bik->bjk", x, y),
    "einsum-elementwise": lambda ops, x, y: ops.einsum("bij,bij->bij", x, y),
    "einsum-sum": lambda ops, x, y: ops.einsum("bij,bij->b", x, y),
    "einsum-outer": lambda ops, x, y: ops.einsum("bij,bkl->bijkl", x, y),
    "einsum-implicit": lambda ops, x, y: ops.einsum("bij,bik", x, y),
    "einsum-ellipsis": lambda ops, x, y: ops.einsum("...i,...i->...", x, y),
    "einsum-one": lambda ops, x, y: ops.einsum("bij->bji", x + y),
    "einsum-constant": lambda ops, x, y: ops.einsum(
        "bij,jk->bik", x + y, np.arange(8, dtype="float32").reshape(4, 2)
    ),
    "einsum-three": lambda ops, x, y: ops.einsum("bij,bkj,bil->bkl", x, y, x),
    "einsum-diagonal": lambda ops, x, y: ops.einsum("bii->bi", x[..., :3] + y[..., 1:]),
    "cdist": lambda ops, x, y: ops.cdist(x, y),
}
LAYERS: dict[str, Function] = {
    "max_pool": lambda ops, x: ops.max_pool(x, (2, 2), strides=(2, 2)),
    "max_pool-strides": lambda ops, x: ops.max_pool(x, (2, 3), strides=1, padding="same"),
    "average_pool": lambda ops, x: ops.average_pool(x, (2, 2), strides=(2, 1), padding="same"),
    "average_pool-3": lambda ops, x: ops.average_pool(x, (3, 3), strides=(2, 2)),
    "adaptive_max_pool": lambda ops, x: ops.adaptive_max_pool(x, (2, 3)),
    "adaptive_average_pool": lambda ops, x: ops.adaptive_average_pool(x, (4, 2)),
    "conv": lambda ops, x: ops.conv(x, np.linspace(-1, 1, 108).reshape(3, 3, 4, 3)),
    "conv-same": lambda ops, x: ops.conv(
        x, np.linspace(-1, 1, 108).reshape(3, 3, 4, 3), strides=2, padding="same"
    ),
    "conv-dilated": lambda ops, x: ops.conv(
        x, np.linspace(-1, 1, 48).reshape(2, 2, 4, 3), padding="same", dilation_rate=2
    ),
    "depthwise_conv": lambda ops, x: ops.depthwise_conv(
        x, np.linspace(-1, 1, 32).reshape(2, 2, 4, 2), padding="same"
    ),
    "separable_conv": lambda ops, x: ops.separable_conv(
        x, np.linspace(-1, 1, 16).reshape(2, 2, 4, 1), np.linspace(-1, 1, 8).reshape(1, 1, 4, 2)
    ),
    "unfold": lambda ops, x: ops.unfold(ops.transpose(x, (0, 3, 1, 2)), 2),
    "unfold-all": lambda ops, x: ops.unfold(
        ops.transpose(x, (0, 3, 1, 2)), (2, 3), dilation=(2, 1), padding=1, stride=2
    ),
    "fold": lambda ops, x: ops.fold(
        ops.unfold(ops.transpose(x, (0, 3, 1, 2)), 3, stride=1), (6, 6), 3
    ),
}
ATTENTION: dict[str, Function] = {
    "plain": lambda ops, q, k, v: ops.dot_product_attention(q, k, v),
    "scale": lambda ops, q, k, v: ops.dot_product_attention(q, k, v, scale=0.3),
    "causal": lambda ops, q, k, v: ops.dot_product_attention(q, k, v, is_causal=True),
    "mask": lambda ops, q, k, v: ops.dot_product_attention(
        q, k, v, mask=np.tril(np.ones((1, 1, 3, 3), bool))
    ),
    "bias": lambda ops, q, k, v: ops.dot_product_attention(
        q, k, v, bias=np.linspace(-1, 1, 9).reshape(1, 1, 3, 3).astype("float32")
    ),
}
LOSSES: dict[str, Function] = {
    "binary": lambda ops, x, y: ops.binary_crossentropy(x, y),
    "binary-logits": lambda ops, x, y: ops.binary_crossentropy(x, y, from_logits=True),
    "categorical": lambda ops, x, y: ops.categorical_crossentropy(x, y),
    "categorical-logits": lambda ops, x, y: ops.categorical_crossentropy(x, y, from_logits=True),
    "sparse": lambda ops, x, y: ops.sparse_categorical_crossentropy(
        ops.cast(x[..., 0] * 3, "int32"), y
    ),
    "psnr": lambda ops, x, y: ops.psnr(x, y, 1.0),
    "in_top_k": lambda ops, x, y: ops.in_top_k(ops.cast(x[:, 0, 0] * 3, "int32"), y[:, 0], 2),
}
MATRICES: dict[str, Function] = {
    "inv": lambda ops, x: ops.inv(x + 3 * np.eye(3, dtype="float32")),
    "det": lambda ops, x: ops.det(x),
    "slogdet": lambda ops, x: ops.slogdet(x),
    "logdet": lambda ops, x: ops.logdet(
        ops.matmul(x, ops.swapaxes(x, 1, 2)) + np.eye(3, dtype="float32")
    ),
    "solve": lambda ops, x: ops.solve(x + 3 * np.eye(3, dtype="float32"), x[..., :2]),
    "solve_triangular": lambda ops, x: ops.solve_triangular(
        x + 3 * np.eye(3, dtype="float32"), x[..., :2], lower=True
    ),
    "cholesky": lambda ops, x: ops.cholesky(
        ops.matmul(x, ops.swapaxes(x, 1, 2)) + np.eye(3, dtype="float32")
    ),
    "qr": lambda ops, x: ops.qr(x),
}
SIGNALS: dict[str, Function] = {
    "fft": lambda ops, x: ops.fft((x, x * 2)),
    "fft2": lambda ops, x: ops.fft2((x, x * 2)),
    "ifft2": lambda ops, x: ops.ifft2((x, x * 2)),
    "rfft": lambda ops, x: ops.rfft(x),
    "rfft-length": lambda ops, x: ops.rfft(x, fft_length=6),
    "rfft-longer": lambda ops, x: ops.rfft(x, fft_length=20),
    "irfft": lambda ops, x: ops.irfft((x, x * 2)),
    "irfft-length": lambda ops, x: ops.irfft((x, x * 2), fft_length=7),
    "stft": lambda ops, x: ops.stft(x, 6, 3, 8),
    "stft-hamming": lambda ops, x: ops.stft(x, 4, 2, 4, window="hamming", center=False),
    "istft": lambda ops, x: ops.istft(ops.stft(x, 8, 2, 8), 8, 2, 8),
}

CASES = [
    *operations("reduce", over_axes(*_NAMES), (2, 3, 4)),
    *operations("nan", WITH_NAN, (9, 4), inputs=with_nan),
    *operations(
        "infinite", {k: _over(k, -1) for k in ("max", "min")}, (4,), inputs=with_infinities
    ),
    *operations("statistics", STATISTICS, (2, 3, 4)),
    *operations("products", PRODUCTS, (3, 4), (3, 4)),
    *operations("stacks", STACKS, (2, 2, 5), (2, 2, 5)),
    *operations("stacks-free", {k: STACKS[k] for k in ("scores", "einsum")}, FREE, FREE),
    *operations("layers", LAYERS, (6, 6, 4)),
    *operations("pool-1d", {"max": lambda ops, x: ops.max_pool(x, (2,), strides=(2,))}, (6, 4)),
    *operations("attention", ATTENTION, (3, 2, 4), (3, 2, 4), (3, 2, 4)),
    *operations("losses", LOSSES, (2, 3), (2, 3), inputs=within(0.05, 0.95)),
    *operations("matrices", MATRICES, (3, 3)),
    *operations(
        "matrix",
        {"cholesky_inverse": lambda ops, x: ops.cholesky_inverse(ops.tril(x) + 2 * np.eye(2))},
        (2,),
        inputs=within(0.5, 1),
    ),
    *operations("signals", SIGNALS, (4, 12)),
]
