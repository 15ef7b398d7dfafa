"""Attention layers; masks and flags are arguments of their calls."""

from __future__ import annotations

from collections.abc import Iterator

from tests.parity.cases.case import KERAS3

from .subject import Subject, flags, floats, subject

SCORES = {"return_attention_scores": (True,)}
CAUSAL = {"use_causal_mask": (True,)}


def classic() -> Iterator[Subject]:
    two, three = (floats(4, 6), floats(5, 6)), (floats(4, 6), floats(5, 6), floats(5, 6))
    masks = {"mask": ([flags(4), flags(5)], [None, flags(5)])}
    for name in ("Attention", "AdditiveAttention"):
        yield subject(name, *two, calls={**SCORES, **CAUSAL, **masks})
        yield subject(name, *three, calls={**SCORES, **CAUSAL}, label="key", limited=True)


def heads() -> Iterator[Subject]:
    base = {"num_heads": 2, "key_dim": 3}
    masks = {"attention_mask": (flags(4, 5),), "query_mask": (flags(4),), "value_mask": (flags(5),)}
    yield subject(
        "MultiHeadAttention",
        *(floats(4, 6), floats(5, 6)),
        base=base,
        values={"output_shape": (7, (7,)), "num_heads": (1,), "key_dim": (4,)},
        calls={**SCORES, **CAUSAL, **masks},
        positional=True,
    )
    yield subject(
        "MultiHeadAttention",
        *(floats(4, 6), floats(5, 7), floats(5, 8)),
        base=base,
        calls={**SCORES},
        positional=True,
        label="key",
        limited=True,
    )
    yield subject(
        "MultiHeadAttention",
        *(floats(2, 3, 6), floats(2, 3, 6)),
        base=base,
        values={"attention_axes": (1, 2, (1, 2)), "output_shape": (7, (3, 2))},
        calls={**SCORES},
        positional=True,
        label="4",
        limited=True,
    )
    yield subject(
        "GroupQueryAttention",
        *(floats(4, 6), floats(5, 6)),
        base={"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
        values={"num_key_value_heads": (1, 4), "head_dim": (2,), "num_query_heads": (2,)},
        calls={**SCORES, **CAUSAL, **masks},
        positional=True,
        dialects=(KERAS3,),
    )


SUBJECTS: tuple[Subject, ...] = (*classic(), *heads())
