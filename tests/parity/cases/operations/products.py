"""Products of matrices and tensors."""

from __future__ import annotations

import numpy as np

from tests.parity.cases.functions import Function, operations

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
}

CASES = [
    *operations("stacks", STACKS, (2, 2, 5), (2, 2, 5)),
    *operations("stacks-free", {k: STACKS[k] for k in ("scores", "einsum")}, FREE, FREE),
    *operations("products", PRODUCTS, (3, 4), (3, 4)),
]
