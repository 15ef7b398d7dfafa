"""Make what browsers get of its sources: ``python tools/minify_layers.py``.

The parts of ``layers.js`` and ``training.js``: the sources are in ``tfjs_serve/browser/layers``
and ``training``. ``tests/js/minify_layers.mjs`` minifies each with esbuild and asks it what it
declares; this needs Node and the packages of ``tests/js``, which ``dev.py`` installs. What results
is ``layers.json`` and ``training.json`` beside the folders, from which
``tfjs_serve/packed_scripts.py`` makes scripts. They are part of the repository, because an
installation has only Python.

Styles and scripts of the server's pages: the sources are in ``tfjs_serve/browser/pages``, and
``tests/js/bundle_pages.mjs`` bundles each into a file in ``browser/assets``
(``tfjs_serve/web/pages/assets.py``).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tfjs_serve.packed_scripts import FRAME, KINDS, Kind, digest_of_source, sources
from tfjs_serve.web.pages import assets

ROOT = Path(__file__).resolve().parents[1]
BROWSER = ROOT / "tfjs_serve" / "browser"
PAGES = BROWSER / "pages"
ASSETS = BROWSER / "assets"
MINIFIER = ROOT / "tests" / "js" / "minify_layers.mjs"
BUNDLER = ROOT / "tests" / "js" / "bundle_pages.mjs"


def minified(kind: Kind) -> str:
    """Return the text of ``layers.json``, or of another kind's document.

    Raises
    ------
    SystemExit
        Node is missing, or a source is wrong.
    """
    texts = sources(kind)
    assert texts is not None, "the sources are not in an installed package"
    digests = {name: digest_of_source(text) for name, text in texts.items()}
    made = _in_node(MINIFIER, {"frame": texts.pop(FRAME), "parts": texts})
    frame = {"source": digests[FRAME], "script": made["frame"]}
    parts = [{"source": digests[part["name"]], **part} for part in made["parts"]]
    return json.dumps({"frame": frame, "parts": parts}, indent=1, ensure_ascii=False) + "\n"


def bundled() -> dict[str, str]:
    """Return the files in ``browser/assets`` by their names.

    Raises
    ------
    SystemExit
        Node is missing, or a source is wrong.
    """
    scripts = {f"{path.parent.name}.js": path for path in PAGES.glob("scripts/*/index.js")}
    for path in PAGES.glob("scripts/*/classic.js"):
        scripts[f"{path.parent.name}-classic.js"] = path
    styles = {path.name: path for path in PAGES.glob("styles/*.css")}
    names = {path.relative_to(PAGES).as_posix(): name for name, path in (scripts | styles).items()}
    made = _in_node(BUNDLER, {"folder": str(PAGES), "entries": sorted(names)})
    return {
        names[one["entry"]]: assets.packed(
            one["text"], {path: (PAGES / path).read_text("utf-8") for path in one["inputs"]}
        )
        for one in made
    }


def _in_node(script: Path, request: object) -> Any:
    node = shutil.which("node")
    if node is None:
        raise SystemExit("This needs Node.js: `python3 dev.py test` installs what it can.")
    result = subprocess.run(
        [node, str(script)],
        input=json.dumps(request).encode("utf-8"),
        capture_output=True,
        check=False,
    )
    if result.returncode != 0:
        raise SystemExit(result.stderr.decode("utf-8", "replace"))
    return json.loads(result.stdout)


def main() -> None:
    for kind in KINDS:
        _write(BROWSER / f"{kind.name}.json", minified(kind))
    made = bundled()
    for old in ASSETS.iterdir():
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        _write(ASSETS / name, text)


def _write(target: Path, text: str) -> None:
    target.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
