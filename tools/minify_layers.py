"""Make the parts of ``layers.js`` from their sources: ``python tools/minify_layers.py``.

The sources are in ``tfjs_serve/browser/layers/``. ``tests/js/minify_layers.mjs`` minifies each with
esbuild and asks it what it declares; this needs Node and the packages of ``tests/js``, which
``dev.py`` installs. What results is ``tfjs_serve/browser/layers.json``, from which
``tfjs_serve/companion.py`` makes the script of each model. It is part of the repository, because an
installation has only Python.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tfjs_serve.companion import FRAME, digest_of_source, sources

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "tfjs_serve" / "browser" / "layers.json"
MINIFIER = ROOT / "tests" / "js" / "minify_layers.mjs"


def minified_layers() -> str:
    """Return the text of ``layers.json``.

    Raises
    ------
    SystemExit
        Node is missing, or a source is wrong.
    """
    texts = sources()
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
    TARGET.write_text(minified_layers(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
