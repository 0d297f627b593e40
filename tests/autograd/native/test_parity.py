"""The two engines give the same bits, the same graphs and the same exceptions."""

from __future__ import annotations

import copy
import math
import operator
import pickle
import random
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd.core import limits, value
from autograd.table.functions import FUNCTIONS
from autograd.table.number import BINARY
from autograd.table.rules import ALIASES, RULES, Reduction, Rule
from tests.effort import LONG, share
from tests.exact import bits

native = pytest.importorskip(
    "autograd.native.engine", reason="the C engine is not built"
)

SPECIAL = [
    *(0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 1.5, -2.5, 3.0, 40.0, -40.0),
    *(5e-324, -5e-324, 2.2250738585072014e-308, 1e-300, -1e-300, 1e300, -1e300),
    *(math.inf, -math.inf, math.nan, 1.7976931348623157e308, 710.0, -745.2, 1e-17),
    *(0.9999999999999999, 1.0000000000000002, math.pi, 2.0**53, 2.0**53 + 2, 0.1),
]

NUMBERS = st.one_of(
    st.sampled_from(SPECIAL),
    st.floats(),
    st.floats(-4, 4),
    st.integers(-5, 5).map(float),
)


def outcome(compute: Callable[[], Any]) -> tuple[Any, ...]:
    """What comes of a computation: its result, or the exception's type and text."""
    try:
        return ("result", compute())
    except Exception as error:
        return ("exception", type(error), str(error))


def node(x: Any) -> Any:
    """All that can be seen of a result."""
    if isinstance(x, (list, tuple)):
        return type(x), list(map(node, x))
    if not hasattr(x, "_apply"):
        return type(x), bits(x)
    return (
        bits(x.data),
        bits(x.grad),
        x.label,
        x.op,
        x._op,
        [bits(y) if isinstance(y, float) else bits(y.data) for y in x.operands],
        bits(x.partials),
        len(x._prev),
    )


def shown(result: tuple[Any, ...]) -> tuple[Any, ...]:
    return ("result", node(result[1])) if result[0] == "result" else result


def both(compute: Callable[[Any], Any]) -> tuple[Any, Any]:
    """A computation on each engine; what they give must not differ in anything."""
    ours = outcome(lambda: compute(native.Value))
    theirs = outcome(lambda: compute(value.Value))
    assert shown(ours) == shown(theirs)
    return ours[1], theirs[1]


@st.composite
def values_and_numbers(
    draw: st.DrawFn, rule: Rule | Reduction
) -> list[tuple[float, bool]]:
    """Numbers for a row, and which of them are to be Values: at least one."""
    if isinstance(rule, Rule):
        count = len(rule.partials)
    else:
        count = draw(st.integers(1, 4)) * rule.columns
        if rule.name == "dot":
            count += draw(st.integers(0, 1))
    numbers = draw(st.lists(NUMBERS, min_size=count, max_size=count))
    values = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    values[draw(st.integers(0, count - 1))] = True
    return list(zip(numbers, values))


def apply_row(name: str, operands: list[tuple[float, bool]]) -> Callable[[Any], Any]:
    def compute(engine_value: Any) -> Any:
        made = tuple(engine_value(x) if is_value else x for x, is_value in operands)
        some = next(x for x in made if hasattr(x, "_apply"))
        return some._apply(name, made)

    return compute


@pytest.mark.parametrize("name", RULES)
@share(0.5)
@given(data=st.data())
def test_every_row_has_the_same_value_partials_and_exceptions(
    name: str, data: st.DataObject
) -> None:
    operands = data.draw(values_and_numbers(RULES[name]))
    both(apply_row(name, operands))
    with limits.limits():
        both(apply_row(name, operands))


@pytest.mark.parametrize("name", [n for n, r in RULES.items() if isinstance(r, Rule)])
def test_every_row_is_the_same_at_all_special_numbers(name: str) -> None:
    count = len(RULES[name].partials)
    for i, x in enumerate(SPECIAL):
        others = SPECIAL if count > 1 else [0.0]
        for y in others:
            z = SPECIAL[(7 * i) % len(SPECIAL)]
            both(apply_row(name, [(w, True) for w in (x, y, z)[:count]]))


UNARY = [n for n, r in RULES.items() if isinstance(r, Rule) and len(r.partials) == 1]


