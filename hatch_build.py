"""Compiles the modules beside which a .pxd or .pyx file lies, where Cython and a C compiler work; else the wheel is pure Python.

The compiled modules do what the Python sources beside them do, about twice as fast; `tests/test_compiled.py` compares the two.
Editable installations, and CROSSROADS_PURE=1, leave them uncompiled. With CROSSROADS_COMPILED=1 there is no wheel where they can't be
compiled although Python's headers are there.
"""

import atexit
import os
import shutil
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = Path("src/crossroads")

FLAGS = ("-O3", "-g0", "-ffp-contract=off")
"""The last one: a compiler that fuses a multiplication and an addition rounds in another way than Python."""


class CompilingHook(BuildHookInterface):
    """What hatchling calls before it puts a wheel together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or os.environ.get("CROSSROADS_PURE"):
            return
        folder = Path(tempfile.mkdtemp(prefix="crossroads-build-"))
        # The wheel is put together after this call, by this process.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        try:
            built = compile_all(Path(self.root), folder)
        except (Exception, SystemExit) as error:
            if os.environ.get("CROSSROADS_COMPILED") and Path(sysconfig.get_path("include"), "Python.h").exists():
                raise
            self.app.display_warning(f"crossroads isn't compiled, and futures take about twice as long: {error}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"].update(built)


def compile_all(root: Path, folder: Path) -> dict[str, str]:
    """Compile into a folder; where each module is and where it belongs in the wheel."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    os.chdir(root)
    extensions = cythonize(
        [Extension(".".join(source.with_suffix("").parts[1:]), [str(source)], extra_compile_args=list(FLAGS)) for source in sources()],
        build_dir=str(folder),
        language_level=3,
        # Annotations are for readers and mypy: what is typed in C is said in the .pxd files.
        compiler_directives={"annotation_typing": False, "binding": False},
        quiet=True,
    )
    command = Distribution({"ext_modules": extensions, "package_dir": {"": "src"}}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
    command.parallel = os.cpu_count() or 1
    command.ensure_finalized()
    command.run()
    return {str(path): str(path.relative_to(folder / "lib")) for path in sorted((folder / "lib").rglob("*.*")) if path.is_file()}


def sources() -> list[Path]:
    """The .pyx files, and the .py files beside which only a .pxd file lies."""
    typed = [path.with_suffix(".py") for path in PACKAGE.rglob("*.pxd") if not path.with_suffix(".pyx").exists()]
    return sorted([*typed, *PACKAGE.rglob("*.pyx")])
