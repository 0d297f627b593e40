"""What the demos share: where they write, how their plots look, how they end."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # files only: a demo also runs where there is no screen

import matplotlib.pyplot as plt

# The colors of Okabe and Ito, told apart with any kind of color vision.
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"

plt.rcParams.update(
    {
        "figure.dpi": 150,
        "figure.constrained_layout.use": True,
        "font.size": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.3,
        "legend.frameon": False,
        "lines.linewidth": 2,
    }
)


def options(docstring: str | None) -> argparse.ArgumentParser:
    """The options that every demo has; its docstring is its ``--help``."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal may lack a letter
        sys.stdout.reconfigure(errors="replace")
    parser = argparse.ArgumentParser(
        description=docstring, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--output",
        type=folder,
        default=os.fspath(Path(__file__).parent / "output"),
        metavar="FOLDER",
        help="where the pictures go (default: demos/output)",
    )
    return parser


def folder(text: str) -> Path:
    """The type of an option that is a folder, which is made if need be."""
    path = Path(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"no folder can be there: {error}") from error
    return path


def whole(least: int) -> Callable[[str], int]:
    """The type of an option that is a whole number, ``least`` or more."""

    def number(text: str) -> int:
        n = int(text)
        if n < least:
            raise argparse.ArgumentTypeError(f"must be {least} or more, got {n}")
        return n

    number.__name__ = "whole number"  # argparse names it when int() fails
    return number


def figure(width: float, height: float, columns: int = 1, rows: int = 1) -> Any:
    """A figure in the common style, its size in inches, and its axes."""
    return plt.subplots(rows, columns, figsize=(width, height))


def save(fig: Any, path: Path) -> Path:
    """Write a figure as PNG, and forget it."""
    fig.savefig(path)
    plt.close(fig)
    return path


def wrote(paths: list[Path]) -> None:
    """Say which files there are now."""
    print("\nFiles written:")
    for path in paths:
        print(f"  {os.path.relpath(path)}  ({path.stat().st_size / 1024:.0f} KB)")


def verdict(claims: list[tuple[str, bool]]) -> int:
    """Print each claim with what became of it: 0 if all hold, else 1."""
    print("\nClaims:")
    for claim, holds in claims:
        print(f"  {'holds' if holds else 'FAILS':<7}{claim}")
    return 0 if all(holds for _, holds in claims) else 1
