"""Make the parts of ``layers.js`` and ``training.js``: ``python tools/minify_layers.py``.

The sources are in ``tfjs_serve/browser/layers/`` and ``training/``. ``tests/js/minify_layers.mjs``
minifies each with esbuild and asks it what it declares; this needs Node and the packages of
``tests/js``, which ``dev.py`` installs. What results is ``layers.json`` and ``training.json``
beside the folders, from which ``tfjs_serve/packed_scripts.py`` makes scripts. They are part of the
repository, because an installation has only Python.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tfjs_serve.packed_scripts import FRAME, KINDS, Kind, digest_of_source, sources

ROOT = Path(__file__).resolve().parents[1]
BROWSER = ROOT / "tfjs_serve" / "browser"
MINIFIER = ROOT / "tests" / "js" / "minify_layers.mjs"


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
    made = _in_node(json.dumps({"frame": texts.pop(FRAME), "parts": texts}))
    frame = {"source": digests[FRAME], "script": made["frame"]}
    parts = [{"source": digests[part["name"]], **part} for part in made["parts"]]
    return json.dumps({"frame": frame, "parts": parts}, indent=1, ensure_ascii=False) + "\n"


def _in_node(request: str) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None:
        raise SystemExit("This needs Node.js: `python3 dev.py test` installs what it can.")
    result = subprocess.run(
        [node, str(MINIFIER)],
        input=request.encode("utf-8"),
        capture_output=True,
        check=False,
    )
    if result.returncode != 0:
        raise SystemExit(result.stderr.decode("utf-8", "replace"))
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def main() -> None:
    for kind in KINDS:
        target = BROWSER / f"{kind.name}.json"
        target.write_text(minified(kind), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
