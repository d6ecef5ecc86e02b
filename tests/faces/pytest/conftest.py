"""A project of somebody who has crossroads installed: pytest runs there in a process of its own, with a store of its own."""

import os
from importlib.metadata import entry_points

import pytest
from plugin_outside import SOURCES, installed


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project, its settings those of pytest by default."""
    folders = [os.path.abspath(folder) for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    if not any(point.name == "crossroads" for point in entry_points(group="pytest11")):
        folders += [str(SOURCES), str(installed(pytester.mkdir("site")))]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.mkdir("cache")))
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("GITHUB_ACTIONS", "GITHUB_WORKSPACE", "CI", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    return pytester
