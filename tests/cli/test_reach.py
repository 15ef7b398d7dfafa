"""Serving a room: the local network, and TLS."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import stat
import sys
import urllib.request
from datetime import datetime, timedelta, timezone
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from tfjs_serve.cli.certificates import Certificate, made_certificate
from tfjs_serve.cli.qr import qr_lines
from tfjs_serve.errors import SettingsError

from .conftest import SAMPLES

trustme = pytest.importorskip("trustme")
HOSTS = ["localhost", "127.0.0.1", "::1"]


def get(url: str, authority: Path, **headers: str) -> bytes:
    """Ask as somebody who trusts nobody but `authority`."""
    context = ssl.create_default_context(cafile=authority)
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=60, context=context) as answer:
        return answer.read()


def test_a_certificate_is_made_and_kept(run, models):
    shutil.copy(SAMPLES / "iris.h5", models)
    kept = []
    for _start in range(2):
        server = run(models, "--port", "0", "--tls")
        url = server.until(r"https://127\.0\.0\.1:\d+/iris/model\.json")[0]
        authority = Path(server.until(r"^ +(/\S+authority\.pem|[A-Z]:\S+authority\.pem)")[1])
        document = json.loads(get(url, authority))
        (path,) = document["weightsManifest"][0]["paths"]
        shard_url = url.replace("model.json", path)
        first = get(shard_url, authority)
        assert first == get(shard_url, authority), "and from what is kept in memory"
        assert url in get(url.removesuffix("model.json"), authority).decode()
        kept.append((authority.parent / "server.pem").read_bytes())
        assert server.interrupt() == 0
        assert "Traceback" not in server.output
    assert kept[0] == kept[1]


def test_large_files_are_encrypted_too(run, models):
    """The fast road sends files past the transport, which is what encrypts."""
    shutil.copy(SAMPLES / "digits.h5", models)
    server = run(models, "--port", "0", "--tls", "--shard-size", "300KB")
    url = server.until(r"https://127\.0\.0\.1:\d+/digits/model\.json")[0]
    authority = Path(server.until(r"^ +(\S+authority\.pem)")[1])
    context = ssl.create_default_context(cafile=authority)
    host = url.split("/")[2]
    connection = HTTPSConnection(host, context=context, timeout=60)
    connection.request("GET", "/digits/model.json")
    document = json.loads(connection.getresponse().read())
    paths = [path for group in document["weightsManifest"] for path in group["paths"]]
    bodies = []
    for path in [*paths, *paths, *paths]:
        connection.request("GET", f"/digits/{path}")
        bodies.append(connection.getresponse().read())
    connection.close()
    assert max(map(len, bodies)) > 64 * 1024
    assert bodies[: len(paths)] == bodies[len(paths) : 2 * len(paths)] == bodies[2 * len(paths) :]
    assert server.interrupt() == 0


def test_a_certificate_of_your_own(run, models, tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    chain, key, ca = tmp_path / "chain.pem", tmp_path / "key.pem", tmp_path / "ca.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    ca.write_bytes(authority.cert_pem.bytes())
    server = run(models, "--port", "0", "--tls-cert", chain, "--tls-key", key)
    origin = server.until(r"https://127\.0\.0\.1:\d+")[0]
    server.until("Ctrl-C stops")
    assert json.loads(get(f"{origin}/-/health", ca))["status"] == "ok"
    assert "browsers do not know" not in server.output
    assert server.interrupt() == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tls-key", "{chain}"], "--tls-key is the key of a certificate"),
        (["--tls-cert", "{chain}"], "cannot be used for TLS: there is no certificate in"),
        (["--tls-cert", "{alone}"], "there is no private key in"),
        (["--tls-cert", "{alone}", "--tls-key", "{chain}"], "there is no private key in"),
        (["--tls-cert", "gone.pem"], "there is no file 'gone.pem'"),
        (["--lan", "--host", "127.0.0.2"], "leave out one of them"),
    ],
)
def test_what_makes_no_sense_is_said(invoke, models, tmp_path, arguments, message):
    chain = tmp_path / "chain.pem"
    chain.write_text("no certificate")
    alone = tmp_path / "alone.pem"
    alone.write_text("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
    result = invoke(models, *(one.format(chain=chain, alone=alone) for one in arguments))
    assert result.exit_code == 2
    assert message in result.stderr


def test_without_the_package_it_says_what_to_install(invoke, models, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "trustme", None)
    result = invoke(models, "--tls", "--cache-dir", tmp_path / "cache")
    assert result.exit_code == 2
    assert "pip install trustme" in result.stderr


def test_the_key_is_only_for_this_user(tmp_path):
    made = made_certificate(tmp_path, HOSTS)
    assert made.context()
    if sys.platform != "win32":
        assert stat.S_IMODE(made.chain.stat().st_mode) == 0o600
    assert sorted(path.name for path in made.chain.parent.iterdir()) == [
        "about.json",
        "authority.pem",
        "server.pem",
    ]
    assert b"PRIVATE" not in made.authority.read_bytes()


def test_it_is_made_anew_for_another_address_and_before_it_expires(tmp_path):
    made = made_certificate(tmp_path, HOSTS)
    first = made.chain.read_bytes()
    assert made_certificate(tmp_path, HOSTS[:2]).chain.read_bytes() == first
    made_certificate(tmp_path, [*HOSTS, "192.168.1.5"])
    second = made.chain.read_bytes()
    assert second != first
    about = made.chain.parent / "about.json"
    soon = datetime.now(timezone.utc) + timedelta(days=3)
    about.write_text(json.dumps({**json.loads(about.read_text()), "until": soon.isoformat()}))
    made_certificate(tmp_path, HOSTS)
    assert made.chain.read_bytes() != second
    for damage in (b"[]", b"{", b'{"until": 1, "hosts": []}'):
        about.write_bytes(damage)
        assert made_certificate(tmp_path, HOSTS).context()


def test_a_key_with_a_password_asks_nobody(tmp_path):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    chain, locked = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(trustme.CA().issue_cert("a.example").cert_chain_pems[0].bytes())
    locked.write_bytes(key)
    with pytest.raises(SettingsError, match="the key has a password"):
        Certificate(chain=chain, key=locked).context()


def test_a_room_gets_addresses_and_its_pages_may_load(run, models):
    server = run(models, "--port", "0", "--lan")
    server.until("In this room")
    url = server.until(r"http://(\S+):(\d+)/")
    host, port = url[1], url[2]
    server.until("Open to the network")
    server.until("leave --lan out")
    request = urllib.request.Request(f"http://127.0.0.1:{port}/-/models.json")
    request.add_header("Origin", f"http://{host}:3000")
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == f"http://{host}:3000"
    request.add_header("Origin", "http://192.0.2.99:3000")
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert server.interrupt() == 0


def test_the_code_of_a_url_is_that_of_the_standard():
    """Three corners have squares of seven dots, and both halves of a line are used."""
    lines = qr_lines("http://192.168.1.5:8000/")
    assert len({len(line) for line in lines}) == 1
    assert set("".join(lines)) == set(" ▀▄█")
    assert re.fullmatch(r"  █▀▀▀▀▀█ .* █▀▀▀▀▀█  ", lines[1])
    assert lines[0].strip() == ""
