"""The certificate of ``--tls``: the one that is given, or one that is made for this machine.

What is made consists of an authority and a certificate that it signs for the names and addresses of
this machine. The key of the authority is never written: whoever trusts it trusts this certificate,
and nothing that could be made later. The certificate is kept, so that a browser that was told to
accept it does so at the next start.
"""

from __future__ import annotations

import json
import os
import re
import ssl
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tfjs_serve.artifacts.atomic import unique_name
from tfjs_serve.errors import SettingsError, store_error

_FOLDER = "tls"
_SERVER, _AUTHORITY, _ABOUT = "server.pem", "authority.pem", "about.json"
_LASTS_DAYS = 365
"""Apple's systems accept at most 825 days."""
_RENEWED_DAYS = 30
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_KEY = re.compile(rb"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----")
_INSTALL = "install it: pip install trustme, or pipx inject tfjs-serve trustme"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Files that ``ssl`` reads.

    Attributes
    ----------
    key
        ``None``: in the file of the certificate.
    authority
        What a device may install to trust the certificate, if it was made here.
    """

    chain: Path
    key: Path | None = None
    authority: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return what a server encrypts with.

        Raises
        ------
        SettingsError
            The files are not a certificate and its key.
        """
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.chain, self.key, password=_no_password)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            files = f"{str(self.chain)!r}" + (f" and {str(self.key)!r}" if self.key else "")
            raise SettingsError(
                f"{files} cannot be used for TLS: {self._lack() or _reason(error)}",
                hint="give --tls-cert a certificate, with those above it, and --tls-key its key "
                "without a password, both as PEM",
            ) from error
        return context

    def _lack(self) -> str:
        """Return what a file does not have, of which OpenSSL says nothing that anybody knows."""
        try:
            chain = self.chain.read_bytes()
            key = self.key.read_bytes() if self.key else chain
        except OSError:
            return ""  # OpenSSL says so
        if _CERTIFICATE not in chain:
            return f"there is no certificate in {str(self.chain)!r}"
        if not _KEY.search(key):
            return f"there is no private key in {str(self.key or self.chain)!r}"
        return ""


def made_certificate(cache_dir: Path, hosts: Collection[str]) -> Certificate:
    """Return a certificate for these names and addresses: the one that is kept, or a new one.

    Raises
    ------
    SettingsError
        The package that makes it is not installed.
    StoreError
        The cache folder cannot be used.
    """
    folder = cache_dir / _FOLDER
    made = Certificate(chain=folder / _SERVER, authority=folder / _AUTHORITY)
    try:
        if not _still_fits(folder, hosts):
            _make(folder, hosts)
    except OSError as error:
        raise store_error(
            error,
            f"{cache_dir}: the cache folder cannot be used: {error.strerror or error}",
            hint="check its permissions, or choose another folder with --cache-dir",
        ) from error
    return made


def _still_fits(folder: Path, hosts: Collection[str]) -> bool:
    """Whether what is kept is for all `hosts`, whole, and not about to expire."""
    try:
        about = json.loads((folder / _ABOUT).read_bytes())
        until = datetime.fromisoformat(about["until"])
        whole = (folder / _SERVER).is_file() and (folder / _AUTHORITY).is_file()
        is_young = until - datetime.now(timezone.utc) > timedelta(days=_RENEWED_DAYS)
        return whole and is_young and set(hosts) <= set(about["hosts"])
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _make(folder: Path, hosts: Collection[str]) -> None:
    try:
        import trustme  # noqa: PLC0415 - it is of an extra, which may not be installed
    except ImportError as error:
        raise SettingsError("making a certificate takes another package", hint=_INSTALL) from error
    now = datetime.now(timezone.utc)
    until = now + timedelta(days=_LASTS_DAYS)
    authority = trustme.CA(organization_name="tfjs-serve", organization_unit_name="this machine")
    # A day before, for devices whose clock is slow.
    issued = authority.issue_cert(*hosts, not_before=now - timedelta(days=1), not_after=until)
    folder.mkdir(parents=True, exist_ok=True)
    # What says that the others are whole comes last.
    (folder / _ABOUT).unlink(missing_ok=True)
    _write(folder / _SERVER, issued.private_key_and_cert_chain_pem.bytes())
    _write(folder / _AUTHORITY, authority.cert_pem.bytes())
    about = {"hosts": sorted(hosts), "until": until.isoformat()}
    _write(folder / _ABOUT, json.dumps(about).encode())


def _write(path: Path, data: bytes) -> None:
    """Write a file that only this user can read, and that is there as a whole or not at all."""
    with _staged(path) as staged:
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        staged.replace(path)


@contextmanager
def _staged(path: Path) -> Iterator[Path]:
    staged = path.with_name(f"{path.name}-{unique_name()}")
    try:
        yield staged
    finally:
        with suppress(OSError):
            staged.unlink()


def _no_password() -> str:
    """Answer what OpenSSL would ask the terminal for."""
    raise ValueError("the key has a password")


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
