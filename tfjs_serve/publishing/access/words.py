"""What to paste where no API can be used: commands and files of each store. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from shlex import quote
from typing import Any

from tfjs_serve.publishing.access.model import Kind, Place, Readers
from tfjs_serve.publishing.access.web_servers import caddy_lines, nginx_lines

_METHODS = ["GET", "HEAD"]
_CORS_FILE, _POLICY_FILE = "cors.json", "policy.json"


def to_paste(place: Place, readers: Readers) -> str:
    """Return commands, and files before them, that let `readers` read what is at `place`."""
    return "\n".join(_WORDS[place.kind](place, readers))


def _file(name: str, content: Any) -> str:
    return f"{name}:\n{json.dumps(content, indent=2)}\n"


def cors_rules(readers: Readers) -> dict[str, Any]:
    """Return the rules as S3 has them."""
    rule = {"AllowedOrigins": [*readers.origins], "AllowedMethods": _METHODS}
    return {"CORSRules": [{**rule, "AllowedHeaders": ["*"]}]}


def _s3(place: Place, readers: Readers) -> Iterator[str]:
    endpoint = f" --endpoint-url {quote(place.endpoint)}" if place.endpoint else ""
    command = f"--bucket {quote(place.bucket)}{endpoint}"
    if readers.origins:
        yield _file(_CORS_FILE, cors_rules(readers))
        yield f"aws s3api put-bucket-cors {command} --cors-configuration file://{_CORS_FILE}"
    if readers.is_public:
        yield _file(_POLICY_FILE, _s3_policy(place))
        if not place.endpoint:
            yield f"aws s3api delete-public-access-block {command}"
        yield f"aws s3api put-bucket-policy {command} --policy file://{_POLICY_FILE}"
    if place.endpoint:
        yield "MinIO has no rules for one bucket: set MINIO_API_CORS_ALLOW_ORIGIN for the server."


def _s3_policy(place: Place) -> dict[str, Any]:
    objects = "/".join(filter(None, (place.bucket, place.prefix, "*")))
    statement = {"Sid": "ReadModels", "Effect": "Allow", "Principal": "*"}
    statement |= {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{objects}"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _r2(place: Place, readers: Readers) -> Iterator[str]:
    bucket = quote(place.bucket)
    if readers.origins:
        allowed = {"origins": [*readers.origins], "methods": _METHODS, "headers": ["*"]}
        yield _file(_CORS_FILE, {"rules": [{"allowed": allowed}]})
        yield f"npx wrangler r2 bucket cors set {bucket} --file {_CORS_FILE}"
    if readers.is_public:
        yield f"npx wrangler r2 bucket dev-url enable {bucket}"


def _google(place: Place, readers: Readers) -> Iterator[str]:
    bucket = quote(f"gs://{place.bucket}")
    if readers.origins:
        rule = {"origin": [*readers.origins], "method": _METHODS, "responseHeader": ["*"]}
        yield _file(_CORS_FILE, [rule])
        yield f"gcloud storage buckets update {bucket} --cors-file={_CORS_FILE}"
    if readers.is_public:
        yield (
            f"gcloud storage buckets add-iam-policy-binding {bucket} "
            "--member=allUsers --role=roles/storage.objectViewer"
        )


def _azure(place: Place, readers: Readers) -> Iterator[str]:
    if readers.origins:
        origins = " ".join(map(quote, readers.origins))
        yield (
            f"az storage cors add --services b --methods GET HEAD --origins {origins} "
            "--allowed-headers '*' --account-name ACCOUNT"
        )
    if readers.is_public:
        yield (
            "az storage account update --name ACCOUNT --resource-group GROUP "
            "--allow-blob-public-access true"
        )
        yield (
            f"az storage container set-permission --name {quote(place.bucket)} "
            "--public-access blob --account-name ACCOUNT"
        )


def _swift(place: Place, readers: Readers) -> Iterator[str]:
    public = " --read-acl '.r:*'" if readers.is_public else ""
    header = f"X-Container-Meta-Access-Control-Allow-Origin: {' '.join(readers.origins)}"
    cors = f" --header {quote(header)}" if readers.origins else ""
    yield f"swift post {quote(place.bucket)}{public}{cors}"


def _folder(_place: Place, readers: Readers) -> Iterator[str]:
    yield f"nginx:\n\n{nginx_lines(readers.origins)}"
    yield f"Caddy:\n\n{caddy_lines(readers.origins)}"
    if len(readers.origins) > 1:
        yield f"_headers can name one site only, and names {readers.origins[0]}."


_WORDS: Mapping[Kind, Callable[[Place, Readers], Iterator[str]]] = {
    Kind.FOLDER: _folder,
    Kind.S3: _s3,
    Kind.R2: _r2,
    Kind.SWIFT: _swift,
    Kind.AZURE: _azure,
    Kind.GOOGLE: _google,
}
