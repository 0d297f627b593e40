"""C takes nested arguments apart and together as Python does, or leaves them to it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.core import choice
from autograd.derivatives import nesting
from autograd.table.functions import FUNCTIONS
from tests.autograd.native.test_higher import in_python
from tests.autograd.native.test_parity import outcome

native = pytest.importorskip(
    "autograd.native.engine", reason="the C engine is not built"
)


class Point(NamedTuple):
    x: Any
    y: Any


SCALARS = st.one_of(
    st.floats(allow_nan=False),
    st.integers(-5, 5),
    st.booleans(),
    st.builds(np.float64, st.floats(-4, 4)),
    st.builds(np.float32, st.integers(-4, 4)),
)
ARRAYS = st.sampled_from(
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6.0).reshape(2, 3).T,
        np.arange(3),
        np.array(2.0),
        np.zeros((0, 2)),
        np.array([1.0, 2], dtype=object),
        np.array([1.0, "x"], dtype=object),
        np.float32([1.0]),
    ]
)
STRUCTURES = st.recursive(
    st.one_of(SCALARS, ARRAYS, st.just("text"), st.none()),
    lambda x: st.one_of(
        st.lists(x, max_size=3),
        st.lists(x, max_size=3).map(tuple),
        st.builds(Point, x, x),
        st.dictionaries(st.sampled_from("ab"), x, max_size=2),
    ),
    max_leaves=6,
)


def shown(x: Any) -> Any:
    """A structure as text, types included."""
    if isinstance(x, np.ndarray):
        return (x.dtype.kind, x.shape, [*map(shown, x.flat)])
    if isinstance(x, dict):
        return {k: shown(y) for k, y in x.items()}
    if isinstance(x, (list, tuple)):
        return (type(x).__name__, [*map(shown, x)])
    return x.label if isinstance(x, ag.Value) else repr(float(x))


@given(x=STRUCTURES)
def test_apart_and_together(x: Any) -> None:
    def compute() -> Any:
        scalars, build = nesting.flatten(x, "x")
        values = [ag.Value(s, label=str(i)) for i, s in enumerate(scalars)]
        rows = [[float(i), 1.0] for i in range(len(scalars))]
        made = build(values), build([float(s) for s in scalars]), build(rows)
        return [*map(float, scalars)], [*map(shown, made)]

    assert outcome(compute) == outcome(lambda: in_python(compute))


@given(x=STRUCTURES, y=STRUCTURES)
def test_nested_alike(x: Any, y: Any) -> None:
    def compute() -> Any:
        return [*map(float, nesting.same_nesting(x, y, "x", "y"))]

    assert outcome(compute) == outcome(lambda: in_python(compute))
    assert not native.alike(x, y) or nesting.outline(x) == nesting.outline(y)


@given(x=STRUCTURES)
def test_what_is_left_to_python_leaves_no_trace(x: Any) -> None:
    scalars = [1.0]
    if native.nest(x, scalars, nesting._array) is None:
        assert scalars == [1.0]


def test_a_list_that_contains_itself_is_an_error() -> None:
    x: list[Any] = [1.0]
    x.append(x)
    with pytest.raises(RecursionError):
        native.nest(x, [], None)
    with pytest.raises(RecursionError):
        native.alike(x, x)


def test_too_few_entries_are_an_error() -> None:
    build = native.nest([1.0, (2.0, 3.0)], [], None)
    with pytest.raises(ValueError, match="fewer"):
        build(iter([1.0, 2.0]))
    with pytest.raises(TypeError, match="iterator"):
        build([1.0, 2.0, 3.0])


def test_inputs_share_what_they_keep_and_nothing_else() -> None:
    kept = object()
    (x, y, z), live = native.variables([1.0, 2, ag.Value(3.0)], kept)
    assert (live, z.op, z._kept) == (True, "pos", None)
    x.color = "red"
    x.label = "a"
    assert x._kept is y._kept is kept
    assert (vars(x), vars(y), y.label) == ({"color": "red"}, {}, "")
    y._kept = None
    assert x._kept is kept
    del x.color
    assert vars(x) == {}


def test_a_functions_inputs_take_attributes_of_their_own() -> None:
    seen = []

    def f(xs: list[Any]) -> Any:
        for i, x in enumerate(xs):
            x.place = i
        seen.extend(x.place for x in xs)
        return xs[0] * xs[1]

    assert ag.grad(f)([2.0, 3.0]) == [3.0, 2.0]
    assert seen == [0, 1]


@pytest.mark.parametrize("name", ["nest", "fill", "variables", "any_value", "alike"])
@pytest.mark.parametrize("arguments", [(), (1.0,), (1.0, 2.0), (1, 2, 3)])
def test_what_does_not_fit_is_refused(name: str, arguments: tuple[Any, ...]) -> None:
    if (name, len(arguments)) == ("alike", 2):
        return
    with pytest.raises(TypeError):
        getattr(native, name)(*arguments)


def test_the_choice_of_functions_is_the_engines() -> None:
    assert choice.function("dot") is native.FUNCTIONS["dot"]
    assert choice.function("fsum") is FUNCTIONS["fsum"]
