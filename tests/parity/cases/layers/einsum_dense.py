"""EinsumDense: equations of every kind."""

from __future__ import annotations

from collections.abc import Iterator

from tests.parity.cases.case import BOTH, KERAS3, Case, case_id, each, layer_cases, made, one_in

Shape = tuple[int | None, ...]


def equation(text: str, output: object, shape: Shape, biases: tuple[str, ...]) -> Iterator[Case]:
    """Yield the cases of one equation, with and without a bias."""
    spelled = text.replace("...", "_").replace(",", ".").replace("->", ".")
    return layer_cases(
        "EinsumDense",
        shape,
        [{}, *({"bias_axes": axes} for axes in biases)],
        base={"equation": text, "output_shape": output},
        label=case_id(spelled, {"of": shape, "to": output}),
        # TensorFlow 2.19 computes something else on a CPU if several axes are elided.
        dialects=BOTH if text != "...x,xy->...y" or len(shape) < 3 else (KERAS3,),
    )


EQUATIONS: list[tuple[str, object, Shape, tuple[str, ...]]] = [
    ("ab,bc->ac", 5, (4,), ("c",)),
    ("ab,bc->ac", (6,), (4,), ()),
    ("ab,cb->ac", 5, (4,), ("c",)),
    ("abc,cd->abd", (None, 5), (3, 4), ("d",)),
    ("abc,cd->abd", (3, 5), (3, 4), ("d", "bd", "b")),
    ("abc,cd->abd", (None, 5), (None, 4), ("d",)),
    ("abc,cd->adb", (5, 3), (3, 4), ("d", "b", "db")),
    ("abc,bd->acd", (4, 5), (3, 4), ("d",)),
    ("abc,bd->adc", (5, 4), (3, 4), ("d",)),
    ("abc,bd->adc", (5, None), (3, None), ("d",)),
    ("abc,bcd->ad", 5, (3, 4), ("d",)),
    ("abc,cbd->ad", (5,), (3, 4), ("d",)),
    ("abc,cde->abde", (None, 2, 5), (3, 4), ("de", "d", "e", "ed")),
    ("abc,cde->abde", (None, 2, 5), (None, 4), ("de",)),
    ("abc,ced->abde", (3, 2, 5), (3, 4), ("de",)),
    ("abc,cde->adbe", (2, None, 5), (3, 4), ("de",)),
    ("abcd,cde->abe", (None, 5), (None, 2, 3), ("e",)),
    ("abcd,bde->ace", (None, 5), (2, 3, 4), ("e",)),
    ("abcd,de->abce", (None, None, 5), (None, None, 4), ("e",)),
    ("abcd,ef->abcdef", (2, 3, 2, 2, 2), (2, 3, 2), ("ef",)),
    ("abc,bcd->abd", (3, 5), (3, 4), ("d", "bd")),
    ("abc,cb->abc", (3, 4), (3, 4), ("c",)),
    ("ab,b->ab", 4, (4,), ("b",)),
    ("ab,b->a", (), (4,), ()),
    ("abc,cd->ad", 5, (3, 4), ("d",)),
    ("abc,d->abcd", (3, 4, 2), (3, 4), ("d",)),
    ("...x,xy->...y", 5, (4,), ("y",)),
    ("...x,xy->...y", 5, (2, 3, 4), ("y",)),
    ("...x,xy->...y", 5, (None, None, 4), ("y",)),
    ("...bc,cd->...bd", (3, 5), (2, 3, 4), ("d", "b")),
    ("...bc,cde->...bde", (None, 2, 5), (2, 3, 4), ("de",)),
    ("ab...,bc->ac...", (5,), (4, 3), ("c",)),
    ("ab...,bc->ac...", 5, (4, 3, 2), ("c",)),
    ("ab...,bc->ac...", (5,), (4, None), ("c",)),
    ("abc...,cd->abd...", (3, 5), (3, 4, 2), ("d", "b")),
]
EVERYTHING = [
    *(
        case
        for text, output, shape, biases in EQUATIONS
        for case in equation(text, output, shape, biases)
    ),
    *layer_cases(
        "EinsumDense",
        (3, 4),
        each(
            activation=["relu", "softmax", "hard_sigmoid", "leaky_relu", "linear", None],
            kernel_regularizer=["l2"],
            bias_regularizer=[made("regularizers.L1", l1=0.2)],
            kernel_constraint=["max_norm"],
            kernel_initializer=["he_normal"],
            trainable=[False],
        ),
        base={"equation": "abc,cde->abde", "output_shape": (None, 2, 5), "bias_axes": "de"},
        label="more",
    ),
    *layer_cases(
        "EinsumDense",
        (3, 4),
        each(activation=["relu", "softmax", "hard_sigmoid", "leaky_relu"]),
        base={"equation": "abc,bcd->abd", "output_shape": (3, 5), "bias_axes": "d"},
        label="shared",
    ),
]

CASES = one_in(2, EVERYTHING)
