"""Every default, unit and limit, once."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from tfjs_serve.errors import SettingsError

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
PORTS_TO_TRY = 20
"""How many ports, starting from the default one, are tried before giving up."""

DEFAULT_TFJS_URL = "https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@4.22.0/dist/tf.es2017.min.js"
"""What the pages run models with."""
DEFAULT_TFJS_INTEGRITY = "sha384-ODzrY1mCTIRZRerZfDIqCoTQafA1St1OwLVc9SsTefnkCF1MeIaVSZ88wuK/NKfH"
"""Of that file, in the words of Subresource Integrity."""
_TFJS_BACKEND = (
    "https://cdn.jsdelivr.net/npm/@tensorflow/tfjs-backend-{0}@4.22.0/dist/"
    "tf-backend-{0}.es2017.min.js"
)
DEFAULT_TFJS_BACKENDS = {
    "wasm": (
        _TFJS_BACKEND.format("wasm"),
        "sha384-SqoVPLooc7QMMmp0JuPMz9M6JqkYFd7wX08paKmclTcGS/36X7RY+hbkK7Big30W",
    ),
    "webgpu": (
        _TFJS_BACKEND.format("webgpu"),
        "sha384-PMbEpqRHflyIjqjUzZNr1ZjYSccb6KDXZAfYugyFU5jJ0Z+CFE+qPYxpLm6JTQkL",
    ),
}
"""The same of the backends that are packages of their own; a page's proof runs on them, too."""

DEFAULT_SHARD_SIZE_BYTES = 4 * MIB
"""Chromium always caches entries of up to 5 MB, regardless of the size of its cache."""
MINIMUM_SHARD_SIZE_BYTES = 4 * KIB

DEFAULT_CACHE_SIZE_BYTES = 4 * GIB
DEFAULT_GRACE_SECONDS = 60 * 60
"""How long the shards of a superseded generation stay available to pages with its model.json."""

DEFAULT_RESCAN_SECONDS = 1.0
"""How long a change without a file event may stay unnoticed, if looking at all models takes less
than a tenth of that."""
POLL_SECONDS = 1.0
SETTLE_SECONDS = 0.25
"""A file is at rest when its identity has not changed for this long."""
SETTLE_DEADLINE_SECONDS = 10.0
"""How long a request waits for a file to come to rest if no earlier version can be served."""
SETTLE_PATIENCE_SECONDS = 2.0
"""The same if an earlier version can be served: most saves are over by then."""
TICK_SECONDS = 0.04
"""Two writes this far apart never have the same time: kernel clocks tick at least every 15.6 ms."""

DEFAULT_CONVERSION_DEADLINE_SECONDS = 30 * 60
DEFAULT_CHECK_DEADLINE_SECONDS = 5 * 60
DIAGNOSIS_DEADLINE_SECONDS = 60.0
"""How long a look at a model may take for which nobody waits; the largest take a few seconds."""
DEFAULT_WORKER_MEMORY_BYTES = 4 * GIB
"""Address space of a conversion. Weights pass through in blocks, so most conversions take less than
200 MiB. A weight that must be computed in one piece, such as a transposed embedding, takes a few
times its size."""
MINIMUM_WORKER_MEMORY_BYTES = 512 * MIB
WORKER_OPEN_FILES = 128
"""A model is one file, or an archive whose members are opened once each."""
_WRITTEN_PER_SOURCE_BYTE = 16
"""Packed 4-bit weights grow 8 times in float32. Compressed files of zeros may be refused."""
_WRITTEN_BYTES_BESIDES = 1 * GIB
"""For weights that are not in the file, such as the matrices of a Resizing layer."""
_FILES_BESIDES = 64
_CPU_SECONDS_BESIDES = 10
"""For imports, which are not part of the deadline."""
SHUTDOWN_SECONDS = 0.5

INLINE_BYTES = 256 * KIB
"""Files up to this size are read at once, which costs less than a separate call to send them."""
FAST_ROAD_BYTES = 64 * MIB
"""Memory for answers that are given again without finding them again."""
FAST_ROAD_HEAD_BYTES = 4 * KIB
"""Larger requests always take the slow road; those of browsers have about 700 bytes."""
FAST_ROAD_RENEWAL_SECONDS = 10.0
"""How often one request takes the slow road all the same."""

EVENTS_KEPT = 4096
"""How many events are kept for pages that were away; of each kind, only a model's newest."""
EVENTS_HEARTBEAT_SECONDS = 10.0
"""How long a stream of events is silent at most; pages take a longer silence for its end."""
EVENTS_STREAM_SECONDS = 15 * 60.0
"""When a stream ends, which browsers then open again where it ended. A proxy such as
jupyter-server-proxy keeps its connection for a page that has gone, and would keep it for ever."""
EVENTS_RETRY_SECONDS = 1.0
"""When a browser opens a stream again that has ended."""

MOST_SHARDS = 10_000
"""Of one model: 40 GB in the usual shards of 4 MiB."""

