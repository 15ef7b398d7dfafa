"""The parent's side of the process boundary: a pool that converts one model per process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Coroutine
from typing import Any

from tfjs_serve.errors import WorkerCrashedError, WorkerTimeoutError, WorkerUnavailableError
from tfjs_serve.settings import DEFAULT_WORKER_MEMORY_BYTES, SHUTDOWN_SECONDS
from tfjs_serve.worker import limits
from tfjs_serve.worker.conversation import Conversation, NotAcceptedError
from tfjs_serve.worker.process import ChildProcess
from tfjs_serve.worker.protocol import ConversionReport, ConversionRequest, Progress
from tfjs_serve.worker.slots import Slots
from tfjs_serve.worker.starting import Starter, default_starter

_log = logging.getLogger(__name__)

_MOST_PROCESSES = 4
"""More conversions at once would only fight for the disk."""
_FEWEST_PROCESSES = 2
"""One that takes forever must leave a place for others, even with a single processor."""
_ATTEMPTS_TO_START = 2
"""Someone may have ended the waiting process just when it is needed."""


class WorkerPool:
    """Converts models in processes of their own; once started, it keeps a spare one waiting.

    Every conversion gets a fresh process, which is killed when it has answered, when its deadline
    passes, or when the caller is cancelled.

    Parameters
    ----------
    deadline_seconds
        How long one conversion may take.
    memory_bytes
        Address space of each process, where the system can limit it.
    max_processes
        How many conversions run at the same time; the default follows the number of processors.
    starter
        Where children come from; the default is what is fastest on this system.
    """

    def __init__(
        self,
        *,
        deadline_seconds: float,
        memory_bytes: int = DEFAULT_WORKER_MEMORY_BYTES,
        max_processes: int | None = None,
        starter: Starter | None = None,
    ) -> None:
        self._deadline_seconds = deadline_seconds
        self._starter = starter or default_starter(memory_bytes)
        self._slots = Slots(max_processes or _default_processes())
        self._told: set[tuple[str, ...]] = set()
        self._children: set[ChildProcess] = set()
        self._spare: asyncio.Task[ChildProcess | None] | None = None
        self._endings: set[asyncio.Task[None]] = set()
        self._child_gone = asyncio.Event()
        self._keeps_spare = self._closed = False

    async def start(self) -> None:
        """Prepare a spare process from now on, without waiting for it."""
        self._keeps_spare = True
        self._replenish()
        self._tell_missing(await asyncio.to_thread(limits.missing))

    async def convert(
        self, request: ConversionRequest, on_progress: Callable[[Progress], None]
    ) -> ConversionReport:
        """Convert one model; `on_progress` is called on the event loop.

        Raises
        ------
        TfjsServeError
            What the child reported.
        WorkerCrashedError
            The child ended without a report, or wrote nonsense.
        ConversionLimitError
            It reached a limit.
        WorkerUnavailableError
            The child could not be started, or ended before it opened the file.
        WorkerTimeoutError
            The deadline passed.
        """
        async with self._slots.one(request.display_name):
            reason = "its process ended at once"
            for _ in range(_ATTEMPTS_TO_START):
                try:
                    return await self._convert(request, on_progress)
                except NotAcceptedError as error:
                    reason = str(error)
            raise _unavailable(request, reason)

    async def _convert(
        self, request: ConversionRequest, on_progress: Callable[[Progress], None]
    ) -> ConversionReport:
        child = await self._take_child(request)
        self._replenish()
        conversation = Conversation(child, request, on_progress)
        try:
            return await asyncio.wait_for(conversation.hold(), self._deadline_seconds)
        except asyncio.TimeoutError:
            if conversation.acceptance is None:
                raise NotAcceptedError("it did not begin before the deadline") from None
            raise self._timeout(request) from None
        except (NotAcceptedError, WorkerCrashedError) as error:
            if self._closed:
                how = "was stopped because the server is closing"
                raise conversation.crash(how) from None
            if isinstance(error, WorkerCrashedError):
                self._start_afresh()
            raise
        finally:
            if conversation.acceptance is not None:
                self._tell_missing(conversation.acceptance.missing)
            await self._end(child)

    async def close(self) -> None:
        """Kill all processes and wait until they are gone; running conversions fail."""
        self._closed = True
        for child in self._children:
            child.kill()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._all_gone(), SHUTDOWN_SECONDS)
        await self._starter.close()

    async def _all_gone(self) -> None:
        """End the spare, and wait until the conversions have ended their children."""
        await self._end_spare(self._drop_spare())
        while self._children:
            self._child_gone.clear()
            await self._child_gone.wait()

    def _start_afresh(self) -> None:
        """Let nothing that was prepared before a crash be used after it."""
        self._starter.crashed()
        self._in_background(self._end_spare(self._drop_spare()))
        self._replenish()

    def _drop_spare(self) -> asyncio.Task[ChildProcess | None] | None:
        spare, self._spare = self._spare, None
        return spare

    async def _end_spare(self, spare: asyncio.Task[ChildProcess | None] | None) -> None:
        child = await asyncio.shield(spare) if spare is not None else None
        if child is not None:
            await self._end(child)

    async def _take_child(self, request: ConversionRequest) -> ChildProcess:
        """Return the spare if it is alive, else a new process."""
        try:
            spare = await self._take_spare()
            if spare is not None and spare.is_running:
                return spare
            if spare is not None:
                await self._end(spare)
            return await self._start_child()
        except OSError as error:
            raise _unavailable(request, error.strerror or str(error)) from error

    async def _take_spare(self) -> ChildProcess | None:
        """Wait for the spare and take it; if this is cancelled, the spare is kept."""
        while (task := self._spare) is not None:
            spare = await asyncio.shield(task)
            if self._spare is task:
                self._spare = None
                return spare
        return None

    def _replenish(self) -> None:
        if self._keeps_spare and self._spare is None and not self._closed:
            self._spare = asyncio.create_task(self._start_spare())

    async def _start_spare(self) -> ChildProcess | None:
        try:
            return await self._start_child()
        except OSError as error:
            if not self._closed:
                _log.warning("cannot start a conversion process in advance: %s", error)
            return None

    async def _start_child(self) -> ChildProcess:
        child = await self._starter.start()
        self._children.add(child)
        if self._closed:
            child.kill()
        return child

    async def _end(self, child: ChildProcess) -> None:
        """Kill `child` at once and clean up after it, even if the caller is cancelled."""
        child.kill()
        await asyncio.shield(self._in_background(self._finish(child)))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start `work`, and keep it from being collected before it is done."""
        task = asyncio.create_task(work)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)
        return task

    async def _finish(self, child: ChildProcess) -> None:
        await child.end()
        self._children.discard(child)
        self._child_gone.set()

    def _tell_missing(self, missing: tuple[str, ...]) -> None:
        """Log once which restrictions this system does not offer."""
        if missing and missing not in self._told:
            self._told.add(missing)
            _log.info(
                "conversions run in processes of their own; what this system cannot do to one "
                "that goes wrong: %s",
                "; ".join(missing),
            )

    def _timeout(self, request: ConversionRequest) -> WorkerTimeoutError:
        return WorkerTimeoutError(
            f"{request.display_name}: the conversion took longer than "
            f"{self._deadline_seconds:g} seconds and was stopped",
            hint="the file may be damaged, or the machine busy: save the model again to retry",
        )


def _default_processes() -> int:
    return max(_FEWEST_PROCESSES, min(_MOST_PROCESSES, os.cpu_count() or 1))


def _unavailable(request: ConversionRequest, reason: str) -> WorkerUnavailableError:
    return WorkerUnavailableError(
        f"{request.display_name}: the conversion process could not be started ({reason})",
        hint="check that there is enough memory and that this user may start processes, then load "
        "the model again",
    )
