"""Graphviz can be slow, missing or without letters: each is said, and none hangs."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from pathlib import Path

import pytest

import autograd as ag
from autograd.pictures import render
from autograd.pictures.draw import draw
from tests.autograd.pictures.dot import (
    chain,
    needs_dot,
)


def program(folder: Path, text: str) -> None:
    """Put a program called dot there."""
    path = folder / "dot"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_a_slow_dot_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = tmp_path / "pids"
    program(
        tmp_path,
        "import os, subprocess, sys, time\n"
        "sleep = 'import time; time.sleep(3600)'\n"
        "child = subprocess.Popen([sys.executable, '-c', sleep])\n"
        f"open({os.fspath(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(3600)\n",
    )
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(render.RenderError, match="stopped after 2 seconds"):
        draw(ag.Value(1.0), tmp_path / "a.svg", timeout=2)
    assert not (tmp_path / "a.svg").exists()
    left = [int(pid) for pid in pids.read_text().split()]
    for _ in range(200):  # dying takes the system a moment
        left = [pid for pid in left if running(pid)]
        if left:
            time.sleep(0.1)
    assert not left


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/status")
    return not (status.exists() and "State:\tZ" in status.read_text())


def test_what_a_failing_dot_says_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "import sys\nsys.exit('out of luck')\n")
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(render.RenderError, match="exit code 1: out of luck"):
        draw(ag.Value(1.0), tmp_path / "a.svg")
    assert os.listdir(tmp_path) == ["dot"]


def test_a_dot_without_fonts_is_an_error_and_no_blank_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "print('the same boxes whatever the letters')\n")
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    for form in ("png", "pdf"):
        with pytest.raises(render.NoUsableFont, match="fonts-dejavu"):
            draw(ag.Value(1.0), tmp_path / f"a.{form}")
    assert os.listdir(tmp_path) == ["dot"]


@needs_dot
def test_the_real_dot_without_fonts_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "fonts.conf").write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{tmp_path}/none</dir><cachedir>{tmp_path}/cache</cachedir></fontconfig>"
    )
    monkeypatch.setenv("FONTCONFIG_FILE", os.fspath(tmp_path / "fonts.conf"))
    monkeypatch.setattr(render, "_fonts", {})
    with pytest.raises(render.NoUsableFont):
        draw(ag.Value(1.0), tmp_path / "a.png")


def test_without_dot_the_text_is_saved_and_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.setattr(render, "_pygraphviz", lambda: None)
    with pytest.raises(render.GraphvizNotFound) as caught:
        draw(ag.Value(1.0), tmp_path / "graph.png")
    said = str(caught.value)
    for part in ("apt-get", "dnf", "brew", "winget", "conda", "pygraphviz", "wrapper"):
        assert part in said
    assert os.fspath(tmp_path / "graph.dot") in said
    assert (tmp_path / "graph.dot").read_text() == draw(ag.Value(1.0)).source
    assert os.listdir(tmp_path) == ["graph.dot"]


@needs_dot
def test_without_dot_pygraphviz_draws_in_a_child_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dot = shutil.which("dot")
    (tmp_path / "pygraphviz.py").write_text(
        "import subprocess\n"
        "class AGraph:\n"
        "    def __init__(self, string): self.string = string\n"
        "    def draw(self, format, prog, args):\n"
        f"        command = [{dot!r}, '-T' + format, *args.split()]\n"
        "        source = self.string.encode()\n"
        "        return subprocess.check_output(command, input=source)\n"
    )
    drawn = draw(ag.Value(1.0, label="ŷ"))._repr_svg_()
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", os.fspath(tmp_path / "empty"))
    monkeypatch.syspath_prepend(os.fspath(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))
    assert draw(ag.Value(1.0, label="ŷ"))._repr_svg_() == drawn
    draw(ag.Value(1.0), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "pygraphviz" not in sys.modules


@needs_dot
def test_a_bitmap_that_was_scaled_down_is_a_warning(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="to fit"):
        draw(chain(500), tmp_path / "a.png", view="values", timeout=120)
