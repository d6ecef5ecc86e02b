"""The code blocks of the documentation: read from the pages, executed in order, their printed output compared or written anew.

    ```python boat.py      a file of this name is written
    ```python              is executed, with what the page has written around it
    ```console             each line with "$ " is a command; what follows is what it prints; a line "..." stands for any lines
    ```text, ```json       are shown only;  ```sh  too: what installs, which no test does

Ids of failures differ between Python versions: the page's are matched with the real ones. Times and digests are left out of the comparison.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
WALL_LIMIT_S = 600.0
"""For one command; only a hanging one takes so long."""

OPTIONAL = ("numpy", "simpy", "gymnasium")

_FENCE = re.compile(r"^```(\w*)[ \t]*(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^## (.*)$", re.MULTILINE)
_ID = re.compile(r"\b[0-9a-f]{8}\b")
_FOUND = re.compile(r"(?:Failure|crossroads explain|crossroads replay) ([0-9a-f]{8})\b")
_UNHURRIED = (
    (re.compile(r"\bcrossroads run(?= .*\| (?:grep|head)\b)(?! .*--(?:budget|cancel|no-explain))"), "--budget 1000"),
    (re.compile(r"\bcrossroads run(?! .*--(?:budget|cancel|no-explain))"), "--budget 15000"),
    (re.compile(r"\bcrossroads run(?! .*--(?:futures|cancel|no-explain))"), "--futures 1000"),
    (re.compile(r"\bpytest --crossroads(?= )(?! .*--crossroads-futures)"), "--crossroads-futures 500"),
)
"""Such commands tell less on a slow machine, unless they may take the time that they need, as they do by default on a fast one; those of
which a part is shown get by on fewer futures."""

_VARYING = (
    (re.compile(r"\bin [\d.,]+ ?(s|ms|min)\b( \(\d+:\d\d:\d\d\))?"), "in TIME"),
    # Where the line is broken depends on how long the time is.
    (re.compile(r"(?<=in TIME)([:,] [^\n]*[^.\n])\n"), r"\1 "),
    (re.compile(r"\b0x[0-9a-f]{6,}\b"), "ADDRESS"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b"), "DATE"),
    (re.compile(r"\b[0-9a-f]{16,}\b"), "DIGEST"),
    (_ID, "ID"),
    (re.compile(r"\b3\.\d+(\.\d+)?\b(?! %)"), "PYTHON"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page.

    Args:
        language, name: the words behind the fence.
        text: what stands between the fences.
        begin, end: where the text begins and ends in the page.
    """

    language: str
    name: str
    text: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Story:
    """Blocks that are executed one after the other in one directory: those of a page, or of one of its sections."""

    page: str
    title: str
    blocks: tuple[Block, ...]

    def __str__(self) -> str:
        return f"{self.page}: {self.title}" if self.title else self.page

    @property
    def needs(self) -> list[str]:
        """Optional packages that its programs import."""
        texts = [block.text for block in self.blocks]
        texts += [(ROOT / name).read_text() for name in re.findall(r"examples/\w+\.py", "".join(texts))]
        return [name for name in OPTIONAL if any(re.search(rf"^(import|from) {name}\b", text, re.MULTILINE) for text in texts)]


def stories(page: Path, *, by_section: bool) -> Iterator[Story]:
    """The stories of a page that have something to execute."""
    text = page.read_text()
    blocks = [Block(match[1], match[2], match[3], match.start(3), match.end(3)) for match in _FENCE.finditer(text)]
    starts = [(0, "")] + ([(match.start(), match[1]) for match in _SECTION.finditer(text)] if by_section else [])
    for (begin, title), (end, _) in zip(starts, [*starts[1:], (len(text), "")], strict=True):
        inside = tuple(block for block in blocks if begin <= block.begin < end)
        if any(block.language in ("python", "console") for block in inside):
            yield Story(str(page.relative_to(ROOT)), title, inside)


@dataclass(slots=True)
class Teller:
    """Executes the blocks of one story.

    Args:
        folder: where; empty at first.
        environment: of every command.
    """

    folder: Path
    environment: dict[str, str]
    code: int = 0
    real_ids: dict[str, str] = field(default_factory=dict)

    def tell(self, block: Block) -> str:
        """Execute a block; its text as it should stand in the page."""
        if block.language == "python" and block.name:
            (self.folder / block.name).write_text(block.text)
        elif block.language == "python":
            done = self._run([sys.executable, "-c", block.text])
            assert done.returncode == 0, f"{block.text}\n{done.stdout}"
        elif block.language == "console":
            return "".join(self._command(part) for part in re.split(r"^(?=\$ )", block.text, flags=re.MULTILINE) if part)
        return block.text

    def _command(self, part: str) -> str:
        assert part.startswith("$ "), f"a console block begins with a command: {part!r}"
        command, _, expected = part.partition("\n")
        typed = _ID.sub(lambda match: self.real_ids.get(match[0], match[0]), command[2:])
        for pattern, unhurried in _UNHURRIED:
            typed = pattern.sub(rf"\g<0> {unhurried}", typed)
        done = self._run(["bash", "-c", f"(exit {self.code}); {typed}"])
        self.code = done.returncode
        printed = tidy(done.stdout)
        self._learn(expected, printed)
        shown = self._in_words_of_the_page(printed)
        return f"{command}\n{expected if is_same(expected, shown) else shown}"

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=WALL_LIMIT_S,
        )

    def _learn(self, expected: str, printed: str) -> None:
        known = set(self.real_ids.values())
        new = [real for real in dict.fromkeys(_FOUND.findall(printed)) if real not in known]
        for shown, real in zip([name for name in dict.fromkeys(_FOUND.findall(expected)) if name not in self.real_ids], new, strict=False):
            self.real_ids[shown] = real

    def _in_words_of_the_page(self, printed: str) -> str:
        shown = {real: name for name, real in self.real_ids.items()}
        return _ID.sub(lambda match: shown.get(match[0], match[0]), printed)


def tidy(printed: str) -> str:
    """Output as it stands in a page: no blanks at the ends of lines, one line feed at the end."""
    lines = [line.rstrip() for line in printed.splitlines()]
    return "\n".join(lines).strip("\n") + "\n" if any(lines) else ""


def is_same(expected: str, shown: str) -> bool:
    """Whether the output is what the page says, as far as it can be the same."""
    parts = [re.escape(scrubbed(part)) for part in re.split(r"^\.\.\.\n", expected, flags=re.MULTILINE)]
    return re.fullmatch("(?:.*\n)*?".join(parts), scrubbed(shown)) is not None


def scrubbed(text: str) -> str:
    """The text without what differs from run to run and from machine to machine."""
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text
