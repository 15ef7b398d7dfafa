"""What lies in a folder: shared with the cache, never damaged, and what is about all models."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from tfjs_serve.artifacts import sharing
from tfjs_serve.artifacts.sharing import share
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.publishing import publish as publish_module
from tfjs_serve.publishing.contents import DamagedError
from tfjs_serve.publishing.folder import Folder
from tfjs_serve.publishing.listed import Listed, document, read_document
from tfjs_serve.publishing.manifest import LOCK
from tfjs_serve.publishing.model import PublishError, SiteFile, Stage
from tfjs_serve.publishing.models import Built
from tfjs_serve.publishing.publish import Wish, publish
from tfjs_serve.publishing.site_files import headers_file
from tfjs_serve.publishing.site_page import site_page
from tfjs_serve.publishing.wishing import taken_back

from .sites import contents, file, model, wish

LISTED = Listed(
    folder="it's <a> & b",
    loader="loadLayersModel",
    size_bytes=2048,
    notes=("<script>alert(1)</script>",),
    facts=ModelFacts(parameters=3, labels=("<b>", "'"), parts=("GRU",)),
)
NOTHING = Built(artifacts={}, refused={}, loaders={})


@pytest.fixture
def cached(tmp_path: Path) -> SiteFile:
    """Weights that are in the cache."""
    content = bytes(range(256)) * 64
    path = tmp_path / "cache" / "weights"
    path.parent.mkdir()
    path.write_bytes(content)
    of_bytes = file("m/weights.0.bin", content)
    return replace(of_bytes, content=path)


# --- Shared with the cache ------------------------------------------------------------------


async def test_weights_are_on_the_disk_once(cached: SiteFile, tmp_path: Path) -> None:
    await Folder(tmp_path / "site").put(cached)
    published = tmp_path / "site" / cached.path
    assert isinstance(cached.content, Path)
    is_cloned = published.stat().st_ino != cached.content.stat().st_ino
    assert is_cloned or published.stat().st_nlink == 2
    assert hashlib.sha256(published.read_bytes()).hexdigest() == cached.sha256
    assert [path.name for path in published.parent.iterdir()] == [published.name]


async def test_what_users_may_edit_is_not_shared(cached: SiteFile, tmp_path: Path) -> None:
    await Folder(tmp_path / "site").put(replace(cached, path="m/labels.txt", stage=Stage.BESIDE))
    published = tmp_path / "site" / "m" / "labels.txt"
    published.write_bytes(b"edited")
    assert isinstance(cached.content, Path)
    assert cached.content.stat().st_size == cached.size_bytes


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
async def test_a_file_that_only_its_owner_may_read_is_copied(
    cached: SiteFile, tmp_path: Path
) -> None:
    assert isinstance(cached.content, Path)
    cached.content.chmod(0o600)
    await Folder(tmp_path / "site").put(cached)
    published = tmp_path / "site" / cached.path
    assert stat.S_IMODE(published.stat().st_mode) & 0o044
    assert stat.S_IMODE(cached.content.stat().st_mode) == 0o600


async def test_where_nothing_can_be_shared_it_is_copied(
    cached: SiteFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError("not on this file system")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    monkeypatch.setattr(sharing, "_clone", lambda *_paths: False)
    await Folder(tmp_path / "site").put(cached)
    published = tmp_path / "site" / cached.path
    assert published.stat().st_nlink == 1
    assert published.stat().st_size == cached.size_bytes


def test_a_clone_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"bytes")
    source.chmod(0o400)
    assert share(source, tmp_path / "target") == (tmp_path / "target").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
async def test_files_get_the_usual_permissions_without_a_change_of_those_of_the_process(
    cached: SiteFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several threads write: what one of them changes would hold for files of the others."""

    def refuse(_mask: int) -> int:
        raise AssertionError

    (tmp_path / "usual").touch()
    monkeypatch.setattr(os, "umask", refuse)
    for stage in (Stage.WEIGHTS, Stage.BESIDE):
        await Folder(tmp_path / "site").put(replace(cached, stage=stage))
        published = (tmp_path / "site" / cached.path).stat()
        assert published.st_mode == (tmp_path / "usual").stat().st_mode


async def test_twice_leaves_no_second_name(cached: SiteFile, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "site")
    await folder.put(cached)
    await folder.put(cached)
    assert [path.name for path in (tmp_path / "site" / "m").iterdir()] == ["weights.0.bin"]


@pytest.mark.parametrize("stage", [Stage.WEIGHTS, Stage.BESIDE])
async def test_what_was_damaged_in_the_cache_is_not_published(
    stage: Stage, cached: SiteFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_module, "_FIRST_PAUSE_SECONDS", 1e6)
    assert isinstance(cached.content, Path)
    cached.content.write_bytes(bytes(cached.size_bytes))
    wanted = Wish(
        files=[replace(cached, stage=stage)], is_mine=lambda _: True, removes_after_seconds=None
    )
    folder = Folder(tmp_path / "site")
    with pytest.raises(DamagedError, match=r"m/weights\.0\.bin was damaged in the cache"):
        await publish(folder, wanted, lambda *_: None)
    assert not cached.content.exists()  # so it is converted again
    assert await contents(folder) == {}


