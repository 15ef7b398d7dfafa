#!/usr/bin/env python3
"""Everything a developer needs, from a fresh clone, with nothing but Python 3.10 or newer.

python3 dev.py serve [FOLDER] [options of tfjs-serve]    serve a folder (default: sample_models)
python3 dev.py test [options of pytest]                  all checks and tests; what CI runs
python3 dev.py bench NAME [its options]                  measure: bench/NAME.py
python3 dev.py docs [command of mkdocs]                  build the site of the docs into site/

They install what they need into .venv and node_modules below tests/, once, and again when
pyproject.toml, the pinned requirements or the Node lockfiles change. Only Node, Chromium, web
servers and OpenStack Swift are installed outside of this folder, with apt, and only if they are
missing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.stores import swift

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMPS = VENV / "stamps"
JS = ROOT / "tests" / "js"
STORES = ROOT / "tests" / "stores"
REQUIREMENTS = ROOT / "requirements" / "test.txt"
DOCS_REQUIREMENTS = ROOT / "requirements" / "docs.txt"
SAMPLE_MODELS = ROOT / "sample_models"

MINIMUM_PYTHON = (3, 10)
MINIMUM_NODE = 18
"""The first with fetch, which TensorFlow.js loads models with."""
MAXIMUM_WORKERS = 2
"""Each test worker has a Keras, a Node and a server of its own: more of them need much memory."""

BENCHMARKS = (
    "applications",
    "compare",
    "digests",
    "doctor",
    "faults",
    "install",
    "latency",
    "live",
    "live_models",
    "official_lines",
    "pages",
    "publishing",
    "real_files",
    "soak",
)

NODE = ("nodejs", "npm")
WEB_SERVERS = ("nginx", "caddy")
CHROMIUM_COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_PATHS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)

APT = threading.Lock()
"""Held while apt-get runs, which does not wait for another one."""


class DevError(Exception):
    """What the developer has to do before this can work."""


def say(text: str) -> None:
    print(text, flush=True)


def run(command: Sequence[str | Path], *, cwd: Path = ROOT) -> None:
    """Run an installer; its output goes to ours, and its failure ends the run."""
    result = subprocess.run([*map(str, command)], cwd=cwd, stdin=subprocess.DEVNULL, check=False)
    if result.returncode != 0:
        words = " ".join(
            Path(word).name if Path(word).is_absolute() else word for word in map(str, command)
        )
        raise DevError(f"`{words}` failed with exit code {result.returncode}.")


# --- Python ---------------------------------------------------------------------------------


def venv_program(name: str) -> Path:
    windows = os.name == "nt"
    return VENV / ("Scripts" if windows else "bin") / (f"{name}.exe" if windows else name)


def once(stamp: Path, inputs: Sequence[Path], title: str, action: Callable[[], None]) -> None:
    """Do `action` unless `stamp` says that it was done for the same `inputs` and this Python."""
    digest = hashlib.sha256(sys.version.encode())
    for path in inputs:
        digest.update(path.read_bytes())
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    say(f"-- {title}")
    stamp.unlink(missing_ok=True)
    action()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest.hexdigest())


def make_venv() -> None:
    try:
        import ensurepip  # noqa: F401, PLC0415 -- only asked whether Debian left it out
    except ModuleNotFoundError:
        version = f"python3.{sys.version_info.minor}-venv"
        if not apt_install(version):
            raise DevError(f"Python has no ensurepip: install {version}.") from None
    run([sys.executable, "-m", "venv", "--clear", VENV])


def pip_install(*arguments: str | Path) -> None:
    python = venv_program("python")
    run([python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *arguments])


def install_venv() -> None:
    once(STAMPS / "venv", [], "making .venv", make_venv)


def install_package() -> None:
    pyproject = ROOT / "pyproject.toml"
    install_venv()
    once(
        STAMPS / "package",
        [pyproject, REQUIREMENTS],
        "installing the package and what it needs",
        lambda: pip_install("--editable", ROOT, "--constraint", REQUIREMENTS),
    )
    # As pip does for an installation that is not editable. Conversion processes write nothing, so
    # each of them would compile the converter for itself, which takes longer than most models.
    run([venv_program("python"), "-m", "compileall", "-q", ROOT / "tfjs_serve"])


def install_test_requirements() -> None:
    once(
        STAMPS / "tests",
        [REQUIREMENTS],
        "installing requirements/test.txt",
        lambda: pip_install("--requirement", REQUIREMENTS),
    )


def install_docs_requirements() -> None:
    once(
        STAMPS / "docs",
        [DOCS_REQUIREMENTS],
        "installing requirements/docs.txt",
        lambda: pip_install("--requirement", DOCS_REQUIREMENTS),
    )


# --- Node and Chromium ----------------------------------------------------------------------


def apt_install(*packages: str) -> bool:
    """Install Debian packages where that is possible; say whether it was tried."""
    if shutil.which("apt-get") is None:
        return False
    if os.geteuid() == 0:
        prefix = []
    elif shutil.which("sudo"):
        prefix = ["sudo", *([] if sys.stdin.isatty() else ["--non-interactive"])]
    else:
        return False
    environment = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive"]
    quiet = ["-qq", "-o", "Dpkg::Use-Pty=0"]
    with APT:
        say(f"-- installing {', '.join(packages)} with apt-get")
        run([*environment, "apt-get", *quiet, "update"])
        options = ["-y", "--no-install-recommends"]
        run([*environment, "apt-get", *quiet, "install", *options, *packages])
    return True


def node_is_usable() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.", version.stdout)
    return found is not None and int(found[1]) >= MINIMUM_NODE


def install_node_packages() -> None:
    if not node_is_usable():
        apt_install(*NODE)
    if not node_is_usable():
        raise DevError(f"The tests need Node.js {MINIMUM_NODE} or newer, with npm, on the PATH.")
    npm = shutil.which("npm") or "npm"
    once(
        JS / "node_modules" / ".stamp",
        [JS / "package.json", JS / "package-lock.json"],
        "installing TensorFlow.js into tests/js/node_modules",
        # ml5 has a script for its own developers, which fails elsewhere; no package needs one. Its
        # bundle contains what it depends on, so package.json overrides these 300 MB of packages
        # with a small one.
        lambda: run([npm, "ci", "--ignore-scripts", "--silent"], cwd=JS),
    )


def find_chromium() -> str | None:
    """Return the path that CHROME names, or that of a browser in one of the usual places."""
    named = os.environ.get("CHROME")
    if named:
        if shutil.which(named) is None:
            raise DevError(f"CHROME names {named}, which is no program.")
        return shutil.which(named)
    on_path = (shutil.which(command) for command in CHROMIUM_COMMANDS)
    in_place = (path for path in CHROMIUM_PATHS if Path(path).is_file())
    return next(filter(None, on_path), None) or next(in_place, None)


def install_chromium() -> str:
    chromium = find_chromium()
    if chromium is None:
        apt_install("chromium")
        chromium = find_chromium()
    if chromium is None:
        raise DevError(
            "The browser tests need Chromium or Chrome: install one of them, "
            "or set CHROME to the path of its program."
        )
    return chromium


# --- The commands -----------------------------------------------------------------------


def serve(arguments: Sequence[str]) -> int:
    install_package()
    if not arguments or arguments[0].startswith("-"):
        arguments = [str(SAMPLE_MODELS), *arguments]
    command = [str(venv_program("tfjs-serve")), "serve", *arguments]
    if os.name == "posix":
        os.execv(command[0], command)  # so that signals reach the server itself
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 130


def pytest_arguments(arguments: Sequence[str]) -> list[str]:
    """Spread the tests over the cores; each test of an xdist group runs in the same worker."""
    workers = min(MAXIMUM_WORKERS, os.cpu_count() or 1)
    return ["-n", str(workers), "--dist", "loadgroup", *arguments]


def check_commands(arguments: Sequence[str]) -> dict[str, list[str]]:
    return {
        "ruff check": ["ruff", "check", "."],
        "ruff format": ["ruff", "format", "--check", "."],
        "mypy": ["mypy", "tfjs_serve", "dev.py", "bench", "tools"],
        "pytest": ["pytest", *pytest_arguments(arguments)],
    }


def run_step(title: str, action: Callable[[], int], summary: list[str]) -> bool:
    """Run one step, add its line to `summary`, and say whether it passed."""
    say(f"\n== {title}")
    start = time.monotonic()
    try:
        failed = action() != 0
    except DevError as error:
        say(f"error: {error}")
        failed = True
    seconds = time.monotonic() - start
    outcome = "FAILED" if failed else "ok"
    summary.append(f"{outcome:<8}{title:<14}{seconds:7.1f} s")
    say(f"== {title}: {outcome} after {seconds:.1f} s")
    return not failed


def missing_packages() -> list[str]:
    """Return what Debian has of all that the tests need, to be installed in one go.

    Elsewhere, the tests of web servers and of OpenStack Swift say what is missing.
    """
    node = () if node_is_usable() else NODE
    browser = () if find_chromium() else ("chromium",)
    web_servers = [name for name in WEB_SERVERS if shutil.which(name) is None]
    stores = () if swift.is_installed() else swift.PACKAGES
    return [*node, *browser, *web_servers, *stores]


def install_stores() -> None:
    """Install object stores: OpenStack Swift, on Debian as root, and Azurite."""
    if not swift.is_installed():
        apt_install(*swift.PACKAGES)
    install_azurite()


def install_azurite() -> None:
    npm = shutil.which("npm") or "npm"
    once(
        STORES / "node_modules" / ".stamp",
        [STORES / "package.json", STORES / "package-lock.json"],
        "installing Azurite into tests/stores/node_modules",
        # Most of what it depends on is for telemetry and for databases: package.json overrides
        # these 300 MB of packages with a small one.
        lambda: run([npm, "ci", "--ignore-scripts", "--silent"], cwd=STORES),
    )


def install_python() -> int:
    """Install what is written in Python."""
    install_package()
    install_test_requirements()
    install_docs_requirements()
    return 0


def install_programs() -> int:
    """Install the other programs that the tests need, and tell them where Chromium is."""
    if missing := missing_packages():
        apt_install(*missing)
    install_node_packages()
    install_azurite()
    os.environ["CHROME"] = install_chromium()
    return 0


def install_all() -> int:
    """Install what the tests need."""
    with ThreadPoolExecutor(1) as beside:
        programs = beside.submit(install_programs)
        install_python()
        return programs.result()


def bench(arguments: Sequence[str]) -> int:
    """Run one of ``bench/``, in the environment of the tests."""
    if not arguments or arguments[0] not in BENCHMARKS:
        raise DevError(f"Name what to measure: {', '.join(BENCHMARKS)}.")
    install_package()
    install_test_requirements()
    install_node_packages()
    path = ROOT / "bench" / f"{arguments[0]}.py"
    command = [str(venv_program("python")), str(path), *arguments[1:]]
    return subprocess.call(command, cwd=ROOT)


def run_module(words: Sequence[str]) -> int:
    command = [str(venv_program("python")), "-m", *words]
    return subprocess.call(command, cwd=ROOT, stdin=subprocess.DEVNULL)


def docs(arguments: Sequence[str]) -> int:
    """Build the site of the documentation; `arguments` are another command of mkdocs, as serve."""
    install_venv()
    install_docs_requirements()
    os.environ["NO_MKDOCS_2_WARNING"] = "1"  # which is about the future of the theme
    return run_module(["mkdocs", *(arguments or ["build", "--strict"])])


def steps(arguments: Sequence[str], programs: Callable[[], int]) -> dict[str, Callable[[], int]]:
    """Return what `test` does, in order; only the tests need more than Python."""
    checks = {
        title: partial(run_module, words) for title, words in check_commands(arguments).items()
    }
    tests = checks.pop("pytest")
    return {"install": install_python, **checks, "programs": programs, "pytest": tests}


def test(arguments: Sequence[str]) -> int:
    """Run the checks in order up to the first that fails; return an exit code."""
    summary: list[str] = []
    passed = True
    with ThreadPoolExecutor(1) as beside:
        programs = beside.submit(install_programs).result
        for title, action in steps(arguments, programs).items():
            if not passed:
                summary.append(f"{'not run':<8}{title}")
                continue
            passed = run_step(title, action, summary)
    say("\n== summary")
    say("\n".join(summary))
    return 0 if passed else 1


def main(arguments: Sequence[str]) -> int:
    if sys.version_info < MINIMUM_PYTHON:
        needed = ".".join(map(str, MINIMUM_PYTHON))
        say(f"tfjs-serve needs Python {needed} or newer; this is {sys.version.split()[0]}.")
        return 1
    commands = {"serve": serve, "test": test, "bench": bench, "docs": docs}
    if not arguments or arguments[0] not in commands:
        say((__doc__ or "").strip())
        return 0 if arguments in (["-h"], ["--help"]) else 2
    try:
        return commands[arguments[0]](arguments[1:])
    except DevError as error:
        say(f"error: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
