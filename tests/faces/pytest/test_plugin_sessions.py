"""The plugin among everything else that pytest and its plugins do."""

import re
import sys

import plugin_programs as programs
import pytest
from plugin_outside import FUTURES, command, ids_in

pytest_plugins = ("pytester",)
pytestmark = [pytest.mark.slow, pytest.mark.long]

MARKED = "import asyncio, os, random, sys, unittest, pytest\npytestmark = pytest.mark.crossroads(futures=10)\n"


def test_a_plain_run_loads_next_to_nothing(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        import sys
        def pytest_unconfigure():
            print("loaded:", *sorted(name for name in sys.modules if name.partition(".")[0] == "crossroads"))
        """
    )
    project.makepyfile("def test_plain(): pass")
    done = project.runpytest_subprocess("-p", "no:xdist", "-s", "--strict-markers")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["loaded: crossroads crossroads.program crossroads.pytest_plugin"])
    done.stdout.no_fnmatch_line("*AssertRewriteWarning*")


def test_ends_of_all_kinds(project: pytest.Pytester) -> None:
    project.makepyfile(
        MARKED
        + """
@pytest.mark.skip(reason="not today")
def test_skipped(): assert False

@pytest.mark.skipif(sys.platform != "none", reason="not here")
def test_skipped_if(): assert False

def test_skips_itself(): pytest.skip("no network")

@pytest.mark.xfail(reason="known")
def test_known(): assert random.random() < 0.5

@pytest.mark.xfail(reason="was mended")
def test_mended(): pass

@pytest.mark.xfail(reason="was mended", strict=True)
def test_strict(): pass

@pytest.mark.xfail(run=False, reason="crashes")
def test_not_run(): os.abort()

@pytest.fixture
def broken(): raise OSError("no disk")

def test_setup(broken): pass

def test_crash(): os.abort()

@pytest.mark.parametrize("side", ["a b", "x::y", "[z]"])
def test_each(side, tmp_path, monkeypatch, capsys):
    print(side)
    assert capsys.readouterr().out == f"{side}\\n"

class TestClass:
    def setup_method(self): self.calm = True
    def test_method(self): assert self.calm
"""
    )
    done = project.runpytest_subprocess("-v", "-rA")
    done.assert_outcomes(skipped=3, xfailed=2, xpassed=1, failed=3, passed=4)
    done.stdout.re_match_lines_random(
        [
            r"SKIPPED \[1\] test_ends_of_all_kinds.py:\d+: no network",
            r"XFAIL test_ends_of_all_kinds.py::test_known - known \(in \d of 10 futures\)",
            r"XPASS test_ends_of_all_kinds.py::test_mended - was mended",
            r"E   Failed: \[XPASS\(strict\)\] was mended",
            r"E   OSError: no disk",
            r"test_ends_of_all_kinds.py:\d+ in broken, in its setup",
            r"E   crashed: SIGABRT.*",
            r"test_ends_of_all_kinds.py::test_each\[x::y\] PASSED \[the only future\].*",
        ]
    )


def test_nothing_of_a_test_happens_in_this_process(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        import os, pytest

        def pytest_configure(config):
            os.environ.setdefault("OUTER", str(os.getpid()))

        @pytest.fixture(scope="session", autouse=True)
        def whole():
            with open("sessions.txt", "a") as file:
                print(os.getpid(), file=file)

        @pytest.fixture
        def own():
            assert os.getpid() != int(os.environ["OUTER"])
        """
    )
    project.makepyfile(
        MARKED
        + """
def test_elsewhere(own, tmp_path):
    assert os.getpid() != int(os.environ["OUTER"]) and not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("x")
    random.random()
"""
    )
    project.runpytest_subprocess().assert_outcomes(passed=1)
    sessions = (project.path / "sessions.txt").read_text().split()
    assert len(sessions) <= 4, "a session's fixture is set up once for each engine, not for each future"


def test_fixtures_of_tests_around_it_are_torn_down_in_order(project: pytest.Pytester) -> None:
    body = """
import pytest
@pytest.fixture(scope="module", autouse=True)
def wide():
    print("up", __name__)
    yield
    print("down", __name__)
def test_first(): pass
@pytest.mark.crossroads(futures=8)
def test_lived(): pass
"""
    project.makepyfile(test_a=body, test_b=body + "def test_last(): pass\n", test_c="def test_other(): pass\n")
    done = project.runpytest_subprocess("-s")
    done.assert_outcomes(passed=6)
    said = [line.lstrip(".") for line in done.stdout.str().splitlines() for line in re.findall(r"(?:up|down) test_\w", line)]
    assert said == ["up test_a", "down test_a", "up test_b", "down test_b"]


