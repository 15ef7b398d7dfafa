"""What an object store, or its client, says in an error, for people. Pure."""

from __future__ import annotations

import re

_STATUS = re.compile(r"status code: (\d{3}[A-Za-z ]*)")
_CODE = re.compile(r"<Code>\s*([^<\s]+)\s*</Code>")
_ROLES = (
    "169.254.169.254",
    "169.254.170.2",
    "metadata.google.internal",
    "metadata/computeMetadata",
)
"""Where clients ask for the role of the machine if there are no keys."""
_STAYS = "and publish again: what is there stays"
_KEYS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    "gs": "GOOGLE_SERVICE_ACCOUNT",
}


def in_words(text: str) -> str:
    """Return what an error of the client says, without how it prints itself.

    That is the status of the answer with the store's code for it, such as ``404 Not Found
    (NoSuchBucket)``, or else the first line.
    """
    status, code = _STATUS.search(text), _CODE.search(text)
    if status is None:
        return text.strip().partition("\n")[0]
    return f"{status[1].strip()} ({code[1]})" if code else status[1].strip()


def hint_for(text: str, url: str) -> str:
    """Return what to do about an error of the client with the bucket at `url`."""
    keys = _KEYS.get(url.partition(":")[0], "the keys")
    status = _STATUS.search(text)
    if any(role in text for role in _ROLES) or "Account must be" in text:
        return f"no keys were found: set {keys}, {_STAYS}"
    if status is None and "error sending request" in text:
        return f"nothing answers there: check --endpoint and the network, {_STAYS}"
    if status is not None and status[1].startswith("404"):
        return f"create the bucket, or check its name, {_STAYS}"
    if status is not None and status[1].startswith(("401", "403")):
        return f"check {keys}, and what they permit, {_STAYS}"
    return f"check the name of the bucket, the keys and their permissions, {_STAYS}"
