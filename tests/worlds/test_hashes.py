"""Objects that have no hash of their own have the same one in every life, wherever the objects lie. Each test has its own interpreter."""

import subprocess
import sys
from textwrap import dedent

import pytest

START = """
import asyncio, gc, os, random, weakref
SENTINEL, CACHE = object(), {}
class Elder: pass
ELDER = Elder()
CACHE[SENTINEL], CACHE[ELDER], CACHE[os] = 1, 2, 3
from crossroads.worlds.hashes import HASHES
HASHES.install()
HASHES.begin_epoch(SEED)
class Thing: pass
class Slotted: __slots__ = ("__weakref__", "name")
class Bare: __slots__ = ()
"""


def said(program: str, seed: int = 0x9E3779B97F4A7C15) -> str:
    """What a program prints in which hashes are given."""
    source = START.replace("SEED", str(seed)) + dedent(program)
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", ["Thing", "Slotted", "asyncio.Event", "type('Late', (asyncio.Protocol,), {})", "asyncio.StreamReader"])
def test_a_set_has_the_same_order_wherever_its_objects_lie(kind: str) -> None:
    program = """
    kind = {kind}
    def make():
        one = kind.__new__(kind)
        keep.append([{junk}])
        return one
    keep = [[] for _ in range({junk})]
    things = [make() for _ in range(30)]
    order = {{id(thing): number for number, thing in enumerate(things)}}
    print([order[id(thing)] for thing in set(things)])
    """
    orders = {said(program.format(kind=kind, junk=junk)) for junk in (0, 3, 500)}
    assert len(orders) == 1
    assert orders != {said(program.format(kind=kind, junk=0), seed=0xD1B54A32D192ED03)}


def test_hashes_of_a_calm_world_count() -> None:
    program = """
    HASHES.reset()
    first, second = Thing(), Thing()
    print(hash(second) + 1 == hash(first), hash(Slotted()) == hash(first))
    """
    assert said(program.replace("hash(second) + 1 == hash(first)", "hash(first) + 1 == hash(second)")) == "True False\n"


def test_what_was_hashed_before_is_found() -> None:
    assert said("print(CACHE[SENTINEL], CACHE[ELDER], CACHE[os], Elder() in CACHE, Thing() in CACHE)") == "1 2 3 False False\n"


def test_objects_that_cannot_be_held_weakly_keep_theirs() -> None:
    assert said("one = Bare(); print(hash(one) == id(one) >> 4, hash(SENTINEL) == id(SENTINEL) >> 4)") == "True True\n"


def test_classes_with_hashes_of_their_own_keep_them() -> None:
    program = """
    class Own:
        def __hash__(self): return 5
    class Equal:
        def __eq__(self, other): return True
    import dataclasses
    @dataclasses.dataclass
    class Plain: x: int = 1
    @dataclasses.dataclass(frozen=True)
    class Frozen: x: int = 1
    print(hash(Own()), hash(Frozen(3)) == hash(Frozen(3)), Thing.__hash__ is object.__hash__)
    for one in (Equal(), Plain(), []):
        try:
            hash(one)
        except TypeError as error:
            print(error)
    """
    expected = ["5 True True", "unhashable type: 'Equal'", "unhashable type: 'Plain'", "unhashable type: 'list'"]
    assert said(program).splitlines() == expected


def test_a_hash_stays_and_sets_are_right_while_objects_come_and_go() -> None:
    program = """
    rng = random.Random(3)
    living, members, hashes = {}, set(), {}
    for step in range(20_000):
        if len(living) < 50 or rng.random() < 0.5:
            one = rng.choice((Thing, Slotted, Bare))()
            number = living[step] = one
            hashes[step] = hash(one)
            members.add(one)
        else:
            number = rng.choice(list(living))
            one = living.pop(number)
            assert hash(one) == hashes.pop(number) == object.__hash__(one)
            members.remove(one)
            del one
        if step % 1000 == 0:
            gc.collect()
    assert len(members) == len(living) and all(one in members for one in living.values())
    print("right")
    """
    assert said(program) == "right\n"


def test_garbage_finds_itself_in_a_set_when_it_is_finalized() -> None:
    program = """
    class Member:
        def __init__(self): self.room = None
        def __del__(self):
            self.room.remove(self)
            print("left", len(self.room))
    room = set()
    class Room: pass
    def fill():
        room = Room()
        room.members = set()
        one = Member()
        one.room, one.self = room.members, one
        room.members.add(one)
    fill()
    gc.collect()
    """
    assert said(program) == "left 0\n"


def test_a_new_object_in_the_place_of_another_is_another() -> None:
    program = """
    def fifty():
        things = [Thing() for _ in range(50)]
        return {id(thing) for thing in things}, {hash(thing) for thing in things}
    (places, before), (others, after) = fifty(), fifty()
    print(bool(places & others), before & after, len(before), len(after))
    """
    assert said(program) == "True set() 50 50\n"


def test_weak_collections_work() -> None:
    program = """
    things = [Thing() for _ in range(9)]
    kept, table = weakref.WeakSet(things), weakref.WeakKeyDictionary((thing, n) for n, thing in enumerate(things))
    del things[3:]
    print(len(kept), [table[thing] for thing in things])
    """
    assert said(program) == "3 [0, 1, 2]\n"


def test_another_life_begins_with_the_same_hashes() -> None:
    program = """
    first = Thing()
    hash(first)
    rewind = HASHES.keep()
    def life():
        HASHES.begin_epoch(2**63 + 12345)
        things = [Thing() for _ in range(5)]
        return [hash(thing) for thing in things]
    one, _ = life(), rewind()
    print(one == life(), hash(first) not in one)
    """
    assert said(program) == "True True\n"


def test_classes_that_hash_by_their_address_are_adopted() -> None:
    program = """
    class Response:
        def __hash__(self):
            return hash(id(self))
    class Wrapped:
        def __init__(self, inner): self.inner = inner
        def __hash__(self): return hash(id(self.inner))
    early = Response()
    table = {early: 1}
    HASHES.adopt()
    one, other = Response(), Response()
    print(table[early], hash(early) == id(early), hash(one) == id(one), len({one, other, early}), hash(Wrapped(one)) == id(one))
    """
    assert said(program) == "1 True False 3 True\n"


def test_classes_whose_objects_equal_others_keep_their_addresses() -> None:
    program = """
    class Conn:
        def __hash__(self): return id(self)
        def __eq__(self, other): return isinstance(other, Ref) and other.key == id(self)
    class Ref:
        def __init__(self, conn): self.key = id(conn)
        def __hash__(self): return self.key
        def __eq__(self, other): return hash(other) == self.key
    class Below(Conn):
        def __hash__(self): return id(self)
    class Response:
        def __hash__(self): return id(self)
        def __eq__(self, other): return self is other
    HASHES.adopt()
    one, below, response = Conn(), Below(), Response()
    print({one: 1, below: 2}[Ref(one)], {one: 1, below: 2}[Ref(below)], hash(response) == id(response))
    """
    assert said(program) == "1 2 False\n"


def test_what_is_gone_is_forgotten() -> None:
    program = """
    from crossroads.worlds import hashes
    def many(count):
        for _ in range(count):
            hash(Thing())
        kept = [Thing() for _ in range(count)]
        for one in kept: hash(one)
    many(150_000)
    many(10)
    gc.collect()
    kept = [Thing() for _ in range(hashes.KNOWN_MAX)]
    before = [hash(one) for one in kept]
    print(len(HASHES._known) < 2 * hashes.KNOWN_MAX + 1_000, before == [hash(one) for one in kept])
    """
    assert said(program) == "True True\n"
