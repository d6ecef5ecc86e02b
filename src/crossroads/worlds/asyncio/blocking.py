"""Waiting for futures of `concurrent.futures` without a thread: what blocks a thread lets the world's time pass instead."""

import concurrent.futures
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, Future
from concurrent.futures._base import DoneAndNotDoneFutures
from functools import wraps
from typing import Any

from crossroads.worlds.asyncio.jobs import Jobs
from crossroads.worlds.patches import Patches


def install(jobs: Jobs, patches: Patches) -> None:
    """Replace `result` and `exception` of futures, `concurrent.futures.wait` and `as_completed`.

    Args:
        jobs: lets time pass until one of several futures is done.
        patches: where to put the replacements.
    """
    for name in ("result", "exception"):
        patches.set(Future, name, _asking(jobs, getattr(Future, name)))
    for function in (_wait(jobs), _as_completed(jobs)):
        for module in (concurrent.futures, concurrent.futures._base):
            patches.set(module, function.__name__, function)


def _asking(jobs: Jobs, stock: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(stock)
    def ask(self: "Future[Any]", timeout: float | None = None) -> Any:
        if not self.done():
            jobs.advance([self], jobs.deadline(timeout))
        return stock(self, 0)

    return ask


def _wait(jobs: Jobs) -> Callable[..., Any]:
    @wraps(concurrent.futures.wait)
    def wait(fs: "Iterable[Future[Any]]", timeout: float | None = None, return_when: str = ALL_COMPLETED) -> Any:
        if return_when not in (FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED):
            raise ValueError(f"Invalid return condition: {return_when!r}")
        futures, deadline = list(dict.fromkeys(fs)), jobs.deadline(timeout)
        while True:
            done = {future for future in futures if future.done()}
            left = [future for future in futures if future not in done]
            is_enough = done if return_when == FIRST_COMPLETED else return_when == FIRST_EXCEPTION and any(_has_failed(one) for one in done)
            if is_enough or not left or not jobs.advance(left, deadline):
                return DoneAndNotDoneFutures(done, set(left))

    return wait


def _as_completed(jobs: Jobs) -> Callable[..., Any]:
    @wraps(concurrent.futures.as_completed)
    def as_completed(fs: "Iterable[Future[Any]]", timeout: float | None = None) -> "Iterator[Future[Any]]":
        left, deadline = list(dict.fromkeys(fs)), jobs.deadline(timeout)
        count = len(left)
        while left:
            done = [future for future in left if future.done()]
            left = [future for future in left if not future.done()]
            yield from done
            if left and not any(future.done() for future in left) and not jobs.advance(left, deadline):
                raise TimeoutError(f"{len(left)} (of {count}) futures unfinished")

    return as_completed


def _has_failed(future: "Future[Any]") -> bool:
    return not future.cancelled() and future.exception() is not None
