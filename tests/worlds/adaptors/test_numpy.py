"""numpy.random under control."""

import abc
import copy
import gc
import pickle
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crossroads.worlds.entropy import Entropy

np: Any = pytest.importorskip("numpy")

BIT_GENERATORS = ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"]
STOCK = {name: getattr(np.random, name) for name in [*BIT_GENERATORS, "RandomState", "Generator"]}

MAKERS: dict[str, Callable[[], Any]] = {
    "default_rng": lambda: np.random.default_rng(5),
    "default_rng of a list": lambda: np.random.default_rng([5, 6]),
    "default_rng of a sequence": lambda: np.random.default_rng(np.random.SeedSequence(5)),
    "default_rng of a bit generator": lambda: np.random.default_rng(np.random.Philox(5)),
    **{name: lambda name=name: np.random.Generator(getattr(np.random, name)(5)) for name in BIT_GENERATORS},
    "key of Philox": lambda: np.random.Generator(np.random.Philox(key=5)),
    "RandomState": lambda: np.random.RandomState(5),
    "RandomState of an array": lambda: np.random.RandomState(np.arange(3)),
    "RandomState of a bit generator": lambda: np.random.RandomState(np.random.PCG64(5)),
    "RandomState seeded again": lambda: reseeded(),
    "spawned": lambda: np.random.default_rng(5).spawn(2)[1],
    "spawned sequence": lambda: np.random.default_rng(np.random.SeedSequence(5).spawn(2)[1]),
    "jumped": lambda: np.random.Generator(np.random.PCG64(5).jumped()),
}
UNSEEDED: dict[str, Callable[[], Any]] = {
    "default_rng": lambda: np.random.default_rng(),
    **{name: lambda name=name: np.random.Generator(getattr(np.random, name)()) for name in BIT_GENERATORS},
    "RandomState": lambda: np.random.RandomState(),
    "sequence": lambda: np.random.default_rng(np.random.SeedSequence()),
}


def reseeded() -> Any:
    random_state = np.random.RandomState(1)
    random_state.seed(5)
    return random_state


def draws(rng: Any) -> list[float]:
    return [float(value) for value in (rng.normal(), rng.uniform(), *rng.permutation(9), rng.standard_normal())]


def in_epochs(*epochs: int) -> Iterator[Entropy]:
    entropy = Entropy()
    entropy.install()
    for seed in epochs:
        entropy.rekey(seed)
    yield entropy
    entropy.uninstall()


def draws_in_epoch(seed: int, make: Callable[[], Any]) -> list[float]:
    (result,) = (draws(make()) for _ in in_epochs(seed))
    return result


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_seeded_generators_differ_between_futures_and_repeat_within_a_run(make: Callable[[], Any]) -> None:
    for entropy in in_epochs(1):
        first = draws(make())
        assert draws(make()) == first
        entropy.rekey(2)
        assert draws(make()) == first
    assert draws_in_epoch(1, make) == first
    assert draws_in_epoch(2, make) != first


@pytest.mark.parametrize("make", UNSEEDED.values(), ids=UNSEEDED)
def test_unseeded_generators_come_from_the_stream(make: Callable[[], Any]) -> None:
    for entropy in in_epochs(1):
        first = draws(make())
        assert draws(make()) != first
        assert entropy.drawn()
    assert draws_in_epoch(1, make) == first
    assert draws_in_epoch(2, make) != first


@pytest.mark.parametrize("make", [*MAKERS.values(), *UNSEEDED.values()], ids=[*MAKERS, *(f"unseeded {name}" for name in UNSEEDED)])
def test_equal_states_stay_in_step_and_every_epoch_changes_them(entropy: Entropy, make: Callable[[], Any]) -> None:
    rng = make()
    rng.standard_normal()
    others = [copy.deepcopy(rng), pickle.loads(pickle.dumps(rng))]
    peek = draws(copy.deepcopy(rng))
    entropy.rekey(2)
    assert not entropy.drawn()
    expected = draws(rng)
    assert entropy.drawn()
    assert [draws(other) for other in others] == [expected] * 2
    assert peek != expected


def test_the_legacy_functions_are_a_source(entropy: Entropy) -> None:
    state = np.random.get_state()
    first = np.random.rand(), np.random.randn(), np.random.sample()
    np.random.set_state(state)
    assert (np.random.rand(), np.random.randn(), np.random.sample()) == first
    assert entropy.drawn()
    np.random.set_state(state)
    entropy.rekey(2)
    assert not entropy.drawn()
    assert (np.random.rand(), np.random.randn(), np.random.sample()) != first


