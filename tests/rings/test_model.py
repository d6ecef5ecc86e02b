"""Random programs with marks, returns and memories, nested and in loops, against a pure model of what must happen."""

import copy
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ring_tools import Log, fork_and_run

import crossroads

RETURNS_MAX = 8
Statement = tuple[Any, ...]
"""("say", text), ("mark",), ("back", which, returns at most), ("repeat", times, body), ("call", body)."""

says = st.tuples(st.just("say"), st.sampled_from("abc"))
marks = st.just(("mark",))
backs = st.tuples(st.just("back"), st.integers(0, 3), st.integers(1, 3))


def bodies(statements: "st.SearchStrategy[Statement]") -> "st.SearchStrategy[Statement]":
    body = st.lists(statements, min_size=1, max_size=4)
    return st.one_of(st.tuples(st.just("repeat"), st.integers(1, 3), body), st.tuples(st.just("call"), body))


programs = st.lists(st.recursive(st.one_of(says, marks, marks, backs, backs), bodies, max_leaves=8), min_size=2, max_size=6)


class Real:
    """Lives a program on Python's own stack: loops, generators and closures, none of which know that they go back."""

    def __init__(self, log: Log) -> None:
        self.log, self.said, self.marks = log, [], []  # type: ignore[var-annotated]

    def live(self, body: list[Statement]) -> None:
        for statement in body:
            getattr(self, statement[0])(*statement[1:])

    def say(self, text: str) -> None:
        self.said.append(text)
        print(text, end="")

    def mark(self) -> None:
        here = crossroads.mark()
        self.marks.append(here)
        self.log("mark", here.returns, list(here.memory), "".join(self.said))

    def back(self, which: int, returns: int) -> None:
        if which >= len(self.marks):
            return
        here = self.marks[-1 - which]
        if here.returns >= returns:
            return
        try:
            crossroads.go_back(here, "".join(self.said))
        except crossroads.CrossroadsError as error:
            self.log("max" if "max_returns" in str(error) else "gone")

    def repeat(self, times: int, body: list[Statement]) -> None:
        for _ in (number for number in range(times)):
            self.live(body)

    def call(self, body: list[Statement]) -> None:
        def steps() -> Any:
            for statement in body:
                self.live([statement])
                yield

        for _ in steps():
            pass


@dataclass
class State:
    """All of a program's state in the model: what is still to do, what it has said, and its past."""

    todo: list[Statement]
    said: str = ""
    marks: list["Model"] = field(default_factory=list)
    alive: list["Model"] = field(default_factory=list)


class Model:
    """A mark: the state then, and what was brought back since."""

    def __init__(self, state: State) -> None:
        # Marks are shared by all lives; everything else is copied.
        self.state = State(copy.deepcopy(state.todo), state.said, list(state.marks), list(state.alive))
        self.memory: list[str] = []


def expected(program: list[Statement], marks_max: int) -> tuple[list[str], str]:
    """What a program notes in all of its lives, and what it prints in the end."""
    state, notes, returns = State(list(program)), [], 0

    def note(mark: Model) -> None:
        notes.append(f"mark {len(mark.memory)} {mark.memory} {state.said}")

    while state.todo:
        kind, *rest = state.todo.pop(0)
        if kind == "say":
            state.said += rest[0]
        elif kind == "repeat":
            state.todo[:0] = list(rest[1]) * rest[0]
        elif kind == "call":
            state.todo[:0] = list(rest[0])
        elif kind == "mark":
            if len(state.alive) >= marks_max:
                state.alive = state.alive[1:]
            mark = Model(state)
            mark.state.marks.append(mark)
            mark.state.alive.append(mark)
            state = copy.copy(mark.state)
            state.todo, state.marks, state.alive = list(state.todo), list(state.marks), list(state.alive)
            note(mark)
        elif rest[0] < len(state.marks):
            mark = state.marks[-1 - rest[0]]
            # Every return makes a new life, so a life knows of all of them.
            if len(mark.memory) >= rest[1]:
                continue
            if mark not in state.alive or returns >= RETURNS_MAX:
                notes.append("gone" if mark not in state.alive else "max")
                continue
            returns += 1
            mark.memory.append(state.said)
            state = State(list(mark.state.todo), mark.state.said, list(mark.state.marks), list(mark.state.alive))
            note(mark)
    return notes, state.said


@pytest.mark.once
@pytest.mark.slow
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(programs, st.sampled_from([2, 64]))
def test_programs_do_what_the_model_says(program: list[Statement], marks_max: int) -> None:
    def live(log: Log) -> None:
        with crossroads.ring(max_returns=RETURNS_MAX, max_marks=marks_max):
            Real(log).live(program)

    folder = Path(tempfile.mkdtemp())
    try:
        ended = fork_and_run(folder, live)
    finally:
        shutil.rmtree(folder)
    assert ended.code == 0, ended.output
    notes, said = expected(program, marks_max)
    assert [line.rstrip() for line in ended.log] == [line.rstrip() for line in notes]
    assert ended.output == said
