"""The process id of a program stays the same over forks."""

import os
import signal
from collections.abc import Iterator

import pytest

from crossroads.worlds.identity import OWN_PID, Identity


@pytest.fixture
def identity() -> Iterator[Identity]:
    identity = Identity()
    identity.install()
    yield identity
    identity.uninstall()


def test_a_fork_of_ours_keeps_the_id_and_one_of_the_programs_own_has_its_own(identity: Identity) -> None:
    assert os.getpid() == OWN_PID
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        theirs = os.getpid()
        identity.woke()
        os.write(writing, f"{theirs} {os.getpid()}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100).decode() == f"{child} {OWN_PID}"


def test_signals_to_the_id_arrive_here(identity: Identity) -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)
    assert seen == [signal.SIGUSR1]
