"""The page of the Python reference, made from signatures and docstrings. They are read from the sources, so that every Python gives the
same page.
"""

import ast
import inspect
import re
from importlib import import_module
from types import ModuleType

import crossroads

SECTIONS = {
    "Inside programs": ("decide", "chance", "mark"),
    "The ring": ("ring", "Mark", "go_back", "protect", "irreversible", "Guard", "Death", "Finding"),
    "Asking": ("explore", "explain", "shrink", "verify", "replay", "sweep_cancel"),
    "What exploring gives": ("Exploration", "Tally", "Failure", "Probability"),
    "What explaining gives": ("Account", "CurvePoint", "TurningPoint", "Option", "Moment", "Decision", "PointOfNoReturn", "WayOut"),
    "What verifying gives": ("Verdict", "Place", "OtherFailure"),
    "What shrinking gives": ("Shrunk", "ShrunkStep"),
    "What replaying gives": ("Replay", "Watched"),
    "What sweeping gives": ("Sweep", "SweptAwait", "SweptFailure"),
    "Timelines": ("Timeline", "Outcome"),
    "Settings, progress, errors": ("Limits", "Progress", "CrossroadsError"),
}

Function = ast.FunctionDef | ast.AsyncFunctionDef

HEAD = """# Python reference

All names of the package `crossroads`. Made from the sources: `CROSSROADS_UPDATE_DOCS=1 pytest tests/docs` writes this page anew. How they
are used is in the [how-to guides](../howto.md#use-it-from-python), the same as commands in the [command reference](cli.md), as JSON in
the [report format](report.md).

`StorePath` is a path or None, `EngineName` is "fork" or "replay", `OnProgress` is called with a `Progress`, `OnAccount` with an
`Account`.
"""

WORLD_HEAD = """# Hosts and faults: `crossroads.world`

What an asyncio program calls to have several machines: `from crossroads import world`. Made from the sources, as the
[Python reference](api.md) is; how it is used is in the [how-to guides](../howto.md#kill-a-machine-cut-a-wire).

| called | in a run of an asyncio program | elsewhere: alone, or in a plain program |
|---|---|---|
| `host`, `with host`, `.start`, `.create_task`, `.run` | a machine with an address of its own, resolved by its name | this machine: its address is 127.0.0.1, tasks are ordinary tasks |
| `.is_alive`, `.clock_skew` read | as it is | `True`, `0.0` |
| everything that breaks or mends | is done | `RuntimeError`, which says that it needs a run |

Beside this the world itself breaks what `--faults` allows, a choice point of kind `fault` for each thing that is sent; never more than
three faults in a run, none without the option:

| kind | what happens |
|---|---|
| `crash` | a host other than localhost loses its power, or its programs are killed; it comes back after 0.1, 1 or 10 s if `start` or `restart` said what it runs, else it stays dead; one that code from elsewhere is visiting is spared |
| `partition` | the two hosts of a wire are cut off from each other for 0.1, 1 or 10 s |
| `reset` | an established connection is reset, for both ends |
| `loss` | a datagram is lost, doubled or overtaken |
"""  # noqa: E501

_PART = re.compile(r"^(Args|Returns|Raises|Example):[ ]*$", re.MULTILINE)
_ITEM = re.compile(r"^([A-Za-z_][\w, ]*): (.*)$")


def api_page() -> str:
    """The page."""
    parts = [HEAD]
    for title, names in SECTIONS.items():
        parts.append(f"## {title}\n")
        parts += [_entry(name) for name in names]
    return "\n".join(parts)


def world_page() -> str:
    """The page of the module that programs with several hosts import."""
    module = import_module("crossroads.world")
    return "\n".join([WORLD_HEAD, *(_entry(name, module) for name in ("host", "Host", "partition", "heal", "slow", "lossy"))])


