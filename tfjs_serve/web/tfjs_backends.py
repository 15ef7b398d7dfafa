"""The backends of TensorFlow.js that are packages of their own: wasm and webgpu."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfjs_serve.settings import DEFAULT_TFJS_BACKENDS, DEFAULT_TFJS_URL
from tfjs_serve.web.tfjs import FOLDER, Tfjs


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendScript:
    """The script of one backend.

    Attributes
    ----------
    url, integrity
        As those of :class:`Tfjs`.
    folder
        URL of the folder from which the backend fetches what else it needs; empty for nothing.
    """

    url: str
    integrity: str = ""
    folder: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what scripts read."""
        return {"url": self.url, "integrity": self.integrity, "folder": self.folder}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """The backends that there are besides those in TensorFlow.js itself.

    Attributes
    ----------
    scripts
        By the name of the backend.
    files
        The files that are served below ``/-/tfjs/``, by their names.
    """

    scripts: Mapping[str, BackendScript] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)

    @property
    def policy_sources(self) -> tuple[str, ...]:
        """What the ``script-src`` of a policy has to allow for them."""
        return tuple(one.url for one in self.scripts.values() if not one.url.startswith(FOLDER))

    @property
    def connections(self) -> tuple[str, ...]:
        """What its ``connect-src`` has to allow."""
        folders = (one.folder for one in self.scripts.values())
        return tuple(one for one in folders if one and one != FOLDER)


NO_BACKENDS = Backends()


def scripts_json(tfjs: Tfjs, backends: Backends) -> dict[str, Any]:
    """Return what scripts read of TensorFlow.js and of the backends that come beside it."""
    return {
        "url": tfjs.url,
        "integrity": tfjs.integrity,
        "backends": {name: one.to_json() for name, one in backends.scripts.items()},
    }


def backends_beside(tfjs: Tfjs) -> Backends:
    """Return the backends that belong to a TensorFlow.js: those of the CDN, or packages beside it.

    Of a TensorFlow.js at another URL nothing more is known.
    """
    if tfjs.url == DEFAULT_TFJS_URL:
        return Backends(
            scripts={
                name: BackendScript(
                    url=url,
                    integrity=integrity,
                    folder=f"{url.rpartition('/')[0]}/" if name == "wasm" else "",
                )
                for name, (url, integrity) in DEFAULT_TFJS_BACKENDS.items()
            }
        )
    scripts: dict[str, BackendScript] = {}
    files: dict[str, Path] = {}
    for script in tfjs.files.values():
        for name in DEFAULT_TFJS_BACKENDS:
            dist = script.parents[2] / f"tfjs-backend-{name}" / "dist"
            found = _in_package(dist, name)
            if found:
                files |= found
                folder = FOLDER if len(found) > 1 else ""
                scripts[name] = BackendScript(url=f"{FOLDER}{next(iter(found))}", folder=folder)
    return Backends(scripts=scripts, files=files)


def _in_package(dist: Path, name: str) -> dict[str, Path]:
    """Return the files of a backend by their names, its script first; none if it is not there."""
    script = dist / f"tf-backend-{name}.es2017.min.js"
    if not script.is_file():
        return {}
    return {path.name: path for path in (script, *sorted(dist.glob("*.wasm")))}
