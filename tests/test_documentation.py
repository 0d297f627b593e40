"""Every example in the documentation runs: docstrings and README, on each engine."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
from pathlib import Path

import pytest

import autograd
import nn

ROOT = Path(__file__).parent.parent
OPTIONS = doctest.NORMALIZE_WHITESPACE


def modules() -> list[str]:
    """The names of all modules of both packages that are written in Python."""
    names = ["autograd", "nn"]
    for package in (autograd, nn):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            names.append(module.name)
    return [name for name in names if not name.startswith("autograd.native.engine")]


@pytest.mark.parametrize("name", modules())
def test_docstring_examples_give_what_they_say(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(name)
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(module, optionflags=OPTIONS).failed == 0


def test_the_docstring_examples_are_found() -> None:
    finder = doctest.DocTestFinder()
    examples = [
        t for name in modules() for t in finder.find(importlib.import_module(name))
    ]
    assert sum(bool(test.examples) for test in examples) > 20


def test_readme_examples_give_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(
        os.fspath(ROOT / "README.md"),
        module_relative=False,
        optionflags=OPTIONS,
        encoding="utf-8",
    )
    assert result.failed == 0
    assert result.attempted > 6