@pytest.mark.parametrize("name", UNARY)
def test_a_row_of_one_operand_gives_the_same_bits_at_thousands_of_numbers(
    name: str,
) -> None:
    rng = random.Random(name)
    for _ in range(5000 if LONG else 2000):
        x = math.ldexp(rng.uniform(-1.0, 1.0), rng.randint(-40, 10))
        bits_of = []
        for make in (native.Value, value.Value):
            z = outcome(lambda make=make, x=x: make(x)._apply(name, (make(x),)))
            if z[0] == "result":
                z = bits(z[1].data), bits(z[1].partials)
            bits_of.append(z)
        assert bits_of[0] == bits_of[1], x


def test_a_remainder_that_is_zero_has_the_sign_that_python_gives_it() -> None:
    for x in (3.47e-274, -3.47e-274, 5e-324, -1e308):
        for y in (5e-324, -5e-324, 1e-310):
            both(apply_row("remainder", [(x, True), (y, True)]))


OPERATOR = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
}

OTHERS = [
    *(2, -1, 0, True, 10**400, 2**53 + 1, 1.5, -0.0, np.float64(2.5), np.float32(0.1)),
    *(np.int64(3), np.bool_(True), "text", None, 1j, [1.0], object, b"x"),
]


@pytest.mark.parametrize("name", BINARY)
@share(0.5)
@given(x=NUMBERS, y=NUMBERS)
def test_operators_are_the_same(name: str, x: float, y: float) -> None:
    apply = OPERATOR[name]
    both(lambda make: apply(make(x), make(y)))
    both(lambda make: apply(make(x), y))
    both(lambda make: apply(x, make(y)))


@pytest.mark.parametrize(
    "name", [*BINARY, "divmod", "eq", "ne", "lt", "le", "gt", "ge"]
)
@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_operators_treat_other_types_the_same(name: str, other: Any) -> None:
    apply = OPERATOR.get(name) or getattr(operator, name, divmod)

    for x in (2.0, -0.5, math.inf, math.nan):
        both(lambda make, x=x: apply(make(x), other))
        both(lambda make, x=x: apply(other, make(x)))


@pytest.mark.parametrize(
    "name",
    [n for n in [*RULES, *ALIASES] if n != "pos" and hasattr(value.Value, n)],
)
@share(0.5)
@given(data=st.data())
def test_methods_are_the_same(name: str, data: st.DataObject) -> None:
    rule = RULES[ALIASES.get(name, name)]
    operands = data.draw(values_and_numbers(rule))
    numbers = [x for x, _ in operands]
    both(lambda make: getattr(make(numbers[0]), name)(*numbers[1:]))
    both(lambda make: getattr(make(numbers[0]), name)(*map(make, numbers[1:])))
    if len(numbers) > 1:
        both(lambda make: getattr(make(numbers[0]), name)())
        both(lambda make: getattr(make(numbers[0]), name)("text", 1.0))
    for make in (native.Value, value.Value):
        if isinstance(rule, Rule):  # the interpreter itself words this one
            with pytest.raises(TypeError):
                getattr(make(numbers[0]), name)(1.0, 2.0, 3.0, 4.0)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@share(0.5)
@given(data=st.data())
def test_functions_are_the_same(name: str, data: st.DataObject) -> None:
    ours = native.FUNCTIONS.get(name, FUNCTIONS[name])
    theirs = FUNCTIONS[name]
    row = RULES.get(ALIASES.get(name, name))
    operands = data.draw(
        values_and_numbers(row if isinstance(row, Rule) else RULES["dot"])
    )
    as_values = data.draw(st.sampled_from(["some", "none", "ints", "odd"]))

    def arguments(make: Any) -> list[Any]:
        made = [make(x) if is_value else x for x, is_value in operands]
        if as_values == "none":
            made = [x for x, _ in operands]
        if as_values == "ints":
            made = [
                int(math.fmod(x, 50)) if math.isfinite(x) else 1 for x, _ in operands
            ]
        if as_values == "odd":
            made[0] = data.draw(st.shared(st.sampled_from(OTHERS), key="other"))
        if isinstance(row, Rule) or name in ("log", "relu", "fabs", "hypot"):
            return made
        if name in ("dot", "dist"):
            half = len(made) // 2
            return [made[:half], tuple(made[half : 2 * half]), *made[2 * half :]]
        return [made if data.draw(st.shared(st.booleans(), key="list")) else iter(made)]

    other = data.draw(st.shared(st.sampled_from(OTHERS), key="other"))
    first = outcome(lambda: ours(*arguments(native.Value)))
    second = outcome(lambda: theirs(*arguments(value.Value)))
    assert shown(first) == shown(second), other


