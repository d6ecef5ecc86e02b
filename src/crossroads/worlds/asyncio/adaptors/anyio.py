"""anyio's worker threads on asyncio: `anyio.to_thread.run_sync`, and what Starlette and FastAPI run in threads.

All of anyio's own code stays: limiter, cancel scopes, contexts, the way back by `anyio.from_thread`. Versions 3 and 4.
"""

from itertools import count
from types import ModuleType
from typing import Any

from crossroads.worlds.asyncio.errands import callable_name
from crossroads.worlds.asyncio.jobs import Jobs
from crossroads.worlds.asyncio.lines import Line
from crossroads.worlds.imports import on_import


def install(jobs: Jobs) -> None:
    """Let anyio's worker threads do their work as jobs, from when its asyncio backend is imported."""

    def patch(backend: ModuleType) -> None:
        backend.WorkerThread = _worker_class(backend.WorkerThread, jobs)  # type: ignore[attr-defined]

    on_import("anyio._backends._asyncio", patch)


def _worker_class(stock: Any, jobs: Jobs) -> Any:
    numbers = count(1)

    class WorkerThread(stock):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.queue = Line(jobs, f"anyio worker {next(numbers)}", lambda item: callable_name(item[1]))

        def start(self) -> None:
            self.queue.begin(self.run)

        def stop(self, f: Any = None) -> None:
            self.stopping = True
            self.workers.discard(self)
            if self in self.idle_workers:
                self.idle_workers.remove(self)

    return WorkerThread