def test_every_kind_of_async_test(project: pytest.Pytester) -> None:
    pytest.importorskip("pytest_asyncio")
    pytest.importorskip("anyio")
    project.makepyfile(
        """
        import asyncio, unittest, pytest

        async def test_bare(): await asyncio.sleep(1)

        @pytest.mark.asyncio
        async def test_marked(): await asyncio.sleep(1)

        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio", pytest.param("trio", marks=pytest.mark.skip)])
        async def test_any(anyio_backend): await asyncio.sleep(1)

        class TestCase(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self): self.there = True
            async def test_method(self): self.assertTrue(self.there)

        def test_plain(): pass
        """
    )
    done = project.runpytest_subprocess("--crossroads", "-v", "-o", "asyncio_mode=strict", *FUTURES)
    done.assert_outcomes(passed=5, skipped=1)
    lived = re.findall(r"(test_\w+(?:\[asyncio\])?) PASSED \[the only future\]", done.stdout.str())
    assert sorted(lived) == ["test_any[asyncio]", "test_bare", "test_marked", "test_method"]


def test_options_that_change_a_test_reach_it_and_its_replay(project: pytest.Pytester) -> None:
    pytest.importorskip("pytest_asyncio")
    project.makeconftest(
        """
        def pytest_addoption(parser):
            parser.addoption("--sides", type=int, default=1)
        """
    )
    project.makepyfile(
        """
        import random, pytest, pytest_asyncio

        @pytest.fixture
        async def sides(request):
            return request.config.getoption("--sides")

        async def test_dice(sides):
            assert random.randint(1, sides) < 4
        """
    )
    done = project.runpytest_subprocess("--crossroads", "-o", "asyncio_mode=auto", "-x", "--sides=4", *FUTURES)
    done.assert_outcomes(failed=1)
    (found,) = {line.split("  ")[-1].strip() for line in done.outlines if "replay it:" in line}
    assert re.fullmatch(r"PYTEST_ADDOPTS='-o asyncio_mode=auto --sides=4' crossroads replay [0-9a-f]{8}", found)
    again = project.run("sh", "-c", found.replace("crossroads replay", f"{sys.executable} -m crossroads replay"))
    assert again.ret == 1
    again.stderr.fnmatch_lines(["*assert 4 < 4*"])


def test_with_xdist(project: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    project.makepyfile(
        test_dice="import pytest\npytestmark = pytest.mark.crossroads\n" + programs.DICE,
        test_other="import pytest\n@pytest.mark.crossroads(futures=10, fault=1)\ndef test_wrong(): pass\ndef test_plain(): pass\n",
    )
    done = project.runpytest_subprocess("-n2", "-v", "-W", "ignore", *FUTURES)
    done.assert_outcomes(failed=1, passed=1, errors=1)
    done.stdout.re_match_lines_random(
        [
            r".*FAILED \[\d+ of 40 futures\] test_dice.py::test_dice.*",
            r"crossroads: crossroads\(fault=...\) isn't an argument of the marker; it has futures, .*",
            r"1 test, 40 futures, 1 test with failing futures\.",
            r".*replay it: +PYTEST_ADDOPTS='-W ignore' crossroads replay .*",
        ]
    )


def test_it_can_be_switched_off(project: pytest.Pytester) -> None:
    project.makepyfile(MARKED + "def test_here(): assert random and 'crossroads.analysis.explore' not in sys.modules\n")
    for switch in ("--no-crossroads", "-pno:crossroads"):
        project.runpytest_subprocess(switch).assert_outcomes(passed=1)


def test_pytest_goes_on_as_ever(project: pytest.Pytester) -> None:
    """-x, --lf, -k, --collect-only, --setup-plan, reports that a conftest looks at."""
    project.makeconftest(
        """
        import pytest
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            if report.when == "call":
                print(f"seen {item.name} {report.outcome} {'fails in' in report.longreprtext}")
            return report
        """
    )
    project.makepyfile(MARKED + "def test_calm(): pass\ndef test_bad(): assert random.random() < 0\ndef test_last(): pass\n")
    first = project.runpytest_subprocess("-x", "-s")
    first.assert_outcomes(passed=1, failed=1)
    first.stdout.fnmatch_lines(["*seen test_calm passed False*", "*seen test_bad failed True*"])
    again = project.runpytest_subprocess("--lf")
    again.assert_outcomes(failed=1)
    assert ids_in(again.stdout.str()) == ids_in(first.stdout.str())
    project.runpytest_subprocess("-k", "calm").assert_outcomes(passed=1, deselected=2)
    project.runpytest_subprocess("--collect-only", "-q").stdout.fnmatch_lines(["*::test_calm", "*::test_bad"])
    assert project.runpytest_subprocess("--setup-plan").ret == 0


def test_a_timeout_holds_for_each_future(project: pytest.Pytester) -> None:
    pytest.importorskip("pytest_timeout")
    project.makepyfile(
        MARKED
        + """
@pytest.mark.timeout(2)
def test_hangs():
    while random.random() < 2: pass

@pytest.mark.timeout(0.000001, func_only=True)
def test_calm(): assert random.random() < 2
"""
    )
    done = project.runpytest_subprocess("-v", "--crossroads-futures", "2")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["E   hung: wall limit*"])


