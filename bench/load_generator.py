"""``wrk``, and what it measures."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from builds import Served
from rivals import install

_SCRIPT = """
local paths, requests, position = {%s}, {}, 0
function init()
  for index, path in ipairs(paths) do requests[index] = wrk.format("GET", path) end
end
if #paths > 1 then
  function request()
    position = position %% #paths + 1
    return requests[position]
  end
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests": %%d, "bytes": %%d, "us": %%d, "p99_us": %%d, "refused": %%d, "lost": %%d}\\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
"""
_MOST_HEAD_BYTES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run of wrk measured.

    Attributes
    ----------
    lost
        Connections that failed, and requests without an answer.
    """

    requests_per_second: float
    bytes_per_second: float
    p99_ms: float
    lost: int


def load(
    served: Served,
    paths: Sequence[str],
    *,
    connections: int,
    seconds: float,
    headers: Mapping[str, str] | None = None,
    body_bytes: float,
) -> Load:
    """Ask for `paths` in turn over so many connections, with one thread.

    Parameters
    ----------
    body_bytes
        Mean size of the right bodies: a server that sends other ones has answered something else.

    Raises
    ------
    SystemExit
        A request was refused, or the answers had other sizes.
    """
    install(["wrk"])
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT % ", ".join(map(json.dumps, paths)))
        script.flush()
        fields = [f"-H{name}: {value}" for name, value in (headers or {}).items()]
        options = [f"-c{connections}", "-t1", f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
        command = ["wrk", *options, "-s", script.name, *fields, served.origin + paths[0]]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path("/"))
    return checked(json.loads(done.stdout.splitlines()[-1]), body_bytes)


def checked(measured: Mapping[str, int], body_bytes: float) -> Load:
    """Return what wrk printed, unless it says that answers were wrong."""
    requests, size_bytes = measured["requests"], measured["bytes"]
    too_few = size_bytes < body_bytes * requests
    # What was cut off by the end of the run is counted as bytes, not as a request.
    too_many = not body_bytes and size_bytes > _MOST_HEAD_BYTES * (requests + 1)
    if measured["refused"] or (requests and (too_few or too_many)):
        raise SystemExit(f"wrk did not get the right answers: {measured}")
    seconds = measured["us"] / 1e6
    return Load(
        requests_per_second=requests / seconds,
        bytes_per_second=size_bytes / seconds,
        p99_ms=measured["p99_us"] / 1000,
        lost=measured["lost"],
    )
