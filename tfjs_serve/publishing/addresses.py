"""Where pages find what was published. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

_SAFE = "/@!$()*,;=-._~"
"""What may stand in a path as it is (RFC 3986, section 3.3), but for ``&`` and ``+``, which some
stores read as something else, the colon, which ends a scheme in a relative address, and ``'``,
which ends the address in a line to paste."""


def public_url(destination: str, endpoint: str | None, environment: Mapping[str, str]) -> str:
    """Return where pages find a bucket, as far as that is certain; empty if it is not.

    A bucket may be reached by other names, and a folder's depend on its web server.
    """
    parts = urlsplit(destination)
    prefix = quote(parts.path.rstrip("/"), safe=_SAFE)
    if parts.scheme == "s3" and endpoint:
        return f"{endpoint.rstrip('/')}/{parts.netloc}{prefix}"
    if parts.scheme == "s3":
        return f"https://{parts.netloc}.s3.amazonaws.com{prefix}"
    if parts.scheme == "gs":
        return f"https://storage.googleapis.com/{parts.netloc}{prefix}"
    account = environment.get("AZURE_STORAGE_ACCOUNT_NAME")
    if parts.scheme == "az" and (endpoint or account):
        start = endpoint.rstrip("/") if endpoint else f"https://{account}.blob.core.windows.net"
        return f"{start}/{parts.netloc}{prefix}"
    return ""


def model_address(base: str, folder: str) -> str:
    """Return the URL of a ``model.json`` below the URL of the destination."""
    return f"{base.rstrip('/')}/{relative_address(folder)}/model.json"


def relative_address(path: str) -> str:
    """Return a path below the destination as it stands in the addresses of pages there."""
    return quote(path, safe=_SAFE)
