"""Equations of two operands such as ``"abc,cd->abd"``, and what their letters stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass

_EQUATION = re.compile(r"(\.{3})?([a-zA-Z]+)(\.{3})?,([a-zA-Z]+)->(\.{3})?([a-zA-Z]+)(\.{3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """An equation whose ellipsis is spelled out, by axis of the input, the kernel and the output.

    Attributes
    ----------
    source, kernel, output
        One number for each axis; the same number where it is the same axis.
    """

    source: tuple[int, ...]
    kernel: tuple[int, ...]
    output: tuple[int, ...]

    @property
    def free(self) -> tuple[int, ...]:
        """Axes of the input that the output has too and the kernel does not, in its order."""
        return tuple(a for a in self.source if a in self.output and a not in self.kernel)

    @property
    def contracted(self) -> tuple[int, ...]:
        """Axes of input and kernel that are summed over, in the input's order."""
        return tuple(a for a in self.source if a in self.kernel and a not in self.output)

    @property
    def made(self) -> tuple[int, ...]:
        """Axes of the output that only the kernel has, in the output's order."""
        return tuple(a for a in self.output if a not in self.source)

    @property
    def shared(self) -> tuple[int, ...]:
        """Axes that all three have."""
        return tuple(a for a in self.source if a in self.kernel and a in self.output)

    @property
    def dropped(self) -> tuple[int, ...]:
        """Axes of the input that are summed over by themselves."""
        return tuple(a for a in self.source if a not in self.kernel and a not in self.output)

    @property
    def repeats(self) -> bool:
        """Whether an operand has an axis twice, of which the diagonal is meant."""
        return any(len(set(axes)) < len(axes) for axes in (self.source, self.kernel, self.output))


def parsed(text: str, rank: int) -> Equation:
    """Return the equation for an input of so many axes.

    Raises
    ------
    ValueError
        It is none that EinsumDense takes (``_analyze_einsum_string`` in ``einsum_dense.py``).
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
