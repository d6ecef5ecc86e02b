"""The story of the ring: its evenings against exact sums over all of them, its lives against their distribution."""

import re
import subprocess
import sys
import textwrap
from collections import Counter
from math import sqrt
from pathlib import Path

import pytest
from exact_evening import FIGHTER_LOST, TRAVELLER_LOST, lost_in_a_life, prevented_in_life_three, q

import crossroads
from crossroads.analysis.explain import trace_path
from crossroads.analysis.sources import runner_for
from crossroads.timeline.points import Point

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "examples" / "last_ten_minutes.py"
PAGE = ROOT / "docs" / "last-ten-minutes.md"

STORIES = 50
ERRORS_MAX = 4.0
"""Standard errors; more than these happen once in ten thousand times."""

LOST, PREVENTED = "the traveller is lost", "the invasion is prevented"
DEADLINE_S = 300

Lives = Counter[tuple[str, int]]
"""How often a story ended so, in this life."""


@pytest.fixture(scope="module")
def doomed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[crossroads.Failure, crossroads.Account]]:
    """The doomed evenings that are found, and their accounts, by their exceptions."""
    store = tmp_path_factory.mktemp("evenings") / "found.sqlite"
    found = crossroads.explore(str(PROGRAM), futures=200, store=store)
    assert not found.explored.other
    return {failure.outcome.exception.rpartition(".")[2]: (failure, crossroads.explain(failure, store=store)) for failure in found.failures}


def choices_of(failure: crossroads.Failure) -> list[Point]:
    with runner_for(failure.timeline, engine=None, jobs=1, limits=None) as runner:
        return [point for point in trace_path(runner, failure.timeline).choices if point.taken is not None]


@pytest.mark.slow
@pytest.mark.parametrize("end", [TRAVELLER_LOST, FIGHTER_LOST])
def test_the_account_of_an_evening_is_exact(end: str, doomed: dict[str, tuple[crossroads.Failure, crossroads.Account]]) -> None:
    failure, account = doomed[end]
    choices = choices_of(failure)

    def past(point: int) -> list[int]:
        return [choice.taken for choice in choices if choice.index < point and choice.taken is not None]

    assert account.method == "enumerated"
    assert account.baseline.value == pytest.approx(q(end))
    assert failure.probability.low <= q(end) <= failure.probability.high
    assert [point.failure.value for point in account.curve[:-1]] == pytest.approx(
        [q(end, *past(point.point)) for point in account.curve[:-1]]
    )
    for step in (*account.turning_points, *account.decisions):
        expected = [q(end, *past(step.point), option) for option in range(len(step.options))]
        assert [option.failure.value for option in step.options] == pytest.approx(expected)
    too_late = account.point_of_no_return
    assert too_late is not None
    assert too_late.certainty == "proved"
    assert too_late.point == next(point for point in range(failure.timeline.points) if q(end, *past(point)) == 1)
    large = [choice.index for choice in choices if abs(q(end, *past(choice.index + 1)) - q(end, *past(choice.index))) >= 0.2]
    assert set(large) <= {step.point for step in account.turning_points}


@pytest.mark.slow
def test_the_lost_traveller_had_a_way_out_in_the_hand_of_another(doomed: dict[str, tuple[crossroads.Failure, crossroads.Account]]) -> None:
    failure, account = doomed[TRAVELLER_LOST]
    assert failure.timeline.outcome is not None
    assert len([step for step in account.turning_points if step.jump >= 0.2]) >= 2
    assert account.last_way_out is not None
    assert (account.last_way_out.label, account.last_way_out.option) == ("the fighter's hand", "'slips the ring on'")
    assert account.point_of_no_return is not None
    assert account.curve[-1].time - account.point_of_no_return.time >= 5 * 60
    assert crossroads.replay(account.last_way_out.survivor, quiet=True).timeline.outcome == crossroads.Outcome("passed")


def live(function: str) -> str:
    command = [sys.executable, "-m", "crossroads", "live", f"{PROGRAM}:{function}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.slow
def test_who_remembers_prevents_it_in_the_third_life() -> None:
    told = live("with_memory").splitlines()
    assert [line.partition(":")[0] for line in told] == ["Day 1", "Day 22", "Day 43"]
    assert told[0].startswith("Day 1: the fighter put on the ring")
    assert told[-1] == "Day 43: in life 3 the invasion is prevented."


@pytest.mark.slow
def test_the_numbers_of_lives_are_distributed_as_they_should_be() -> None:
    """Null hypothesis: they are. Each number may be off by so many standard errors."""
    remembering, forgetting = (lives_of(text) for text in live("without_memory").split("nothing:"))
    lost, third = lost_in_a_life(), prevented_in_life_three()
    assert sum(remembering.values()) == sum(forgetting.values()) == STORIES
    assert {end for end, _ in forgetting} == {LOST}
    lives = sum(life * count for (_, life), count in forgetting.items())
    assert lives / STORIES == pytest.approx(1 / lost, abs=ERRORS_MAX * sqrt((1 - lost) / STORIES) / lost)
    for life in range(1, 20):
        ended = sum(forgetting[LOST, number] for number in range(1, life + 1))
        assert ended / STORIES == pytest.approx(1 - (1 - lost) ** life, abs=error(1 - (1 - lost) ** life))
    expected = {(LOST, 1): lost, (PREVENTED, 2): 1 - lost - third, (PREVENTED, 3): third}
    assert set(remembering) == set(expected)
    for how, probability in expected.items():
        assert remembering[how] / STORIES == pytest.approx(probability, abs=error(probability))


def error(probability: float) -> float:
    """How far a share of the stories may be from its probability; one story in any case."""
    return max(ERRORS_MAX * sqrt(probability * (1 - probability) / STORIES), 1 / STORIES)


def lives_of(text: str) -> Lives:
    return Counter(
        {(end.strip(), int(life)): int(count) for end, life, count in re.findall(r"^  (.*?) in life +(\d+)  █* (\d+)$", text, re.MULTILINE)}
    )


def test_the_page_quotes_the_program() -> None:
    source = PROGRAM.read_text()
    quotes = re.findall(r"^```py\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert quotes
    for quote in quotes:
        assert quote in source or textwrap.indent(quote, "    ") in source
