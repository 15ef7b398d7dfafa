"""From a catalogue entry to an artifact: digest, store hit or one conversion, last good version."""

from tfjs_serve.builder.builder import Builder
from tfjs_serve.builder.model import (
    Build,
    BuildEvent,
    BuildEventKind,
    Converted,
    EntryState,
    EntryStatus,
    KeptGeneration,
)

__all__ = [
    "Build",
    "BuildEvent",
    "BuildEventKind",
    "Builder",
    "Converted",
    "EntryState",
    "EntryStatus",
    "KeptGeneration",
]