def test_pdb_is_the_debugger_that_goes_back(project: pytest.Pytester) -> None:
    project.makepyfile(MARKED + "def test_bad():\n    number = 40 + random.randint(1, 2)\n    assert not number\n")
    done = project.run(sys.executable, "-m", "pytest", "--pdb", "-p", "no:xdist", stdin=b"p number * 1000\nback\nc\n")
    done.assert_outcomes(failed=1)
    done.stdout.re_match_lines(
        [r".*Failure [0-9a-f]{8}: c goes on with the tests, .*", r".*\(point \d+\) 4[12]000", r".*point \d+ of \d+, .*"]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--crossroads-futures", "0"], "crossroads_futures=0 must be at least 1*"),
        (["--crossroads-seed=x"], "crossroads_seed=x must be a whole number"),
        (["--crossroads-budget", "60"], "crossroads_budget=60 must be a time, such as 90s, 5m or 1h"),
        (["--crossroads-annotations=gitlab"], "annotations=gitlab must be github"),
        (["--crossroads-json=."], "crossroads_json=. is a directory; name a file in it"),
        (["--crossroads", "--no-crossroads"], "crossroads and no-crossroads can't both be followed; leave one of them out"),
        (["-k", "wrong"], "test_usage.py::test_wrong: crossroads(hosts=...) isn't an argument of the marker; machines are made*"),
    ],
)
def test_usage(project: pytest.Pytester, arguments: list[str], message: str) -> None:
    project.makepyfile(test_usage="import pytest\n@pytest.mark.crossroads(hosts=['a'])\ndef test_wrong(): pass\n")
    done = project.runpytest_subprocess(*arguments)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"ERROR: {message}"])


def test_what_cannot_be_run_is_an_error(project: pytest.Pytester) -> None:
    project.makepyfile(MARKED + "@pytest.mark.crossroads(faults=['crash'])\ndef test_plain(): pass\n")
    done = project.runpytest_subprocess()
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["crossroads: faults=crash need an asyncio program*", "ERROR test_what*"])


def test_time_is_the_limit(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import random
        async def test_calm(): pass
        async def test_many(): assert random.random() < 2
        """
    )
    done = project.runpytest_subprocess("--crossroads", "--crossroads-budget=2s", "-v")
    done.assert_outcomes(passed=2)
    done.stdout.re_match_lines([r".*test_many PASSED \[[0-9,]+ futures\].*"])


def test_what_is_not_simulated_runs_as_ever(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import asyncio, sys, unittest

        class TestProcess(unittest.IsolatedAsyncioTestCase):
            async def test_process(self):
                process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(1)")
                assert await process.wait() == 0

            async def test_wrong(self):
                await asyncio.create_subprocess_exec(sys.executable, "-c", "print(1)")
                assert False
        """
    )
    done = project.runpytest_subprocess("--crossroads", "-v", *FUTURES)
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.re_match_lines([r".*::test_process PASSED +\[.*", r">? +assert False.*", r"2 tests ran once, as without crossroads.*"])


def test_hypothesis_chooses_inputs_and_crossroads_the_futures(project: pytest.Pytester) -> None:
    project.makepyfile(
        MARKED
        + """
from hypothesis import given, settings, strategies

@settings(max_examples=5)
@given(strategies.lists(strategies.integers(0, 9), min_size=3, max_size=3, unique=True))
async def test_flips(items):
    assert random.random() < 0.97, items

@settings(max_examples=5)
@given(strategies.integers())
def test_calm(number): assert number == number
"""
    )
    done = project.runpytest_subprocess("-v", *FUTURES)
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.re_match_lines(
        [r".*test_flips FAILED \[\d+ of 40 futures\].*", r"E   AssertionError: \[.*\]", r"E   .*test_flips\(items=\[\d, \d, \d\]\)"]
    )
    (id,) = ids_in(done.stdout.str())
    again = command(project, "replay", id)
    assert again.ret == 1
