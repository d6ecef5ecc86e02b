"""Shared by the tests of the faces: where the small programs stand that reports quote, and a browser.

The browser is Debian's Chromium, driven by Playwright; without either its tests are skipped.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def in_programs(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory is the one with the programs that made-up failures speak of."""
    monkeypatch.chdir(HERE / "programs")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return HERE / "programs"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser, started once and gone before any other module's tests: Playwright keeps an event loop in this thread."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no Chromium here")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
