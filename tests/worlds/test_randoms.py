"""The `random` module and what stands on os.urandom, under control."""

import abc
import copy
import os
import pickle
import random
import secrets
import subprocess
import sys
import tempfile
import threading
import uuid

import pytest

from crossroads.worlds.entropy import Entropy
from crossroads.worlds.randoms import FUNCTIONS, NODE


def test_module_functions_belong_to_one_new_instance(entropy: Entropy) -> None:
    state = random.getstate()
    first = [random.random(), random.gauss(0, 1), random.choice(range(1000)), random.getrandbits(64)]
    random.setstate(state)
    assert [random.random(), random.gauss(0, 1), random.choice(range(1000)), random.getrandbits(64)] == first
    assert {getattr(random, name).__self__ for name in FUNCTIONS} == {random._inst}  # type: ignore[attr-defined]


def test_everything_is_put_back() -> None:
    modules = (random, os, uuid, secrets, tempfile, random.Random, random.SystemRandom)
    before = [dict(vars(module)) for module in modules]
    for draws in (False, True):
        installed = Entropy(draws)
        installed.install()
        assert [dict(vars(module)) for module in modules] != before
        installed.uninstall()
        assert [dict(vars(module)) for module in modules] == before


def test_the_same_epochs_give_the_same_of_everything() -> None:
    def live() -> list[object]:
        installed = Entropy()
        installed.install()
        installed.rekey(5)
        try:
            return [
                random.random(),
                random.Random().random(),
                random.Random("seed").random(),
                random.SystemRandom().random(),
                os.urandom(8),
                secrets.token_hex(),
                secrets.choice(range(1000)),
                uuid.uuid4(),
                uuid.uuid1().node,
                installed.fingerprint(),
            ]
        finally:
            installed.uninstall()

    assert live() == live()


def test_seeds_differ_between_futures_and_repeat_within_a_run(entropy: Entropy) -> None:
    seeds = (5, 2.5, "seed", b"seed", bytearray(b"seed"), -5, 2**2000)
    one = [random.Random(seed).random() for seed in seeds]
    assert [random.Random(seed).random() for seed in seeds] == one
    assert random.Random(5).random() == random.Random(-5).random()
    entropy.rekey(2)
    assert [random.Random(seed).random() for seed in seeds] == one, "what was decided stays decided"
    assert random.Random(6).random() != random.Random(7).random()
    random.seed(5)
    assert random.random() == one[0]


def test_a_seed_first_used_in_another_epoch_gives_other_draws() -> None:
    draws = set()
    for seed in range(20):
        installed = Entropy()
        installed.install()
        random.Random(5)
        installed.rekey(seed)
        draws.add(random.Random(5).random())
        installed.uninstall()
    assert len(draws) == 20, "and what a program seeds while it is imported doesn't fix what it seeds later"


def test_seed_one_and_its_versions_are_those_of_stock(entropy: Entropy) -> None:
    assert random.Random("text").random() == random.Random("text").random()
    old, new = random.Random(), random.Random()
    old.seed("text", version=1)
    new.seed("text", version=2)
    assert old.random() != new.random()
    with pytest.raises(TypeError):
        random.Random(object())  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        random.seed([1])  # type: ignore[arg-type]


def test_equal_states_stay_in_step(entropy: Entropy) -> None:
    rng = random.Random(5)
    rng.gauss(0, 1)
    others = [copy.copy(rng), copy.deepcopy(rng), pickle.loads(pickle.dumps(rng)), random.Random()]
    others[-1].setstate(rng.getstate())
    apart = random.Random(5)
    entropy.rekey(2)
    expected = [rng.gauss(0, 1) for _ in range(3)]
    for other in others:
        assert [other.gauss(0, 1) for _ in range(3)] == expected
    assert [apart.gauss(0, 1) for _ in range(3)] != expected, "one draw behind"


def test_a_number_that_gauss_keeps_is_part_of_the_state(entropy: Entropy) -> None:
    rng = random.Random(5)
    twin = copy.copy(rng)
    rng.gauss(0, 1)
    twin.gauss(0, 1)
    twin.gauss(0, 1)
    entropy.rekey(2)
    assert rng.gauss_next is None  # type: ignore[attr-defined]
    assert rng.random() != twin.random()


def test_a_restored_state_is_restored_as_it_was(entropy: Entropy) -> None:
    state = random.getstate()
    first = random.random()
    entropy.rekey(2)
    random.setstate(state)
    assert random.random() == first


