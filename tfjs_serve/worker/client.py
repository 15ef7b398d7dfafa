"""The parent's side of the process boundary: a pool that converts one model per process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence

from tfjs_serve.errors import TfjsServeError, WorkerCrashedError, WorkerTimeoutError
from tfjs_serve.settings import SHUTDOWN_SECONDS
from tfjs_serve.worker.process import ChildProcess, child_command, describe_exit
from tfjs_serve.worker.protocol import ConversionReport, ConversionRequest, Progress, parse_message

_log = logging.getLogger(__name__)

_MOST_PROCESSES = 4
"""More conversions at once would only fight for the disk."""
_EXIT_SECONDS = 2.0
"""How long a child that closed its pipe may take to end before it is killed."""


class _NonsenseError(Exception):
    """The child wrote something that is no message."""


class WorkerPool:
    """Converts models in processes of their own; one process waits in advance.

    Every conversion gets a fresh process, which is killed when its answer is there, when its
    deadline passes or when the caller is cancelled.

    Parameters
    ----------
    deadline_seconds
        How long one conversion may take.
    python
        The interpreter of the child processes.
    max_processes
        How many conversions run at the same time; the default follows the number of processors.
    command
        What to start instead of :mod:`tfjs_serve.worker.child`.
    """

    def __init__(
        self,
        *,
        deadline_seconds: float,
        python: str = sys.executable,
        max_processes: int | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self._deadline_seconds = deadline_seconds
        self._command = tuple(command) if command else child_command(python)
        self._slots = asyncio.Semaphore(max_processes or _default_processes())
        self._children: set[ChildProcess] = set()
        self._spare: asyncio.Task[ChildProcess | None] | None = None
        self._endings: set[asyncio.Task[None]] = set()
        self._child_gone = asyncio.Event()
        self._closed = False

    async def start(self) -> None:
        """Start the spare process; without this the first conversion starts one."""
        self._replenish()
        if self._spare is not None:
            await self._spare

    async def convert(
        self, request: ConversionRequest, on_progress: Callable[[Progress], None]
    ) -> ConversionReport:
        """Convert one model; `on_progress` is called on the event loop.

        Raises
        ------
        TfjsServeError
            What the child reported.
        WorkerCrashedError
            The child ended without a report, wrote nonsense, or could not be started.
        WorkerTimeoutError
            The deadline passed.
        """
        async with self._slots:
            child = await self._take_child(request)
            self._replenish()
            try:
                talk = self._talk(child, request, on_progress)
                return await asyncio.wait_for(talk, self._deadline_seconds)
            except asyncio.TimeoutError:
                raise self._timeout(request) from None
            finally:
                await self._end(child)

    async def close(self) -> None:
        """Kill all processes and wait until they are gone; running conversions fail."""
        self._closed = True
        for child in self._children:
            child.kill()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._all_gone(), SHUTDOWN_SECONDS)

    async def _all_gone(self) -> None:
        """End the spare, and wait for the conversions to end the children that they hold."""
        spare, self._spare = self._spare, None
        child = await asyncio.shield(spare) if spare is not None else None
        if child is not None:
            await self._end(child)
        while self._children:
            self._child_gone.clear()
            await self._child_gone.wait()

    async def _talk(
        self,
        child: ChildProcess,
        request: ConversionRequest,
        on_progress: Callable[[Progress], None],
    ) -> ConversionReport:
        await child.send_line(json.dumps(request.to_json()).encode())
        while True:
            try:
                message = await _read_message(child)
            except _NonsenseError:
                raise self._crash(request, child, "wrote something that is no answer") from None
            if message is None:
                raise self._crash(request, child, await _how_it_ended(child))
            if isinstance(message, ConversionReport):
                return message
            if isinstance(message, TfjsServeError):
                raise message
            on_progress(message)

    async def _take_child(self, request: ConversionRequest) -> ChildProcess:
        """Return the spare if there is a live one, else a new process."""
        try:
            spare = await self._take_spare()
            if spare is not None and spare.is_running:
                return spare
            if spare is not None:
                await self._end(spare)
            return await self._start_child()
        except OSError as error:
            raise WorkerCrashedError(
                f"{request.display_name}: the conversion process could not be started ({error})",
                hint="is there enough memory, and may this user start processes?",
            ) from error

    async def _take_spare(self) -> ChildProcess | None:
        """Wait for the spare; it stays where it is when this is cancelled meanwhile."""
        while (task := self._spare) is not None:
            spare = await asyncio.shield(task)
            if self._spare is task:
                self._spare = None
                return spare
        return None

    def _replenish(self) -> None:
        if self._spare is None and not self._closed:
            self._spare = asyncio.create_task(self._start_spare())

    async def _start_spare(self) -> ChildProcess | None:
        try:
            return await self._start_child()
        except OSError as error:
            _log.warning("cannot start a conversion process in advance: %s", error)
            return None

    async def _start_child(self) -> ChildProcess:
        child = await ChildProcess.start(self._command)
        self._children.add(child)
        if self._closed:
            child.kill()
        return child

    async def _end(self, child: ChildProcess) -> None:
        """Kill `child` at once and end it completely, even if the caller is cancelled meanwhile."""
        child.kill()
        ending = asyncio.create_task(self._finish(child))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        await asyncio.shield(ending)

    async def _finish(self, child: ChildProcess) -> None:
        await child.end()
        self._children.discard(child)
        self._child_gone.set()

    def _crash(self, request: ConversionRequest, child: ChildProcess, how: str) -> TfjsServeError:
        if self._closed:
            how = "was stopped because the server is closing"
        hint = "the file may be damaged: save the model again"
        if child.last_words:
            hint += f"; the last output of the process was: {child.last_words}"
        return WorkerCrashedError(
            f"{request.display_name}: the conversion process {how}", hint=hint
        )

    def _timeout(self, request: ConversionRequest) -> TfjsServeError:
        return WorkerTimeoutError(
            f"{request.display_name}: the conversion took longer than "
            f"{self._deadline_seconds:g} seconds and was stopped",
            hint="the file may be damaged, or the machine busy: save the model again to retry",
        )


def _default_processes() -> int:
    return min(_MOST_PROCESSES, os.cpu_count() or 1)


async def _read_message(child: ChildProcess) -> ConversionReport | Progress | TfjsServeError | None:
    """Return the child's next message; ``None`` when there is none any more."""
    try:
        line = await child.read_line()
        return parse_message(json.loads(line)) if line else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _NonsenseError from error


async def _how_it_ended(child: ChildProcess) -> str:
    with contextlib.suppress(asyncio.TimeoutError):
        return describe_exit(await asyncio.wait_for(child.exit_code(), _EXIT_SECONDS))
    return "closed its output and did not end"
