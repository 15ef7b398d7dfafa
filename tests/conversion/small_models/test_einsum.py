"""The axes that the letters of EinsumDense's equations name."""

from __future__ import annotations

import pytest

from tfjs_serve.conversion.small_models.einsum import parsed


def test_letters_are_sorted_by_the_operands_that_have_them() -> None:
    equation = parsed("abcd,bcf->adbf", 4)
    a, b, c, d, f = map(ord, "abcdf")
    assert equation.free == (a, d)
    assert equation.contracted == (c,)
    assert equation.shared == (b,)
    assert equation.made == (f,)
    assert equation.dropped == ()


def test_an_ellipsis_stands_for_the_other_axes_of_the_input() -> None:
    left = parsed("...bc,cd->...bd", 5)
    assert left.source == (-1, -2, -3, ord("b"), ord("c"))
    assert left.output == (-1, -2, -3, ord("b"), ord("d"))
    right = parsed("ab...,bc->ac...", 3)
    assert right.source == (ord("a"), ord("b"), -1)
    assert right.free == (ord("a"), -1)


def test_an_axis_that_only_the_input_has_is_summed_over() -> None:
    assert parsed("abc,cd->ad", 3).dropped == (ord("b"),)


@pytest.mark.parametrize("text", ["ab->a", "ab,bc", "1b,bc->1c", ""])
def test_anything_else_is_no_equation(text: str) -> None:
    with pytest.raises(ValueError, match="no equation"):
        parsed(text, 2)
