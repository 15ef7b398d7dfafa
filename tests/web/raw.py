"""Connections byte by byte, and what they leave behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Listening(Protocol):
    """Whatever listens on a port."""

    @property
    def port(self) -> int: ...


def open_files_below(folder: Path) -> list[str]:
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(descriptor.readlink()))
        except FileNotFoundError:  # the descriptor of the listing itself
            continue
    return [link for link in links if link.startswith(str(folder))]


async def until(condition: Callable[[], object]) -> None:
    """Wait for what nothing announces: that a thread has done something."""

    async def poll() -> None:
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.002)

    await asyncio.wait_for(poll(), timeout=30)


@dataclass
class RawAnswer:
    head: str
    body: bytes

    @property
    def status(self) -> int:
        return int(self.head.split(" ", 2)[1])


async def converse(site: Listening, request: bytes) -> RawAnswer:
    """Send bytes, and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return RawAnswer(head=head.decode(), body=body)
