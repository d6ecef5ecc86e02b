"""Points of no return that a program names are not gone back past by accident."""

from collections.abc import Iterator
from typing import Any

import pytest
from landing_tools import in_child

from crossroads import program
from crossroads.errors import RingError
from crossroads.rings.irreversible import Commitments, allow, current, forbid, irreversible


@pytest.fixture
def commitments() -> Iterator[Commitments]:
    made = Commitments()
    yield made
    made.ended()


class Story:
    """A run, of which nothing is needed."""

    mark: Any
    choose: Any


@pytest.fixture
def exploring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.current, "run", Story())


def do(what: str, **options: Any) -> None:
    with irreversible(what, **options):
        pass


def test_outside_of_a_ring_it_is_allowed_and_nothing_is_recorded() -> None:
    do("send invoice")
    assert current.commitments is None


def test_going_back_past_it_is_refused(commitments: Commitments) -> None:
    commitments.marked(1)
    do("send invoice")
    do("send invoice")
    do("launch")
    commitments.marked(2)
    commitments.returning(2, False)
    with pytest.raises(RingError, match='would leave "send invoice" and "launch" done'):
        commitments.returning(1, False)
    commitments.returning(1, True)


def test_it_counts_from_its_beginning(commitments: Commitments) -> None:
    commitments.marked(1)
    with irreversible("launch"):
        commitments.marked(2)
        commitments.returning(2, False)
        with pytest.raises(RingError, match="launch"):
            commitments.returning(1, False)


def test_what_a_dead_life_has_done_is_known_and_named_once(commitments: Commitments) -> None:
    commitments.marked(1)
    assert in_child(lambda: do("send invoice")) == 0
    assert commitments.since(1) == ["send invoice"]
    (finding,) = commitments.returned(1)
    assert (finding.kind, finding.subject, finding.mended) == ("irreversible", "send invoice", False)
    commitments.returning(1, False)
    assert commitments.returned(1) == []


def test_the_end_names_what_discarded_lives_have_done() -> None:
    commitments = Commitments()
    do("begin")
    commitments.marked(1)
    do("send invoice")
    commitments.returned(1)
    do("send invoice")
    do("archive")
    assert [finding.subject for finding in commitments.ended()] == ["send invoice"]
    assert current.commitments is None


def test_exploring_forbids_it(exploring: None) -> None:
    with pytest.raises(RingError, match='"launch" can\'t be taken back and was not confirmed while futures are explored'):
        do("launch")
    do("launch", confirm=allow)


def test_hooks() -> None:
    asked: list[str] = []
    do("one", confirm=lambda what: asked.append(what) or True)
    assert asked == ["one"]
    with pytest.raises(RingError, match="not confirmed;"):
        do("two", confirm=forbid)
    commitments = Commitments(forbid)
    commitments.marked(1)
    with pytest.raises(RingError):
        do("three")
    do("four", confirm=allow)
    assert commitments.since(1) == ["four"]
    commitments.ended()
