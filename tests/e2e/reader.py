"""Somebody who does what a document says, in its order: commands, Python, pages, JavaScript.

Each document has a folder of its own, with what documents speak of: ``models/mnist.h5``, a file of
weights, layers of one's own. Pages come from this folder, and models from a server of ``models``,
which stands for ``http://localhost:8000``. TensorFlow.js comes from this machine. What fails, in a
page also without a word to the user, is an error that names the document and the line.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import CDPSession, ConsoleMessage, Page, expect

from tests.parity.process import Process
from tests.parity.server import ServedModels
from tests.snippets import ROOT, Block

from .conftest import PACKAGES, WASM

DEADLINE_SECONDS = 90.0
SERVER = "http://localhost:8000"
APPLICATION = "http://localhost:8080/models"
"""Where documents have their own application serve the same models."""
PAGE = "a-page.html"
TENSORFLOW = "tf.min.js"
FILES = (
    f"@tensorflow/tfjs/dist/{TENSORFLOW}",
    "@tensorflow/tfjs/dist/tf.fesm.min.js",
    f"{WASM}/tf-backend-wasm.min.js",
    f"{WASM}/tfjs-backend-wasm.wasm",
    f"{WASM}/tfjs-backend-wasm-simd.wasm",
    f"{WASM}/tfjs-backend-wasm-threaded-simd.wasm",
)
BEFORE = """
globalThis.x = tf.randomUniform([8, 28, 28, 1]);
globalThis.y = tf.zeros([8]);
globalThis.image = tf.randomUniform([1, 28, 28, 1]);
"""
"""What snippets take for granted."""
WITH_MODEL = "async (url) => { globalThis.model = await tf.loadLayersModel(url); }"
DRIVER = """
import json, os, sys, traceback
os.chdir(sys.argv[1])
names = {"__name__": "document"}  # and not __main__, under which servers would run for ever
for line in sys.stdin:
    said = ""
    try:
        exec(compile(json.loads(line), "the document", "exec"), names)
    except BaseException:
        said = traceback.format_exc()
    print("done " + json.dumps(said), flush=True)
