"""Times that decide where there are no options to compare: how long a message took, and from where on that was too long."""

import random
from pathlib import Path

import pytest

import crossroads
from crossroads.analysis.moments import best_limit
from crossroads.analysis.report import account_from_data, account_to_data
from crossroads.analysis.results import TurningPoint

PROGRAM = """
import asyncio

async def answer(reader, writer):
    await reader.readline()
    writer.write(b"done\\n")
    await writer.drain()
    writer.close()

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 4000)
    reader, writer = await asyncio.open_connection("127.0.0.1", 4000)
    await asyncio.sleep(1)
    {before}
    writer.write(b"do\\n")
    began = asyncio.get_running_loop().time()
    await reader.readline()
    took = asyncio.get_running_loop().time() - began
    writer.close()
    server.close()
    assert took < {limit}, took
"""


@pytest.mark.parametrize("limit", [0.1, 5.0])
def test_the_limit_that_tells_best_apart(limit: float) -> None:
    rng = random.Random(3)
    times = [rng.expovariate(1 / limit) for _ in range(200)]
    found = best_limit([(seconds, rng.random() < (0.9 if seconds > limit else 0.1)) for seconds in times])
    assert found is not None
    assert abs(found - limit) < 0.15 * limit


@pytest.mark.parametrize("timed", [[], [(1.0, True)] * 50, [(float(number), False) for number in range(50)]])
def test_there_is_none_where_times_or_ends_are_all_alike(timed: list[tuple[float, bool]]) -> None:
    assert best_limit(timed) is None


def deciding(folder: Path, before: str, limit: float, seed: int) -> TurningPoint:
    """The step with the time that decided, in the account of a program's failure."""
    path = folder / "program.py"
    path.write_text(PROGRAM.format(before=before, limit=limit))
    found = crossroads.explore(str(path), futures=300, seed=seed, store=folder / "s.sqlite")
    account = crossroads.explain(found.failures[0], budget=2_000, store=folder / "s.sqlite")
    assert account_from_data(account_to_data(account)) == account
    out = account.last_way_out
    assert out is not None
    assert out.option or (out.took is not None and out.took < limit)
    return max(account.turning_points, key=lambda step: step.jump)


@pytest.mark.once
@pytest.mark.slow
def test_a_message_without_a_rival_that_takes_too_long(tmp_path: Path) -> None:
    step = deciding(tmp_path, "pass", 0.02, seed=2)
    assert step.kind == "event"
    assert step.moment is not None
    assert step.moment.limit is not None
    assert step.moment.futures
    assert 0.005 < step.moment.limit < 0.02 < step.moment.took + 0.02
    assert step.moment.up_to is not None
    assert step.moment.longer is not None
    assert step.moment.up_to.high < step.moment.longer.low


@pytest.mark.once
@pytest.mark.slow
def test_a_message_whose_moment_within_an_option_decides(tmp_path: Path) -> None:
    step = deciding(tmp_path, "asyncio.get_running_loop().call_later(0.2, print)", 0.02, seed=2)
    assert step.kind == "latency"
    assert step.inner is not None
    assert step.inner.option.startswith("before ")
    assert step.moment is not None
    assert step.moment.limit is not None
    assert 0.005 < step.moment.limit < 0.02
    assert step.moment.less > 0.5
