"""CORS of a bucket that speaks S3. botocore is of the extra ``cors``: imported when it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from tfjs_serve.publishing.access.model import NotByApiError, Place, Readers
from tfjs_serve.publishing.access.words import cors_rules

_ID = "tfjs-serve"
_ANYWHERE = "us-east-1"
_NONE = "NoSuchCORSConfiguration"


def let_read(place: Place, readers: Readers, environment: Mapping[str, str]) -> str:
    """Let pages of the origins read a bucket; return what was done, in words. Blocks.

    Rules of others stay.

    Raises
    ------
    NotByApiError
        The store does not take it.
    """
    try:
        client = _client(place, environment)
        rules = rules_with(_rules(client, place.bucket), readers)
        client.put_bucket_cors(Bucket=place.bucket, CORSConfiguration={"CORSRules": rules})
    except (BotoCoreError, ClientError) as error:
        raise NotByApiError(str(error)) from error
    return f"CORS of {place.bucket}: {', '.join(readers.origins)}"


def rules_with(there: Sequence[Mapping[str, Any]], readers: Readers) -> list[Mapping[str, Any]]:
    """Return the rules of a bucket with the one for `readers`, which replaces an earlier one."""
    others = [rule for rule in there if rule.get("ID") != _ID]
    (rule,) = cors_rules(readers)["CORSRules"]
    return [*others, {"ID": _ID, **rule}]


def _rules(client: Any, bucket: str) -> Sequence[Mapping[str, Any]]:
    try:
        found: Sequence[Mapping[str, Any]] = client.get_bucket_cors(Bucket=bucket)["CORSRules"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == _NONE:
            return ()
        raise
    return found


def _client(place: Place, environment: Mapping[str, str]) -> Any:
    style = {"addressing_style": "path"} if place.endpoint else {}
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    return get_session().create_client(
        "s3",
        region_name=region or _ANYWHERE,
        endpoint_url=place.endpoint or None,
        config=Config(s3=style, retries={"total_max_attempts": 3}),
    )
