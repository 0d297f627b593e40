"""The demos are programs, not a package: the tests import them from their folder."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DEMOS = Path(__file__).parents[2] / "demos"

sys.path.insert(0, str(DEMOS))


@pytest.fixture
def picture_size() -> Callable[[Path], tuple[int, int]]:
    """Width and height of a PNG that is complete and not of one color."""

    def size(path: Path) -> tuple[int, int]:
        import matplotlib.image

        content = path.read_bytes()
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        assert content.endswith(b"IEND\xaeB`\x82")
        assert matplotlib.image.imread(path).std() > 0.01
        width, height = struct.unpack(">II", content[16:24])
        return width, height

    return size