def test_seeding_the_legacy_functions(entropy: Entropy) -> None:
    np.random.seed(5)
    first = np.random.rand(), np.random.normal()
    entropy.rekey(2)
    np.random.seed(5)
    assert (np.random.rand(), np.random.normal()) == first
    assert np.random.RandomState(5).rand() == first[0]
    np.random.seed()
    assert np.random.rand() != first[0]


def test_a_normal_number_that_is_kept_back_is_dropped_at_an_epoch(entropy: Entropy) -> None:
    np.random.seed(5)
    np.random.randn()
    assert np.random.get_state(legacy=False)["has_gauss"]
    entropy.rekey(2)
    assert not np.random.get_state(legacy=False)["has_gauss"]


def test_libraries_that_take_the_global_random_state_get_ours(entropy: Entropy) -> None:
    inner = np.random.mtrand._rand
    assert inner is np.random.rand.__self__
    entropy.on_first_use = lambda: entropy.rekey(7)
    first = inner.normal()
    assert entropy.on_first_use is None
    assert "normal" not in vars(inner)
    entropy.rekey(7)
    assert inner.normal() != first


def test_a_bit_generator_set_for_the_legacy_functions(entropy: Entropy) -> None:
    stock_bit_generator = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.PCG64(5))
    first = np.random.rand()
    np.random.set_bit_generator(np.random.PCG64(5))
    entropy.rekey(2)
    assert np.random.rand() != first
    np.random.set_bit_generator(stock_bit_generator)


def test_two_random_states_on_one_bit_generator(entropy: Entropy) -> None:
    pairs = []
    for _ in range(2):
        bit_generator = np.random.MT19937(5)
        pairs.append([np.random.RandomState(bit_generator), np.random.RandomState(bit_generator)])
        pairs[-1][0].randn()
    entropy.rekey(2)
    assert not entropy.drawn()
    draws_of_pairs = [[one.randn(), other.rand(), one.randn()] for one, other in pairs]
    assert draws_of_pairs[0] == draws_of_pairs[1]


FIRST_USES: dict[str, Callable[[], object]] = {
    "function": lambda: np.random.rand(),
    "seed": lambda: np.random.seed(5),
    "get_state": lambda: np.random.get_state(),
    "set_state": lambda: np.random.set_state(STATE),
    "shuffle": lambda: np.random.shuffle([1]),
    **{f"made {name}": make for name, make in MAKERS.items()},
    **{f"unseeded {name}": make for name, make in UNSEEDED.items()},
}
STATE = np.random.RandomState(5).get_state()


@pytest.mark.parametrize("told_draws", [False, True])
@pytest.mark.parametrize("use", FIRST_USES.values(), ids=FIRST_USES)
def test_the_first_use_is_told_before_it_happens(use: Callable[[], object], told_draws: bool) -> None:
    entropy = Entropy(told_draws)
    entropy.install()
    told: list[bool] = []
    entropy.on_first_use = lambda: told.append(entropy.drawn())
    use()
    use()
    entropy.uninstall()
    assert told == [False]


def test_generators_are_counted_while_they_live(entropy: Entropy) -> None:
    for make in MAKERS.values():
        rng = make()
        assert entropy.has_generators
        del rng
        gc.collect()
        assert not entropy.has_generators


@pytest.mark.parametrize("name", BIT_GENERATORS)
def test_classes_pass_for_stock_ones(entropy: Entropy, name: str) -> None:
    ours, stock = getattr(np.random, name), STOCK[name]
    assert ours is not stock
    for bit_generator in (ours(5), stock(5)):
        assert isinstance(bit_generator, ours)
        assert isinstance(bit_generator, np.random.BitGenerator)
    assert issubclass(stock, ours)
    assert not isinstance(np.random.default_rng(), ours)
    assert repr(np.random.Generator(ours(5))).startswith(f"Generator({name})")
    assert type(ours(5).spawn(1)[0]) is ours


def test_what_is_passed_through_is_the_same_object(entropy: Entropy) -> None:
    rng = np.random.default_rng(5)
    assert np.random.default_rng(rng) is rng
    assert np.random.default_rng(rng.bit_generator).bit_generator is rng.bit_generator
    stock = STOCK["Generator"](STOCK["PCG64"](5))
    assert np.random.default_rng(stock) is stock
    for seed in (-1, "text", 1.5):
        with pytest.raises((TypeError, ValueError)):
            np.random.default_rng(seed)


