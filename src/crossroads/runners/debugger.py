"""pdb for a life whose other moments can be visited: `back`, `forward`, `goto`, `watch`, `unwatch` and `futures` beside pdb's own commands.

It opens at the point itself, before anything that follows the point has happened: what stands there is the line that makes the point, or,
where the world acts while all tasks wait, the line at which the task waits that the event is for.
"""

import bdb
import os
import pdb
import sys
from types import FrameType, ModuleType, TracebackType
from typing import Any, Final, NoReturn

from crossroads.runners.traveller import Traveller
from crossroads.snapshots.endings import safe_text, type_name
from crossroads.snapshots.live import LiveRun
from crossroads.snapshots.places import describe_place, is_own, program_frame
from crossroads.worlds.world import World

SKIPPED: Final = ("crossroads", "crossroads.*", "asyncio", "asyncio.*", "selectors", "contextvars")
"""Modules that `step` doesn't step into."""

FUTURES_USUAL, FUTURES_MAX = 100, 100_000

WATCHED_CHARS_MAX: Final = 400


class Debugger(pdb.Pdb):
    """pdb in one life.

    Args:
        traveller: takes the user to other points.
        live: the life.
        world, module: of the program.
        end: index of the run's end as it was recorded, 0 where it isn't known.
    """

    def __init__(self, traveller: Traveller, live: LiveRun, world: World, module: ModuleType, end: int) -> None:
        super().__init__(nosigint=True, skip=SKIPPED)
        self._traveller, self._live, self._world, self._module, self._end = traveller, live, world, module, end
        self._is_over = self._goes_on = False
        self._told = self._landed = -1
        if not sys.stdin.isatty():
            # What is read ahead into a buffer would be lost with this process.
            self.use_rawinput = False
            self.stdin = UnbufferedLines(0)  # type: ignore[assignment]

    # Where it opens.

    def land(self) -> None:
        """At the point at which the life stands now."""
        self._landed = self._live.index
        for file, line, temporary, condition in self._traveller.order["breaks"]:
            self.set_break(file, line, temporary, condition)
        frame = frame_at(self._live, self._world)
        if frame is None:
            here = compile("land()", "<no line of the program>", "eval")
            eval(here, vars(self._module), {"land": lambda: self._open(sys._getframe(1))})
        else:
            self._open(frame)

    def land_at_end(self, title: str, traceback: TracebackType | None) -> None:
        """Where the run has failed."""
        self._traveller.speak()
        self._is_over = True
        self.message(title)
        if traceback is not None:
            self.reset()
            self.interaction(None, traceback)
        else:
            self.land()

    def _open(self, frame: FrameType) -> None:
        bdb.Bdb.set_trace(self, frame)
        sys.settrace(None)
        self.interaction(frame, None)
        if not self._is_over and (self.breaks or not self._goes_on):
            sys.settrace(self.trace_dispatch)

    # What pdb calls.

    def interaction(self, frame: FrameType | None, tb_or_exc: Any) -> None:
        """Before the prompt: where the run is, and what is watched."""
        self._goes_on = False
        here = self._here
        self.prompt = f"(point {here}) "
        if here != self._told:
            self._told = here
            end = f" of {self._end}" if self._end else ""
            label = ", the end" if self._is_over else "" if here != self._landed else f", {self._live.kind} {self._live.label!r}"
            self.message(f"point {here}{end}{label if here else ', the start'}")
        stack, index = self.get_stack(frame, tb_or_exc)
        for expression in self._watched:
            self.message(f"{expression} = {self._value(expression, stack[index][0])}")
        super().interaction(frame, tb_or_exc)

    def get_stack(self, f: FrameType | None, t: TracebackType | None) -> tuple[list[tuple[FrameType, int]], int]:
        """The stack without what lies below the program: our own frames that have called it."""
        stack, index = super().get_stack(f, t)
        first = next((number for number, (frame, _) in enumerate(stack) if is_own(frame.f_code.co_filename)), 0)
        first = min(first, index)
        return stack[first:], index - first

    def set_continue(self) -> None:
        """Go on without stopping."""
        self._goes_on = True
        super().set_continue()

    def do_quit(self, arg: str) -> NoReturn:
        """q(uit) | exit

        End the replay here.
        """
        live = self._live
        place = {"point": self._here, "kind": live.kind, "label": live.label, "where": live.place, "time": live.time}
        self._traveller.go({"stopped": place})

    do_q = do_exit = do_quit

    def do_EOF(self, arg: str) -> NoReturn:
        """EOF

        The end of the input ends the replay here.
        """
        self.message("")
        self.do_quit(arg)

    def do_run(self, arg: str) -> None:
        """run | restart

        The timeline fixes the arguments; goto 0 goes back to the start.
        """
        self.error("the timeline fixes the program's arguments; use goto 0 to go back to the start")

    do_restart = do_run

    # Commands of ours.

    def do_back(self, arg: str) -> None:
        """back [count]

        Go back by so many points, 1 by default.
        """
        count = self._whole(arg, 1)
        if count is not None:
            self._go(self._here - count)

    def do_forward(self, arg: str) -> None:
        """forward [count]

        Go on by so many points, 1 by default.
        """
        count = self._whole(arg, 1)
        if count is not None:
            self._go(self._here + count)

    def do_goto(self, arg: str) -> None:
        """goto point

        Go to the point with this index, before or after this one.
        """
        point = self._whole(arg, None)
        if point is not None:
            self._go(point)

    def do_watch(self, arg: str) -> None:
        """watch [expression]

        Show the value of the expression here and at every stop from now on, wherever you go;
        without one, show all that are watched.
        """
        expression = arg.strip()
        if not expression:
            for watched in self._watched:
                self.message(f"{watched} = {self._value(watched, self.curframe)}")
            return
        try:
            compile(expression, "<watch>", "eval")
        except (SyntaxError, ValueError) as problem:
            self.error(f"watch: {expression!r} isn't an expression: {problem}")
            return
        if expression not in self._watched:
            self._watched.append(expression)
        self.message(f"{expression} = {self._value(expression, self.curframe)}")

    def do_unwatch(self, arg: str) -> None:
        """unwatch [expression]

        Don't watch the expression any longer; without one, don't watch any.
        """
        expression = arg.strip()
        if expression and expression not in self._watched:
            self.error(f"unwatch: {expression!r} isn't watched; watched are: {', '.join(self._watched) or 'none'}")
            return
        self._watched[:] = [watched for watched in self._watched if expression and watched != expression]

    def do_futures(self, arg: str) -> None:
        """futures [count]

        Live so many futures from this point, 100 by default, and say how many of them end in this failure.
        They share the past of the recorded run up to this point; what you have changed here isn't in it.
        """
        count = self._whole(arg, FUTURES_USUAL)
        if count is None:
            return
        if not 1 <= count <= FUTURES_MAX:
            self.error(f"futures: {count} must be from 1 to {FUTURES_MAX:,}")
        elif self._is_over:
            self.error("futures: the run has ended here, and nothing can follow; go back first")
        else:
            answer = self._traveller.ask({"futures": count, "at": self._here})
            self.message(str(answer["answer"]))

    # Inside.

    @property
    def _here(self) -> int:
        return self._live.index + 1 if self._is_over else self._live.index

    @property
    def _watched(self) -> list[str]:
        watched: list[str] = self._traveller.order["watch"]
        return watched

    def _go(self, point: int) -> None:
        if self._end and point > self._end:
            self.error(f"point {point} doesn't exist: the points of this run are 0 to {self._end}")
        elif point < 0:
            self.error(f"point {point} doesn't exist: the start is point 0, and this is point {self._here}")
        else:
            breaks = [
                [mark.file, mark.line, mark.temporary, mark.cond] for mark in bdb.Breakpoint.bpbynumber if mark is not None and mark.enabled
            ]
            self._traveller.go({"go": point, "at": self._here, "watch": self._watched, "breaks": breaks})

    def _whole(self, arg: str, usual: int | None) -> int | None:
        text = arg.strip()
        if not text and usual is not None:
            return usual
        try:
            return int(text.replace("_", ""))
        except ValueError:
            self.error(f"{text!r} must be a whole number")
            return None

    def _value(self, expression: str, frame: Any) -> str:
        try:
            text = repr(eval(expression, frame.f_globals, frame.f_locals))
        except Exception as problem:
            text = f"*** {type_name(problem)}: {safe_text(problem)}"
        return text if len(text) <= WATCHED_CHARS_MAX else text[: WATCHED_CHARS_MAX - 3] + "..."


def frame_at(live: LiveRun, world: World) -> FrameType | None:
    """The line that makes the point at which the life stands; else where the task waits that it is for, or any task."""
    frame = program_frame()
    place = live.place
    if frame is not None and describe_place(frame.f_code, frame.f_lineno) == place:
        return frame
    waiting = [found for _, found in world.frames()]
    meant = [found for found in waiting if describe_place(found.f_code, found.f_lineno) == place]
    return next(iter([*meant, *waiting]), frame)


class UnbufferedLines:
    """Reads lines from a descriptor and nothing beyond them.

    Args:
        descriptor: what to read from.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def readline(self) -> str:
        """The next line, "" at the end."""
        line = bytearray()
        while not line.endswith(b"\n") and (byte := os.read(self._descriptor, 1)):
            line += byte
        return line.decode("utf-8", "replace")