"""
TOKEN = re.compile(r"\b[a-z2-7]{24}\b")
"""What lets a page save."""
_SERVES = re.compile(
    r"^tfjs-serve (?!convert|check|completion|help|version|-)|python3? dev\.py serve|http\.server"
)
_READY = re.compile(r"Ctrl-C stops|Serving HTTP")


class DocumentError(AssertionError):
    """A document says something that does not work."""


class Reader:
    """Reads one document.

    Parameters
    ----------
    folder
        With all that :func:`prepare` puts there.
    """

    def __init__(self, folder: Path, page: Page, page_url: str, served: ServedModels) -> None:
        self._folder = folder
        self._page = page
        self._page_url = page_url
        self._served = served
        self._python: Process | None = None
        self._session: CDPSession | None = None
        self._output: str | None = None
        self._complaints: list[str] = []
        page.on("pageerror", lambda error: self._complaints.append(str(error)))
        page.on("console", self._on_console)

    def read(self, block: Block) -> None:
        """Do what one block says.

        Raises
        ------
        DocumentError
            It does not work.
        """
        if block.path:
            self._write(block)
        if block.language in _DO and (block.language == "html" or not block.path):
            _DO[block.language](self, block)
        self._complain()

    def _complain(self) -> None:
        if self._complaints:
            raise DocumentError("\n".join(self._complaints))

    def close(self) -> None:
        """Stop what was started."""
        if self._python is not None:
            self._python.close()

    # --- Files and commands ---

    def _write(self, block: Block) -> None:
        path = self._folder / block.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._here(block.text), encoding="utf-8")

    def _here(self, text: str) -> str:
        """Return `text` with addresses of this machine, and the token of the server."""
        text = re.sub(r"https://cdn[^\"'\s]+/", "/", text)
        if TOKEN.search(text):
            (token,) = set(TOKEN.findall(self._served.log()))
            text = TOKEN.sub(token, text)
        for address in (SERVER, APPLICATION):
            text = text.replace(address, self._served.base_url)
        return text

    def _commands(self, block: Block) -> None:
        for line in block.lines_of_commands:
            self._command(self._here(line))

    def _command(self, line: str) -> None:
        if _SERVES.search(line):
            self._serve(line)
            return
        done = subprocess.run(
            ["bash", "-e", "-c", line],
            cwd=self._folder,
            env=environment(self._folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        if done.returncode:
            raise DocumentError(f"{line}\n{done.stdout[-4000:]}")

    def _serve(self, line: str) -> None:
        """See a server start, on any port that is free."""
        line = re.sub(r"(http\.server) \d+", r"\1 0", line)
        line += " --port 0" if "http.server" not in line and "--port" not in line else ""
        line = line.replace("http.server", "http.server --bind 127.0.0.1")
        started = Process(
            ["bash", "-c", f"cd '{self._folder}' && exec {line}"], env=environment(self._folder)
        )
        try:
            while (said := started.read_line(DEADLINE_SECONDS)) is not None:
                if _READY.search(said):
                    return
            raise DocumentError(f"{line}\n{started.printed()}")
        finally:
            started.kill()

    # --- Python ---

    def _run_python(self, block: Block) -> None:
        if self._python is None:
            command = [sys.executable, "-c", DRIVER, str(self._folder)]
            self._python = Process(command, env=environment(self._folder))
        self._python.write_line(json.dumps(block.text))
        while (line := self._python.read_line(DEADLINE_SECONDS)) is not None:
            if line.startswith("done "):
                if said := json.loads(line[5:]):
                    raise DocumentError(said)
                return
        raise DocumentError(self._python.printed())

    # --- Pages ---

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith("/favicon.ico"):
            self._complaints.append(f"{message.text} {message.location['url']}")

    def _open(self, block: Block) -> None:
        """Open a page; one that has an empty ``<output>`` fills it."""
        name = block.path or PAGE
        if not block.path:
            text = block.text
            if "layers.js" not in text:  # A part of a page, which cannot know what mnist.h5 needs.
                text += f'<script src="{SERVER}/-/layers.js"></script>'
            (self._folder / PAGE).write_text(self._here(text), encoding="utf-8")
        self._go(name)
        self._output = self._filled() if "<output></output>" in block.text else None

    def _filled(self) -> str:
        """Return what a page writes into its ``<output>``."""
        output = self._page.locator("output")
        expect(output).not_to_be_empty(timeout=1000 * DEADLINE_SECONDS)
        return output.inner_text()

    def _compare(self, block: Block) -> None:
        """Hold the output of a page against the text that the document shows after it."""
        if self._output is not None and block.text.strip() != self._output:
            raise DocumentError(f"the page says {self._output!r}")
        self._output = None

    def open_published(self) -> None:
        """Open the site that a document has made in ``public``, if it has."""
        if (self._folder / "public/index.html").is_file():
            self._go("public/index.html")
            self._filled()
            self._complain()

    def _go(self, name: str) -> None:
        self._page.goto(f"{self._page_url}/{name}")
        self._session = self._page.context.new_cdp_session(self._page)
        if self._page.evaluate("'tf' in globalThis"):
            self._page.evaluate(BEFORE)

    def _javascript(self, block: Block) -> None:
        if self._session is None:
            scripts = [TENSORFLOW, "tf-backend-wasm.min.js", f"{self._served.base_url}/-/layers.js"]
            tags = "".join(f'<script src="{script}"></script>' for script in scripts)
            (self._folder / PAGE).write_text(f"<!DOCTYPE html>{tags}", encoding="utf-8")
            self._go(PAGE)
            self._page.evaluate(WITH_MODEL, f"{self._served.base_url}/mnist/model.json")
        assert self._session is not None
        answer = self._session.send(
            "Runtime.evaluate",
            # As in the console of a browser: `await` stands anywhere, and names may be given again.
            {
                "expression": dynamic_imports(self._here(block.text)),
                "replMode": True,
                "awaitPromise": True,
                "timeout": 1000 * DEADLINE_SECONDS,
            },
        )
        if wrong := answer.get("exceptionDetails"):
            raise DocumentError(wrong.get("exception", {}).get("description") or wrong["text"])


_DO: dict[str, Callable[[Reader, Block], None]] = {
    "console": Reader._commands,
    "python": Reader._run_python,
    "html": Reader._open,
    "js": Reader._javascript,
    "text": Reader._compare,
}
LANGUAGES = frozenset(_DO)
"""What is run."""


def dynamic_imports(text: str) -> str:
    """Return a module as what may be typed into the console of a browser."""
    text = text.replace("'@tensorflow/tfjs'", "'./tf.fesm.min.js'")
    text = re.sub(r"import \* as (\w+) from ('[^']+')", r"const \1 = await import(\2)", text)
    text = re.sub(r"import (\{[^}]+\}) from ('[^']+')", r"const \1 = await import(\2)", text)
    return re.sub(r"import\('\./", "import(document.baseURI.replace(/[^/]*$/, '') + '", text)


# --- What documents speak of ----------------------------------------------------------------

MODEL = """
import keras, numpy as np
keras.utils.set_random_seed(0)
given = keras.Input((28, 28, 1))
inner = keras.layers.GRU(4)(keras.layers.Reshape((28, 28))(given))
inner = keras.layers.Dense(6, activation="relu", name="features")(inner)
model = keras.Model(given, keras.layers.Dense(10, activation="softmax")(inner))
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(np.random.rand(8, 28, 28, 1), np.arange(8) % 10, verbose=0)
model.save("models/mnist.h5")
model.save("mnist.h5")
model.save("mnist.keras")
model.save_weights("weights.weights.h5")
open("architecture.json", "w").write(model.to_json())
"""
SCALE = """
class Scale extends tf.layers.Layer { static className = 'Scale'; }
tf.serialization.registerClass(Scale);
"""


def environment(folder: Path) -> dict[str, str]:
    """Return the variables of a shell in which ``tfjs-serve`` and ``python`` are ours."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    keras = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONWARNINGS": "ignore"}
    cache = {"XDG_CACHE_HOME": str(folder / ".cache"), "COLUMNS": "500", "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **keras, **cache, "PATH": path}


def prepare(folder: Path) -> None:
    """Put what documents speak of into a folder."""
    (folder / "models").mkdir(parents=True)
    subprocess.run(["python", "-c", MODEL], cwd=folder, env=environment(folder), check=True)
    (folder / "weights.weights.h5").rename(folder / "weights.h5")
    for name in ("sample_models", "docs/examples"):
        shutil.copytree(ROOT / name, folder / name)
    labels = "\n".join(map(str, range(10)))
    (folder / "models/mnist.labels.txt").write_text(labels, encoding="utf-8")
    (folder / "facts.json").write_text('{"from": "MNIST"}', encoding="utf-8")
    (folder / "scale.js").write_text(SCALE, encoding="utf-8")
    for name in FILES:
        shutil.copy(PACKAGES / name, folder)
