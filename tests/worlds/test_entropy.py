"""Epochs, fingerprints, the first use, and what is told of draws."""

import copy
import gc
import os
import random
import secrets
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.worlds.entropy import Entropy

SEEDS = st.integers(0, 2**64 - 1)


def installed(draws: bool = False) -> Entropy:
    entropy = Entropy(draws)
    entropy.install()
    return entropy


STEPS: dict[str, Callable[[list[random.Random], int], object]] = {
    "make": lambda rngs, number: rngs.append(random.Random(number % 3)),
    "make unseeded": lambda rngs, number: rngs.append(random.Random()),
    "copy": lambda rngs, number: rngs.append(copy.copy(rngs[number % len(rngs)])),
    "drop": lambda rngs, number: rngs.pop(number % len(rngs)) if len(rngs) > 1 else None,
    "draw": lambda rngs, number: rngs[number % len(rngs)].random(),
    "gauss": lambda rngs, number: rngs[number % len(rngs)].gauss(0, 1),
    "reseed": lambda rngs, number: rngs[number % len(rngs)].seed(number % 3),
    "module": lambda rngs, number: random.random(),
    "urandom": lambda rngs, number: os.urandom(3),
    "uuid": lambda rngs, number: uuid.uuid4(),
}
PROGRAMS = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 5)), max_size=20)


def live(program: list[tuple[str, int]], epochs: dict[int, int], *, look: bool = False) -> tuple[list[str], str]:
    """Run a small program; epochs begin before the steps that they name."""
    entropy = installed()
    try:
        rngs = [random.Random(9)]
        said = []
        for index, (name, number) in enumerate(program):
            if index in epochs:
                entropy.rekey(epochs[index])
            if look:
                entropy.fingerprint()
                entropy.drawn()
            value = STEPS[name](rngs, number)
            said.append(repr(value) if not isinstance(value, random.Random) else "")
        said += [repr(rng.random()) for rng in rngs]
        return said, entropy.fingerprint()
    finally:
        entropy.uninstall()


@settings(max_examples=60, derandomize=True, deadline=None)
@given(PROGRAMS, st.dictionaries(st.integers(0, 20), SEEDS, max_size=4))
def test_the_same_epochs_are_the_same_run_and_looking_changes_nothing(program: list[tuple[str, int]], epochs: dict[int, int]) -> None:
    assert live(program, epochs) == live(program, epochs, look=True)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(PROGRAMS, SEEDS, st.permutations(range(4)))
def test_equal_sources_stay_equal_in_whatever_order_they_were_made(program: list[tuple[str, int]], seed: int, order: list[int]) -> None:
    entropy = installed()
    try:
        rngs = [random.Random(9)]
        for name, number in program:
            STEPS[name](rngs, number)
        states = [rngs[0].getstate(), random.Random(1).getstate()] * 2
        twins = {number: random.Random() for number in order}
        for number, twin in twins.items():
            twin.setstate(states[number])
        entropy.rekey(seed)
        draws = [twins[number].random() for number in range(4)]
        assert draws[:2] == draws[2:]
        assert rngs[0].random() == draws[0]
    finally:
        entropy.uninstall()


@settings(max_examples=30, derandomize=True, deadline=None)
@given(SEEDS, SEEDS)
def test_epochs_of_other_seeds_are_other_futures(one: int, other: int) -> None:
    if one != other:
        program = [("module", 0), ("draw", 0), ("urandom", 0)]
        said = live(program, {0: one})[0], live(program, {0: other})[0]
        assert all(a != b for a, b in zip(*said, strict=True))


def test_a_fingerprint_tells_every_draw(entropy: Entropy) -> None:
    rng = random.Random(5)
    prints = [entropy.fingerprint()]
    for draw in (rng.random, random.random, lambda: os.urandom(1), lambda: rng.gauss(0, 1), lambda: rng.gauss(0, 1), random.Random):
        draw()
        prints.append(entropy.fingerprint())
    assert len(set(prints)) == len(prints)
    assert entropy.fingerprint() == prints[-1]


def test_drawn_is_told_by_every_use(entropy: Entropy) -> None:
    rng = random.Random(5)
    uses: list[Callable[[], object]] = [
        rng.random,
        random.random,
        lambda: rng.gauss(0, 1),
        lambda: random.Random(7),
        lambda: rng.seed(7),
        lambda: os.urandom(1),
        secrets.token_hex,
        lambda: [rng.getrandbits(32) for _ in range(624)],
        lambda: copy.copy(rng),
    ]
    for use in uses:
        entropy.rekey(3)
        assert not entropy.drawn()
        use()
        assert entropy.drawn()


def test_a_source_that_is_gone_may_have_been_drawn_from(entropy: Entropy) -> None:
    rng = random.Random(5)
    entropy.rekey(2)
    rng.random()
    del rng
    gc.collect()
    assert entropy.drawn()


def test_generators_are_counted_while_they_live(entropy: Entropy) -> None:
    assert not entropy.has_generators
    rng = random.Random()
    assert entropy.has_generators
    del rng
    gc.collect()
    assert not entropy.has_generators


