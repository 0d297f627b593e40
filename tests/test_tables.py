"""Every line of the README's tables of what differs, and of what works, is run."""

from __future__ import annotations

import builtins
import contextlib
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.table.rules import RULES

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def table(section: str) -> list[list[str]]:
    """The rows of the first table below a heading, cell by cell, without its head."""
    text = README.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[c.strip() for c in line.strip("|").split(" | ")] for line in lines[2:]]


def code(cell: str) -> list[str]:
    """The pieces of code in a cell that are more than a name."""
    spans = re.findall(r"`([^`]+)`", cell)
    return [span for span in spans if not span.isidentifier() or span in ("v",)]


def run(text: str, names: dict[str, Any]) -> Any:
    """The value of the last statement, if it is an expression."""
    *before, last = text.split("; ")
    exec("; ".join(before), names)
    with contextlib.suppress(SyntaxError):
        return eval(last, names)
    return exec(last, names)


def names(lift: Any = None) -> dict[str, Any]:
    lift = lift or ag.Value  # of the engine that runs
    a = np.array([lift(0.5), lift(1.75)])
    m = np.array([[lift(2.0), lift(0.5)], [lift(1.0), lift(3.0)]])
    return {
        "ag": ag,
        "np": np,
        "math": math,
        "Value": ag.Value,
        "a": a,
        "m": m,
        "v": lift(2.0),
    }


def plain(x: Any) -> Any:
    """The numbers in a result, Values or not."""
    if isinstance(x, ag.Value):
        return x.data
    if isinstance(x, np.ndarray) and x.dtype == object:
        return np.array([plain(y) for y in x.ravel()]).reshape(x.shape)
    return x


@pytest.mark.parametrize(
    "row", table("Coming from micrograd"), ids=lambda row: str(row[0])
)
def test_what_differs_from_micrograd(row: list[str]) -> None:
    (written,), (result,) = code(row[0]), re.findall(r"`([^`]+)`", row[1])
    error = getattr(builtins, result, None)
    if isinstance(error, type) and issubclass(error, Exception):
        with pytest.raises(error):
            run(written, names())
    else:
        assert repr(run(written, names())) == result
    for instead in code(row[2]):
        run(instead, names())


@pytest.fixture
def _own_rows() -> Iterator[None]:
    before = set(RULES)
    yield
    for name in set(RULES) - before:
        del RULES[name]


@pytest.mark.usefixtures("_own_rows")
@pytest.mark.parametrize(
    "row", table("Coming from HIPS autograd"), ids=lambda row: str(row[0])
)
def test_what_hips_autograds_words_are_here(row: list[str]) -> None:
    (there,), (here,) = code(row[0]), code(row[1])
    given = {**names(), "f": lambda x: x * x, "x": np.array([1.0, 2.0])}
    with pytest.raises((ImportError, TypeError), match="another package"):
        run(there, dict(given))
    run(here, given)


def test_attributes_of_hips_autograds_say_so_and_others_do_not() -> None:
    with pytest.raises(AttributeError, match=r"autograd\.elementwise_grad' .* another"):
        ag.elementwise_grad  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(ag, "elementwise_grad")
    assert not hasattr(ag, "nothing_of_anybody")
    with pytest.raises(ImportError, match="cannot import name"):
        exec("from autograd import nothing_of_anybody")
    for transform in (ag.grad, ag.value_and_grad, ag.jacobian, ag.hessian, ag.hvp):
        with pytest.raises(TypeError, match="argnums=, an int or several"):
            transform(abs, argnum=1)  # type: ignore[call-arg]
    assert ag.grad(ag.maximum, argnums=(0, 1))(1.0, 1.0) == (1.0, 0.0)
    with pytest.raises(ValueError):
        ag.log(0.0)


@pytest.mark.parametrize("row", table("NumPy"), ids=lambda row: str(row[0]))
def test_what_of_numpy_works(row: list[str]) -> None:
    for written in code(row[0]):
        if row[1] == "raises":
            with pytest.raises((TypeError, AttributeError)):
                run(written, names())
            continue
        found, expected = plain(run(written, names())), run(written, names(float))
        # A few roundings in another order than NumPy's own loops.
        np.testing.assert_allclose(np.array(found, dtype=float), expected, 1e-14)
    for instead in code(row[2]) if len(row) > 2 else ():
        assert run(instead, names()) is not NotImplemented


def test_an_array_of_floats_says_how_to_hold_values() -> None:
    with pytest.raises(TypeError, match="dtype=object for an array to hold it"):
        np.zeros(2)[0] = ag.Value(1.0)


def test_what_floats_do_beside_numbers_of_other_kinds() -> None:
    from fractions import Fraction

    v, half = ag.Value(3.0), Fraction(1, 2)
    for found, expected in (
        (v * half, 3.0 * half),
        (half * v, half * 3.0),
        (half - v, half - 3.0),
        (v / Fraction(1, 3), 3.0 / Fraction(1, 3)),
        (v**half, 3.0**0.5),
        (divmod(v, half)[0], divmod(3.0, half)[0]),
        (divmod(7.5, v)[1], divmod(7.5, 3.0)[1]),
    ):
        assert isinstance(found, ag.Value)
        assert found.data == expected
    (v * half).backward()
    assert v.grad == 0.5
    with pytest.raises(TypeError):
        v - [1.0]  # type: ignore[operator]


@pytest.mark.parametrize("x", [2.5, 3.5, -0.3, 1.005, 1e22, 12345.678, -7.0])
@pytest.mark.parametrize("digits", [None, 0, 2, -2, 400])
def test_rounding_is_pythons(x: float, digits: int | None) -> None:
    v = ag.Value(x)
    z = round(v, digits)
    assert z.data == float(round(x, digits) if digits is not None else round(x))
    z.backward()
    assert v.grad == 0.0
    assert v.isfinite()
    assert not v.isnan()
    assert not v.isinf()


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan])
def test_rounding_what_is_no_number_raises_as_pythons(x: float) -> None:
    try:
        round(x)
    except (OverflowError, ValueError) as error:
        with pytest.raises(type(error)):
            round(ag.Value(x))
    v = ag.Value(x)
    assert (v.isnan(), v.isinf(), v.isfinite()) == (
        *(math.isnan(x), math.isinf(x), math.isfinite(x)),
    )
    with pytest.raises(TypeError):
        round(ag.Value(1.0), 1.5)  # type: ignore[call-overload]
