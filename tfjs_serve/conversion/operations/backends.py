"""Functions that Keras computes differently on its backends, which a ``.keras`` does not name.

Found by running all cases of the parity tests, and more arguments, with Keras 3.15 on numpy, JAX
and TensorFlow. The page follows TensorFlow, unless that is plainly a fault of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What differs between the backends for one or more operations.

    Attributes
    ----------
    names
        The operations, as in ``keras.ops``.
    where
        For which arguments or numbers, as the table in ``docs/operations.md`` says it.
    tensorflow, others
        What Keras does on TensorFlow, and on which other backends something else.
    applies
        Whether it does for these arguments; ``None`` if only the numbers of an input tell, so that
        a model gets no note.
    followed
        Whether the page does what TensorFlow does.
    """

    names: tuple[str, ...]
    where: str
    tensorflow: str
    others: str
    applies: Callable[[Arguments], bool] | None = None
    followed: bool = True

    @property
    def note(self) -> str:
        """What a model with such an operation is told."""
        if self.followed:
            return f"computed as Keras on TensorFlow does: {self.tensorflow}. {self.others}."
        return f"not computed as Keras on TensorFlow does, where {self.tensorflow}. {self.others}."


def _always(_arguments: Arguments) -> bool:
    return True


def _channels_first(arguments: Arguments) -> bool:
    return bool(arguments["data_format"] == "channels_first")


def _wraps(arguments: Arguments) -> bool:
    return bool(arguments["fill_mode"] == "wrap")


def _turned_limits(arguments: Arguments) -> bool:
    low, high = arguments["x_min"], arguments["x_max"]
    return all(isinstance(limit, int | float) for limit in (low, high)) and bool(low > high)


def _different_sizes(arguments: Arguments) -> bool:
    sizes = arguments["kernel_size"]
    return isinstance(sizes, list) and len(set(sizes)) > 1


def _half_turn(arguments: Arguments) -> bool:
    shape = arguments["array"].shape
    sizes = [shape[axis] for axis in arguments["axes"]]
    return bool(arguments["k"] % 4 == 2) and (None in sizes or len(set(sizes)) > 1)


def _several_axes(arguments: Arguments) -> bool:
    return bool(arguments["indices"].rank != 1)


def _reflects(arguments: Arguments) -> bool:
    return arguments["fill_mode"] in ("mirror", "reflect")


def _rounds_weights(arguments: Arguments) -> bool:
    return str(arguments["interpolation"]).lower() == "bicubic" and not arguments["antialias"]


def _looks_like_bias(arguments: Arguments) -> bool:
    """Whether Keras on TensorFlow takes the second summand for a bias, and adds it elsewhere."""
    x1, x2 = (getattr(arguments[name], "shape", None) for name in ("x1", "x2"))
    if x1 is None or x2 is None or len(x1) < 2:
        return False
    long = [index for index, size in enumerate(x2) if size != 1]
    if len(long) != 1 or x2[long[0]] is None or x2[long[0]] not in (x1[1], x1[-1]):
        return False
    added_along = len(x1) - 1 if x1[-1] == x2[long[0]] else 1
    return len(x1) - len(x2) + long[0] != added_along


DIFFERENCES = (
    Difference(
        names=("sobel_edges",),
        where="at the border",
        tensorflow="the image is mirrored at its outermost pixels",
        others="JAX puts zeros there, numpy repeats these pixels",
        applies=_always,
    ),
    Difference(
        names=("affine_transform",),
        where='`fill_mode="wrap"`',
        tensorflow="what lies between the last pixel and the first of the next copy is one of both",
        others="JAX and numpy mix the two",
        applies=_wraps,
    ),
    Difference(
        names=("depth_to_space", "space_to_depth"),
        where="channels first",
        tensorflow="a block is stored pixel by pixel",
        others="JAX and numpy store it channel by channel",
        applies=_channels_first,
    ),
    Difference(
        names=("add",),
        where="a second summand with one axis longer than 1, which is as long as the second or the "
        "last axis of the first, but another one",
        tensorflow="it is taken for a bias, and added along that axis",
        others="The page does what JAX and numpy do",
        applies=_looks_like_bias,
        followed=False,
    ),
    Difference(
        names=("istft",),
        where="at the ends of the signal",
        tensorflow="the window is undone as if frames overlapped at the ends, too",
        others="JAX and numpy divide by what really overlaps",
        applies=_always,
    ),
    Difference(
        names=("segment_max", "segment_min"),
        where="segments without rows",
        tensorflow="these are the lowest or the highest finite number",
        others="JAX and numpy have Infinity there",
        applies=_always,
    ),
    Difference(
        names=("clip",),
        where="`x_min` above `x_max`",
        tensorflow="the result is `x_min`",
        others="On JAX and numpy it is `x_max`",
        applies=_turned_limits,
    ),
    Difference(
        names=("gaussian_blur",),
        where="a kernel that is not square",
        tensorflow="its numbers are mixed up",
        others="The page does what JAX and numpy do",
        applies=_different_sizes,
        followed=False,
    ),
    Difference(
        names=("rot90",),
        where="two turns of a plane that is not square",
        tensorflow="its numbers are mixed up",
        others="The page does what JAX and numpy do",
        applies=_half_turn,
        followed=False,
    ),
    Difference(
        names=("unravel_index",),
        where="indices that are not a list",
        tensorflow="sizes are taken in the wrong order",
        others="The page does what JAX and numpy do",
        applies=_several_axes,
        followed=False,
    ),
    Difference(
        names=("map_coordinates",),
        where='`fill_mode="reflect"`, `"mirror"`',
        tensorflow="coordinates outside are one step off, or fail",
        others="The page does what JAX and numpy do",
        applies=_reflects,
        followed=False,
    ),
    Difference(
        names=("hsv_to_rgb",),
        where="hues beyond 0..1",
        tensorflow="they are limited",
        others="On JAX and numpy they go round",
    ),
    Difference(
        names=("in_top_k",),
        where="targets that are no class, predictions that are not finite",
        tensorflow="the answer is no",
        others="JAX and numpy compare, or fail",
    ),
    Difference(
        names=("argsort", "top_k"),
        where="equal numbers",
        tensorflow="the first comes first",
        others="On numpy it may be another one",
    ),
    Difference(
        names=("floor_divide",),
        where="fractions that almost divide each other",
        tensorflow="the quotient is rounded before it is cut off",
        others="JAX and numpy divide exactly",
    ),
    Difference(
        names=("cast",),
        where="negative numbers and unsigned integers",
        tensorflow="they wrap around",
        others="JAX makes zeros of them",
    ),
    Difference(
        names=("resize",),
        where="`bicubic` without `antialias`",
        tensorflow="weights are rounded to one of 1,024 steps (up to 6e-4)",
        others="The page does what JAX and numpy do, unless Keras 2 saved the model",
        applies=_rounds_weights,
        followed=False,
    ),
)
"""All of them; those that every model may come upon are first."""


def notes(name: str, arguments: Arguments) -> list[str]:
    """Return what to tell of a call of an operation, given its resolved arguments."""
    return [
        difference.note
        for difference in DIFFERENCES
        if name in difference.names
        and difference.applies is not None
        and difference.applies(arguments)
    ]
