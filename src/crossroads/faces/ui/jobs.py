"""What the page has started: one process for each job, what it has said last, and who wants to hear of it.

All of it happens on the server's event loop; nothing here is locked.
"""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from crossroads.errors import InternalError, SettingError
from crossroads.snapshots.engine import trunk_command

RUNNING_MAX: Final = 4
KEPT_MAX: Final = 50
"""Jobs that are remembered; of more, the oldest that have ended are forgotten."""

LINE_BYTES_MAX: Final = 32 * 1024**2
"""Of one message; the largest is a page."""

STOP_S: Final = 15.0
"""What a job that was stopped may take to end with what it knows."""

CLOSE_S: Final = 3.0
"""The same when the server ends."""

HEARTBEAT_S: Final = 15.0

State = Literal["running", "done", "failed", "stopped"]


@dataclass(slots=True, eq=False)
class Job:
    """One thing that the page has started.

    Args:
        number: its name in addresses.
        kind: what is done: a key of `worker.WORK`.
        subject: a target, or the id of a failure.
        state: how far it is.
        progress: futures done, their total and rate, and a note.
        curve: the last curve and its marks, if it gives one.
        result: what it gave.
        trouble: why it failed, a sentence.
        is_stopping: whether it was asked to end.
        version, curve_version: count the changes.
    """

    number: int
    kind: str
    subject: str
    process: asyncio.subprocess.Process
    state: State = "running"
    progress: dict[str, Any] = field(default_factory=lambda: {"done": 0, "total": 0, "rate": 0.0, "note": "starting"})
    curve: dict[str, Any] | None = None
    result: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""
    is_stopping: bool = False
    version: int = 1
    curve_version: int = 0

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return self.state == "running"

    def take(self, message: dict[str, Any]) -> None:
        """Take in what its process says."""
        self.version += 1
        if "curve" in message:
            self.curve, self.curve_version = message, self.version
        elif "result" in message:
            self.result = message["result"]
            self.state = "done" if self.result.get("complete", True) else "stopped"
        elif "error" in message:
            self.trouble, self.state = message["error"], "failed"
        elif "stopped" in message:
            self.state = "stopped"
        else:
            self.progress = {**self.progress, **message}

    def news(self, since: int) -> dict[str, Any]:
        """What a page has to know that knows version `since`."""
        told = {"job": self.number, "state": self.state, **self.progress}
        return {**told, **self.curve} if self.curve is not None and self.curve_version > since else told


class Board:
    """The jobs of one server."""

    def __init__(self) -> None:
        self.jobs: dict[int, Job] = {}
        self._last = 0
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_ending = False

    def job(self, number: int) -> Job | None:
        """The job of this number, if it is remembered."""
        return self.jobs.get(number)

    @property
    def running(self) -> list[Job]:
        """Those whose processes are there."""
        return [job for job in self.jobs.values() if job.is_running]

    async def start(self, kind: str, subject: str, order: dict[str, Any], on_end: Callable[[Job], None] = lambda job: None) -> Job:
        """Start a job; where the same is under way, that one is meant.

        Args:
            kind, subject: of the job.
            order: what its process is told, as JSON has it.
            on_end: called when it has said all.

        Raises:
            SettingError: enough are under way.
        """
        for job in self.running:
            if (job.kind, job.subject) == (kind, subject) and kind != "walk":
                return job
        if len(self.running) >= RUNNING_MAX:
            raise SettingError(f"{RUNNING_MAX} jobs are under way, and more would only slow them down; stop one or wait")
        process = await asyncio.create_subprocess_exec(
            *trunk_command("crossroads.faces.ui.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LINE_BYTES_MAX,
            # Ctrl-C in the terminal goes to the server alone, which tells its jobs.
            start_new_session=True,
        )
        self._last += 1
        job = self.jobs[self._last] = Job(self._last, kind, subject, process)
        self._forget_old()
        assert process.stdin is not None
        process.stdin.write(json.dumps({**order, "kind": kind}).encode() + b"\n")
        self._keep(self._follow(job, on_end))
        return job

    def stop(self, job: Job) -> None:
        """Ask a job to end with what it knows; it is killed where that takes too long."""
        if job.is_running:
            job.take({"note": "stopping"})
            self._tell()
            self._keep(self._end(job, STOP_S))

    def end(self) -> None:
        """Let all streams end."""
        self._is_ending = True
        self._tell()

    async def close(self) -> None:
        """End all jobs; none is left on return."""
        self.end()
        await asyncio.gather(*(self._end(job, CLOSE_S) for job in self.running))
        await asyncio.gather(*self._tasks)

    async def events(self, number: int | None) -> AsyncIterator[dict[str, Any] | None]:
        """What happens to one job, or to all; first how it is. None now and then, so that a reader who has gone is noticed."""
        seen: dict[int, int] = {}
        while not self._is_ending:
            news = self._news
            for job in list(self.jobs.values()):
                known = seen.get(job.number, 0)
                if job.version > known and number in (None, job.number):
                    seen[job.number] = job.version
                    is_last = number is not None and not job.is_running
                    yield job.news(known if number is not None else job.version)
                    if is_last:
                        return
            try:
                await asyncio.wait_for(news.wait(), HEARTBEAT_S)
            except TimeoutError:
                yield None

    async def _follow(self, job: Job, on_end: Callable[[Job], None]) -> None:
        """Take in what a job's process says, to its end."""
        stdout = job.process.stdout
        assert stdout is not None
        try:
            while line := await stdout.readline():
                job.take(json.loads(line))
                if not job.is_running:
                    on_end(job)
                self._tell()
        except ValueError:
            job.process.kill()
        await job.process.wait()
        if job.is_running:
            # Stopped before it could say anything, or killed.
            unexpected = str(InternalError(f"the process of a job ended with {job.process.returncode}"))
            job.take({"stopped": True} if job.is_stopping else {"error": unexpected})
        self._tell()

    async def _end(self, job: Job, seconds: float) -> None:
        job.is_stopping = True
        try:
            job.process.send_signal(signal.SIGINT)
            await asyncio.wait_for(job.process.wait(), seconds)
        except TimeoutError:
            job.process.kill()
        except ProcessLookupError:
            pass

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _keep(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _forget_old(self) -> None:
        for job in [job for job in self.jobs.values() if not job.is_running][: max(0, len(self.jobs) - KEPT_MAX)]:
            del self.jobs[job.number]
