"""The file itself: what the policy allows, and that the committed bundle is the one of the sources."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import faces_values as made
import page_values as values
import pytest

from crossroads.faces.page.build import page_of
from crossroads.faces.page.render import render

ROOT = Path(__file__).parents[3]
FACES = ROOT / "src" / "crossroads" / "faces"
ASSETS = FACES / "page" / "assets"


def test_the_policy_allows_our_script_and_style_and_no_request() -> None:
    html = render(page_of(made.boat(), values.evidence()))
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert found is not None
    policy = found[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; ")
    for name in ("script", "style"):
        (text,) = re.findall(rf"<{name}>(.*?)</{name}>", html, re.DOTALL)
        assert f"{name}-src 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_nothing_is_fetched_and_nothing_evaluated() -> None:
    html = render(page_of(made.boat(), values.evidence()))
    assert not re.findall(r'(?:src|href|action)="(?!#|data:)', html)
    assert "url(" not in html
    script = (ASSETS / "page.js").read_text()
    assert not re.findall(r"\beval\(|new Function|innerHTML|\bfetch\(|XMLHttpRequest|importScripts", script)
    assert "</script" not in script


def test_the_licence_of_the_charting_library_is_in_the_page() -> None:
    assert "Copyright (c) 2022 Leon Sorokin" in render(page_of(made.boat()))
    assert "uPlot" in (ASSETS / "page.js").read_text()[:200]


@pytest.mark.parametrize("name", ["page/assets/page.js", "page/assets/page.css", "ui/assets/ui.js", "ui/assets/ui.css"])
def test_the_bundle_was_built_from_these_sources(name: str) -> None:
    frontend = ROOT / "frontend"
    if not frontend.is_dir():
        pytest.skip("the sources of the front end aren't here")
    files = [frontend / "package-lock.json", frontend / "build.mjs", *sorted((frontend / "src").iterdir())]
    digest = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    assert f"Built from sources {digest} " in (FACES / name).read_text(), "run make frontend"
