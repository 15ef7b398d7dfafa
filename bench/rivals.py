"""Other servers of a folder, with the settings that serve it best; they are installed if missing.

Access logs are off, files are sent as they are, and every page may load them.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from builds import ROOT, Served, free_port, running

import dev

HTTP_SERVER = "http-server@14.1.1"
_NODE_PACKAGES = ROOT / ".venv" / "rivals"
_SETTINGS = {
    "nginx": "worker_processes auto, sendfile, etag, no open_file_cache",
    "Caddy": "file_server",
    "http-server": f"{HTTP_SERVER}, --silent --cors",
    "http.server": f"of Python {sys.version_info.major}.{sys.version_info.minor}, HTTP/1.0",
}


def install(programs: Sequence[str]) -> None:
    """Install Debian packages whose programs are missing."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        dev.apt_install(*missing)
    absent = [name for name in missing if shutil.which(name) is None]
    if absent:
        raise SystemExit(f"please install {', '.join(absent)}")


def settings_of(names: Sequence[str]) -> str:
    """Return the settings of some servers in words."""
    return "; ".join(f"{name}: {_SETTINGS[name]}" for name in names) + "."


@contextmanager
def nginx(folder: Path, workspace: Path) -> Iterator[Served]:
    """Serve `folder` with nginx; `workspace` gets its configuration."""
    install(["nginx"])
    port = free_port()
    configuration = workspace / "nginx.conf"
    configuration.write_text(_nginx_configuration(folder, workspace, port))
    command = ["nginx", "-p", workspace, "-c", configuration, "-e", workspace / "nginx.log"]
    with running(command, port, "/", cwd=workspace) as served:
        yield served


def _nginx_configuration(folder: Path, workspace: Path, port: int) -> str:
    # Its workers would be nobody, who may not read our folders, and answer 403.
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{kind}_temp_path {workspace}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
{user} worker_processes auto; daemon off; pid {workspace}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  {temporary}
  access_log off; sendfile on; etag on; keepalive_requests 1000000;
  types {{ application/json json; application/octet-stream bin; text/html html; }}
  add_header Access-Control-Allow-Origin "*";
  server {{
    listen 127.0.0.1:{port};
    root "{folder}";
    autoindex on;
    location ~ \\.bin$ {{
      add_header Access-Control-Allow-Origin "*";
      add_header Cache-Control "public, max-age=31536000, immutable";
    }}
  }}
}}
"""


@contextmanager
def caddy(folder: Path, workspace: Path) -> Iterator[Served]:
    """Serve `folder` with Caddy."""
    install(["caddy"])
    port = free_port()
    configuration = workspace / "Caddyfile"
    configuration.write_text(
        f"{{\n admin off\n auto_https off\n}}\nhttp://127.0.0.1:{port} {{\n"
        f' root * "{folder}"\n header Access-Control-Allow-Origin *\n file_server browse\n}}\n'
    )
    environment = {"XDG_DATA_HOME": str(workspace), "XDG_CONFIG_HOME": str(workspace)}
    command = ["caddy", "run", "--config", configuration, "--adapter", "caddyfile"]
    with running(command, port, "/", cwd=workspace, environment=environment) as served:
        yield served


@contextmanager
def http_server(folder: Path, workspace: Path) -> Iterator[Served]:
    """Serve `folder` with the http-server of npm."""
    program = _NODE_PACKAGES / "node_modules" / "http-server" / "bin" / "http-server"
    if not program.exists():
        npm = shutil.which("npm") or "npm"
        dev.run([npm, "install", "--silent", "--prefix", _NODE_PACKAGES, HTTP_SERVER])
    port = free_port()
    command = ["node", program, folder, "-p", str(port), "-a", "127.0.0.1", "--silent", "--cors"]
    with running(command, port, "/", cwd=workspace) as served:
        yield served


@contextmanager
def python_server(folder: Path, workspace: Path) -> Iterator[Served]:
    """Serve `folder` with ``python -m http.server``."""
    port = free_port()
    options = ["--bind", "127.0.0.1", "--directory", folder]
    command = [sys.executable, "-m", "http.server", str(port), *options]
    with running(command, port, "/", cwd=workspace) as served:
        yield served


RIVALS: Mapping[str, Callable[[Path, Path], AbstractContextManager[Served]]] = {
    "nginx": nginx,
    "Caddy": caddy,
    "http-server": http_server,
    "http.server": python_server,
}
