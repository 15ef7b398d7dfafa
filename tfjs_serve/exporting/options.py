"""What a conversion into a folder of the user may be told, by the command line or from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from tfjs_serve.errors import SettingsError
from tfjs_serve.settings import ConversionOptions, Variant

ByName = tuple[tuple[Variant, tuple[str, ...]], ...]
"""What :class:`~tfjs_serve.settings.ConversionOptions` has under that name."""

Patterns = bool | str | Sequence[str]
"""Patterns of names of weights, or ``True`` for all that no pattern matches."""


class ShardNames(str, Enum):
    """How the files with weights are named."""

    DIGEST = "digest"
    """By their bytes: what did not change stays in every cache."""
    OFFICIAL = "official"
    """By their place, as the official converter names them: ``group1-shard1of2.bin``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What decides which files a conversion writes, in addition to the source.

    Attributes
    ----------
    conversion
        What decides their bytes.
    """

    conversion: ConversionOptions = field(default_factory=ConversionOptions)
    shard_names: ShardNames = ShardNames.DIGEST

    def for_model(self, *, is_tfjs: bool) -> ConversionOptions:
        """Return the options of one conversion.

        Parameters
        ----------
        is_tfjs
            Whether it is a model for TensorFlow.js. Its weights are copied as they are, with the
            names that libraries ask for, unless something else than the default is wanted.
        """
        default, wanted = ConversionOptions(), self.conversion
        is_asked_for = (
            wanted.variant.is_quantized
            or wanted.by_name
            or wanted.by_layer
            or wanted.shard_size_bytes != default.shard_size_bytes
            or self.shard_names is not ShardNames.DIGEST
        )
        return replace(wanted, anew=wanted.anew or (is_tfjs and bool(is_asked_for)))


def quantization(dtype_map: Mapping[str, Patterns]) -> tuple[Variant, ByName]:
    """Return `variant` and `by_name` of the conversion options that mean `dtype_map`.

    Parameters
    ----------
    dtype_map
        The ``quantization_dtype_map`` of the official package: from ``"float16"``, ``"uint8"`` and
        ``"uint16"`` to patterns of names, such as ``"dense/*"`` or ``["*kernel", "*bias"]``, or to
        ``True`` for all weights that no pattern matches.

    Raises
    ------
    SettingsError
        It has an unknown dtype, or two of them are for all weights.
    """
    rest = Variant.FULL
    by_name = []
    for name, patterns in dtype_map.items():
        variant = _variant(name)
        if patterns is True:
            if rest.is_quantized:
                raise SettingsError(
                    f"{rest.value} and {variant.value} are both for all weights",
                    hint=f"give {variant.value} the names of some weights, such as '*kernel'",
                )
            rest = variant
        elif patterns:
            by_name.append((variant, (patterns,) if isinstance(patterns, str) else tuple(patterns)))
    return rest, tuple(by_name)


def _variant(name: str) -> Variant:
    known = {one.value: one for one in Variant if one.is_quantized}
    if name not in known:
        raise SettingsError(
            f"weights cannot be quantized to {name!r}", hint=f"choose one of {', '.join(known)}"
        )
    return known[name]
