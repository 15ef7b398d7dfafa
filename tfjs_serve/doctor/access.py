"""Whether a page may have an answer at all: network, redirects, CORS, mixed content. Pure.

The rules are those of WHATWG's Fetch ("CORS check", "HTTP-redirect fetch") and W3C's Mixed Content.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from tfjs_serve.doctor.model import Answer, Findings, Hop, Notebook, Page, is_trustworthy

MOST_REDIRECTS = 20
"""As browsers have it."""
_ANY = "*"
_SIGNATURES = frozenset({"x-amz-signature", "x-goog-signature", "sig", "signature", "token"})
_ALLOW = "Send Access-Control-Allow-Origin: * (or the origin of the page)."


def access_findings(answer: Answer, page: Page) -> Findings:
    """Return what keeps a page from an answer."""
    notes = Notebook(answer.url)
    _check_scheme(answer, page, notes)
    for hop in answer.hops[:-1]:
        _check_cors(hop, page, notes, is_redirect=True)
    if answer.last is None:
        notes.fault(
            "unreachable",
            f"cannot be reached: {answer.failure}",
            "Check the address, and whether the server runs.",
        )
    elif len(answer.hops) > MOST_REDIRECTS:
        notes.fault(
            "too-many-redirects",
            f"is redirected more than {MOST_REDIRECTS} times",
            "Give the address where the file is.",
        )
    else:
        _check_answer(answer.last, answer, page, notes)
    return notes.findings()


def _check_scheme(answer: Answer, page: Page, notes: Notebook) -> None:
    urls = (answer.url, *(hop.url for hop in answer.hops))
    plain = [url for url in urls if not is_trustworthy(url)]
    if not plain:
        return
    where = "" if plain[0] == answer.url else f"leads to {plain[0]}, which "
    message, hint = f"{where}is on plain http", "Serve it over https."
    if page.origin.startswith("https:"):
        notes.fault("mixed-content", f"{message}, which pages on https may not load", hint)
    elif not page.origin:
        notes.warning("mixed-content", f"{message}: pages on https cannot load it", hint)


def is_ok(hop: Hop) -> bool:
    """Whether a response is what ``fetch`` calls ok."""
    return HTTPStatus.OK <= hop.status < HTTPStatus.MULTIPLE_CHOICES


def _check_answer(last: Hop, answer: Answer, page: Page, notes: Notebook) -> None:
    if not is_ok(last):
        notes.fault("http-status", f"answers {last.status}", _hint_for(last))
        return
    _check_cors(last, page, notes, is_redirect=False)
    if answer.failure:
        hint = "Look into the server's log."
        notes.fault("incomplete-answer", f"ends early: {answer.failure}", hint)


def _hint_for(hop: Hop) -> str:
    query = {name.lower() for name, _ in parse_qsl(urlsplit(hop.url).query)}
    if query & _SIGNATURES:
        return (
            "A signature is for one file, and TensorFlow.js sends the query of model.json with "
            "each shard: make the folder public, or serve it behind cookies."
        )
    if hop.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return "Allow anonymous reading of all files of the model."
    if hop.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return "Put all files of the model there: shards lie beside model.json."
    return "Look into the server's log."


def _check_cors(hop: Hop, page: Page, notes: Notebook, *, is_redirect: bool) -> None:
    if page.is_same(hop.url) and not hop.origin:
        return
    allowed = hop.header("access-control-allow-origin").strip()
    report = notes.fault if page.origin else notes.warning
    code, subject = ("redirect-", "redirects, and that answer ") if is_redirect else ("", "")
    if not allowed:
        problem = "has no Access-Control-Allow-Origin, so pages of other sites cannot load it"
        report(f"{code}no-cors", f"{subject}{problem}", _ALLOW)
    elif "," in allowed:
        problem = f"names several origins ({allowed}), which browsers refuse"
        report(f"{code}bad-cors", f"{subject}{problem}", "Send one header with one origin, or *.")
    elif allowed not in (_ANY, hop.origin):
        problem = f"may be loaded by pages of {allowed} only"
        report(f"{code}other-origin", f"{subject}{problem}", _hint_for_origin(hop))
    else:
        _check_credentials(allowed, hop, page, notes)


def _hint_for_origin(hop: Hop) -> str:
    if hop.origin == "null":
        return (
            "After a redirect from one site to another, browsers say that the page's origin is "
            "null: give the address where the file is."
        )
    return "If others are to load it, send their origin, or *."


def _check_credentials(allowed: str, hop: Hop, page: Page, notes: Notebook) -> None:
    credentials = hop.header("access-control-allow-credentials").strip() == "true"
    hint = "Send the page's own origin in Access-Control-Allow-Origin, and Vary: Origin."
    if page.sends_credentials and allowed == _ANY:
        message = "allows every origin (*), which browsers refuse for requests with credentials"
        notes.fault("wildcard-with-credentials", message, hint)
    elif page.sends_credentials and not credentials:
        message = "does not allow credentials"
        notes.fault("no-credentials", message, "Send Access-Control-Allow-Credentials: true.")
    elif allowed == _ANY and credentials:
        message = "allows every origin (*) and credentials, which browsers refuse together"
        notes.warning("wildcard-with-credentials", message, hint)
    vary = [part.strip().lower() for part in hop.header("vary").split(",")]
    if allowed != _ANY and page.origin and not {"origin", _ANY} & set(vary):
        notes.warning(
            "no-vary",
            "allows one origin without Vary: Origin, so a cache may hand its answer to pages of "
            "another one, which then cannot read it",
            "Send Vary: Origin, or allow every origin.",
        )
