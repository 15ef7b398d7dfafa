"""What tests have to know of an object store that runs on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CONTAINER = "models"
ORIGINS = "*"
"""Whose pages may load from the containers."""


class StoreMissingError(Exception):
    """Why there is no such store on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """An object store with a public container ``models``.

    Attributes
    ----------
    destination
        The container, as ``tfjs-serve publish`` takes it.
    endpoint
        Where the client finds the store.
    url
        Where pages find the container, without a slash at the end.
    environment
        Keys.
    """

    destination: str
    endpoint: str
    url: str
    environment: Mapping[str, str]
