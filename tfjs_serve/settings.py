"""Every default, unit and limit, once."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
DEFAULT_WORKER_MEMORY_BYTES = 4 * GIB
"""Address space of a conversion. Weights pass through in blocks, so most take less than 200 MiB;
what must be computed as a whole (a transposed embedding) takes a few times the largest weight."""
MINIMUM_WORKER_MEMORY_BYTES = 512 * MIB
WORKER_OPEN_FILES = 128
"""A model is one file, or an archive of which each part is opened once."""
_WRITTEN_PER_SOURCE_BYTE = 16
"""From packed 4-bit weights to float32 is 8; compressed files of zeros are nobody's loss."""
_WRITTEN_BYTES_BESIDES = 1 * GIB
"""For weights that are no part of the file, such as the matrices of a Resizing layer."""
_FILES_BESIDES = 64
_CPU_SECONDS_BESIDES = 10
"""For the imports, which the deadline does not count."""
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
class ConversionLimits:
    """What one conversion may use; the process is held to it, and its result checked against it.

    Attributes
    ----------
    written_bytes
        Size of all files that it leaves, and of each that it writes.
    files
        How many it leaves.
    cpu_seconds
        Processor time, imports included. The deadline ends it earlier; this ends it also when
        nobody is left to look at the clock.
    """

    written_bytes: int = _WRITTEN_BYTES_BESIDES
    files: int = 2 * _WRITTEN_BYTES_BESIDES // DEFAULT_SHARD_SIZE_BYTES + _FILES_BESIDES
    cpu_seconds: int = DEFAULT_CONVERSION_DEADLINE_SECONDS + _CPU_SECONDS_BESIDES


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What one client may take of the server: a slow one is cut off, many make room.

    Attributes
    ----------
    count
        How many connections there may be. A new one then takes the place of the oldest that
        waits for a request. Fewer where the process may open few files.
    idle_seconds
        How long a connection may be without a request; longer than the minute for which proxies
        commonly keep theirs, so that they end it and not this server.
    head_seconds
        How long the head of a request may take from its first byte on.
    header_fields
        How many there may be in a head, each of at most 8 KB.
    body_seconds
        How long what comes after a head is read to be thrown away: nobody here wants bodies, but
        a client that is cut off while it sends one may lose the answer.
    send_seconds
        How long a client may take for one MiB of an answer, or for what is left of it.
    """

    count: int = 1000
    idle_seconds: float = 75.0
    head_seconds: float = 20.0
    header_fields: int = 64
    body_seconds: float = 2.0
    send_seconds: float = 60.0


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
    allowed_hosts
        Names that requests may give as their host, besides those of this machine; ``"*"``: any.
    follow_symlinks
        Whether links that lead out of `models_dir` are followed.
    default_variant
        What ``/<name>/model.json`` serves (``--quantize``).
    worker_memory_bytes
        Address space of each conversion process.
    connections
        What one client may take of the server.
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
    allowed_hosts: frozenset[str] = field(default_factory=frozenset)
    follow_symlinks: bool = False
    default_variant: Variant = Variant.FULL
    shard_size_bytes: int = DEFAULT_SHARD_SIZE_BYTES
    cache_size_bytes: int = DEFAULT_CACHE_SIZE_BYTES
    grace_seconds: float = DEFAULT_GRACE_SECONDS
    rescan_seconds: float = DEFAULT_RESCAN_SECONDS
    conversion_deadline_seconds: float = DEFAULT_CONVERSION_DEADLINE_SECONDS
    worker_memory_bytes: int = DEFAULT_WORKER_MEMORY_BYTES
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)
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
        if self.worker_memory_bytes < MINIMUM_WORKER_MEMORY_BYTES:
            raise SettingsError(
                f"{self.worker_memory_bytes} bytes of memory are too few for a conversion",
                hint=f"give at least --worker-memory {MINIMUM_WORKER_MEMORY_BYTES // MIB}MiB",
            )
        ConversionOptions(shard_size_bytes=self.shard_size_bytes)

    def conversion_options(self, variant: Variant) -> ConversionOptions:
        """Return the options of one conversion to `variant`."""
        return ConversionOptions(
            variant=variant,
            shard_size_bytes=self.shard_size_bytes,
            custom_layers=tuple(sorted(self.custom_layers)),
        )

    def conversion_limits(self, source_sizes_bytes: Sequence[int]) -> ConversionLimits:
        """Return what the conversion of files of these sizes may use.

        Shards end where tensors do, so any two neighbours exceed the size of one: there are at
        most twice as many as full ones. A tfjs folder keeps the shards that it has.
        """
        written_bytes = _WRITTEN_BYTES_BESIDES + _WRITTEN_PER_SOURCE_BYTE * sum(source_sizes_bytes)
        shards = 2 * written_bytes // self.shard_size_bytes
        return ConversionLimits(
            written_bytes=written_bytes,
            files=shards + len(source_sizes_bytes) + _FILES_BESIDES,
            cpu_seconds=math.ceil(self.conversion_deadline_seconds) + _CPU_SECONDS_BESIDES,
        )