MODEL_SUFFIXES = (".h5", ".hdf5", ".keras")
"""Endings of Keras model files, compared without case."""
MODEL_JSON = "model.json"
MOST_PROVEN_EXAMPLES = 8
"""How many examples a proof has (``tfjs_serve.keras.Proof``)."""
MOST_PROVEN_LAYERS = 1000
PROVEN_NUMBERS_OF_LAYER = 256
"""How many layers inside of the model a proof tells of, and how many numbers of each."""
MAXIMUM_MODEL_JSON_BYTES = 64 * MIB
"""That another program wrote. Real ones have a few MB at most, and parsing holds the lock of the
interpreter."""


class KerasForm(str, Enum):
    """What a layers model is written as for Keras."""

    HDF5 = "h5"
    ARCHIVE = "keras"


class Variant(str, Enum):
    """How a model is served: its weights as they are, or quantized, or with all to train on."""

    FULL = "full"
    FLOAT16 = "float16"
    UINT16 = "uint16"
    UINT8 = "uint8"
    TRAIN = "train"

    @property
    def is_quantized(self) -> bool:
        """Whether weights are stored in fewer bits."""
        return self not in (Variant.FULL, Variant.TRAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionOptions:
    """What decides the bytes of an artifact, in addition to the source file.

    Attributes
    ----------
    variant
        Storage of the weights.
    by_name
        Storage of single weights: quantized variants, each with patterns of names as in
        :mod:`fnmatch`. All other weights are stored as `variant` says.
    shard_size_bytes
        Upper limit of one shard.
    by_layer
        Whether each layer has shards of its own.
    anew
        Whether the weights of a TensorFlow.js folder are cut and quantized as these options say,
        instead of copied as they are.
    weights_alone
        Whether weights without an architecture become a ``model.json`` without a topology, instead
        of an error.
    keras_form
        The form of the file for Keras that is written instead of a layers model: the way back.
    custom_layers
        Names of the layer classes that the page registers itself (``--layers``).
    metadata
        Members of ``userDefinedMetadata`` and their values as JSON texts (``--metadata``).
    training
        Whether compile settings are written (``--no-training``).
    """

    variant: Variant = Variant.FULL
    by_name: tuple[tuple[Variant, tuple[str, ...]], ...] = ()
    shard_size_bytes: int = DEFAULT_SHARD_SIZE_BYTES
    by_layer: bool = False
    anew: bool = False
    weights_alone: bool = False
    keras_form: KerasForm | None = None
    custom_layers: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    training: bool = True

    def __post_init__(self) -> None:
        if self.shard_size_bytes < 1:
            raise SettingsError(
                f"a shard size of {self.shard_size_bytes} bytes makes no sense",
                hint="give the size of the largest file of weights, such as 4MiB",
            )
        if self.by_name and self.variant is Variant.TRAIN:
            raise SettingsError(
                "a model with all to train on has its weights as they are",
                hint="leave out either that or the quantization",
            )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ConversionOptions:
        """Rebuild options of which ``dataclasses.asdict`` was sent as JSON."""
        by_name = tuple((Variant(name), tuple(patterns)) for name, patterns in data["by_name"])
        return cls(
            **{
                **data,
                "variant": Variant(data["variant"]),
                "by_name": by_name,
                "keras_form": KerasForm(data["keras_form"]) if data["keras_form"] else None,
                "custom_layers": tuple(data["custom_layers"]),
                "metadata": tuple((name, text) for name, text in data["metadata"]),
            }
        )

    def metadata_json(self) -> dict[str, Any]:
        """Return the values of `metadata` by their names."""
        return {name: json.loads(text) for name, text in self.metadata}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionLimits:
    """What one conversion may use: enforced on the process, and checked in its result.

    Attributes
    ----------
    written_bytes
        Total size of the files that remain, and maximum size of each file that is written.
    files
        How many files may remain.
    cpu_seconds
        Processor time, including imports. The deadline ends a conversion earlier, but this limit
        also works when the server is gone.
    """

    written_bytes: int = _WRITTEN_BYTES_BESIDES
    files: int = 2 * _WRITTEN_BYTES_BESIDES // DEFAULT_SHARD_SIZE_BYTES + _FILES_BESIDES
    cpu_seconds: int = DEFAULT_CONVERSION_DEADLINE_SECONDS + _CPU_SECONDS_BESIDES


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """How much of the server clients may use: slow ones are cut off, and there is a maximum number.

    Attributes
    ----------
    count
        Maximum number of connections; fewer if the process may open only few files. A new one
        beyond that replaces the oldest one that is waiting for a request.
    idle_seconds
        How long a connection may have no request. This is longer than the minute for which proxies
        commonly keep theirs, so that the proxy closes it and not this server.
    head_seconds
        How long the head of a request may take, from its first byte on.
    header_fields
        Maximum number of fields in a head, each of at most 8 KB.
    body_seconds
        How long a request's body is read and discarded: no request here needs one, but a client
        that is cut off while it sends one may lose the answer.
    send_seconds
        How long a client may take to receive one MiB of an answer, or the rest of it.
    """

    count: int = 1000
    idle_seconds: float = 75.0
    head_seconds: float = 20.0
    header_fields: int = 64
    body_seconds: float = 2.0
    send_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SavingLimits:
    """How much a page may save.

    Attributes
    ----------
    weights_bytes
        Maximum size of one model's weights. TensorFlow.js joins them in one ``ArrayBuffer``, which
        has at most 2 GiB in Chromium.
    at_once
        How many models are received and written at the same time; others wait.
    receive_seconds
        How long a page may take to send one MiB, or the rest of it.
    discard_seconds
        How long the rest of a model is read that is not saved, so that the page learns why.
    backups
        How many former files of a model are kept: the first one, and the newest of the others.
    """

    weights_bytes: int = 2 * GIB
    at_once: int = 2
    receive_seconds: float = 60.0
    discard_seconds: float = 30.0
    backups: int = 10


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
        Allowed origins besides loopback ones; ``"*"`` allows every origin.
    own_hosts
        Addresses and names of this machine in its networks whose pages may load models, whatever
        their port (``--lan``).
    allowed_hosts
        Host names that requests may use besides those of this machine; ``"*"`` allows any.
    follow_symlinks
        Whether links that lead out of `models_dir` are followed.
    default_variant
        What ``/<name>/model.json`` serves (``--quantize``).
    worker_memory_bytes
        Address space of each conversion process.
    connections
        How much of the server clients may use.
    poll
        Watch by polling instead of the platform's file events.
    custom_layers
        Names of the layer classes that pages register themselves.
    metadata
        Members of ``userDefinedMetadata`` and their values as JSON texts.
    diagnose
        Whether models are looked at before anybody requests them.
    training
        Whether compile settings are written, and models served with all to train on.
    tfjs_url
        Where the pages get TensorFlow.js from: a URL, or the absolute path of a file or folder.
    save_token
        What a page must know to save models (``--allow-save``); ``None``: nobody may.
    saving
        How much a page may save.
    """

    models_dir: Path
    cache_dir: Path
    host: str = DEFAULT_HOST
    port: int | None = None
    cors_origins: frozenset[str] = field(default_factory=frozenset)
    own_hosts: frozenset[str] = field(default_factory=frozenset)
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
    metadata: tuple[tuple[str, str], ...] = ()
    diagnose: bool = True
    training: bool = True
    tfjs_url: str = DEFAULT_TFJS_URL
    save_token: str | None = field(default=None, repr=False)
    saving: SavingLimits = field(default_factory=SavingLimits)

    def __post_init__(self) -> None:
        if not self.models_dir.is_absolute() or not self.cache_dir.is_absolute():
            raise SettingsError("the models and cache folders must be absolute paths")
        if self.cache_dir == self.models_dir or self.models_dir in self.cache_dir.parents:
            raise SettingsError(
                f"the cache folder {self.cache_dir} lies inside the watched folder",
                hint="choose a --cache-dir outside of it",
            )
        if self.port is not None and not 0 <= self.port <= 65535:
            raise SettingsError(f"{self.port} is not a port", hint="give --port 0 to 65535")
        if self.worker_memory_bytes < MINIMUM_WORKER_MEMORY_BYTES:
            raise SettingsError(
                f"{self.worker_memory_bytes} bytes of memory are too few for a conversion",
                hint=f"give at least --worker-memory {MINIMUM_WORKER_MEMORY_BYTES // MIB}MiB",
            )
        if self.shard_size_bytes < MINIMUM_SHARD_SIZE_BYTES:
            raise SettingsError(
                f"a shard size of {self.shard_size_bytes} bytes is too small",
                hint=f"give at least {MINIMUM_SHARD_SIZE_BYTES} bytes (4KiB)",
            )

    def conversion_options(self, variant: Variant) -> ConversionOptions:
        """Return the options of one conversion to `variant`."""
        return ConversionOptions(
            variant=variant,
            shard_size_bytes=self.shard_size_bytes,
            custom_layers=tuple(sorted(self.custom_layers)),
            metadata=self.metadata,
            training=self.training,
        )

    def conversion_limits(
        self, source_sizes_bytes: Sequence[int], options: ConversionOptions | None = None
    ) -> ConversionLimits:
        """Return what the conversion of files of these sizes may use.

        Shards end where tensors end, so any two neighbours together exceed the size of one shard,
        and there are at most twice as many shards as full ones would be. A tfjs folder keeps the
        shards that it has. If each layer has its own, there may be more.

        Parameters
        ----------
        options
            If they are others than those of these settings.
        """
        written_bytes = _WRITTEN_BYTES_BESIDES + _WRITTEN_PER_SOURCE_BYTE * sum(source_sizes_bytes)
        options = options or self.conversion_options(self.default_variant)
        shards = 2 * written_bytes // options.shard_size_bytes + options.by_layer * MOST_SHARDS
        return ConversionLimits(
            written_bytes=written_bytes,
            files=shards + len(source_sizes_bytes) + _FILES_BESIDES,
            cpu_seconds=math.ceil(self.conversion_deadline_seconds) + _CPU_SECONDS_BESIDES,
        )
