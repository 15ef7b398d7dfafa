"""A page on an encrypted server in Chromium, which trusts only the certificate made for it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Error, Playwright

from tests.cli.conftest import SAMPLES, Running

from .browser import launch

trustme = pytest.importorskip("trustme")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    running = Running(
        SAMPLES, "--port", "0", "--tls", "--no-diagnose", "--cache-dir", tmp_path / "cache"
    )
    yield running
    assert running.interrupt() == 0
    running.close()


def key_of(pem: Path) -> str:
    """Return the digest of the certificate's key, as Chromium names it."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = x509.load_pem_x509_certificate(
        pem.read_bytes().split(b"-----END EC PRIVATE KEY-----")[-1]
    )
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def test_pages_are_secure_where_the_certificate_is_trusted(
    server: Running, playwright: Playwright, tmp_path: Path
) -> None:
    origin = server.until(r"https://127\.0\.0\.1:\d+")[0]
    server.until("Ctrl-C stops")
    trusted = key_of(tmp_path / "cache" / "tls" / "server.pem")
    context = launch(playwright, str(tmp_path / "stranger"))
    page = context.new_page()
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        page.goto(f"{origin}/")
    context.close()
    only = f"--ignore-certificate-errors-spki-list={trusted}"
    context = launch(playwright, str(tmp_path / "friend"), only)
    page = context.new_page()
    answer = page.goto(f"{origin}/iris/model.json")
    assert answer is not None
    assert answer.status == 200
    assert page.evaluate("isSecureContext")
    paths = page.evaluate(
        "fetch('model.json').then((it) => it.json()).then((it) => it.weightsManifest[0].paths)"
    )
    size = "fetch(%r).then((it) => it.arrayBuffer()).then((it) => it.byteLength)"
    sizes = [page.evaluate(size % path) for path in [*paths, *paths]]
    assert min(sizes) > 0
    assert sizes[: len(paths)] == sizes[len(paths) :]
    context.close()
