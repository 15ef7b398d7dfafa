"""Azurite, which answers as Azure's object store does; npm's, in this folder."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from urllib.request import Request, urlopen

from .programs import free_ports, running
from .store import CONTAINER, ORIGINS, Store, StoreMissingError

_PROGRAM = Path(__file__).parent / "node_modules/azurite/dist/src/blob/main.js"
_ACCOUNT, _KEY = "tester", base64.b64encode(b"a key of an account of a test").decode()
_VERSION = "2021-12-02"
_CORS = (
    "<StorageServiceProperties><Cors><CorsRule>"
    f"<AllowedOrigins>{ORIGINS}</AllowedOrigins><AllowedMethods>GET,HEAD</AllowedMethods>"
    "<AllowedHeaders>*</AllowedHeaders><ExposedHeaders></ExposedHeaders>"
    "<MaxAgeInSeconds>3600</MaxAgeInSeconds></CorsRule></Cors></StorageServiceProperties>"
)


@contextmanager
def azurite(folder: Path) -> Iterator[Store]:
    """Run Azurite, with its data in `folder`.

    Raises
    ------
    StoreMissingError
        It is not installed.
    """
    node = shutil.which("node")
    if node is None or not _PROGRAM.exists():
        raise StoreMissingError(f"Azurite is not installed: npm ci in {Path(__file__).parent.name}")
    (port,) = free_ports(1)
    where = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    # The client may be newer than the versions that it knows.
    options = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    environment = {"AZURITE_ACCOUNTS": f"{_ACCOUNT}:{_KEY}"}
    command = [node, str(_PROGRAM), *where, *options]
    with running(command, port, folder / "azurite.log", environment):
        endpoint = f"http://127.0.0.1:{port}/{_ACCOUNT}"
        _send(endpoint, f"/{CONTAINER}", {"restype": "container"}, public="blob")
        _send(endpoint, "/", {"comp": "properties", "restype": "service"}, _CORS)
        yield Store(
            destination=f"az://{CONTAINER}",
            endpoint=endpoint,
            url=f"{endpoint}/{CONTAINER}",
            environment={
                "AZURE_STORAGE_ACCOUNT_NAME": _ACCOUNT,
                "AZURE_STORAGE_ACCOUNT_KEY": _KEY,
            },
        )


def _send(
    endpoint: str, path: str, query: Mapping[str, str], body: str = "", public: str = ""
) -> None:
    """Put something, signed as Azure asks for: "Authorize with Shared Key"."""
    marked = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": _VERSION}
    marked |= {"x-ms-blob-public-access": public} if public else {}
    length = str(len(body)) if body else ""
    kind = "application/xml"
    signed = [
        *("PUT", "", "", length, "", kind, "", "", "", "", "", ""),
        *(f"{name}:{marked[name]}" for name in sorted(marked)),
        f"/{_ACCOUNT}/{_ACCOUNT}{path}",
        *(f"{name}:{query[name]}" for name in sorted(query)),
    ]
    key = hmac.new(base64.b64decode(_KEY), "\n".join(signed).encode(), hashlib.sha256)
    signature = base64.b64encode(key.digest()).decode()
    headers = {
        **marked,
        "Content-Type": kind,
        "Authorization": f"SharedKey {_ACCOUNT}:{signature}",
    }
    text = "&".join(f"{name}={value}" for name, value in query.items())
    request = Request(f"{endpoint}{path}?{text}", body.encode(), headers, method="PUT")
    with urlopen(request, timeout=30) as answer:
        answer.read()
