"""Immortal functions: in a process of its own, as they stay so."""

import subprocess
import sys

import pytest

from crossroads.snapshots import lasting

PROGRAM = """
import gc, sys, weakref
from crossroads.snapshots.lasting import make_lasting

def called():
    return 1

class Made:
    pass

before = sys.getrefcount(called)
number = make_lasting()
held = [called] * 1000
def later():
    pass
gone = weakref.ref(later)
made = weakref.ref(Made())
del later
gc.collect()
print(number > 1000, sys.getrefcount(called) == sys.getrefcount(None) != before, gone() is None, made() is None, called())
"""


@pytest.mark.skipif(not lasting._is_possible(), reason="this Python has no immortal objects in the known place")
def test_what_there_is_lasts_and_what_comes_later_goes():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "True True True True 1\n"


@pytest.mark.skipif(lasting._is_possible(), reason="this Python has them")
def test_nothing_is_done_where_it_is_not_known_to_be_right():
    assert lasting.make_lasting() == 0
