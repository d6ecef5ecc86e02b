"""gymnasium's steps as points, and its generators as sources."""

from collections.abc import Iterator
from typing import Any

import pytest

from crossroads.worlds.adaptors import install_adaptors
from crossroads.worlds.entropy import Entropy

gymnasium: Any = pytest.importorskip("gymnasium")


class Early(gymnasium.Env):  # type: ignore[misc]
    """Made before the patch."""

    action_space = gymnasium.spaces.Discrete(2)
    observation_space = gymnasium.spaces.Discrete(100)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        return int(self.np_random.integers(100)), {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        return int(self.np_random.integers(100)), 0.0, False, False, {}


@pytest.fixture
def events() -> Iterator[list[tuple[str, float | None]]]:
    told: list[tuple[str, float | None]] = []
    uninstall = install_adaptors(lambda label, time, actor=None: told.append((label, time)))
    yield told
    uninstall()


def test_each_outermost_step_is_told_once(events: list[tuple[str, float | None]]) -> None:
    class Late(Early):
        def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
            return super().step(action)

    class OwnWrapper(gymnasium.Wrapper):  # type: ignore[misc]
        def step(self, action: int) -> Any:
            self.env.step(action)
            return self.env.step(action)

    wrapped = gymnasium.wrappers.TimeLimit(Early(), max_episode_steps=5)
    for env in (Early(), Late(), wrapped, OwnWrapper(Late())):
        events.clear()
        env.reset(seed=1)
        env.step(0)
        env.step(1)
        assert events == [("env.step", None)] * 2


def test_an_error_in_a_step_leaves_nothing_behind(events: list[tuple[str, float | None]]) -> None:
    class Failing(gymnasium.Env):  # type: ignore[misc]
        def step(self, action: int) -> Any:
            raise ValueError(action)

    for _ in range(2):
        with pytest.raises(ValueError, match="0"):
            Failing().step(0)
    assert len(events) == 2


def test_a_vector_of_environments_steps_as_one(events: list[tuple[str, float | None]]) -> None:
    vector = gymnasium.vector.SyncVectorEnv([Early, Early])
    vector.reset(seed=1)
    vector.step([0, 1])
    assert events == [("env.step", None)]


def test_uninstall_puts_everything_back() -> None:
    classes = (gymnasium.Env, gymnasium.Wrapper, Early, gymnasium.vector.VectorEnv)
    before = [dict(vars(cls)) for cls in classes]
    uninstall = install_adaptors(lambda label, time, actor=None: None)
    assert vars(Early)["step"] is not before[2]["step"]
    uninstall()
    assert [dict(vars(cls)) for cls in classes] == before


def test_a_seed_given_to_reset_is_fate_too(entropy: Entropy) -> None:
    def live() -> list[int]:
        env = Early()
        return [env.reset(seed=5)[0], *(env.step(0)[0] for _ in range(5))]

    first = live()
    assert live() == first
    entropy.uninstall()
    entropy.install()
    entropy.rekey(2)
    assert live() != first


def test_an_epoch_changes_environments_that_live(entropy: Entropy) -> None:
    envs = [Early(), Early()]
    for env in envs:
        env.reset(seed=5)
    entropy.rekey(2)
    assert not entropy.drawn()
    assert [envs[0].step(0) for _ in range(5)] == [envs[1].step(0) for _ in range(5)]
    assert entropy.drawn()
