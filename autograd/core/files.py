"""One careful writer: a file is seen as it was or as it will be, never in between."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

__all__ = ["as_path", "write"]


def as_path(path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> Path:
    """The path to write to or to read from.

    Raises:
        TypeError: it is neither a str, bytes nor a path; the message names its type.
    """
    try:
        return Path(os.fsdecode(path))
    except TypeError:
        given = type(path).__name__
        raise TypeError(f"path must be a str or a path, got {given}") from None


def write(path: Path, content: bytes) -> None:
    """Write a file: a temporary one in the same folder, then a rename.

    A link stays a link, and what it points to is replaced. A file that exists keeps
    its mode, and its owner where that is allowed. What is no regular file, such as a
    device or a FIFO, is written to, since a rename would put a file in its place.

    Raises:
        OSError: it cannot be written; an older file is left as it was.
    """
    try:
        before = os.stat(path)
    except FileNotFoundError:
        before = None
    if before is not None and not stat.S_ISREG(before.st_mode):
        path.write_bytes(content)
        return
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    # A name of its own: with the target's in it, it could be too long.
    temporary = os.path.join(folder, f".{secrets.token_hex(8)}.tmp")
    mode = 0o666 if before is None else 0o600  # never wider than the old one
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with open(os.open(temporary, flags, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # else a crash may leave the new name, empty
        if before is not None:
            if hasattr(os, "chown"):
                with contextlib.suppress(PermissionError):
                    os.chown(temporary, before.st_uid, before.st_gid)
            os.chmod(temporary, stat.S_IMODE(before.st_mode))
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
    if hasattr(os, "O_DIRECTORY"):  # the rename itself is an entry of the folder
        entry = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)