FIRST_USES: dict[str, Callable[[], object]] = {
    "function": lambda: random.random(),
    "seed": lambda: random.seed(1),
    "getstate": lambda: random.getstate(),
    "setstate": lambda: random.setstate(random._inst.getstate()),  # type: ignore[attr-defined]
    "instance": random.Random,
    "seeded instance": lambda: random.Random(1),
    "urandom": lambda: os.urandom(1),
    "secrets": lambda: secrets.token_hex(),
    "uuid4": uuid.uuid4,
    "uuid1": uuid.uuid1,
    "system": lambda: random.SystemRandom().random(),
    "empty choice": lambda: random.shuffle([]),
}


@pytest.mark.parametrize("draws", [False, True])
@pytest.mark.parametrize("use", FIRST_USES.values(), ids=FIRST_USES)
def test_the_first_use_is_told_before_it_happens_and_once(use: Callable[[], object], draws: bool) -> None:
    entropy = installed(draws)
    try:
        told: list[bool] = []

        def callback() -> None:
            assert entropy.on_first_use is None
            told.append(entropy.drawn())
            entropy.rekey(7)

        entropy.on_first_use = callback
        use()
        use()
        assert told == [False]
    finally:
        entropy.uninstall()


def test_a_draw_that_is_told_of_is_made_in_the_epoch_that_begins_there(entropy: Entropy) -> None:
    early = random.random
    assert "built-in" in repr(early)
    entropy.on_first_use = lambda: entropy.rekey(7)
    first = random.random()
    assert "built-in" in repr(random.random), "and then costs what it costs in stock Python"
    entropy.uninstall()
    other = installed()
    other.rekey(1)
    other.rekey(7)
    assert random.random() == first
    other.uninstall()


def test_a_name_bound_while_the_program_is_imported_tells_too() -> None:
    entropy = installed()
    try:
        bound = random.random
        told: list[int] = []
        entropy.on_first_use = lambda: told.append(1)
        bound()
        bound()
        assert told == [1]
    finally:
        entropy.uninstall()


def test_an_epoch_that_begins_untold_takes_the_wrappers_off() -> None:
    entropy = installed()
    try:
        assert "built-in" not in repr(random.random)
        entropy.rekey(1)
        assert "built-in" in repr(random.random)
        entropy.on_first_use = lambda: None
        assert "built-in" not in repr(random.random)
        entropy.on_first_use = None
        assert "built-in" in repr(random.random)
    finally:
        entropy.uninstall()


def test_draws_are_told_by_name_and_once(drawing: tuple[Entropy, list[str]]) -> None:
    _, names = drawing
    rng, system = random.Random(5), random.SystemRandom()
    random.seed(5)
    random.getstate()
    assert names == []
    random.gauss(0, 1)
    random.shuffle(list(range(10)))
    rng.choice(range(100))
    rng.betavariate(1, 1)
    system.choice(range(100))
    system.random()
    os.urandom(1)
    secrets.token_hex()
    secrets.choice(range(100))
    uuid.uuid4()
    assert names == [
        "random.gauss",
        "random.shuffle",
        "Random.choice",
        "Random.betavariate",
        "SystemRandom.choice",
        "SystemRandom.random",
        "urandom",
        "SystemRandom.randbytes",
        "SystemRandom.choice",
        "urandom",
    ]


def test_draws_told_of_are_the_draws_not_told_of(drawing: tuple[Entropy, list[str]]) -> None:
    entropy, _ = drawing
    told = [random.random(), random.Random(5).sample(range(100), 3), random.choices("ab", k=3), os.urandom(3), entropy.fingerprint()]
    entropy.uninstall()
    plain = installed()
    plain.rekey(1)
    assert [random.random(), random.Random(5).sample(range(100), 3), random.choices("ab", k=3), os.urandom(3), plain.fingerprint()] == told
    plain.uninstall()


def test_an_error_in_a_draw_or_in_who_is_told_leaves_nothing_behind(drawing: tuple[Entropy, list[str]]) -> None:
    entropy, names = drawing
    with pytest.raises(IndexError):
        random.choice([])

    def refuse(name: str) -> None:
        raise RuntimeError(name)

    entropy.on_draw = refuse
    with pytest.raises(RuntimeError):
        random.random()
    entropy.on_draw = names.append
    random.random()
    assert names == ["random.choice", "random.random"]


def test_subclasses_are_told_of_by_the_draws_that_they_stand_on(drawing: tuple[Entropy, list[str]]) -> None:
    class Own(random.Random):
        def random(self) -> float:
            return super().random()

    _, names = drawing
    rng = Own(5)
    rng.random()
    rng.gauss(0, 1)
    assert names == ["Random.random", "Random.gauss"]


def test_only_an_entropy_made_for_it_tells_of_draws(entropy: Entropy) -> None:
    with pytest.raises(AssertionError, match="draws=True"):
        entropy.on_draw = print


def test_seeds_beyond_the_limit_belong_to_their_epoch(entropy: Entropy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossroads.worlds.pool.SEEDS_REMEMBERED_MAX", 1)
    first, second = random.Random(5).random(), random.Random(6).random()
    entropy.rekey(2)
    assert random.Random(5).random() == first
    assert random.Random(6).random() != second
