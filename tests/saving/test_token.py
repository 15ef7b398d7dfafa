from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from tfjs_serve.errors import StoreError
from tfjs_serve.saving.token import SECRET_NAME, token_for


def test_a_folder_has_the_same_token_at_each_start(tmp_path: Path) -> None:
    models, cache = tmp_path / "models", tmp_path / "cache"
    token = token_for(models, cache)
    assert len(token) == 24
    assert token.isalnum() and token.islower()
    assert token_for(models, cache) == token
    assert token_for(tmp_path / "others", cache) != token
    assert token_for(models, tmp_path / "elsewhere") != token
    assert [path.name for path in cache.iterdir()] == [SECRET_NAME]


def test_whoever_removes_or_damages_the_secret_gets_another(tmp_path: Path) -> None:
    tokens = {token_for(tmp_path, tmp_path)}
    (tmp_path / SECRET_NAME).unlink()
    tokens.add(token_for(tmp_path, tmp_path))
    (tmp_path / SECRET_NAME).write_bytes(b"short")
    tokens.add(token_for(tmp_path, tmp_path))
    assert len(tokens) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="profiles are private there")
def test_nobody_else_reads_the_secret(tmp_path: Path) -> None:
    token_for(tmp_path, tmp_path)
    assert stat.S_IMODE((tmp_path / SECRET_NAME).stat().st_mode) == 0o600


def test_a_cache_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(StoreError, match="cache: the cache folder cannot be used") as caught:
        token_for(tmp_path, tmp_path / "cache")
    assert "--cache-dir" in caught.value.hint
