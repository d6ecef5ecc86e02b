"""Packages that the program imports after the patches are on."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from crossroads.worlds.adaptors import install_adaptors
from crossroads.worlds.entropy import Entropy

entropy, labels = Entropy(), []
entropy.install()
entropy.on_first_use = lambda: labels.append("first use")
install_adaptors(lambda label, time, actor=None: labels.append(label))
assert not {"numpy", "simpy", "gymnasium"} & set(sys.modules)

import gymnasium, simpy

assert labels == []
env = simpy.Environment()
env.timeout(1)
env.run()
assert labels == ["Timeout"], labels


class Own(gymnasium.Env):
    def step(self, action):
        return self.np_random.integers(10)


wrapped = gymnasium.Wrapper(Own())
wrapped.step(0)
assert labels == ["Timeout", "env.step", "first use"], labels
"""


@pytest.mark.slow
def test_adaptors_wait_for_imports() -> None:
    pytest.importorskip("simpy")
    pytest.importorskip("gymnasium")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
