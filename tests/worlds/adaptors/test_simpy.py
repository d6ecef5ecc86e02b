"""SimPy's events as points."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from crossroads.worlds.adaptors import install_adaptors

simpy: Any = pytest.importorskip("simpy")


@pytest.fixture
def events() -> Iterator[list[tuple[str, float | None]]]:
    told: list[tuple[str, float | None]] = []
    uninstall = install_adaptors(lambda label, time, actor=None: told.append((label, time)))
    yield told
    uninstall()


def machine(env: Any, resource: Any) -> Generator[Any, Any, None]:
    with resource.request() as request:
        yield request
        yield env.timeout(2.5)


def test_each_event_is_told_before_it_is_processed(events: list[tuple[str, float | None]]) -> None:
    env = simpy.Environment(initial_time=10)
    resource = simpy.Resource(env)
    env.process(machine(env, resource))
    env.event().succeed()
    env.run()
    assert events == [
        ("Initialize machine", 10.0),
        ("Event", 10.0),
        ("Request of machine", 10.0),
        ("Timeout of machine", 12.5),
        ("Release", 12.5),
        ("Process machine", 12.5),
    ]


def test_an_event_sees_the_state_before_it(events: list[tuple[str, float | None]]) -> None:
    seen: list[int] = []
    uninstall = install_adaptors(lambda label, time, actor=None: seen.append(len(done)))
    env = simpy.Environment()
    done: list[int] = []
    for delay in range(3):
        env.timeout(delay).callbacks.append(lambda event: done.append(1))
    env.run()
    uninstall()
    assert seen == [0, 1, 2]


def test_errors_and_ends_are_those_of_simpy(events: list[tuple[str, float | None]]) -> None:
    env = simpy.Environment()
    with pytest.raises(simpy.core.EmptySchedule):
        env.step()
    assert events == []
    env.timeout(5)
    env.run(until=3)
    assert [label for label, _ in events] == ["Event"]
    env.event().fail(ValueError("failed"))
    with pytest.raises(ValueError, match="failed"):
        env.run()


def test_environments_derived_from_it_tell_too(events: list[tuple[str, float | None]]) -> None:
    class Own(simpy.Environment):  # type: ignore[misc]
        steps = 0

        def step(self) -> None:
            self.steps += 1
            super().step()

    for env in (Own(), simpy.rt.RealtimeEnvironment(factor=0.0001, strict=False)):
        events.clear()
        env.timeout(1)
        env.run()
        assert events == [("Timeout", 1.0)]


def test_uninstall_puts_the_stock_step_back() -> None:
    stock = simpy.Environment.step
    uninstall = install_adaptors(lambda label, time, actor=None: None)
    assert simpy.Environment.step is not stock
    uninstall()
    assert simpy.Environment.step is stock


def test_an_event_names_the_generator_that_it_resumes() -> None:
    lines: list[tuple[str, int | None]] = []
    uninstall = install_adaptors(lambda label, time, actor=None: lines.append((label, actor and actor.gi_frame.f_lineno)))
    env = simpy.Environment()
    env.process(machine(env, simpy.Resource(env)))
    env.run()
    uninstall()
    first = machine.__code__.co_firstlineno
    assert ("Request of machine", first + 2) in lines
    assert ("Timeout of machine", first + 3) in lines
