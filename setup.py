"""What pyproject.toml cannot say: the C engine, which is welcome but not needed."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
import types
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

HERE = Path(__file__).resolve().parent


def sources(pattern: str) -> list[str]:
    """The files that match, as setuptools likes them: relative, and in order."""
    return sorted(path.relative_to(HERE).as_posix() for path in HERE.glob(pattern))


def write_rules(directory: Path) -> None:
    """Write ``rules.h``, with the package's modules from this source tree."""
    # Not the package's own __init__: it would look for the engine to be built.
    package = types.ModuleType("autograd")
    package.__path__ = [str(HERE / "autograd")]
    package.__distribution__ = "scalar-autograd"
    before = {name: m for name, m in sys.modules.items() if name.startswith("autograd")}
    for name in before:
        del sys.modules[name]
    sys.modules["autograd"] = package
    try:
        from autograd.native import emit, lanes, routines

        directory.mkdir(parents=True, exist_ok=True)
        emit.write(str(directory))
        lanes.write(str(directory))
        routines.write(str(directory))
    finally:
        for name in [name for name in sys.modules if name.startswith("autograd")]:
            del sys.modules[name]
        sys.modules.update(before)


class OptionalEngine(build_ext):
    """Build the engine, or say that the reference engine will run."""

    def build_extension(self, ext: Extension) -> None:
        if sysconfig.get_config_var("Py_GIL_DISABLED"):
            ext.optional = True
            print("The C engine needs the GIL: the reference engine will run.")
            return
        strict = os.environ.get("AUTOGRAD_WERROR", "") not in ("", "0")
        ext.optional = not strict
        generated = Path(self.build_temp).resolve() / "autograd"
        write_rules(generated)
        ext.include_dirs.append(str(generated))
        ext.depends.append(str(generated / "rules.h"))
        if self.compiler.compiler_type != "msvc":
            # A fused multiply-add would round once where Python rounds twice.
            flags = os.environ.get("CFLAGS", "")
            level = "-O1" if "-fsanitize" in flags else "-O3"  # else it takes minutes
            level = "-O0" if "-O0" in flags else level
            ext.extra_compile_args += ["-ffp-contract=off", "-fno-math-errno", level]
            # A call must stay the one that Python makes: clang turns pow(2, x) into
            # exp2(x), and a sine beside a cosine into another function yet.
            ext.extra_compile_args += [
                f"-fno-builtin-{name}" for name in ("pow", "sin", "cos")
            ]
            ext.extra_compile_args += ["-fvisibility=hidden"]
            if sys.platform == "linux" and "-g" not in flags:
                ext.extra_link_args += ["-Wl,--strip-all"]
            if strict:
                ext.extra_compile_args += ["-Wall", "-Wextra", "-Werror"]
        if os.environ.get("AUTOGRAD_TEST_ALLOC", "") not in ("", "0"):
            ext.define_macros += [("AUTOGRAD_TEST_ALLOC", "1")]
            ext.define_macros += [("AUTOGRAD_NO_SLABS", "1")]
        try:
            super().build_extension(ext)
        except (BaseError, CCompilerError, OSError) as error:
            if strict:
                raise
            print(f"The C engine was not built: {error}", file=sys.stderr)
            print("The reference engine, in Python, will run.", file=sys.stderr)


def description() -> str:
    """README.md, with links that hold on a package index if it is known where to."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    if not URL:
        return text
    text = re.sub(r"(!\[[^]]*\])\((?!https?:)", rf"\1({URL}/raw/main/", text)
    return re.sub(r"(?<!\])(\[[^]!]*\])\((?!https?:|#)", rf"\1({URL}/blob/main/", text)


URL = os.environ.get("AUTOGRAD_PROJECT_URL", "").rstrip("/")
"""Where the project is published; known to who publishes it."""

setup(
    long_description=description(),
    long_description_content_type="text/markdown",
    project_urls={"Source": URL, "Changelog": f"{URL}/blob/main/CHANGELOG.md"}
    if URL
    else {},
    ext_modules=[
        Extension(
            "autograd.native.engine",
            sources("autograd/native/*.c"),
            # The generated headers are made from the rules and the docstrings.
            depends=[
                *sources("autograd/native/*.h"),
                *sources("autograd/table/*.py"),
                *sources("autograd/core/*.py"),
                *sources("autograd/native/*.py"),
            ],
        )
    ],
    cmdclass={"build_ext": OptionalEngine},
)
