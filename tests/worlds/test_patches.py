from types import SimpleNamespace

from crossroads.worlds.patches import Covers, Patches


class Parent:
    inherited = 1


class Child(Parent):
    own = 2


def test_undo_restores_own_inherited_and_missing_attributes() -> None:
    patches = Patches()
    for name in ("own", "inherited", "missing"):
        patches.set(Child, name, "patched")
        patches.set(Child, name, "patched twice")
    patches.undo()
    assert vars(Child)["own"] == 2
    assert "inherited" not in vars(Child)
    assert not hasattr(Child, "missing")


def test_covers_go_on_and_off() -> None:
    owner = SimpleNamespace(there=len)
    covers = Covers()
    thin = [lambda value: 0, lambda value: 1]
    covers.add(owner, "there", thin[0])
    covers.add(owner, "absent", thin[1])
    assert (owner.there, owner.absent) == tuple(thin)
    covers.uncover()
    assert owner == SimpleNamespace(there=len)
    covers.cover()
    assert (owner.there, owner.absent) == tuple(thin)


def test_what_the_program_put_there_stays() -> None:
    owner = SimpleNamespace(name=len)
    covers = Covers()
    covers.add(owner, "name", lambda value: 0)
    owner.name = max
    covers.uncover()
    assert owner.name is max
    covers.cover()
    assert owner.name is max