def test_subclasses_of_the_programs_own(entropy: Entropy) -> None:
    class OwnBits(np.random.PCG64):  # type: ignore[misc]
        pass

    class OwnState(np.random.RandomState):  # type: ignore[misc]
        def __init__(self, seed: int, extra: str) -> None:
            super().__init__(seed)
            self.extra = extra

    bits, state = OwnBits(5), OwnState(5, "extra")
    assert isinstance(bits, np.random.PCG64)
    assert not isinstance(np.random.PCG64(5), OwnBits)
    first = np.random.Generator(bits).normal(), state.normal()
    again = np.random.Generator(OwnBits(5)), OwnState(5, "extra")
    entropy.rekey(2)
    assert not entropy.drawn()
    assert first[0] != again[0].normal()
    assert first[1] != again[1].normal()


def test_bit_generators_of_other_makers_are_left_alone(entropy: Entropy) -> None:
    class Foreign(np.random.BitGenerator, metaclass=abc.ABCMeta):  # type: ignore[misc]
        pass

    foreign = Foreign(5)
    entropy.rekey(2)
    assert not entropy.drawn()
    assert foreign.seed_seq.entropy == 5


def test_stock_pickles_are_followed_when_loaded(entropy: Entropy) -> None:
    entropy.uninstall()
    data = [pickle.dumps(value) for value in (np.random.default_rng(5), np.random.RandomState(5))]
    expected = [pickle.loads(text).normal() for text in data]
    entropy.install()
    loaded = [pickle.loads(text) for text in data]
    assert [rng.normal() for rng in copy.deepcopy(loaded)] == expected, "a restored state is restored as it was"
    entropy.rekey(2)
    assert all(rng.normal() != before for rng, before in zip(loaded, expected, strict=True))


def test_our_pickles_load_as_stock_ones(entropy: Entropy) -> None:
    values = np.random.default_rng(5), np.random.RandomState(5), np.random.SFC64(5)
    data = [pickle.dumps(value) for value in values]
    entropy.uninstall()
    assert [type(pickle.loads(text)).__mro__[0] for text in data] == [STOCK["Generator"], STOCK["RandomState"], STOCK["SFC64"]]
    entropy.install()


def test_everything_is_put_back() -> None:
    modules = (np.random, np.random.mtrand, np.random._pickle)
    before = [dict(vars(module)) for module in modules]
    for told_draws in (False, True):
        entropy = Entropy(told_draws)
        entropy.install()
        assert all(dict(vars(module)) != names for module, names in zip(modules, before, strict=True))
        entropy.uninstall()
        assert [dict(vars(module)) for module in modules] == before


def test_draws_are_told_by_name_and_once(drawing: tuple[Entropy, list[str]]) -> None:
    _, names = drawing
    rng, state = np.random.default_rng(), np.random.RandomState(5)
    np.random.seed(5)
    assert names == []
    np.random.poisson(3)
    np.random.sample()
    np.random.mtrand._rand.rand()
    rng.normal()
    rng.spawn(1)[0].integers(5)
    state.shuffle([1, 2])
    copy.deepcopy(rng).choice([1, 2])
    np.random.Generator(np.random.PCG64(5)).bytes(3)
    np.random.default_rng(np.random.PCG64(5)).random()
    assert names == [
        "numpy.poisson",
        "numpy.sample",
        "RandomState.rand",
        "Generator.normal",
        "Generator.integers",
        "RandomState.shuffle",
        "Generator.choice",
        "Generator.bytes",
        "Generator.random",
    ]


def test_draws_told_of_are_the_draws_not_told_of() -> None:
    def live(told_draws: bool) -> list[object]:
        entropy = Entropy(told_draws)
        entropy.install()
        entropy.rekey(1)
        makers = [*MAKERS.values(), *UNSEEDED.values()]
        said: list[object] = [*(draws(make()) for make in makers), np.random.rand(), random.random(), entropy.fingerprint()]
        entropy.uninstall()
        return said

    assert live(False) == live(True)


@pytest.mark.parametrize("make", [lambda: np.random.RandomState(), lambda: np.random.RandomState(np.random.MT19937(5))])
def test_an_epoch_leaves_generators_able_to_spawn(entropy: Entropy, make: Callable[[], Any]) -> None:
    state = make()
    entropy.rekey(2)
    assert not entropy.drawn()
    assert len(state._bit_generator.spawn(2)) == 2
