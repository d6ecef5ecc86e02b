"""Several processes at one store, processes that are killed, and processes that were forked."""

import os
import signal
import subprocess
import sys

import pytest
from samples import KEY, timeline

from crossroads.errors import InternalError
from crossroads.store.store import Store

WRITER = """
import sys
from samples import KEY, timeline
from crossroads.store.store import Store
path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sys.stdin.readline()
with Store(path) as store:
    for index in range(first, last):
        store.add_failure(KEY, "0123abcd", timeline(index), str(index), index, index)
        store.record_block(KEY, index, 10, {"passed": 9, "failed": 1}, {"0123abcd": 1})
        print(index, flush=True)
"""

HALF_WRITER = """
import sys
from samples import KEY
from crossroads.store.store import Store

def work(sqlite):
    sqlite.execute("DELETE FROM explorations")
    sqlite.execute("PRAGMA cache_size = 1")
    sqlite.execute("INSERT INTO explorations (key, started_at) VALUES (?, '')", ("x" * 1_000_000,))
    print("inside", flush=True)
    sys.stdin.readline()

Store(sys.argv[1])._connection.write(work)
"""


def _start(code, *arguments):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.mark.slow
def test_processes_that_begin_one_store_together_lose_nothing(tmp_path):
    path = tmp_path / "boats.sqlite"
    writers = [_start(WRITER, path, first, first + 20) for first in (0, 10, 20, 20)]
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    with Store(path) as store:
        assert store.exploration(KEY).blocks == tuple(range(40))
        assert store.exploration(KEY).counts == {"passed": 360, "failed": 40}
        row = store.failure("0123abcd")
        assert (row.count, row.future_index, row.timeline) == (40, 0, timeline(0))


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, 7, 20])
def test_what_a_killed_process_recorded_is_there(tmp_path, lines):
    path = tmp_path / "boats.sqlite"
    with _start(WRITER, path, 0, 100_000) as writer:
        writer.stdin.write("go\n")
        writer.stdin.flush()
        seen = [int(writer.stdout.readline()) for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
        seen += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    with Store(path) as store:
        blocks = store.exploration(KEY).blocks
        assert blocks[: len(seen)] == tuple(seen)
        assert store.failure("0123abcd").count == len(blocks)
        assert store.record_block(KEY, len(blocks), 10, {"passed": 10})


def test_a_process_killed_inside_a_write_leaves_nothing_of_it(tmp_path):
    path = tmp_path / "boats.sqlite"
    with Store(path) as store:
        store.record_block(KEY, 0, 10, {"passed": 10})
    with _start(HALF_WRITER, path) as writer:
        assert writer.stdout.readline() == "inside\n"
        writer.send_signal(signal.SIGKILL)
    with Store(path, busy_timeout_s=0) as store:
        assert store.done_blocks(KEY) == {0: (10, {"passed": 10})}
        assert store.record_block(KEY, 1, 10, {"passed": 10})


def test_what_one_process_writes_another_one_sees(tmp_path):
    path = tmp_path / "boats.sqlite"
    with Store(path) as one, Store(path) as other:
        one.record_block(KEY, 0, 10, {"passed": 10})
        assert other.exploration(KEY).futures == 10
        other.forget(KEY)
        assert one.exploration(KEY) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_a_forked_child_can_neither_use_nor_close_the_store(tmp_path):
    with Store(tmp_path / "boats.sqlite") as store:
        store.record_block(KEY, 0, 10, {"passed": 10})
        child = os.fork()
        if child == 0:
            code = 1
            try:
                store.record_block(KEY, 1, 10, {"passed": 10})
            except InternalError:
                store.close()
                code = 0 if store._connection._sqlite.execute("SELECT 1").fetchone() == (1,) else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert store.record_block(KEY, 1, 10, {"passed": 10})
    with Store(tmp_path / "boats.sqlite") as store:
        assert store.exploration(KEY).futures == 20
