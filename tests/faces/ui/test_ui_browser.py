"""The local page in a real browser, given by the installed command: by click from a program to its explained, replayed, walked failure."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import page_values as values
import pytest
from faces_fakes import keep

from crossroads.store.store import Store

pytestmark = [pytest.mark.once, pytest.mark.slow]

IMAGES = Path(__file__).parents[3] / "docs" / "images"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@dataclass
class Served:
    """A server of its own, and the address that it printed."""

    process: subprocess.Popen[str]
    address: str

    @property
    def home(self) -> str:
        return self.address.partition("/?")[0]


@pytest.fixture
def served(in_programs: Path, tmp_path: Path) -> Iterator[Served]:
    pytest.importorskip("starlette", reason="starlette isn't installed")
    store = tmp_path / "store.sqlite"
    with Store(store) as kept:
        failure, _ = values.hostile("\"><img src=x onerror='document.title=1'><script>document.title=2</script>")
        keep(kept, failure, futures=1000)
    command = [sys.executable, "-m", "crossroads", "ui", "--no-open", "--store", str(store)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", process.stdout.readline())
    assert found is not None
    yield Served(process, found[0])
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")


@pytest.fixture
def tab(chromium: Any, served: Served) -> Iterator[Any]:
    """A tab at the list, on which nothing may go wrong and from which no request may leave."""
    context = chromium.new_context(viewport=WIDE)
    tab = context.new_page()
    trouble: list[str] = []
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("console", lambda said: trouble.append(said.text) if said.type in ("error", "warning") else None)
    tab.on("request", lambda asked: None if asked.url.startswith((f"{served.home}/", "data:")) else trouble.append(asked.url))
    tab.goto(served.address)
    yield tab
    context.close()
    assert trouble == []


def image_of(tab: Any, name: str) -> None:
    tab.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    image = tab.screenshot()
    if os.environ.get("CROSSROADS_UPDATE_DOCS"):
        (IMAGES / f"{name}.png").write_bytes(image)
    assert (IMAGES / f"{name}.png").read_bytes()[:4] == b"\x89PNG"


def overflow(tab: Any) -> int:
    return int(tab.evaluate("document.documentElement.scrollWidth - innerWidth"))


def explored(tab: Any, target: str, futures: int) -> None:
    tab.fill("#explore + form input[name=target]", target)
    tab.fill("#explore + form input[name=futures]", str(futures))
    tab.click("#explore + form button")
    tab.wait_for_selector("text=futures lived")


def test_from_a_program_to_its_explained_failure(tab: Any, served: Served) -> None:
    assert "token" not in tab.url
    explored(tab, "two_coins.py", 100)
    tab.click("a[href^='/failure/']")
    tab.eval_on_selector("nav.local [name=budget]", "field => { field.value = 1000; }")
    tab.click("nav.local button:has-text('Explain')")
    tab.wait_for_selector("#chart canvas")
    tab.wait_for_selector("text=Explained with")
    tab.wait_for_selector("#chart canvas")
    assert "Point" in tab.inner_text("#readout")
    tab.click("a.button")
    assert tab.is_visible("text=Where was it decided?")
    tab.goto(served.home)
    assert tab.is_visible("svg.small-curve")
    for size in (NARROW, WIDE):
        tab.set_viewport_size(size)
        assert overflow(tab) <= 0


def test_walking_the_tree_of_futures(tab: Any) -> None:
    explored(tab, "boat.py", 100)
    tab.click("a[href^='/failure/']")
    tab.click("text=Walk its futures")
    tab.click("text=Show its points")
    tab.click(".steps button:has-text('coast')")
    tab.wait_for_selector(".life-line.passed")
    assert "50 of 50" in tab.text_content(".life-line.passed")
    tab.click(".life-line >> nth=0")
    tab.wait_for_selector(".life-line.chosen:has-text('the failing run')")
    tab.click(".steps tr:has-text('weather') .anew >> nth=0")
    tab.wait_for_selector(".life-line >> nth=2")
    image_of(tab, "walk")
    tab.set_viewport_size(NARROW)
    assert overflow(tab) <= 0


def test_strangers_texts_are_harmless(tab: Any) -> None:
    assert tab.title() == "Failures · crossroads"
    assert tab.query_selector("main img") is None
    tab.click(".entry-main")
    assert "<img" in tab.title()
    assert tab.query_selector("img") is None


def test_another_page_can_neither_look_nor_start(chromium: Any, served: Served, tab: Any) -> None:
    """A page of another server of this machine, in the browser that has the cookie."""
    other = tab.context.new_page()
    other.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="<title>other</title>", content_type="text/html"))
    other.goto("http://127.0.0.1:9/")
    asked = "url => fetch(url, {method: 'POST', mode: 'no-cors', credentials: 'include', body: 'target=boat.py'}).catch(() => null)"
    other.evaluate(asked, f"{served.home}/explore")
    other.evaluate(f"() => {{ location = '{served.home}/' }}")
    other.wait_for_url(f"{served.home}/")
    assert "another page asks for this one" in other.inner_text("body")
    tab.reload()
    assert not tab.is_visible("text=Under way")
    assert "boat.py" not in tab.inner_text("main")