def test_nan_is_nan_in_a_complex_number_too() -> None:
    # dot of plain numbers, one of them complex, is their sum on both engines.
    function_outcomes("dot", lambda make: ([1j], [math.inf], math.nan))


class Backwards(list):  # type: ignore[type-arg]
    """A list that says how it is to be gone through."""

    def __iter__(self) -> Any:
        return reversed(self)


def test_dot_takes_the_ws_before_the_xs_are_made() -> None:
    def arguments(make: Any) -> tuple[Any, ...]:
        ws = [make(1.0), make(2.0)]
        return ws, (ws.pop().data for _ in range(2))

    function_outcomes("dot", arguments)


def test_a_partial_is_not_computed_without_recording() -> None:
    def partial(x: Any, z: Any) -> Any:
        raise AssertionError("nobody needs it")

    rule = Rule("f", lambda x: x * x, (partial,), "a square")
    object.__setattr__(rule, "name", "_square")
    RULES["_square"] = rule
    try:
        with ag.no_grad():
            both(lambda make: make(3.0)._apply("_square", (make(2.0),)))
    finally:
        del RULES["_square"]


def function_outcomes(name: str, arguments: Callable[[Any], tuple[Any, ...]]) -> None:
    """A function on what ``arguments`` makes of an engine's Value, on both engines."""
    ours = native.FUNCTIONS.get(name, FUNCTIONS[name])
    first = outcome(lambda: ours(*arguments(native.Value)))
    second = outcome(lambda: FUNCTIONS[name](*arguments(value.Value)))
    assert shown(first) == shown(second)


@pytest.mark.parametrize("name", ["sum", "mean", "dot", "fsum", "logsumexp"])
@pytest.mark.parametrize(
    "arguments",
    [
        lambda make: ([make(1.0), 2], 3),
        lambda make: ([make(1.0), 2], make(4.0)),
        lambda make: ([], make(4.0)),
        lambda make: ([],),
        lambda make: (3.0,),
        lambda make: (),
        lambda make: ([make(1.0), "a"],),
        lambda make: (iter([make(1.0), 2]),),
        lambda make: ([1.0], [1.0, 2.0]),
        lambda make: ([], [], 3.0),
        lambda make: ([], [], None),
        lambda make: ([make(1.0), 2.0], (3.0, make(4.0)), 0),
        lambda make: ([make(1.0), 2.0], (3.0, 4.0), "b"),
        lambda make: ([make(1.0), 2.0], iter((3.0, 4.0)), make(5.0)),
        lambda make: ([1.0, 2.0], (3.0, 4.0), None),
        lambda make: ([make(1.0), 10**400], (3.0, 4.0)),
        # Ints too large for a float: exact among numbers alone, and no excuse for
        # an operand before them that is worse.
        lambda make: ([10**400, -(10**400)],),
        lambda make: ([10**400], [0]),
        lambda make: ([10**400] * 3,),
        lambda make: ([10**308] * 3,),
        lambda make: ([make(1.0), 10**400],),
        lambda make: ([make(1.0), "a"], [10**400, 1.0]),
        lambda make: ([make(1.0), "a"], [1.0, 1.0], 10**400),
        lambda make: ([make(1.0), 2.0], [1.0, 1.0], True),
        lambda make: ([make(1.0), 2.0], [1.0, 1.0], np.float32(0.1)),
        lambda make: (np.array([make(1.0), 2.0]), np.array([3.0, 4.0])),
        lambda make: ([Fraction(1, 3), Fraction(2, 3)],),
        lambda make: (Backwards([make(1.0), 2.0]), Backwards([3.0, make(4.0)])),
        lambda make: (Backwards([make(1.0), 2.0]),),
        lambda make: ([make(i + 0.1) for i in range(50)], [0.1] * 50, make(-0.0)),
        lambda make: ([make(-0.0)],),
    ],
)
def test_reductions_take_the_same_arguments(name: str, arguments: Any) -> None:
    function_outcomes(name, arguments)


