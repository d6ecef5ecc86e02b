"""What a test that is lived many times says: its account if it fails, a word if it doesn't, and pytest's own reports around it."""

import json
from xml.etree import ElementTree

import plugin_programs as programs
import pytest
from plugin_outside import FUTURES, command, ids_in

pytest_plugins = ("pytester",)
pytestmark = [pytest.mark.slow, pytest.mark.long]


def test_a_flaky_test_fails_with_its_account(project: pytest.Pytester) -> None:
    project.makepyfile(test_shop=programs.CONSUMER)
    done = project.runpytest_subprocess("--crossroads", "-v", *FUTURES)
    assert done.ret == 1
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.re_match_lines(
        [
            r"test_shop.py::test_never_sells_more_than_there_is FAILED \[\d+ of 40 futures\]",
            r"test_shop.py::test_sells PASSED \[.*\]",
            r">   assert shop.stock >= 0, f.*",
            r"E   AssertionError: sold 2 of 1",
            r"test_shop.py:\d+ in test_never_sells_more_than_there_is",
            r"It fails in \d+ of 40 futures: \d+ % \[.* at 95 % confidence\]\.",
            r"Decided .*",
            r".*see it survive:  crossroads replay [0-9a-f]{8} --survivor",
            r".*replay it: +crossroads replay [0-9a-f]{8}",
            r"=+ crossroads =+",
            r"2 tests, .* futures, 1 test with failing futures\.",
            r"FAILED test_shop.py::test_never_sells_more_than_there_is - in \d+ of 40 futures: A.*",
        ]
    )
    (id,) = ids_in(done.stdout.str())
    again = command(project, "replay", id)
    assert again.ret == 1
    again.stderr.fnmatch_lines(["*AssertionError: sold 2 of 1*"])
    assert command(project, "replay", id, "--survivor").ret == 0


def test_a_simulation_and_a_server(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_reservoir="import pytest\npytestmark = pytest.mark.crossroads\n" + programs.SIMULATION,
        test_server=programs.SERVER.replace("PATIENCE", "0.02"),
        test_patient="PATIENCE = 60\n" + programs.SERVER,
    )
    done = project.runpytest_subprocess("--crossroads", "-v", *FUTURES)
    done.assert_outcomes(failed=2, passed=1)
    done.stdout.re_match_lines_random(
        [
            r"test_patient.py::test_adds_once PASSED \[40 futures\].*",
            r"E   RuntimeError: dry after \d+ days",
            r"E   AssertionError: assert 2 == 1",
            r"Tests that passed fail in less than .* % of their futures, at 95 % confidence\.",
        ]
    )


def test_other_programs_can_read_it(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.path.parent))
    project.makepyfile(test_dice="import pytest\npytestmark = pytest.mark.crossroads\n" + programs.DICE + "\ndef test_calm(): pass\n")
    store = project.path / "kept.sqlite"
    options = ("--junitxml=out.xml", "--crossroads-json=out.json", "--crossroads-html=pages", f"--crossroads-store={store}", *FUTURES)
    done = project.runpytest_subprocess("--crossroads", *options)
    assert done.ret == 1
    (id,) = ids_in(done.stdout.str())

    cases = {case.get("name"): case for case in ElementTree.parse(project.path / "out.xml").iter("testcase")}
    found = {entry.get("name"): entry.get("value") for entry in cases["test_dice"].iter("property")}
    assert found["crossroads_id"] == id
    assert found["crossroads_futures"] == "40"
    assert 0 < int(found["crossroads_failed"] or 0) < 40
    assert found["crossroads_seed"] == "0"
    assert found["crossroads_replay"] == f"crossroads replay {id} --store {store}"
    assert "It fails in" in (cases["test_dice"].find("failure").text or "")

    data = json.loads((project.path / "out.json").read_text())
    assert data["schema"] == "crossroads-pytest/1"
    assert {test["nodeid"]: test["outcome"] for test in data["tests"]} == {
        "test_dice.py::test_dice": "failed",
        "test_dice.py::test_calm": "passed",
    }
    report = data["tests"][0]["report"]
    assert report["schema"] == "crossroads-report/1"
    assert report["failures"][0]["account"]["turning_points"]
    assert report["failures"][0]["replay"] == f"crossroads replay {id} --store {store}"

    assert [page.name for page in (project.path / "pages").iterdir()] == [f"test_dice-{id}.html"]
    (line,) = [line for line in done.outlines if line.startswith("::error ")]
    assert line.startswith(f"::error file={project.path.name}/test_dice.py,line=")
    assert ",title=AssertionError::a six%0A" in line

    carried = project.path / "elsewhere" / "artifact.sqlite"
    carried.parent.mkdir()
    store.rename(carried)
    assert command(project, "replay", id, "--store", str(carried)).ret == 1


def test_ids_are_stable_and_nothing_is_lost(project: pytest.Pytester) -> None:
    project.makepyfile(side="SIDES = 6\n", test_dice=programs.DICE.replace("1, 6", "1, side.SIDES").replace("import", "import side,"))
    project.makeconftest("import pytest\ndef pytest_itemcollected(item): item.add_marker(pytest.mark.crossroads)\n")
    first = project.runpytest_subprocess("-p", "no:cacheprovider", *FUTURES)
    second = project.runpytest_subprocess("-p", "no:cacheprovider", *FUTURES)
    (id,) = ids_in(first.stdout.str())
    assert ids_in(second.stdout.str()) == [id]
    project.makepyfile(side="SIDES = 5\n")
    fixed = project.runpytest_subprocess("-p", "no:cacheprovider", *FUTURES)
    fixed.assert_outcomes(passed=1)
    listed = command(project, "list")
    listed.stdout.fnmatch_lines([f"{id}*"])


def test_several_failures_of_one_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import random, pytest

        @pytest.mark.crossroads(seed=3)
        def test_two_ways():
            number = random.randint(1, 4)
            assert number != 1
            if number == 2:
                raise KeyError("two")
        """
    )
    done = project.runpytest_subprocess(*FUTURES)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["Another failure of the same test", "*id *what *where *fails in*"])
    assert done.stdout.str().count("Decided") == 1


def test_output_of_the_failing_future_is_shown(project: pytest.Pytester) -> None:
    project.makepyfile(test_dice="import pytest, sys\npytestmark = pytest.mark.crossroads\n" + programs.DICE.replace(
        "    assert", "    print('thrown')\n    roll()\n\ndef roll():\n    assert"))  # fmt: skip
    done = project.runpytest_subprocess(*FUTURES)
    done.stdout.fnmatch_lines(
        ["test_dice.py:* in test_dice", "E   AssertionError: a six", "*Captured stdout and stderr of the failing future*", "thrown"]
    )
    done.stdout.no_fnmatch_line("Traceback*")
    hidden = project.runpytest_subprocess("--show-capture=no", *FUTURES)
    hidden.stdout.no_fnmatch_line("thrown")
