"""What is said of a bucket that cannot be used; the texts are those of obstore with real stores."""

from __future__ import annotations

import pytest

from tfjs_serve.publishing.store_errors import hint_for, in_words

_START = "Generic S3 error: Error performing list request: Error performing GET http://b.example"
_ANSWER = f"{_START}/m?list-type=2 in 79.9ms - Server returned non-2xx status code: "


@pytest.mark.parametrize(
    ("text", "url", "words", "hint"),
    [
        (
            f"{_ANSWER}404 Not Found: <?xml version='1.0' encoding='UTF-8'?>\n"
            "<Error><Code>NoSuchBucket</Code><Message>There is no such bucket.</Message>"
            "</Error>\n\nDebug source:\nGeneric {}",
            "s3://m",
            "404 Not Found (NoSuchBucket)",
            "create the bucket",
        ),
        (
            f'{_ANSWER}403 Forbidden: <?xml version="1.0" standalone="yes"?>\n<Error>\n'
            "  <Code>AuthorizationFailure</Code>\n</Error>",
            "az://m",
            "403 Forbidden (AuthorizationFailure)",
            "AZURE_STORAGE_ACCOUNT_KEY",
        ),
        (
            f"{_START}/m in 3.4s, after 10 retries, max_retries: 10, retry_timeout: 180s  - HTTP "
            "error: error sending request\n\nDebug source:\nGeneric {}",
            "s3://m",
            f"{_START}/m in 3.4s, after 10 retries, max_retries: 10, retry_timeout: 180s  - HTTP "
            "error: error sending request",
            "nothing answers there",
        ),
        (
            "Generic MicrosoftAzure error: Error performing token request: Error performing GET "
            "http://169.254.169.254/metadata/identity/oauth2/token in 46.8ms - Server returned "
            "non-2xx status code: 400 Bad Request: no identity",
            "az://m",
            "400 Bad Request",
            "no keys were found: set AZURE_STORAGE_ACCOUNT_NAME",
        ),
        (
            f"{_ANSWER}500 Internal Server Error: oops",
            "gs://m",
            "500 Internal Server Error",
            "check the name of the bucket",
        ),
    ],
)
def test_the_status_is_told_with_what_to_do(text: str, url: str, words: str, hint: str) -> None:
    assert in_words(text) == words
    assert hint in hint_for(text, url)
