"""Web servers of a folder, with the lines of docs/deploy.md, and the commands of tfjs-serve."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.stores.programs import free_ports, running

DOCUMENT = Path(__file__).parents[2] / "docs" / "deploy.md"
PAGE = "https://page.example"


def tfjs_serve(*words: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a command in a process of its own: here, a browser may have an event loop running."""
    command = [sys.executable, "-m", "tfjs_serve", *words]
    variables = {**os.environ, **(environment or {})}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _snippet(language: str) -> str:
    found = re.search(
        rf"^```{language}\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found is not None
    return found[1]


def _nginx(site: Path, folder: Path, port: int, lines: str) -> list[str]:
    outside, _, inside = lines.rpartition("# Inside of it:\n")
    configuration = folder / "nginx.conf"
    # Its workers would be nobody, who may not read folders of tests.
    user = "user root; " if os.geteuid() == 0 else ""
    configuration.write_text(
        f"{user}daemon off; pid {folder}/pid; error_log {folder}/log;\n"
        "events {}\n"
        "http {\n"
        f"access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/fast; uwsgi_temp_path {folder}/uwsgi;\n"
        f"scgi_temp_path {folder}/scgi;\n"
        "types { application/json json; }\n"
        f"{outside}server {{ listen 127.0.0.1:{port}; root {site};\n{inside}}}\n}}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(configuration), "-e", f"{folder}/log"]


def _caddy(site: Path, folder: Path, port: int, lines: str) -> list[str]:
    configuration = folder / "Caddyfile"
    configuration.write_text(
        f"{{\nadmin off\nauto_https off\n}}\nhttp://127.0.0.1:{port} {{\nroot * {site}\n{lines}}}\n"
    )
    return ["caddy", "run", "--config", str(configuration), "--adapter", "caddyfile"]


COMMANDS: dict[str, Callable[[Path, Path, int, str], list[str]]] = {
    "nginx": _nginx,
    "caddy": _caddy,
}


@contextmanager
def web_server(name: str, site: Path, folder: Path, lines: str = "") -> Iterator[str]:
    """Serve the folder `site`, and yield the URL of ``models`` in it.

    Parameters
    ----------
    folder
        Empty, for configuration and logs.
    lines
        Of its configuration, if not those of the document.
    """
    (port,) = free_ports(1)
    command = COMMANDS[name](site, folder, port, lines or _snippet(name))
    with running(command, port, folder / "printed"):
        yield f"http://127.0.0.1:{port}/models"
