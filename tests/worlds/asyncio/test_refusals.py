"""Threads and processes are refused where the program asks for them."""

import ctypes.util
import multiprocessing
import os
import subprocess
import threading
from collections.abc import Callable, Iterator

import pytest

from crossroads.errors import NotSimulated
from crossroads.worlds.asyncio import refusals
from crossroads.worlds.patches import Patches


@pytest.fixture(autouse=True)
def _refused() -> Iterator[None]:
    patches = Patches()
    cancel = refusals.install(patches)
    yield
    cancel()
    patches.undo()


@pytest.mark.parametrize(
    ("call", "named", "way_out"),
    [
        (lambda: threading.Thread(name="worker").start(), "thread 'worker'", "asyncio.to_thread"),
        (lambda: threading.Timer(1.0, print).start(), "thread 'Thread-", "loop.call_later"),
        (lambda: subprocess.run(["true"]), "subprocess.Popen", "put a fake"),
        (lambda: multiprocessing.Process(target=print).start(), "multiprocessing.Process.start()", "asyncio.to_thread"),
        (lambda: os.system("true"), "os.system()", "put a fake"),
        (lambda: os.fork(), "os.fork()", "put a fake"),
    ],
    ids=["thread", "timer", "subprocess", "process", "system", "fork"],
)
def test_the_call_and_a_way_out_are_named(call: Callable[[], object], named: str, way_out: str) -> None:
    with pytest.raises(NotSimulated) as caught:
        call()
    assert named in str(caught.value)
    assert way_out in str(caught.value)


def test_libraries_can_be_looked_for() -> None:
    assert ctypes.util.find_library("c") == "libc.so.6"
    assert ctypes.util.find_library("no-such-library") is None
    with pytest.raises(NotSimulated):
        subprocess.run(["true"])


def test_real_descriptors_are_named() -> None:
    with pytest.raises(NotSimulated, match="descriptor 7 is real"):
        refusals.refuse_descriptor(7)
