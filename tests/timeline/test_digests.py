"""The digest of a run: equal for equal runs, sensitive to order and to where a part ends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.timeline.digests import Digest

PLAIN = st.text(st.characters(codec="utf-8"), max_size=5)


def _digest(*things):
    digest = Digest()
    for thing in things:
        digest.add(*thing)
    return digest.hexdigest()


def test_digest_is_pinned():
    assert _digest() == "cae66941d9efbd404e4d88758ea67670"
    assert _digest(("mark", 1, "harbour"), ("end", "\udc80")) == "b723a0c124ca23b3b3df0cbe9da66880"


class Loud(str):
    def __str__(self):
        return self.upper()


def test_what_a_subclass_stands_for_is_what_counts():
    assert _digest(("mark", 1, Loud("harbour")), ("end", "\udc80")) == "b723a0c124ca23b3b3df0cbe9da66880"


def test_it_makes_no_difference_where_a_text_comes_from():
    computed = "".join(["har", "bour"])
    assert computed is not "".join(["har", "bour"])
    assert _digest(("harbour",), ("harbour",)) == _digest((computed,), ("".join(["har", "bour"]),))


def test_digest_can_be_read_in_the_middle():
    digest = Digest()
    digest.add("a")
    assert digest.hexdigest() == digest.hexdigest() == _digest(("a",))
    digest.add("b")
    assert digest.hexdigest() == _digest(("a",), ("b",))


@pytest.mark.slow
@settings(derandomize=True, max_examples=50)
@given(st.data())
def test_digests_are_equal_exactly_for_equal_runs(data):
    runs = st.lists(st.lists(PLAIN, min_size=1, max_size=3), max_size=4)
    first = data.draw(runs)
    second = data.draw(st.permutations(first) | runs)
    assert (_digest(*first) == _digest(*second)) == (list(first) == list(second))
