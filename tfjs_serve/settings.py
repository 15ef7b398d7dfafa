"""Every default, unit and limit, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tfjs_serve.errors import SettingsError

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
PORTS_TO_TRY = 20
"""How many ports from the default on are tried before giving up."""

DEFAULT_SHARD_SIZE_BYTES = 4 * MIB
"""Chromium caches entries of up to 5 MB whatever the size of its cache."""
MINIMUM_SHARD_SIZE_BYTES = 4 * KIB

DEFAULT_CACHE_SIZE_BYTES = 4 * GIB
DEFAULT_GRACE_SECONDS = 60 * 60
"""How long a superseded generation's shards stay available to pages that hold its model.json."""

DEFAULT_RESCAN_SECONDS = 2.0
"""Upper bound of how long a change that no event announced stays unseen."""
POLL_SECONDS = 1.0
SETTLE_SECONDS = 0.25
"""A file is at rest when its identity has not changed for this long."""
SETTLE_DEADLINE_SECONDS = 10.0
"""How long a request waits for a file to come to rest if no earlier version can be served."""
SETTLE_PATIENCE_SECONDS = 2.0
"""The same where one can: most saves are over by then."""
TICK_SECONDS = 0.04
"""No two writes so far apart share one time: kernels' clocks tick every 15.6 ms at the longest."""

DEFAULT_CONVERSION_DEADLINE_SECONDS = 30 * 60
SHUTDOWN_SECONDS = 0.5

MODEL_SUFFIXES = (".h5", ".hdf5", ".keras")
"""Endings of Keras model files, compared without case."""
MODEL_JSON = "model.json"


class Variant(str, Enum):
    """How the weights of a served model are stored: as they are, or quantized."""

    FULL = "full"
    FLOAT16 = "float16"
    UINT16 = "uint16"
    UINT8 = "uint8"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionOptions:
    """What decides, beside the source file, the bytes of an artifact.

    Attributes
    ----------
    variant
        Storage of the weights.
    shard_size_bytes
        Upper limit of one shard.
    custom_layers
        Names of the layer classes that the page registers itself (``--layers``).
    """

    variant: Variant = Variant.FULL
    shard_size_bytes: int = DEFAULT_SHARD_SIZE_BYTES
    custom_layers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.shard_size_bytes < MINIMUM_SHARD_SIZE_BYTES:
            raise SettingsError(
                f"a shard size of {self.shard_size_bytes} bytes is too small",
                hint=f"give at least {MINIMUM_SHARD_SIZE_BYTES} bytes (4KiB)",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """All options of ``tfjs-serve serve``, checked.

    Attributes
    ----------
    models_dir
        The watched folder, absolute.
    port
        ``None``: the default port, or the next free one after it.
    cors_origins
        Origins besides loopback ones; ``"*"`` allows every origin.
    default_variant
        What ``/<name>/model.json`` serves (``--quantize``).
    poll
        Watch by polling instead of the platform's file events.
    custom_layers
        Names of the layer classes that pages register themselves.
    """

    models_dir: Path
    cache_dir: Path
    host: str = DEFAULT_HOST
    port: int | None = None
    cors_origins: frozenset[str] = field(default_factory=frozenset)
    default_variant: Variant = Variant.FULL
    shard_size_bytes: int = DEFAULT_SHARD_SIZE_BYTES
    cache_size_bytes: int = DEFAULT_CACHE_SIZE_BYTES
    grace_seconds: float = DEFAULT_GRACE_SECONDS
    rescan_seconds: float = DEFAULT_RESCAN_SECONDS
    conversion_deadline_seconds: float = DEFAULT_CONVERSION_DEADLINE_SECONDS
    poll: bool = False
    custom_layers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.models_dir.is_absolute() or not self.cache_dir.is_absolute():
            raise SettingsError("the models and cache folders must be absolute paths")
        if self.cache_dir == self.models_dir or self.models_dir in self.cache_dir.parents:
            raise SettingsError(
                f"the cache folder {self.cache_dir} lies inside the watched folder",
                hint="choose a --cache-dir outside of it",
            )
        if self.port is not None and not 0 <= self.port <= 65535:
            raise SettingsError(f"{self.port} is no port", hint="give --port 0 to 65535")
        ConversionOptions(shard_size_bytes=self.shard_size_bytes)

    def conversion_options(self, variant: Variant) -> ConversionOptions:
        """Return the options of one conversion to `variant`."""
        return ConversionOptions(
            variant=variant,
            shard_size_bytes=self.shard_size_bytes,
            custom_layers=tuple(sorted(self.custom_layers)),
        )