# What a leaf is


@pytest.mark.parametrize(
    "use",
    [
        lambda make: make(),
        lambda make: make("1"),
        lambda make: make(1.0, label=3),
        lambda make: make(1.0, labl="a"),
        lambda make: make(1.0, "a", 2),
        lambda make: make(data=2, label="a"),
        lambda make: make(10**400),
        lambda make: make(make(1.0)),
        lambda make: make(np.float32(0.1), "x"),
        lambda make: float(make(1.0)),
        lambda make: int(make(1.0)),
        lambda make: math.exp(make(1.0)),
        lambda make: math.floor(make(1.5)),
        lambda make: round(make(1.5)),
        lambda make: bool(make(0.0)),
        lambda make: bool(make(math.nan)),
        lambda make: repr(make(1e300, 'a"b')),
        lambda make: f"{make(1.23456):.2f} {make(2.0, 'x')}",
        lambda make: format(make(1.0), "s"),
        lambda make: len({make(1.0), make(1.0)}),
        lambda make: make(1.0).__array_priority__,
        lambda make: type("Sub", (make,), {}),
        lambda make: make(2.0).relu(1.0),
        lambda make: make(0.0).relu(at_zero=1.0),
        lambda make: make(0.0).relu(at_zero=make(0.5)),
        lambda make: make(0.0).relu("x"),
        lambda make: make(2.0).relu(1, 2),
        lambda make: make(2.0).relu(slope=2),
        lambda make: make(2.0).backward("x"),
        lambda make: make(2.0).backward(1, 2),
        lambda make: make(2.0).backward(adjoint=2),
        lambda make: format(make(2.0), "?"),
        lambda make: make(2.0).__format__(3),
        lambda make: make(2.0, "a").detach(),
        lambda make: make(2.0)._apply("no such row", (make(1.0),)),
        lambda make: make(2.0)._apply("tanh", (make(1.0), make(2.0))),
        lambda make: make(2.0)._apply("dot", (make(1.0),)),
        lambda make: make(2.0)._apply("mean", ()),
        lambda make: make(2.0)._apply("tanh", (1j,)),
        lambda make: (make(2.0) * 3).__reduce__(),
        lambda make: np.float64(2.0) * make(3.0),
        lambda make: np.int32(2) - make(3.0),
        lambda make: list(np.array([1.0, 2.0]) * make(3.0)),
        lambda make: np.exp(np.array([make(3.0)]))[0],
    ],
)
def test_a_leaf_behaves_the_same(use: Callable[[Any], Any]) -> None:
    both(use)


@pytest.mark.parametrize("name", ["op", "operands", "partials", "_prev", "_op"])
def test_what_the_engine_records_is_read_only(name: str) -> None:
    for make in (native.Value, value.Value):
        with pytest.raises(AttributeError):
            setattr(make(1.0), name, 2.0)
    both(lambda make: setattr(make(1.0), name, 2.0))
    both(lambda make: delattr(make(1.0), name))


@pytest.mark.parametrize("name", ["data", "grad", "label"])
def test_what_can_be_set_cannot_be_deleted(name: str) -> None:
    both(lambda make: delattr(make(1.0), name))


def test_copies_and_pickles_restore_a_leaf_of_the_engine_that_runs() -> None:
    x = native.Value(-0.0, "weight")
    x.grad = 2.5
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        restored = pickle.loads(pickle.dumps(x, protocol))
        assert type(restored) is native.Value
        assert node(restored) == node(x)
    for restored in (copy.copy(x), copy.deepcopy([x])[0]):
        assert type(restored) is native.Value
        assert node(restored) == node(x)