# --- About all models -----------------------------------------------------------------------


def test_names_cannot_break_the_page() -> None:
    page = site_page([LISTED])
    assert "<script>alert" not in page
    assert page.count("<script>") == 1
    assert "it&#39;s &lt;a&gt; &amp; b" in page
    assert "it%27s%20%3Ca%3E%20%26%20b/model.json" in page
    labels = re.search(r'data-labels="(.*?)"', page)
    assert labels is not None
    assert "<" not in labels[1]


def test_the_page_has_a_strict_policy_and_its_own_addresses_only() -> None:
    page = site_page([LISTED])
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', page)
    assert policy is not None
    assert unescape(policy[1]).startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[1]
    links = re.findall(r'(?:href|src)="(.*?)"', page)
    assert not [link for link in links if link.startswith(("http", "/"))]


def test_models_json_is_read_as_it_was_written() -> None:
    assert read_document(document([LISTED]).encode()) == [LISTED]


@pytest.mark.parametrize(
    "text",
    [b"", b"no json", b"[]", b'{"models": 1}', b'{"models": [1, {}, {"loader": "eval"}]}'],
)
def test_what_is_no_models_json_tells_nothing(text: bytes) -> None:
    assert read_document(text) == []


def _matches(rule: str, path: str) -> bool:
    """As Cloudflare Pages matches: one asterisk for anything, names for what has no slash."""
    words = re.sub(r":[a-z]\w*", "[^/]+", re.escape(rule).replace(r"\:", ":"))
    return re.fullmatch(words.replace(r"\*", ".*"), path) is not None


def _rules(text: str) -> dict[str, list[str]]:
    rules: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("/"):
            fields = rules.setdefault(line, [])
        else:
            fields.append(line.strip())
    return rules


def test_each_field_is_set_by_one_rule() -> None:
    models = [LISTED, replace(LISTED, folder="a"), replace(LISTED, folder="a/b/c")]
    rules = _rules(headers_file(models, "*"))
    assert all(rule.count("*") == 1 for rule in rules)
    weights = f"weights.{'0' * 32}.bin"
    for path, immutable in {
        f"/a/{weights}": True,
        f"/a/b/c/{weights}": True,
        "/a/weights.bin": False,
        "/a/model.json": False,
        "/index.html": False,
        "/a/layers.js": False,
    }.items():
        fields = [field for rule, some in rules.items() if _matches(rule, path) for field in some]
        assert any("immutable" in field for field in fields) == immutable
        names = [field.partition(":")[0] for field in fields]
        assert len(names) == len(set(names))


def test_a_folder_for_one_site_says_so_with_vary() -> None:
    assert "Vary: Origin" in headers_file([LISTED], "https://a.example")
    assert "Vary" not in headers_file([LISTED], "*")


async def test_a_lock_that_could_not_be_written_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty one would keep the next publish waiting until it counts as ended."""
    real = Path.open

    def full(path: Path, mode: str = "r", *args, **options):
        opened = real(path, mode, *args, **options)
        if mode == "xb":
            opened.close()
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(PublishError, match="No space left"):
        await Folder(tmp_path).create(LOCK, b"{}")
    assert not (tmp_path / LOCK).exists()


async def test_all_that_was_published_is_taken_back(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for one in model("stranger", b"theirs"):
        await folder.put(one)
    await publish(folder, wish(model("m", b"1", version="1")), lambda *_: None)
    await publish(folder, wish(model("m", b"2", version="2")), lambda *_: None)
    before = json.dumps(sorted(await contents(folder)))
    assert "m/" in before
    clean = Wish(files=[], is_mine=taken_back(()), removes_after_seconds=0)
    await publish(folder, clean, lambda *_: None)
    assert {path.partition("/")[0] for path in await contents(folder)} == {"stranger"}
    assert not (tmp_path / ".tfjs-serve").exists()
    assert (await publish(folder, clean, lambda *_: None)).removed == ()


@pytest.mark.skipif(os.name == "nt", reason="Windows lets only some users make links")
async def test_a_manifest_removes_nothing_elsewhere(tmp_path: Path) -> None:
    outside, site = tmp_path / "outside", tmp_path / "site"
    for folder in (outside, site / ".tfjs-serve"):
        folder.mkdir(parents=True)
    (outside / "mine").write_text("mine")
    (site / "link").symlink_to(outside, target_is_directory=True)
    named = ["../outside/mine", "a/../../outside/mine", str(outside / "mine"), "link/mine"]
    manifest = {"files": dict.fromkeys(named, "0"), "unneeded": dict.fromkeys(named, 0)}
    (site / ".tfjs-serve" / "done-0.json").write_text(json.dumps(manifest))
    clean = Wish(files=[], is_mine=taken_back(()), removes_after_seconds=0)
    await publish(Folder(site), clean, lambda *_: None)
    assert (outside / "mine").read_text() == "mine"


def test_models_are_taken_back_in_all_forms() -> None:
    is_mine = taken_back(["digits"])
    assert is_mine("digits") and is_mine("digits@uint8") and is_mine("")
    assert not is_mine("digits-2") and not is_mine("a/digits")
