"""New arrays for results: NumPy's own, on whole pages where they are large."""

from __future__ import annotations

import numpy as np
import pytest

import autograd as ag
from autograd.program.memory import LARGE, PAGE, fresh


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_small_arrays_are_numpys_own(count: int) -> None:
    x = fresh(count)
    assert x.shape == (count,)
    assert x.dtype == np.float64
    assert x.base is None


@pytest.mark.skipif(LARGE > 1 << 32, reason="no large pages")
@pytest.mark.parametrize("count", [LARGE, LARGE + 1, 3 * PAGE - 1])
def test_large_arrays_are_whole_pages(count: int) -> None:
    x, y = fresh(count), fresh(count)
    assert x.shape == (count,)
    assert x.ctypes.data % (8 * PAGE) == 0
    assert len(x.base) - count >= -count % PAGE  # the last page is theirs alone
    assert x.flags.c_contiguous
    assert x.flags.writeable
    assert not np.shares_memory(x.base, y.base)


def test_large_results_are_right() -> None:
    program = ag.compile(lambda x: (x * x, x + 1))
    x = np.arange(float(LARGE + 9 if LARGE < 1 << 32 else 9))
    for _ in range(2):  # the second call takes the short way
        square, more = program.map(x)
        assert np.array_equal(square, x * x)
        assert np.array_equal(more, x + 1)