def test_a_row_made_at_run_time_works_like_any_other() -> None:
    cube = Rule("x³", lambda x: x**3, (lambda x, z: 3 * x * x,), "the cube of x")
    root = Rule("√", lambda x: math.sqrt(x), (lambda x, z: 1 / (2 * z),), "a root")
    pair = Reduction("+", (lambda x, z, n: 1 / n,), "a mean", whole=lambda *xs: sum(xs))
    for name, rule in {"_cube": cube, "_root": root, "_pair": pair}.items():
        object.__setattr__(rule, "name", name)
        RULES[name] = rule
    try:
        for x in (2.0, 0.0, -1.0, math.inf):
            both(lambda make, x=x: make(x)._apply("_cube", (make(x),)))
            both(lambda make, x=x: make(x)._apply("_root", (make(x),)))
            both(lambda make, x=x: make(x)._apply("_pair", (make(x), 2.0, make(x))))
        x = native.Value(2.0)
        y = x._apply("_cube", (x,)) * 2.0
        y.backward()
        assert (y.data, x.grad, y.operands[0].op) == (16.0, 24.0, "_cube")
    finally:
        for name in ("_cube", "_root", "_pair"):
            del RULES[name]


def test_a_sub_interpreter_runs_the_reference_engine() -> None:
    since_3_13 = sys.version_info >= (3, 13)
    interpreters = pytest.importorskip(
        "_interpreters" if since_3_13 else "_xxsubinterpreters"
    )
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "import autograd\n"
        "assert autograd.engine == 'reference', autograd.engine\n"
        "assert (autograd.Value(2.0) * 3).data == 6.0"
    )
    for isolated in (True, False):
        if since_3_13:
            interpreter = interpreters.create("isolated" if isolated else "legacy")
        else:
            interpreter = interpreters.create(isolated=isolated)
        try:
            assert interpreters.run_string(interpreter, code) is None
        finally:
            interpreters.destroy(interpreter)


# Random graphs with sharing


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[float], list[tuple[str, list[Any]]]]:
    """Leaves, and steps that apply a row to earlier results and to constants."""
    leaves = draw(st.lists(NUMBERS, min_size=1, max_size=4))
    steps = []
    for i in range(draw(st.integers(1, 25))):
        name = draw(st.sampled_from(sorted(RULES)))
        rule = RULES[name]
        if isinstance(rule, Rule):
            count = len(rule.partials)
        else:
            count = draw(st.integers(1, 4)) * rule.columns
        earlier = st.integers(0, len(leaves) + i - 1)
        operand = st.one_of(earlier, earlier, earlier, NUMBERS)
        steps.append((name, [draw(operand) for _ in range(count)]))
    return leaves, steps


def run(engine_value: Any, program: Any) -> tuple[list[Any], list[Any]]:
    """The nodes of a program; a step that raises gives its first operand again."""
    leaves, steps = program
    nodes = [engine_value(x) for x in leaves]
    log = []
    for name, arguments in steps:
        operands = tuple(nodes[a] if isinstance(a, int) else a for a in arguments)
        try:
            nodes.append(nodes[0]._apply(name, operands))
        except Exception as error:
            log.append((type(error), str(error)))
            nodes.append(nodes[0])
    return nodes, log


def places(nodes: list[Any], some: list[Any]) -> list[int]:
    """Where some nodes stand among all of them, whatever their numbers."""
    return [next(i for i, x in enumerate(nodes) if x is y) for y in some]


@given(programs(), NUMBERS)
@share(4)
def test_random_graphs_have_the_same_gradients(program: Any, seed: float) -> None:
    ours, our_log = run(native.Value, program)
    theirs, their_log = run(value.Value, program)
    assert our_log == their_log
    assert list(map(node, ours)) == list(map(node, theirs))
    mine, others = native.gradients(ours[-1], ours[::2])
    right, rest = value.gradients(theirs[-1], theirs[::2])
    assert bits(mine) == bits(right)
    assert places(ours, others) == places(theirs, rest)
    assert places(ours, native.leaves(ours[-1])) == places(
        theirs, value.leaves(theirs[-1])
    )
    assert list(map(node, ours)) == list(map(node, theirs))
    for mine, other in (
        (ours[-1], theirs[-1]),
        (ours[len(ours) // 2], theirs[len(ours) // 2]),
    ):
        mine.backward(seed)
        other.backward(seed)
        assert list(map(node, ours)) == list(map(node, theirs))


@given(programs())
def test_without_recording_the_results_are_the_same_leaves(program: Any) -> None:
    with ag.no_grad():
        ours, our_log = run(native.Value, program)
        theirs, their_log = run(value.Value, program)
    assert our_log == their_log
    assert list(map(node, ours)) == list(map(node, theirs))
    assert all(x.operands == () for x in ours)