def test_a_new_epoch_changes_every_living_source(entropy: Entropy) -> None:
    rng, system = random.Random(5), random.SystemRandom()
    states = [rng.getstate(), random.getstate(), entropy.fingerprint()]
    entropy.rekey(2)
    assert all(before != now for before, now in zip(states, [rng.getstate(), random.getstate(), entropy.fingerprint()], strict=True))
    first = system.random(), os.urandom(4)
    entropy.rekey(2)
    assert first != (system.random(), os.urandom(4)), "the stream goes on from its present state"


class Overriding(random.Random):
    """Draws of its own on top of stock's, and a seed in another form."""

    def seed(self, name: str | None = None, version: int = 2) -> None:  # type: ignore[override]
        super().seed(None if name is None else f"own {name}")

    def random(self) -> float:
        return 1 - super().random()


class Bits(random.Random):
    def getrandbits(self, k: int) -> int:
        return super().getrandbits(k) ^ 1


class Abstract(random.Random, abc.ABC):
    pass


@pytest.mark.parametrize("cls", [Overriding, Bits, Abstract])
def test_subclasses_of_the_programs_own(entropy: Entropy, cls: type[random.Random]) -> None:
    rng = cls("name")
    twin = pickle.loads(pickle.dumps(rng))
    assert type(twin) is cls
    assert isinstance(twin, random.Random)
    entropy.rekey(2)
    first = [rng.random(), rng.randrange(10**6), rng.gauss(0, 1)]
    assert [twin.random(), twin.randrange(10**6), twin.gauss(0, 1)] == first
    again = cls("name")
    entropy.rekey(3)
    assert [again.random(), again.randrange(10**6), again.gauss(0, 1)] != first


def test_randbelow_follows_what_a_subclass_overrides(entropy: Entropy) -> None:
    class Constant(random.Random):
        def random(self) -> float:
            return 0.5

    assert {Constant().randrange(10) for _ in range(20)} == {2**52 % 10}


def test_instances_that_were_there_before_keep_their_state_until_they_are_seeded() -> None:
    early = random.Random(5)
    expected = random.Random(5).random()
    installed = Entropy()
    installed.install()
    installed.rekey(1)
    assert isinstance(early, random.Random)
    assert early.random() == expected
    early.seed(5)
    assert early.random() == random.Random(5).random() != expected
    installed.uninstall()


def test_urandom_is_that_of_the_system_in_form(entropy: Entropy) -> None:
    assert os.urandom(0) == b""
    assert len(os.urandom(1000)) == 1000
    assert len({os.urandom(8) for _ in range(100)}) == 100
    with pytest.raises(ValueError, match="negative"):
        os.urandom(-1)
    with pytest.raises(TypeError):
        os.urandom(1.5)  # type: ignore[arg-type]


def test_uuid_knows_nothing_of_the_machine(entropy: Entropy) -> None:
    assert uuid.uuid1().node == NODE
    assert (uuid.uuid1().version, uuid.uuid4().version) == (1, 4)


def test_temporary_names_are_no_part_of_fate(entropy: Entropy) -> None:
    with tempfile.TemporaryDirectory() as one:
        assert not entropy.drawn()
    entropy.rekey(1)
    assert tempfile.mktemp() != one
    assert not entropy.drawn()


def test_functions_of_the_module_can_be_pickled(entropy: Entropy) -> None:
    entropy.on_first_use = lambda: None
    for name in FUNCTIONS:
        function = getattr(random, name)
        assert pickle.loads(pickle.dumps(function)) is function
    entropy.on_first_use = None


def test_forked_children_do_not_reseed(entropy: Entropy) -> None:
    assert threading.active_count() == 1
    there, back = os.pipe()
    child = os.fork()
    if not child:
        os.write(back, repr((random.random(), os.urandom(4))).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(there, 1000) == repr((random.random(), os.urandom(4))).encode()
    os.close(there)
    os.close(back)


def test_importing_uuid_and_secrets_later_works() -> None:
    program = (
        "import sys; from crossroads.worlds.entropy import Entropy; e = Entropy(); e.install(); e.rekey(1)\n"
        "print('uuid' in sys.modules, 'numpy' in sys.modules)\n"
        "import uuid, secrets; print(uuid.uuid1().node, uuid.uuid4(), secrets.token_hex(4), secrets.choice(range(9)))\n"
    )
    outputs = {subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=environment()).stdout for _ in range(2)}
    assert len(outputs) == 1
    assert outputs.pop().startswith(b"False False\n" + str(NODE).encode())


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
