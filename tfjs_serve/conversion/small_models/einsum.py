"""Equations of two operands, such as ``"abc,cd->abd"``, and the axes that their letters name."""

from __future__ import annotations

import re
from dataclasses import dataclass

_EQUATION = re.compile(r"(\.{3})?([a-zA-Z]+)(\.{3})?,([a-zA-Z]+)->(\.{3})?([a-zA-Z]+)(\.{3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """An equation whose ellipsis is spelled out.

    Attributes
    ----------
    source, kernel, output
        A number for each axis of the input, the kernel and the output. Equal numbers are the same
        axis.
    """

    source: tuple[int, ...]
    kernel: tuple[int, ...]
    output: tuple[int, ...]

    @property
    def free(self) -> tuple[int, ...]:
        """Axes that only the input and the output have, in the order of the input."""
        return tuple(a for a in self.source if a in self.output and a not in self.kernel)

    @property
    def contracted(self) -> tuple[int, ...]:
        """Axes of the input and the kernel that are summed over, in the order of the input."""
        return tuple(a for a in self.source if a in self.kernel and a not in self.output)

    @property
    def made(self) -> tuple[int, ...]:
        """Axes that only the kernel and the output have, in the order of the output."""
        return tuple(a for a in self.output if a not in self.source)

    @property
    def shared(self) -> tuple[int, ...]:
        """Axes that all three have."""
        return tuple(a for a in self.source if a in self.kernel and a in self.output)

    @property
    def dropped(self) -> tuple[int, ...]:
        """Axes that only the input has: they are summed over before the product."""
        return tuple(a for a in self.source if a not in self.kernel and a not in self.output)

    @property
    def repeats(self) -> bool:
        """Whether an operand has an axis twice, which means its diagonal."""
        return any(len(set(axes)) < len(axes) for axes in (self.source, self.kernel, self.output))


def parsed(text: str, rank: int) -> Equation:
    """Return the equation for an input of `rank` axes, counting the batch axis.

    Raises
    ------
    ValueError
        EinsumDense does not take it (``_analyze_einsum_string`` in ``einsum_dense.py``).
    """
    match = _EQUATION.match(text.replace(" ", ""))
    if match is None:
        raise ValueError(f"{text!r} is no equation of EinsumDense")
    before, source, after, kernel, _, output, _ = match.groups()
    elided = tuple(range(-1, len(source) - rank - 1, -1)) if before or after else ()

    def axes(letters: str) -> tuple[int, ...]:
        numbers = tuple(map(ord, letters))
        return (*elided, *numbers) if before else (*numbers, *elided)

    return Equation(source=axes(source), kernel=tuple(map(ord, kernel)), output=axes(output))
