"""A real OpenStack Swift: Debian's, with as many storage nodes as one likes, on loopback.

Each node has a server each of accounts, containers and objects, and a copy of everything.
A proxy in front of them speaks Swift's own API and that of S3.
"""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from .programs import free_ports, started, wait_for
from .store import CONTAINER, ORIGINS, Store, StoreMissingError

PACKAGES = ("python3-swift", "memcached")
"""Of Debian: the library has all servers; Swift keeps tokens in memcached."""
_KINDS = ("account", "container", "object")
_USER, _KEY = "test:tester", "testing"
_PROGRAMS = Path(__file__).parent / "debian"
_FILTERS = {
    "catch_errors": "",
    "gatekeeper": "",
    "healthcheck": "",
    "cache": "memcache_servers = 127.0.0.1:{memcached}",
    "listing_formats": "",
    "bulk": "",
    "s3api": "location = us-east-1\ndns_compliant_bucket_names = true",
    "tempauth": f"user_{_USER.replace(':', '_')} = {_KEY} .admin",
    "copy": "",
    "slo": "",
    "dlo": "",
}
_EGGS = {"cache": "memcache"}


def system_python() -> str | None:
    """Return the Python that has what Debian's packages install, if there is one."""
    return shutil.which("python3", path=os.defpath)


def is_installed() -> bool:
    """Whether all programs are there."""
    python = system_python()
    if python is None or shutil.which("memcached") is None:
        return False
    looks = "import importlib.util, sys; sys.exit(importlib.util.find_spec('swift') is None)"
    return subprocess.run([python, "-c", looks], check=False).returncode == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Swift:
    """A running Swift.

    Attributes
    ----------
    nodes
        The processes of the storage nodes.
    """

    store: Store
    nodes: tuple[subprocess.Popen[bytes], ...]

    def kill_node(self, number: int) -> None:
        """End a storage node at once."""
        self.nodes[number].kill()
        self.nodes[number].wait()


@contextmanager
def swift(folder: Path, nodes: int = 1) -> Iterator[Swift]:
    """Run Swift, with its data in `folder`.

    Raises
    ------
    StoreMissingError
        It is not installed, or the file system cannot hold its data.
    """
    python = system_python()
    if python is None or not is_installed():
        raise StoreMissingError(f"Swift is not installed: apt-get install {' '.join(PACKAGES)}")
    _check_attributes(folder)
    proxy, memcached, *others = free_ports(2 + len(_KINDS) * nodes)
    ports = [others[index : index + len(_KINDS)] for index in range(0, len(others), len(_KINDS))]
    _configure(folder, proxy, memcached, ports)
    words = [":".join(map(str, node)) for node in ports]
    rings = [python, str(_PROGRAMS / "rings.py"), str(folder), *words]
    subprocess.run(rings, check=True)
    servers = [python, str(_PROGRAMS / "servers.py"), str(folder)]
    cache = ["memcached", "-u", getpass.getuser(), "-l", "127.0.0.1", "-p", str(memcached)]
    logs = [folder / f"{name}.log" for name in ("memcached", "proxy", *map(str, range(nodes)))]
    commands = [[*cache, "-U", "0"], [*servers, "proxy"], *_node_commands(servers, nodes)]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(started(command, log))
            for command, log in zip(commands, logs, strict=True)
        ]
        listening = [[memcached], [proxy], *ports]
        for some, process, log in zip(listening, processes, logs, strict=True):
            for port in some:
                wait_for(port, process, log)
        yield Swift(store=_public_container(proxy), nodes=tuple(processes[2:]))


def _node_commands(servers: Sequence[str], nodes: int) -> Iterator[list[str]]:
    for number in range(nodes):
        yield [*servers, *(f"{kind}-{number}" for kind in _KINDS)]


def _check_attributes(folder: Path) -> None:
    """Raise an error if files cannot have attributes of users, where Swift keeps metadata."""
    probe = folder / "probe"
    probe.touch()
    try:
        os.setxattr(probe, "user.probe", b"")
    except OSError as error:
        raise StoreMissingError(f"Swift needs user attributes of files: {error}") from error


def _configure(folder: Path, proxy: int, memcached: int, nodes: Sequence[Sequence[int]]) -> None:
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n"
        "[storage-policy:0]\nname = all\ndefault = yes\n"
    )
    for number, ports in enumerate(nodes):
        (folder / "devices" / f"node{number}").mkdir(parents=True)
        for kind, port in zip(_KINDS, ports, strict=True):
            (folder / f"{kind}-{number}.conf").write_text(
                f"{_default(folder, port)}devices = {folder}/devices\nmount_check = false\n"
                "fallocate_reserve = 0\n"
                f"[pipeline:main]\npipeline = {kind}-server\n"
                f"[app:{kind}-server]\nuse = egg:swift#{kind}\n"
            )
    filters = "".join(
        f"[filter:{name}]\nuse = egg:swift#{_EGGS.get(name, name)}\n{options}\n"
        for name, options in _FILTERS.items()
    )
    (folder / "proxy.conf").write_text(
        f"{_default(folder, proxy)}"
        f"[pipeline:main]\npipeline = {' '.join(_FILTERS)} proxy-server\n"
        "[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n"
        f"{filters.format(memcached=memcached)}"
    )


def _default(folder: Path, port: int) -> str:
    return (
        f"[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = {port}\nworkers = 0\n"
        f"user = {getpass.getuser()}\nswift_dir = {folder}\nrecon_cache_path = {folder}\n"
        f"log_address = {folder}/no-log\n"
    )


def _public_container(port: int) -> Store:
    """Make a container that pages of all sites may read, before its first object."""
    endpoint = f"http://127.0.0.1:{port}"
    answer = _ask(f"{endpoint}/auth/v1.0", {"X-Auth-User": _USER, "X-Auth-Key": _KEY})
    account, token = answer["X-Storage-Url"], answer["X-Auth-Token"]
    headers = {
        "X-Auth-Token": token,
        "X-Container-Read": ".r:*",
        "X-Container-Meta-Access-Control-Allow-Origin": ORIGINS,
    }
    _ask(f"{account}/{CONTAINER}", headers, "PUT")
    return Store(
        destination=f"s3://{CONTAINER}",
        endpoint=endpoint,
        url=f"{account}/{CONTAINER}",
        environment={"AWS_ACCESS_KEY_ID": _USER, "AWS_SECRET_ACCESS_KEY": _KEY},
    )


def _ask(url: str, headers: Mapping[str, str], method: str = "GET") -> Mapping[str, str]:
    with urlopen(Request(url, headers=dict(headers), method=method), timeout=30) as answer:
        return dict(answer.headers)
