"""A child forked at the first use of entropy draws what another process draws that had the same epochs from the start."""

import os
import subprocess
import sys

import pytest

PROGRAM = '''
import os, sys
from crossroads.worlds.entropy import Entropy
engine, draws, with_numpy = sys.argv[1], sys.argv[2] == "draws", sys.argv[3] == "numpy"
entropy = Entropy(draws)
entropy.install()

import copy, random, secrets, uuid
bound = random.random


def program():
    import uuid
    if with_numpy:
        import numpy as np
    assert engine != "fork" or entropy.on_first_use is not None, "an import is no use of entropy"
    yield random.random(), bound(), os.urandom(4), uuid.uuid4(), uuid.uuid1().node, secrets.token_hex(4)
    rng = random.Random(5)
    twin = copy.deepcopy(rng)
    yield rng.gauss(0, 1), twin.gauss(0, 1), random.Random(5).random(), random.sample(range(100), 5)
    if with_numpy:
        generator = np.random.default_rng(5)
        yield float(np.random.normal()), float(generator.normal()), float(np.random.RandomState().rand())
        yield [float(child.random()) for child in generator.spawn(2)]
    yield rng.random(), random.Random(6).random(), os.urandom(4)


def live(second):
    for index, said in enumerate(program()):
        if index == 1:
            entropy.rekey(second)
        print(said, entropy.fingerprint())


def fork(seeds):
    """In the parent every future lives in a child; in a child, go on."""
    for first, second in seeds:
        sys.stdout.flush()
        child = os.fork()
        if not child:
            entropy.rekey(first)
            return second
        os.waitpid(child, 0)
    sys.stdout.flush()
    os._exit(0)


seeds = [(1, 2), (1, 2), (1, 3), (7, 2)]
if engine == "fork":
    chosen = []
    entropy.on_first_use = lambda: chosen.append(fork(seeds))

    class Later:
        def __index__(self):
            return chosen[0]

        def to_bytes(self, *form):
            return chosen[0].to_bytes(*form)

    live(Later())
    os._exit((sys.stdout.flush(), 0)[1])
first, second = seeds[int(engine)]
entropy.rekey(first)
live(second)
'''


@pytest.mark.slow
@pytest.mark.parametrize("draws", ["plain", "draws"])
@pytest.mark.parametrize("package", ["alone", "numpy"])
def test_fork_is_replay(draws: str, package: str) -> None:
    if package == "numpy":
        pytest.importorskip("numpy")
    forked = run("fork", draws, package).splitlines()
    length = len(forked) // 4
    futures = [forked[start : start + length] for start in range(0, len(forked), length)]
    assert len(futures) == 4
    assert futures[0] == futures[1]
    assert futures[0][0] == futures[2][0]
    assert futures[0][1:] != futures[2][1:]
    assert futures[0][0] != futures[3][0]
    assert run("0", draws, package).splitlines() == futures[0]
    assert run("3", draws, package).splitlines() == futures[3]


def run(*arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