def _entry(name: str, module: ModuleType | None = None) -> str:
    module = module or import_module(f"crossroads.{crossroads._HOMES.get(name, 'program')}")
    tree = ast.parse(inspect.getsource(module))
    node = next(node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name)
    shown = _signature(node, module) if isinstance(node, ast.FunctionDef) else _fields(node)
    return f"### {name}\n\n```text\n{shown}\n```\n\n{_prose(ast.get_docstring(node) or '')}{_properties(node)}"


def _signature(node: ast.FunctionDef, module: ModuleType) -> str:
    given, named = node.args.args, node.args.kwonlyargs
    defaults = [None] * (len(given) - len(node.args.defaults)) + list(node.args.defaults)
    shown = [_parameter(argument, default, module) for argument, default in zip(given, defaults, strict=True)]
    if node.args.vararg is not None:
        shown.append(f"*{_parameter(node.args.vararg, None, module)}")
    elif named:
        shown.append("*")
    if named:
        shown += [*(_parameter(argument, default, module) for argument, default in zip(named, node.args.kw_defaults, strict=True))]
    returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    line = f"{node.name}({', '.join(shown)}){returns}"
    return line if len(line) <= 100 else f"{node.name}(\n" + "".join(f"    {part},\n" for part in shown) + f"){returns}"


def _parameter(argument: ast.arg, default: ast.expr | None, module: ModuleType) -> str:
    shown = argument.arg + (f": {ast.unparse(argument.annotation)}" if argument.annotation is not None else "")
    if isinstance(default, ast.Name):
        value = getattr(module, default.id)
        return f"{shown} = {value:_}" if isinstance(value, int | float) else f"{shown} = ..."
    return shown if default is None else f"{shown} = {ast.unparse(default)}"


def _fields(node: ast.ClassDef) -> str:
    fields = [part for part in node.body if isinstance(part, ast.AnnAssign)]
    base = f"({ast.unparse(node.bases[0])})" if node.bases else ""
    return "\n".join([f"class {node.name}{base}", *(f"    {ast.unparse(part)}" for part in fields)])


def _properties(node: ast.FunctionDef | ast.ClassDef) -> str:
    shown = ""
    for part in node.body if isinstance(node, ast.ClassDef) else ():
        if isinstance(part, Function) and not part.name.startswith("_") and ast.get_docstring(part):
            is_property = any(ast.unparse(decorator) == "property" for decorator in part.decorator_list)
            name = part.name if is_property else f"{part.name}({', '.join(_arguments(part))})"
            shown += f"- `.{name}`: {_one_line((ast.get_docstring(part) or '').split(chr(10) * 2)[0])}\n"
    return shown and f"\n{shown}"


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    named = [argument.arg for argument in node.args.kwonlyargs]
    return [argument.arg for argument in node.args.args[1:]] + (["*", *named] if named else [])


def _prose(docstring: str) -> str:
    first, *parts = _PART.split(docstring)
    pieces = [_paragraphs(first)]
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        body = inspect.cleandoc(text)
        if title == "Args":
            pieces.append(_items(body))
        elif title == "Returns":
            pieces.append(f"Returns: {_paragraphs(body)}")
        elif title == "Raises":
            pieces.append(f"Raises:\n\n{_items(body)}")
        else:
            pieces.append(f"```pycon\n{body}\n```\n")
    return "\n".join(pieces)


def _items(body: str) -> str:
    lines: list[str] = []
    for line in body.splitlines():
        found = None if line.startswith(" ") else _ITEM.match(line)
        if found is not None:
            lines.append(f"- {', '.join(f'`{name}`' for name in found[1].split(', '))}: {found[2]}")
        elif lines:
            lines[-1] += f" {line.strip()}"
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _paragraphs(text: str) -> str:
    return "\n".join(f"{_one_line(paragraph)}\n" for paragraph in text.strip().split("\n\n") if paragraph.strip())


def _one_line(text: str) -> str:
    return " ".join(text.split())
