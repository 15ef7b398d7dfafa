"""Equations of ``einsum``, written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from tfjs_serve.conversion.model.shapes import Shape, Size

_SPARE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """One letter per axis, in each operand and in the result."""

    operands: tuple[str, ...]
    result: str

    def shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the result."""
        sizes: dict[str, Size] = {}
        for letters, shape in zip(self.operands, shapes, strict=True):
            for letter, size in zip(letters, shape, strict=True):
                if sizes.get(letter) in (None, 1):
                    sizes[letter] = size
        return tuple(sizes[letter] for letter in self.result)

    def __str__(self) -> str:
        """Return the equation with its result, in small letters from ``a`` on.

        TF.js writes large ones small when a page saves the model.
        """
        text = f"{','.join(self.operands)}->{self.result}"
        letters = dict.fromkeys(filter(str.isalpha, text))
        return text.translate(dict(zip(map(ord, letters), ascii_lowercase, strict=False)))


def equation(subscripts: str, ranks: Sequence[int]) -> Equation:
    """Return an equation with letters in place of ``...``, and with a result.

    Parameters
    ----------
    subscripts
        As Keras saves it. Without ``->``, the result has the letters that occur once.
    ranks
        The number of axes of each operand.

    Raises
    ------
    ValueError
        There are more or fewer operands than terms.
    """
    left, arrow, result = subscripts.replace(" ", "").partition("->")
    spare = [letter for letter in _SPARE if letter not in subscripts]
    longest = 0
    operands: list[str] = []
    for part, rank in zip(left.split(","), ranks, strict=True):
        count = rank - len(part.replace("...", "")) if "..." in part else 0
        longest = max(longest, count)
        operands.append(part.replace("...", _last(spare, count)))
    every = _last(spare, longest)
    if arrow:
        return Equation(operands=tuple(operands), result=result.replace("...", every))
    letters = sorted(set("".join(operands)) - set(every))
    single = [letter for letter in letters if "".join(operands).count(letter) == 1]
    return Equation(operands=tuple(operands), result=every + "".join(single))


def _last(spare: list[str], count: int) -> str:
    """Return letters for the `count` axes of ``...``, which are aligned at the last one."""
    return "".join(reversed(spare[:count]))
