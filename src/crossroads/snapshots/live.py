"""A run while it is lived: counts its points, settles its choices by its plan, and stops where it is told to.

It knows nothing of processes: `pause` is a hook through which a server turns the present moment into a snapshot. Nor does it know of
entropy or clocks, which belong to the world and are reached through `Fate`. A point costs a call, a comparison and an addition unless
something is to be done there: `_stop` is the next point at which anything is.
"""

import gc
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from types import GeneratorType
from typing import Any, Final, NoReturn, Protocol

from crossroads.errors import NotSimulated
from crossroads.snapshots.lines import LineRecorder
from crossroads.snapshots.places import describe_place, is_own, program_frame, short_path
from crossroads.snapshots.plans import Plan
from crossroads.timeline.digests import Digest
from crossroads.timeline.hashing import Four
from crossroads.timeline.keys import Units
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.points import PointKind
from crossroads.timeline.timelines import Calm
from crossroads.timeline.weights import likeliest, pick, probability, shares

CHOICES_MAX: Final = 10_000
"""Choices recorded for a run; enough for enumeration and pass-through, which need the first few hundred."""

TRACE_MAX: Final = 20_000
"""Points recorded for one trace; a result has to fit into its region."""

COLLECT_FIRST: Final = 65_536
"""Garbage is collected at this point and whenever the index has doubled since: cyclic garbage stays bounded in runs of millions of
points, at a bounded total cost, and always at the same points (CPython's own thresholds would depend on our allocations, too)."""

DRAWS_FULL: Final = 2_000
"""So many draws are points each, the next so many points are every second draw, then every fourth, and so on."""

DRAWS_DIGITS: Final = 8
"""Of the fingerprint of a program's entropy, so many digits are traced at each point."""

CALM_UNIT: Final = 0.4
"""What stands for a draw that takes its ordinary course: of the world's latencies about the median."""

CALM_FOUR: Final[Four] = (CALM_UNIT, CALM_UNIT, CALM_UNIT, CALM_UNIT)

# Taken before any program under test could replace it.
_collect = gc.collect

GIVEN_UP: Final = Outcome("hung", "given up", "went on beyond the point or the time at which it was to be given up")

_NO_LABEL: Final = object()

_BEFORE: Final = Units(0)
"""What named draws come from until the first epoch begins."""

_NO_PLAN: Final = Plan()

Record = dict[str, Any]

Locate = Callable[[], tuple[str, str]]
"""Tells where the program stands, where its frames don't, and what a reader may want to see beside the label; both may be ""."""


class Fate(Protocol):
    """What a world gives to its run: entropy that follows epochs, and a clock."""

    def rekey(self, seed: int) -> None: ...

    def fingerprint(self) -> str: ...

    def drawn(self) -> bool: ...

    def elapsed(self) -> float: ...

    def watch(self, on: bool) -> None:
        """Note the program's timers that run out, or don't any more."""

    def ran_out(self) -> list[str]:
        """Those that have since this was last asked."""

    def give_up_after(self, seconds: float) -> None:
        """End the run with GIVEN_UP once its clock is beyond this time; 0: don't."""

    def woke(self) -> None:
        """This process was forked since it was last told so, or since its start: what a fork disturbs is to be put right."""


