"""Files are written whole, and nothing but the file that was named is touched."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

import autograd as ag
import nn
from autograd.core import files
from autograd.pictures import render

posix = pytest.mark.skipif(os.name != "posix", reason="modes and devices are POSIX's")


def test_a_new_file_has_the_usual_mode_and_nothing_is_left_beside(
    tmp_path: Path,
) -> None:
    (tmp_path / "usual").write_bytes(b"")
    files.write(tmp_path / "new", b"text")
    assert (tmp_path / "new").read_bytes() == b"text"
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode
    assert {path.name for path in tmp_path.iterdir()} == {"usual", "new"}


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o777, 0o444])
def test_a_file_keeps_its_mode_and_is_never_wider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    path, link = tmp_path / "secret", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(mode)
    link.symlink_to(path)
    seen = []
    fsync = os.fsync

    def look(fd: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(fd).st_mode))
        fsync(fd)

    monkeypatch.setattr(os, "fsync", look)
    files.write(link, b"new")
    assert seen[0] == 0o600  # while it is written
    assert link.is_symlink()
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", mode)


@posix
def test_a_link_to_nothing_gets_its_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "there")
    files.write(tmp_path / "link", b"text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there").read_bytes() == b"text"


@posix
def test_devices_and_fifos_are_written_to_and_stay_what_they_are(
    tmp_path: Path,
) -> None:
    files.write(Path(os.devnull), b"text")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    fifo, read = tmp_path / "model.dot", []
    os.mkfifo(fifo)
    model, x = nn.Neuron(1, seed=0), ag.Value(1.0)
    for write in (model.save, lambda path: ag.draw(x, path)):
        reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
        reader.start()
        write(fifo)
        reader.join(30)
        assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert b'"state"' in read[0]
    assert read[1].startswith(b"digraph")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        files.write(tmp_path, b"text")


@pytest.mark.parametrize("failing", ["fsync", "replace", "chmod"])
def test_a_failure_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, failing, fail)
        with pytest.raises(OSError, match="No space"):
            files.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_without_graphviz_a_dot_file_of_the_users_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "_dot", lambda: None)
    monkeypatch.setattr(render, "_pygraphviz", lambda: None)
    keep = tmp_path / "keep.dot"
    keep.write_bytes(b"mine")
    x = ag.Value(2.0)
    for output, saved in ((x * x, 1), (x * x, 1), (x + x, 2)):
        with pytest.raises(ag.GraphvizNotFound, match=rf"keep\.{saved}\.dot"):
            ag.draw(output, tmp_path / "keep.png")
    assert keep.read_bytes() == b"mine"
    assert {path.name for path in tmp_path.iterdir()} == {
        *("keep.dot", "keep.1.dot", "keep.2.dot"),
    }

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write", full)
    with pytest.raises(OSError, match="No space"):
        ag.draw(x * x, tmp_path / "other.png")
    assert not (tmp_path / "other.dot").exists()
