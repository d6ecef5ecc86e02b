"""What is started from the page: explored, explained, lived again by processes of their own, and ended with the server."""

import asyncio
import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import faces_values as made
import pytest

from crossroads.analysis.explain import explain
from crossroads.analysis.sources import load_failure
from crossroads.store.store import Store

pytest.importorskip("starlette", reason="starlette isn't installed")
from crossroads.faces.ui.jobs import RUNNING_MAX, Board, Job

TWO_COINS = {"target": "two_coins.py", "futures": "60", "seed": "1"}


def told(client: Any, place: str) -> list[dict[str, Any]]:
    """All that the stream of a job says, to its end."""
    lines = client.get(f"{place}/events").text.splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def started(client: Any, path: str, **fields: str) -> str:
    answer = client.post(path, data=fields)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_an_explanation_that_is_stopped_early_takes_nothing_away(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = replace(made.coins_account(), ended="interrupted", futures_spent=10)
    monkeypatch.setattr("crossroads.analysis.explain.runner_for", lambda *_, **__: nullcontext())
    monkeypatch.setattr("crossroads.analysis.explain.explain_timeline", lambda *_, **__: stopped)
    found = made.coins().id
    assert any("is kept" in note for note in explain(found, store=store).notes)
    with Store(store) as kept:
        assert load_failure(kept, found).account == made.coins_account()


def alive(process_id: int) -> bool:
    return Path(f"/proc/{process_id}").exists()


@pytest.mark.once
@pytest.mark.slow
def test_explore_explain_look_and_replay_from_the_page(client: Any, store: Path) -> None:
    place = started(client, "/explore", **TWO_COINS)
    news = told(client, place)
    assert news[-1]["state"] == "done"
    assert news[-1]["done"] == 60
    page = client.get(place).text
    assert "60 futures lived" in page
    with Store(store) as kept:
        (found,) = (row.id for row in kept.failures() if row.seed == 1)
    assert f'href="/failure/{found}"' in page
    assert f'href="/failure/{found}"' in client.get("/").text

    place = started(client, f"/failure/{found}/explain", budget="1200")
    curves = [one["curve"] for one in told(client, place) if "curve" in one]
    assert len(curves) >= 2, "the curve is shown while it is being made"
    assert curves[-1]["futures"] != curves[0]["futures"]
    assert 'id="curve-data"' in client.get(place).text
    with Store(store) as kept:
        assert load_failure(kept, found).account is not None

    place = started(client, f"/failure/{found}/look")
    assert told(client, place)[-1]["state"] == "done"
    assert 'id="lives"' in client.get(f"/failure/{found}").text

    place = started(client, f"/failure/{found}/replay")
    assert told(client, place)[-1]["state"] == "done"
    assert "The same run again: AssertionError: both coins came up heads" in client.get(place).text


SWEPT = """
import asyncio

async def main():
    held, tasks = [], []

    async def hold():
        held.append(1)
        await asyncio.sleep(0.01)
        held.pop()

    tasks = [asyncio.create_task(hold()) for _ in range(2)]
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not held, "nobody let go"
"""


@pytest.mark.slow
def test_a_sweep_is_gone_on_with_as_a_sweep(client: Any, tmp_path: Path) -> None:
    program = tmp_path / "swept.py"
    program.write_text(SWEPT)
    place = started(client, "/explore", target=str(program), futures="40", cancel="hold")
    assert told(client, place)[-1]["state"] == "done"
    assert "nobody let go" in client.get(place).text
    assert 'name="cancel" value="hold"' in client.get("/").text
    place = started(client, "/explore", target=str(program), futures="40", cancel="no_such")
    assert told(client, place)[-1]["state"] == "failed"
    assert "no_such" in client.get(place).text


@pytest.mark.slow
def test_what_is_stopped_keeps_what_is_known(client: Any, store: Path) -> None:
    place = started(client, "/explore", target="two_coins.py", futures="1000000", seed="2")
    assert started(client, "/explore", target="two_coins.py", futures="1000000", seed="2") == place, "the same isn't started twice"
    assert "Under way" in client.get("/").text
    assert started(client, f"{place}/stop") == place
    assert told(client, place)[-1]["state"] == "stopped"
    assert "topped" in client.get(place).text


def test_what_cannot_be_explored_is_said(client: Any) -> None:
    assert "must be a whole number" in client.post("/explore", data={"target": "boat.py", "futures": "many"}).text
    assert client.post("/explore", data={"target": "no/such.py"}).status_code == 400
    assert client.post("/explore", data={"target": ""}).status_code == 400
    assert client.post("/explore", data={"target": "boat.py", "faults": "fire"}).status_code == 400
    assert client.post("/explore", content=b"x" * 30_000).status_code == 400
    assert client.post("/explore", content=b"\xff=%ff").status_code == 400
    assert client.post("/failure/3fa9c2d1/delete").status_code == 404
    assert client.post("/failure/ffffffff/explain").status_code == 404
    assert client.get("/job/7").status_code == 404
    assert client.get("/job/7/events").status_code == 404
    assert client.post("/job/7/stop").status_code == 404
    assert client.get("/explore").status_code == 405


@pytest.mark.slow
def test_a_failure_whose_program_has_changed_is_said_so(client: Any) -> None:
    place = started(client, "/failure/3fa9c2d1/explain")
    assert told(client, place)[-1]["state"] == "failed"
    assert "isn&#39;t the same any more" in client.get(place).text


@pytest.mark.slow
def test_nothing_is_left_when_the_server_ends(in_programs: Path, tmp_path: Path) -> None:
    async def work() -> list[Job]:
        board = Board()
        order = {"target": "two_coins.py", "futures": 10**6, "seed": 3, "faults": [], "store": str(tmp_path / "store.sqlite")}
        jobs = [await board.start("explore", f"two_coins.py {number}", order) for number in range(RUNNING_MAX)]
        with pytest.raises(Exception, match="jobs are under way"):
            await board.start("explore", "two_coins.py", order)
        async for _ in board.events(jobs[0].number):
            if jobs[0].progress["done"]:
                break
        await board.close()
        return jobs

    jobs = asyncio.run(work())
    assert not any(job.is_running for job in jobs)
    assert not any(alive(job.process.pid) for job in jobs)


@pytest.mark.slow
def test_a_job_ends_with_a_killed_server(in_programs: Path, tmp_path: Path) -> None:
    async def work() -> Job:
        board = Board()
        order = {"target": "two_coins.py", "futures": 10**6, "seed": 3, "faults": [], "store": str(tmp_path / "store.sqlite")}
        job = await board.start("explore", "two_coins.py", order)
        async for _ in board.events(job.number):
            if job.progress["done"]:
                break
        assert job.process.stdin is not None
        job.process.stdin.close()
        await asyncio.wait_for(job.process.wait(), 20)
        await board.close()
        return job

    job = asyncio.run(work())
    assert job.state == "failed"
    assert not alive(job.process.pid)


def test_a_reader_hears_the_latest_state_only() -> None:
    async def work() -> list[dict[str, Any] | None]:
        board = Board()
        process: Any = None
        job = board.jobs[1] = Job(1, "explain", made.coins().id, process)
        heard = []
        stream = board.events(1)
        for done in (10, 20):
            job.take({"done": done, "total": 100})
        job.take({"curve": {"point": [0]}, "marks": []})
        heard.append(await anext(stream))
        job.take({"done": 30, "total": 100})
        board._tell()
        heard.append(await anext(stream))
        job.take({"result": {"text": "done"}})
        board._tell()
        return [*heard, *[one async for one in stream]]

    first, second, last = asyncio.run(work())
    assert first is not None
    assert second is not None
    assert last is not None
    assert (first["done"], first["curve"]) == (20, {"point": [0]})
    assert (second["done"], "curve" in second) == (30, False)
    assert last["state"] == "done"
