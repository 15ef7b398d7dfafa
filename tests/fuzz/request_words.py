"""What requests are made of: the sound, the odd and the hostile."""

from __future__ import annotations

from collections.abc import Sequence

ALLOWED_HOST = "models.example"
ALLOWED_ORIGIN = "https://allowed.example"

METHODS = ("GET",) * 12 + ("HEAD",) * 3 + ("OPTIONS", "POST", "PUT", "DELETE", "PATCH", "PROPFIND")

KNOWN_HOSTS = (
    *("localhost", "127.0.0.1", "[::1]", "a.localhost", "LOCALHOST.", ALLOWED_HOST, "10.0.0.7"),
    *("localhost:1", "[fd00::1]:8000", f"{ALLOWED_HOST}.:99"),
)
UNKNOWN_HOSTS = (
    *("evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "evil", "2130706433"),
    *("localhost@evil.example", "localhost:x", "evil.example:80", "[::1", "a,b", "localhost/x"),
    *("\\localhost", "localhost#", "%6cocalhost", "loca\xadlhost", "*", "null", ":80"),
)
GRANTED_ORIGINS = (
    *("http://localhost:5173", "http://127.0.0.1", "https://[::1]:1", "http://x.localhost"),
    ALLOWED_ORIGIN,
)
OTHER_ORIGINS = (
    *("https://evil.example", "null", "http://localhost.evil.example", "file://", "localhost"),
    *("http://localhost:1:2", "http://localhost,https://evil.example", "https://allowed.example.x"),
    *("http://localhost\tX: y", "javascript:alert(1)", "\xff", "", "*"),
)

SNIPPETS = (
    *("..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "%25252e", "...", "..;", "..%00", ".", "%2e"),
    *("%2f", "%5c", "\\", "%255c", "%252f", "%c0%af", "%c0%ae%c0%ae", "%u2216", "%e2%88%95", "//"),
    *("%00", "%0d%0aX-Evil:%20y", "%0a", "%7f", "%c2%85", "%ff", "%", "%zz", "%2", "%25", "\xe9"),
    *("CON", "nul", "AUX.h5", "C:", "C:%5c", ":stream", "::$DATA", "~", "$HOME", "`id`", "|", "*"),
    *("<img src=x onerror=alert(1)>".replace(" ", "%20"), "'", '"', "{{7*7}}", "${x}", "%{x}", ";"),
    *("@uint8", "@full", "@int4", "@", "%40float16", "model.json", "model.json.gz", "-", ".git"),
    *("labels.txt", "metadata.json", "weights.bin", f"weights.{'0' * 32}", "labels.json"),
    *("etc", "passwd", "proc", "self", "environ", "a" * 300, "\u202e".encode().decode("latin-1")),
)
ENDINGS = (
    "?v=1",
    "?",
    "#x",
    "?../..",
    "?%0d%0aX:y",
    "?" + "q" * 500,
    ";x=1",
    "/",
    "//",
    "/.",
    "/..",
)

FIELDS: Sequence[tuple[str, Sequence[str]]] = (
    ("Range", ("bytes=0-0", "bytes=-5", "bytes=5-", "bytes=0-1,3-4", "bytes=9-1", "lines=1-2")),
    ("Range", ("bytes=", "bytes=-0", "bytes=99999999999999999999-", "bytes=0-" + "9" * 200)),
    ("If-Range", ('"x"', 'W/"x"', "Wed, 21 Oct 2026 07:28:00 GMT", "", "x")),
    ("If-None-Match", ("*", '"x"', 'W/"x", "y"', '"' * 50, ",,,", '"\xff"', '"a" "b"', "x" * 300)),
    ("If-Match", ("*", '"x"', "", ",", '"', 'W/"*"')),
    ("If-Modified-Since", ("Wed, 21 Oct 2026 07:28:00 GMT", "yesterday", "0")),
    ("Accept-Encoding", ("br", "gzip", "gzip;q=0", "*;q=0", "identity;q=0, *;q=0", "br;q=2", ",")),
    ("Accept-Encoding", ("gzip;q=1.0000", "x-gzip", ";;;", "deflate, br;q=0.001", "br;q=")),
    ("Access-Control-Request-Method", ("GET", "DELETE", "x y")),
    ("Access-Control-Request-Headers", ("range", "a, b", "a: b", "\xe9", "a,,b")),
    ("Access-Control-Request-Private-Network", ("true", "false")),
    ("Expect", ("100-continue", "a-miracle")),
    ("Accept", ("text/html", "*/*", "application/problem+json")),
    ("Cookie", ("a=b", "x" * 3000)),
    ("X-Forwarded-Host", ("evil.example", "localhost")),
    ("X-Forwarded-For", ("1.2.3.4",)),
    ("X-Original-URL", ("/../canary",)),
    ("X-HTTP-Method-Override", ("DELETE",)),
    ("Forwarded", ("host=evil.example;proto=https",)),
    ("Referer", ("https://evil.example/", "http://localhost/")),
    ("Upgrade-Insecure-Requests", ("1",)),
    ("Content-Type", ("application/json",)),
    ("Content-Encoding", ("gzip", "br", "nonsense")),
    ("TE", ("trailers",)),
    ("Max-Forwards", ("0",)),
)

PREFACES = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /\r\n",
    b"\r\n\r\n\r\n",
    b"\x00\x00\x00",
    b"SSH-2.0-x\r\n",
    b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"GET http:// HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"get / http/1.1\r\nhost: localhost\r\n\r\n",
)
SPLICES = (
    *(
        b"Content-Length: 5\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length: -1\r\n",
    ),
    *(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: 1e3\r\n", b"Host: evil\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
    *(b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding : chunked\r\n", b" folded: x\r\n"),
    *(b"X: y\rZ: w\r\n", b"X\x00: y\r\n", b": y\r\n", b"X y\r\n", b"X:" + b"y" * 9000 + b"\r\n"),
    *(b"Upgrade: websocket\r\nConnection: upgrade\r\n", b"Upgrade: h2c\r\nConnection: Upgrade\r\n"),
    *(b"".join(b"X-%d: y\r\n" % n for n in range(200)), b"Connection: close, keep-alive\r\n"),
    *(b"\r\n", b"\n", b"0\r\n\r\n", b"ffffffffffffffffff\r\n", b"5;x=\r\nhello\r\n", b"-1\r\n"),
)
