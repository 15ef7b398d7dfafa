"""Who may read what is published: by the stores' own APIs, and in words."""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree

import pytest
from azure.storage.blob import CorsRule

from tfjs_serve.publishing.access import azure, s3, swift
from tfjs_serve.publishing.access.model import Kind, NotByApiError, Place, Readers, place_of
from tfjs_serve.publishing.access.opening import address_of, open_to
from tfjs_serve.publishing.access.web_servers import caddy_lines, nginx_lines
from tfjs_serve.publishing.access.words import to_paste

PAGES = Readers(origins=("https://a.example", "https://b.example"))
ALL = Readers(origins=("*",), is_public=True)
KEYS = {"AWS_ACCESS_KEY_ID": "test:tester", "AWS_SECRET_ACCESS_KEY": "testing"}
DOCUMENT = Path(__file__).parents[2] / "docs" / "deploy.md"


@dataclass
class Asked:
    """A request that a store got."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Store:
    """A server that answers as it is told, and keeps what it was asked."""

    answers: dict[tuple[str, str], tuple[int, dict[str, str], bytes]]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""


@contextmanager
def _store(answers: dict[tuple[str, str], tuple[int, dict[str, str], bytes]]) -> Iterator[Store]:
    store = Store(answers)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            store.asked.append(Asked(self.command, self.path, self.headers, body))
            nothing: tuple[int, dict[str, str], bytes] = (404, {}, b"")
            status, headers, content = store.answers.get((self.command, self.path), nothing)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value.replace("URL", store.url))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_HEAD = _answer

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        store.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield store
        finally:
            server.shutdown()
            thread.join()


# --- In words -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("destination", "endpoint", "kind"),
    [
        ("public", None, Kind.FOLDER),
        ("s3://b/models", None, Kind.S3),
        ("s3://b", "https://0a1.r2.cloudflarestorage.com", Kind.R2),
        ("s3://b", "https://minio.example", Kind.S3),
        ("az://c/models", None, Kind.AZURE),
        ("gs://b", None, Kind.GOOGLE),
    ],
)
def test_a_destination_is_recognised(destination: str, endpoint: str | None, kind: Kind) -> None:
    assert place_of(destination, endpoint).kind is kind


@pytest.mark.parametrize("kind", [*Kind])
@pytest.mark.parametrize("readers", [PAGES, ALL, Readers(origins=("*",))])
def test_what_to_paste_names_all_origins(kind: Kind, readers: Readers) -> None:
    told = to_paste(Place(kind=kind, bucket="my bucket"), readers)
    assert all(origin in told for origin in readers.origins)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.FOLDER])
def test_files_to_paste_are_json_and_commands_are_quoted(kind: Kind) -> None:
    told = to_paste(Place(kind=kind, bucket="my bucket; rm -rf ~", prefix="v1"), ALL)
    files = re.findall(r"^\S+\.json:\n(.*?)\n\n", told, re.MULTILINE | re.DOTALL)
    assert all(json.loads(content) for content in files)
    for name in re.findall(r"file:?/?/?=? ?(\w+\.json)", told):
        assert f"{name}:\n" in told
    commands = re.findall(r"^(?:aws|az|gcloud|npx|swift) .*$", told, re.MULTILINE)
    assert commands
    named = [word for one in commands for word in shlex.split(one) if "my bucket" in word]
    assert named
    assert set(named) <= {"my bucket; rm -rf ~", "gs://my bucket; rm -rf ~"}


def test_nobody_is_made_to_open_what_was_not_asked_for() -> None:
    for kind in Kind:
        told = to_paste(Place(kind=kind, bucket="b"), PAGES)
        assert not re.search(r"policy|allUsers|read-acl|public-access|dev-url", told)


def test_the_lines_for_web_servers_are_those_of_the_document() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert f"```nginx\n{nginx_lines(['*'])}```" in text
    assert f"```caddy\n{caddy_lines(['*'])}```" in text


# --- S3 -------------------------------------------------------------------------------------

NO_RULES = b"<Error><Code>NoSuchCORSConfiguration</Code></Error>"
OTHER_RULES = (
    b"<CORSConfiguration><CORSRule><ID>theirs</ID><AllowedMethod>PUT</AllowedMethod>"
    b"<AllowedOrigin>https://up.example</AllowedOrigin></CORSRule><CORSRule><ID>tfjs-serve</ID>"
    b"<AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://old.example</AllowedOrigin>"
    b"</CORSRule></CORSConfiguration>"
)


@pytest.fixture
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def _rules(text: bytes) -> list[dict[str, list[str]]]:
    found = []
    for rule in ElementTree.fromstring(text):
        members: dict[str, list[str]] = {}
        for one in rule:
            members.setdefault(one.tag.rpartition("}")[2], []).append(one.text or "")
        found.append(members)
    return found


@pytest.mark.usefixtures("_keys")
@pytest.mark.parametrize(
    ("there", "others"), [((404, NO_RULES), []), ((200, OTHER_RULES), ["theirs"])]
)
def test_s3_gets_one_rule_beside_those_of_others(
    there: tuple[int, bytes], others: list[str]
) -> None:
    answers = {("GET", "/b?cors"): (there[0], {}, there[1]), ("PUT", "/b?cors"): (200, {}, b"")}
    with _store(answers) as store:
        place = Place(kind=Kind.S3, bucket="b", endpoint=store.url)
        assert "https://a.example, https://b.example" in s3.let_read(place, PAGES, {})
    put = store.asked[-1]
    rules = _rules(put.body)
    assert [rule["ID"][0] for rule in rules] == [*others, "tfjs-serve"]
    assert rules[-1] == {
        "ID": ["tfjs-serve"],
        "AllowedOrigin": ["https://a.example", "https://b.example"],
        "AllowedMethod": ["GET", "HEAD"],
        "AllowedHeader": ["*"],
    }
    signed = put.headers["Authorization"]
    assert signed.startswith("AWS4-HMAC-SHA256 Credential=test:tester/")
    assert "/us-east-1/s3/aws4_request" in signed


@pytest.mark.usefixtures("_keys")
async def test_what_a_store_does_not_have_is_told_with_what_to_paste() -> None:
    refusal = b"<Error><Code>NotImplemented</Code><Message>not here</Message></Error>"
    with _store({("GET", "/b?cors"): (501, {}, refusal)}) as store:
        opened = await open_to(place_of("s3://b", store.url), PAGES, KEYS)
    assert not opened.done
    assert "NotImplemented" in opened.why_not
    assert "aws s3api put-bucket-cors" in opened.pasted
    assert "MINIO_API_CORS_ALLOW_ORIGIN" in opened.pasted


@pytest.mark.usefixtures("_keys")
async def test_the_policy_of_a_bucket_is_left_to_its_owner() -> None:
    answers = {("GET", "/b?cors"): (404, {}, NO_RULES), ("PUT", "/b?cors"): (200, {}, b"")}
    with _store(answers) as store:
        opened = await open_to(place_of("s3://b/v1", store.url), ALL, KEYS)
    assert opened.done == "CORS of b: *"
    assert "arn:aws:s3:::b/v1/*" in opened.pasted
    assert "put-bucket-cors" not in opened.pasted


# --- Swift ----------------------------------------------------------------------------------


def _swift(info: bytes = b'{"swift": {}, "tempauth": {}}', **container: str):
    headers = {name.replace("_", "-"): value for name, value in container.items()}
    account = {"X-Storage-Url": "URL/v1/AUTH_test", "X-Auth-Token": "a token"}
    return {
        ("GET", "/info"): (200, {}, info),
        ("GET", "/auth/v1.0"): (200, account, b""),
        ("HEAD", "/v1/AUTH_test/b"): (204, headers, b""),
        ("POST", "/v1/AUTH_test/b"): (204, {}, b""),
    }


async def test_swift_is_asked_by_its_own_api() -> None:
    there = {
        "X_Container_Read": "other:*",
        "X_Container_Meta_Access_Control_Allow_Origin": "https://old.example",
    }
    with _store(_swift(**there)) as store:
        opened = await open_to(
            place_of("s3://b", store.url), Readers(origins=PAGES.origins, is_public=True), KEYS
        )
    assert not opened.pasted
    posted = store.asked[-1]
    assert posted.method == "POST"
    assert posted.headers["X-Auth-Token"] == "a token"
    assert posted.headers["X-Container-Read"] == "other:*,.r:*"
    allowed = posted.headers["X-Container-Meta-Access-Control-Allow-Origin"]
    assert allowed == "https://old.example https://a.example https://b.example"


def test_every_origin_makes_others_needless() -> None:
    name = "X-Container-Meta-Access-Control-Allow-Origin"
    assert swift.headers_for(Readers(origins=("*",)), {name: "https://old.example"}) == {name: "*"}


async def test_keys_are_not_told_to_who_does_not_ask_for_them() -> None:
    """Swift with Keystone takes other keys, and what is no Swift none at all."""
    for info in (b'{"swift": {}}', b"[]", b"<html>"):
        with _store(_swift(info)) as store:
            await open_to(place_of("s3://b", store.url), ALL, {})
            await address_of("s3://b", place_of("s3://b", store.url), KEYS)
        assert {one.path.partition("?")[0] for one in store.asked} <= {"/info", "/b"}
        assert not any("testing" in str(one.headers) for one in store.asked)


def test_keys_are_not_sent_in_clear() -> None:
    keys = {"ST_AUTH": "http://swift.example/auth/v1.0", "ST_USER": "u", "ST_KEY": "k"}
    with pytest.raises(NotByApiError, match="plain http"):
        swift.account_at("http://swift.example", keys)


def test_keys_do_not_follow_redirects() -> None:
    with _store({}) as other:
        moved = {("GET", "/auth/v1.0"): (302, {"Location": f"{other.url}/auth/v1.0"}, b"")}
        with _store(moved) as store:
            keys = {"ST_AUTH": f"{store.url}/auth/v1.0", "ST_USER": "u", "ST_KEY": "k"}
            with pytest.raises(NotByApiError, match="302"):
                swift.account_at(store.url, keys)
    assert other.asked == []


async def test_pages_find_objects_of_swift_by_its_own_path() -> None:
    with _store(_swift()) as store:
        found = await address_of("s3://b/my models", place_of("s3://b", store.url), KEYS)
    assert found == f"{store.url}/v1/AUTH_test/b/my%20models"


async def test_no_address_is_given_that_is_not_certain() -> None:
    r2 = "https://0a1.r2.cloudflarestorage.com"
    assert await address_of("s3://b", place_of("s3://b", r2), KEYS) == ""
    with _store(_swift(b'{"swift": {}}')) as store:
        assert await address_of("s3://b", place_of("s3://b", store.url), {}) == ""


# --- Azure ----------------------------------------------------------------------------------


def test_azure_keeps_rules_of_others_and_gets_no_rule_twice() -> None:
    theirs = CorsRule(["https://up.example"], ["PUT"])
    once = azure.rules_with([theirs], PAGES)
    twice = azure.rules_with(once, PAGES)
    assert [rule.allowed_origins for rule in twice] == [
        "https://up.example",
        "https://a.example,https://b.example",
    ]
    with pytest.raises(NotByApiError, match="5 rules"):
        azure.rules_with([theirs] * 5, PAGES)


async def test_azure_without_a_key_is_told_in_words() -> None:
    opened = await open_to(place_of("az://c", None), ALL, {})
    assert "AZURE_STORAGE_ACCOUNT_KEY" in opened.why_not
    assert "az storage cors add" in opened.pasted
    assert "az storage container set-permission" in opened.pasted
