"""CORS of an account of Azure, and who may read a container.

azure-storage-blob is of the extra ``cors``: imported when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient, CorsRule

from tfjs_serve.publishing.access.model import NotByApiError, Place, Readers

_METHODS = ["GET", "HEAD"]
_MOST_RULES = 5


def let_read(place: Place, readers: Readers, environment: Mapping[str, str]) -> str:
    """Let `readers` read a container; return what was done, in words. Blocks.

    CORS is a matter of the whole account there. Rules of others stay.

    Raises
    ------
    NotByApiError
        The store does not take it, or there is no key for it.
    """
    try:
        with _service(place, environment) as service:
            return "; ".join(_done(service, place, readers))
    except AzureError as error:
        raise NotByApiError(str(error).partition("\n")[0]) from error


def _done(service: BlobServiceClient, place: Place, readers: Readers) -> list[str]:
    done = []
    if readers.origins:
        rules = rules_with(service.get_service_properties()["cors"], readers)
        service.set_service_properties(cors=rules)
        done.append(f"CORS of the account: {', '.join(readers.origins)}")
    if readers.is_public:
        container = service.get_container_client(place.bucket)
        policies = container.get_container_access_policy()["signed_identifiers"]
        container.set_container_access_policy(
            {one.id: one.access_policy for one in policies}, public_access="blob"
        )
        done.append(f"everybody may read objects of {place.bucket}")
    return done


def rules_with(there: Sequence[CorsRule], readers: Readers) -> list[CorsRule]:
    """Return the rules of an account with one for `readers`, unless they have it.

    Raises
    ------
    NotByApiError
        There are as many as Azure takes.
    """
    ours = CorsRule([*readers.origins], _METHODS, allowed_headers=["*"])
    if any(_members(rule) == _members(ours) for rule in there):
        return [*there]
    if len(there) >= _MOST_RULES:
        raise NotByApiError(f"the account has {_MOST_RULES} rules, which is all that Azure takes")
    return [*there, ours]


def _members(rule: CorsRule) -> tuple[str, str]:
    return rule.allowed_origins, rule.allowed_methods


def _service(place: Place, environment: Mapping[str, str]) -> BlobServiceClient:
    account = environment.get("AZURE_STORAGE_ACCOUNT_NAME")
    key = environment.get("AZURE_STORAGE_ACCOUNT_KEY")
    if not account or not key:
        raise NotByApiError("it takes AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY")
    url = place.endpoint or f"https://{account}.blob.core.windows.net"
    credential = {"account_name": account, "account_key": key}
    return BlobServiceClient(url, credential=credential)
