"""What is distributed is whole, and what is installed says how it stands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

from autograd.core import choice
from tests.effort import LONG

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session", autouse=True)
def engine() -> str:
    """None of this depends on the engine: once is enough."""
    return "either"


def run(
    *command: str, cwd: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(cwd), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source tree without what git ignores, as a clone would have it."""
    if not (ROOT / "setup.py").exists():
        pytest.skip("the tests run apart from the source tree")
    copy = tmp_path_factory.mktemp("source")
    ignore = shutil.ignore_patterns(
        *(".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "output"),
        *("build", "dist", "*.egg-info", "*.so", "rules.h"),
    )
    shutil.copytree(ROOT, copy, ignore=ignore, dirs_exist_ok=True)
    return copy


def build(kind: str, source: Path, **environment: str) -> Path:
    pytest.importorskip("setuptools")
    program = f"from setuptools.build_meta import *; print(build_{kind}('dist'))"
    built = run("-W", "ignore", "-c", program, cwd=source, **environment)
    assert built.returncode == 0, built.stderr
    return source / "dist" / built.stdout.splitlines()[-1]


def test_the_source_distribution_has_all_that_its_makefile_calls(source: Path) -> None:
    with tarfile.open(build("sdist", source)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for needed in (
        *("Makefile", "setup.py", "pyproject.toml", "LICENSE", ".ci/get-dot"),
        *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff"),
        *("demos/lecture.py", "demos/chain_rule.ipynb", "demos/pictures/lecture.png"),
        *("tests/conftest.py", "tests/autograd/native/sanitize.sh"),
    ):
        assert needed in names, needed
    tracked = {
        str(path.relative_to(source))
        for folder in ("autograd", "nn", "tests", "demos")
        for path in (source / folder).rglob("*")
        if path.suffix in (".py", ".pyi", ".c", ".h", ".js", ".css", ".html", ".ipynb")
    }
    assert tracked <= names
    assert not any(name.endswith((".so", ".pyc", "rules.h")) for name in names)


def test_a_wheel_has_the_extension_and_no_c(source: Path) -> None:
    native = "native" in choice.available() and not LONG
    engine = Path(import_module("autograd.native.engine").__file__ if native else "")
    if native and b".symtab" not in engine.read_bytes():
        # As if just compiled: test_one_row compiles a copy like this one.
        library = f"lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"
        compiled = source / "build" / library / "autograd/native" / engine.name
        compiled.parent.mkdir(parents=True)
        shutil.copy(engine, compiled)
        os.utime(compiled, (time.time() + 3600,) * 2)
    wheel = build("wheel", source, CFLAGS="-O0")  # optimizing takes a minute
    with zipfile.ZipFile(wheel) as archive:
        files = {info.filename: info for info in archive.infolist()}
    assert not [name for name in files if name.endswith((".c", ".h"))]
    for needed in (
        *("autograd/py.typed", "autograd/_typed.pyi", "nn/py.typed"),
        *("autograd/table/rules.py", "autograd/pictures/explorer.html"),
    ):
        assert needed in files
    modules = {str(p.relative_to(source)) for p in source.glob("[an]*/**/*.py")}
    assert {m for m in modules if m.split("/")[0] in ("autograd", "nn")} <= set(files)
    if sys.platform == "linux":
        (extension,) = (name for name in files if name.endswith(".so"))
        with zipfile.ZipFile(wheel) as archive:
            assert b".symtab" not in archive.read(extension)


def test_published_pages_show_the_pictures_and_links_of_the_readme(
    source: Path,
) -> None:
    def page(**environment: str) -> str:
        with tarfile.open(build("sdist", source, **environment)) as archive:
            name = next(n for n in archive.getnames() if n.endswith("/PKG-INFO"))
            file = archive.extractfile(name)
            assert file is not None
            return file.read().decode()

    assert "Project-URL" not in page()
    published = page(AUTOGRAD_PROJECT_URL="https://example.org/us/scalar-autograd/")
    base = "https://example.org/us/scalar-autograd"
    assert f"Project-URL: Source, {base}\n" in published
    assert f"]({base}/raw/main/demos/pictures/example.png)" in published
    assert f"]({base}/blob/main/autograd/table/rules.py)" in published
    assert "](demos" not in published
    assert "](autograd" not in published


def test_a_source_tree_whose_engine_is_not_built_says_so_once(source: Path) -> None:
    program = "import autograd; print(autograd.engine)"
    told = run("-c", program, cwd=source, AUTOGRAD_PURE="")
    assert told.stdout == "reference\n", told.stderr
    assert told.stderr.count("pip install --editable .") == 1
    silent = run("-c", program, cwd=source, AUTOGRAD_PURE="1")
    assert (silent.stdout, silent.stderr) == ("reference\n", "")


def test_the_report_names_the_engine_and_what_mends_what_is_missing(
    source: Path,
) -> None:
    pure = run("-m", "autograd", cwd=source, AUTOGRAD_PURE="1", PATH="", CC="no-cc")
    assert pure.returncode == 0, pure.stderr
    lines = pure.stdout.splitlines()
    assert lines[0].startswith("autograd   ")
    assert str(source) in lines[0]
    assert "engine     reference, in Python" in pure.stdout
    assert "pip install --editable ." in pure.stdout
    assert "compiler   none: 'no-cc' is not on the PATH" in pure.stdout
    assert run("-m", "autograd", "doctor", cwd=source).returncode == 0
    wrong = run("-m", "autograd", "docter", cwd=source)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "usage" in wrong.stderr


THEIR_CORE = "from autograd.core import primitive"  # which ours is found instead of


@pytest.mark.parametrize(
    "left", ["", "__version__ = '1.9'\ndef grad(f): ...", THEIR_CORE]
)
@pytest.mark.parametrize("wanted", ["nn", "autograd.core.value", "autograd.rules"])
def test_what_another_package_of_our_name_leaves_of_us_says_so(
    left: str, wanted: str, tmp_path: Path
) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "nn", tmp_path / "nn", ignore=ignore)
    shutil.copytree(ROOT / "autograd", tmp_path / "autograd", ignore=ignore)
    theirs = tmp_path / "autograd/__init__.py"
    if left:
        theirs.write_text(left, encoding="utf-8")
    else:
        theirs.unlink()
    answer = run("-S", "-c", f"import {wanted}", cwd=tmp_path, PYTHONSAFEPATH="")
    if wanted == "autograd.rules" and left != THEIR_CORE:  # nothing of ours says it
        assert "No module named 'autograd.rules'" in answer.stderr
    else:
        assert "pip install --force-reinstall scalar-autograd" in answer.stderr