class LiveRun:
    """One life of a program.

    Args:
        fate: the world's entropy and clock.
        step_limit: index at which the run counts as hung.
        end: ends a life, this one, with an outcome, from wherever it is.
    """

    def __init__(self, fate: Fate, step_limit: int, end: "Callable[[LiveRun, Outcome], NoReturn]") -> None:
        NotSimulated.asked = ""
        self.index = 0
        self.begun = False
        self.kind: PointKind = "start"
        self.label = "start"
        self.marks = 0
        self.choices: list[tuple[int, int, int, float]] = []
        self.trace: list[Record] = []
        self.pause: Callable[[LiveRun], None] | None = None
        self.pauses: tuple[int, ...] = ()
        self.observe: Callable[[LiveRun], None] | None = None
        self._fate, self._step_limit, self._end = fate, step_limit, end
        self._stop = 0
        self._plan = _NO_PLAN
        self._is_forced = False
        self._choices_max = CHOICES_MAX
        self.units = _BEFORE
        """What named draws come from; another object as soon as an epoch begins."""
        self._digest = Digest()
        self._mark_label: object = _NO_LABEL
        self._text = ""
        self._occurrences: dict[str, int] = {}
        self._fours: dict[str, int] = {}
        self._calm: Calm = ""
        self._tracing = False
        self._traced: tuple[int, ...] = ()
        self._draws = 0
        self._draw_mask = 0
        self._next_thinning = DRAWS_FULL
        self._last_print: tuple[int, str] | None = None
        self._actor: GeneratorType[Any, Any, Any] | None = None
        self._locate: Locate | None = None
        self._lines: LineRecorder | None = None
        self._next_collection = COLLECT_FIRST

    # What the program and its world call.

    def mark(self, label: object) -> None:
        index = self.index = self.index + 1
        self.marks += 1
        if label is not self._mark_label:
            self._relabel("mark", label)
        if index >= self._stop:
            self._arrive("mark")

    def event(self, label: str, actor: "GeneratorType[Any, Any, Any] | None" = None, locate: Locate | None = None) -> None:
        """A world event, about to be processed; it resumes `actor`, where there is one, or `locate` says where the program stands."""
        self._actor, self._locate = actor, locate
        self._happen("event", label)
        self._actor = self._locate = None

    def draw(self, name: str) -> None:
        """A draw, about to be made, in a program whose draws are its points."""
        count = self._draws
        self._draws = count + 1
        if count & self._draw_mask:
            return
        self._happen("draw", name)
        if self.index >= self._next_thinning:
            self._draw_mask = self._draw_mask * 2 + 1
            self._next_thinning += DRAWS_FULL

    def choose(
        self,
        kind: PointKind,
        label: object,
        options: Sequence[Any],
        weights: Sequence[float] | None,
        locate: Locate | None = None,
        u: float | None = None,
    ) -> int:
        """Settle a choice point: the index of the option to take.

        Args:
            kind: of the point.
            label: its text is the choice's name.
            options: at least one; their text is asked for only in a traced run.
            weights: of the options; None: all alike.
            locate: says where the program stands, if its frames don't.
            u: a number of the present epoch for the draw, 0 <= u < 1; None: the one of this name and how often it was asked for.
        """
        index = self.index = self.index + 1
        name = str(label)
        self._mark_label = _NO_LABEL
        if index >= self._stop:
            self._text = name
            self._locate, units = locate, self.units
            self._arrive(kind)
            self._locate = None
            if self.units is not units:
                # An epoch begins here, and what was drawn for this choice before belongs to the one that it ends.
                u = None
        count = len(options)
        occurrences = self._occurrences
        occurrence = occurrences[name] = occurrences.get(name, -1) + 1
        taken = self._wanted(index, name, occurrence, options) if self._is_forced else None
        if taken is None:
            if self._calm:
                taken = likeliest(weights)
            elif u is None:
                taken = pick(self.units.draw(kind, name, occurrence), count, weights)
            else:
                taken = pick(u, count, weights)
        elif taken >= count:
            self._refuse(index, name, taken, count)
        self._digest.hold((index, kind, name, count, taken))
        if len(self.choices) < self._choices_max:
            self.choices.append((index, taken, count, probability(taken, count, weights)))
        if self._tracing and self.trace and self.trace[-1]["index"] == index:
            self._describe(name, occurrence, options, taken, weights)
        return taken

    def offer(self, kind: PointKind, name: str, options: Sequence[Any], locate: Locate | None = None) -> int:
        """A point that is a choice only where the plan says what to take: else there is none to make, and the first option is what happens.

        The name is one that no other choice of the run has.
        """
        index = self.index = self.index + 1
        self._mark_label = _NO_LABEL
        if index >= self._stop:
            self._text = name
            self._locate = locate
            self._arrive(kind)
            self._locate = None
        count = len(options)
        taken = self._wanted(index, name, 0, options) if self._is_forced else None
        if taken is None:
            self._digest.add(index, kind, name)
            return 0
        if taken >= count:
            self._refuse(index, name, taken, count)
        weights = (1.0, *(0.0 for _ in options[1:]))
        self._digest.add(index, kind, name, count, taken)
        if len(self.choices) < self._choices_max:
            self.choices.append((index, taken, count, weights[taken]))
        if self._tracing and self.trace and self.trace[-1]["index"] == index:
            self._describe(name, 0, options, taken, weights)
        return taken

    def took(self, seconds: float) -> None:
        """Tell how long what this point is about takes, where that was drawn here."""
        if self._tracing and self.trace and self.trace[-1]["index"] == self.index:
            self.trace[-1]["took"] = seconds

    def four(self, name: str) -> Four:
        """Uniform numbers, 0 <= u < 1, that aren't choices: keyed by the epoch's seed, this name and how often it was asked for."""
        if not self.begun:
            self.begin()
        if self._calm == "all":
            return CALM_FOUR
        occurrences = self._fours
        occurrence = occurrences[name] = occurrences.get(name, -1) + 1
        return self.units.four(name, occurrence)

    def end(self, outcome: Outcome) -> NoReturn:
        """End this life here: the world has found that it can't go on."""
        self._end(self, outcome)

    def begin(self) -> None:
        """Point 0, the start: met before anything is drawn and before the first point."""
        if not self.begun:
            self.begun = True
            self._at_point("start", 0)

    # What engines call.

    def follow(self, plan: Plan) -> None:
        """Go on by another plan, from the pause in which this life is; what is recorded begins anew."""
        self._plan = plan
        self._is_forced = bool(plan.overrides or plan.named)
        self._choices_max = 0 if plan.is_brief else CHOICES_MAX
        self._tracing = plan.trace not in ("none", "lines")
        if plan.trace == "lines":
            self._lines = LineRecorder(is_own)
            self._lines.start()
        self._traced = () if isinstance(plan.trace, str) else tuple(sorted(plan.trace))
        if plan.trace == "all":
            self._fate.watch(True)
        self._fate.give_up_after(plan.until.time)
        self.choices, self.trace, self._last_print = [], [], None

    def finish(self, outcome: Outcome) -> Record:
        """The result of this life, after its end."""
        lines = [] if self._lines is None else [[short_path(file), line] for file, line in self._lines.stop()]
        end = self._reach_end()
        if self._tracing:
            self.index = end
            self.kind, self.label = "end", outcome.exception or outcome.kind
            if self._is_traced(end):
                self._record()
        return {
            "outcome": [outcome.kind, outcome.exception, outcome.message, outcome.where, outcome.code],
            "digest": self._seal(end, outcome),
            "points": end,
            "choices": self.choices,
            "drawn": self._fate.drawn(),
            "trace": self.trace,
            "marks": self.marks,
            "time": self.time,
            **({"lines": lines} if self._lines is not None else {}),
            **({"unsimulated": NotSimulated.asked} if NotSimulated.asked else {}),
        }

    def finish_briefly(self, outcome: Outcome, cpu_s: float) -> str:
        """The result of a life that isn't traced, as JSON: digest, points, whether anything was drawn or chosen (0 or 1), marks, and CPU
        seconds."""
        end = self._reach_end()
        is_open = bool(self._occurrences) or self._fate.drawn()
        return f'["{self._seal(end, outcome)}",{end},{int(is_open)},{self.marks},{cpu_s:.6f}]'

    def _reach_end(self) -> int:
        self.pauses = ()
        self.begin()
        return self.index + 1

    def _seal(self, end: int, outcome: Outcome) -> str:
        digest = self._digest
        digest.add(end, "end", outcome.kind, outcome.exception, outcome.where, str(outcome.code), self._fate.fingerprint())
        return digest.hexdigest()

    @property
    def time(self) -> float:
        """Seconds of world time since the start."""
        return self._fate.elapsed()

    @property
    def place(self) -> str:
        """Where the program stands: "file:line in function" of its innermost frame, or of the generator that an event resumes."""
        if self._locate is not None:
            return self._locate()[0]
        frame = self._actor.gi_frame if self._actor is not None else None
        if frame is None or not is_own(frame.f_code.co_filename):
            frame = program_frame()
        return "" if frame is None else describe_place(frame.f_code, frame.f_lineno)

    # Inside.

    def _happen(self, kind: PointKind, label: str) -> None:
        index = self.index = self.index + 1
        if label is not self._mark_label:
            self._relabel(kind, label)
        if index >= self._stop:
            self._arrive(kind)

    def _relabel(self, kind: PointKind, label: object) -> None:
        text = str(label) if label is not None else ""
        if self._mark_label is _NO_LABEL or text != self._text:
            self._digest.hold((self.index, kind, text))
        self._mark_label, self._text = label, text

    def _wanted(self, index: int, name: str, occurrence: int, options: Sequence[Any]) -> int | None:
        """The option that the plan wants at the choice of this index or name; one that there isn't is the caller's to refuse."""
        wanted, text = self._plan.overrides.get(index), ""
        if wanted is None:
            wanted, text = self._plan.named.get((name, occurrence), (None, ""))
        return next((at for at, option in enumerate(options) if _text(option) == text), wanted) if text else wanted

    def _refuse(self, index: int, name: str, taken: int, count: int) -> NoReturn:
        self._end(self, Outcome("diverged", message=f"at point {index} option {taken} was to be taken, but {name!r} has {count} options"))

    def _describe(self, name: str, occurrence: int, options: Sequence[Any], taken: int, weights: Sequence[float] | None) -> None:
        """Add what a choice was about to the point that was recorded for it."""
        texts = [_text(option) for option in options]
        self.trace[-1].update(name=name, occurrence=occurrence, options=texts, taken=taken, weights=shares(len(options), weights))

    def _arrive(self, kind: PointKind) -> None:
        index = self.index
        if not self.begun:
            self.index = 0
            self.begin()
            self.index = index
        if index >= self._stop:
            self._at_point(kind, index)

    def _at_point(self, kind: PointKind, index: int) -> None:
        self.kind = kind
        self.label = self._text if index else "start"
        if index in self.pauses and self.pause is not None:
            self.pause(self)
            self._fate.woke()
        epoch = self._plan.epochs.get(index)
        if epoch is not None:
            seed, self._calm = epoch
            self.units = Units(seed)
            self._fate.rekey(seed)
            if index:
                self._digest.add(index, "epoch", seed)
            else:
                # The start may be met on the way to the first point, whose label is known by then, or before.
                self._digest.open(index, "epoch", seed)
            self._last_print = None
            if self._lines is not None:
                self._lines.restart()
        if index >= self._next_collection:
            self._next_collection *= 2
            _collect()
        if index >= self._step_limit:
            self._end(self, Outcome("hung", "step limit", f"did not end within {self._step_limit:,} points"))
        if index >= self._plan.until.point > 0:
            self._end(self, GIVEN_UP)
        if self._tracing and self._is_traced(index):
            self._record()
        if self.observe is not None:
            self.observe(self)
        self._aim(index)

    def _aim(self, index: int) -> None:
        """Find the next point after `index` at which anything is to be done."""
        if self.observe is not None or (self._tracing and self._plan.trace == "all"):
            self._stop = index + 1
            return
        ahead = [self._step_limit, self._next_collection, self._plan.until.point or self._step_limit]
        following = bisect_right(self._traced, index)
        ahead += self._traced[following : following + 1]
        ahead += [point for point in self.pauses if point > index]
        ahead += [point for point in self._plan.epochs if point > index]
        self._stop = max(min(ahead), index + 1)

    def _is_traced(self, index: int) -> bool:
        traced = self._traced
        if not traced:
            return self._plan.trace == "all"
        position = bisect_left(traced, index)
        return position < len(traced) and traced[position] == index

    def _record(self) -> None:
        """Add the present point to the trace; and say of the one before whether nothing was drawn since."""
        if len(self.trace) >= TRACE_MAX:
            self._tracing = False
            self._fate.watch(False)
            return
        print_now = self._fate.fingerprint()
        if self._last_print == (self.index - 1, print_now) and self.trace:
            last = self.trace[-1]
            last["moot"] = len(last.get("options", ())) < 2
        self._last_print = (self.index, print_now)
        place, note = self._locate() if self._locate is not None else (self.place, "")
        label = f"{self.label} {note}" if note else self.label
        # A world's own state comes behind that of the program's entropy in the fingerprint.
        told = {"index": self.index, "kind": self.kind, "label": label, "where": place, "time": self.time}
        ran_out = self._fate.ran_out()
        self.trace.append(told | {"draws": print_now[:DRAWS_DIGITS], **({"ran_out": ran_out} if ran_out else {})})


def _text(option: object) -> str:
    try:
        text = repr(option)
    except Exception:
        text = f"<{type(option).__name__}>"
    return text if len(text) <= 200 else text[:197] + "..."
