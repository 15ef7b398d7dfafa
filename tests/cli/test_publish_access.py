"""Buckets that nobody but their owner may read are set up by ``publish``, in real stores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from botocore.config import Config
from botocore.session import get_session
from click.testing import Result

from tests.samples import SAMPLE_MODELS
from tests.stores.azurite import azurite
from tests.stores.store import Store, StoreMissingError
from tests.stores.swift import swift

PAGE, OTHER = "https://a.example", "https://b.example"
BUCKET = "private"
Run = Callable[..., Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """A store with a bucket that only its owner may read."""

    store: Store
    destination: str
    url: str


def _new_bucket_of_swift(store: Store) -> None:
    keys = store.environment
    client = get_session().create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=store.endpoint,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket=BUCKET)


def _new_container_of_azure(store: Store) -> None:
    keys = store.environment
    account, key = keys["AZURE_STORAGE_ACCOUNT_NAME"], keys["AZURE_STORAGE_ACCOUNT_KEY"]
    credential = {"account_name": account, "account_key": key}
    with BlobServiceClient(store.endpoint, credential=credential) as service:
        service.set_service_properties(cors=[])  # of the test's store
        service.create_container(BUCKET)


@contextmanager
def _swift(folder: Path) -> Iterator[Store]:
    with swift(folder) as running:
        yield running.store


_Start = Callable[[Path], AbstractContextManager[Store]]
STORES: Mapping[str, tuple[_Start, Callable[[Store], None]]] = {
    "swift": (_swift, _new_bucket_of_swift),
    "azurite": (azurite, _new_container_of_azure),
}


@pytest.fixture(scope="module", params=[*STORES])
def private(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Private]:
    """A bucket that was just made."""
    start, make = STORES[request.param]
    try:
        with start(tmp_path_factory.mktemp(request.param)) as store:
            make(store)
            scheme = store.destination.partition("://")[0]
            yield Private(
                store=store,
                destination=f"{scheme}://{BUCKET}/my models",
                url=f"{store.url.rpartition('/')[0]}/{BUCKET}/my%20models",
            )
    except StoreMissingError as error:
        pytest.skip(str(error))


def _codes(invoke: Run, address: str, origin: str) -> list[str]:
    result = invoke("check", address, "--origin", origin, "--deep", "--json")
    (model,) = json.loads(result.stdout)["models"]
    problems = model["error"]["problems"] if model["error"] else []
    return [one["code"] for one in (*problems, *model["warnings"])]


def test_a_private_bucket_is_opened_before_anything_is_sent(
    invoke: Run, private: Private, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in private.store.environment.items():
        monkeypatch.setenv(name, value)
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(SAMPLE_MODELS / "iris.h5", models)

    def publish(*words: str) -> Result:
        where = (private.destination, "--endpoint", private.store.endpoint)
        return invoke(
            "publish", str(models), *where, *words, "--cache-dir", str(tmp_path / "cache")
        )

    address = f"{private.url}/iris/model.json"
    closed = publish()
    assert closed.exit_code == 1  # it is there, and no page gets it
    assert _codes(invoke, address, PAGE) == ["http-status"]

    trial = publish("--setup-cors", PAGE, "--dry-run")
    assert PAGE in trial.output
    assert "CORSRules" not in trial.output  # which is for S3 itself

    opened = publish("--setup-cors", PAGE, "--make-public")
    assert opened.exit_code == 0, opened.output
    assert f"await tf.loadLayersModel('{address}')" in opened.output
    assert _codes(invoke, address, PAGE) == []
    assert set(_codes(invoke, address, OTHER)) & {"no-cors", "other-origin"}

    more = publish("--setup-cors", OTHER)
    assert more.exit_code == 0, more.output
    assert _codes(invoke, address, PAGE) == _codes(invoke, address, OTHER) == []
