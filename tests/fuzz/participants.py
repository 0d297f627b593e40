"""Everybody who runs a program, and what all of them must agree on.

The reference engine is compared with the C engine, in everything that can be seen;
with plain floats, in values and kinds of exceptions; and each engine with its compiled
programs, in values and derivatives.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
import nn
from autograd.core import choice
from autograd.core.plain import is_number, is_value
from autograd.program.guards import Condition
from autograd.table.rules import ALIASES
from tests.fuzz.programs import (
    Program,
    Raised,
    Ref,
    call,
    float_of,
    observed,
    outcome,
    resolved,
    run,
)


class Finding(NamedTuple):
    """Where two participants differ."""

    what: str
    ours: Any
    theirs: Any


def differences(program: Program) -> Iterator[Finding]:
    """What the engines do not agree on, and where the reference is no float."""
    before = choice.name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            seen = {}
            for engine in choice.available():
                choice.use(engine)
                seen[engine] = {
                    name: outcome(lambda look=look: look(program))
                    for name, look in LOOKS.items()
                }
            for engine in seen:
                for name, found in seen["reference"].items():
                    apart = _apart(found, seen[engine][name])
                    if apart is not None:
                        yield Finding(f"{name}, {engine}", *apart)
                choice.use(engine)
                yield from _compiled(program, engine)
            choice.use("reference")
            yield from _floats(program)
        finally:
            choice.use(before)


def _apart(x: Any, y: Any) -> tuple[Any, Any] | None:
    """The innermost parts in which two things that were seen differ."""
    if isinstance(x, (list, tuple)) and type(x) is type(y) and len(x) == len(y):
        for one, other in zip(x, y):
            apart = _apart(one, other)
            if apart is not None:
                return apart
        return None
    return None if type(x) is type(y) and x == y else (x, y)


def _floats(program: Program) -> Iterator[Finding]:
    """Where a step on Values is not what the same step is on plain floats."""
    results = run(program, list(map(ag.Value, program.point)))
    for k, step in enumerate(program.steps):
        if step.kind == "builtin":
            continue
        values = [
            resolved(results[x.k]) if isinstance(x, Ref) else x for x in step.operands
        ]
        if not any(map(is_value, values)):
            continue
        if not all(is_value(x) or is_number(x) for x in values):
            continue
        exact = step.kind == "operator" and step.name in COMPARISONS
        plain = outcome(lambda values=values, exact=exact: _plain(values, exact))
        if isinstance(plain, Raised):  # an int beyond the floats
            continue
        on_floats = outcome(lambda step=step, plain=plain: _on_floats(step, plain))
        found = results[len(program.point) + k]
        if is_value(found):
            found = found.data
        if isinstance(on_floats, complex):
            on_floats = Raised(ValueError, "complex")
        if isinstance(found, Raised) and isinstance(on_floats, Raised):
            same = found.kind is on_floats.kind
        else:
            same = observed(found) == observed(_plain_or_bool(on_floats))
        if not same:
            yield Finding(f"step {k} on floats", found, on_floats)


def _plain(values: list[Any], exact: bool) -> list[Any]:
    """Operands as the floats that they stand for; comparisons take ints as they are."""
    numbers = [x.data if is_value(x) else x for x in values]
    return [x if exact and isinstance(x, int) else float(x) for x in numbers]


def _on_floats(step: Any, plain: list[Any]) -> Any:
    if step.kind == "method":
        return getattr(ag, ALIASES.get(step.name, step.name))(*plain)
    return call(step, plain)


def _compiled(program: Program, engine: str) -> Iterator[Finding]:
    """Where a compiled program has other bits than its function, here and elsewhere.

    It may refuse with a TypeError what it cannot replay, and take a plain number out of
    an argument that is a plain number to its caller. A step that raises ends the
    program here: what catches exceptions catches refusals as well.
    """

    def results(xs: list[Any]) -> list[Any]:
        found = list(xs)
        for step in program.steps:
            take = _undecided if step.name == "where" else _decided
            given = [
                take(found[x.k]) if isinstance(x, Ref) else x for x in step.operands
            ]
            found.append(call(step, given))
        return list(map(_decided, found))

    def total(xs: list[Any]) -> Any:
        return ag.sum(filter(is_value, results(xs)))

    def on_values(xs: list[float]) -> list[float]:
        return list(map(float_of, results(list(map(ag.Value, xs)))))

    here = list(program.point)
    elsewhere = [0.75 * x + 0.5 for x in here]
    for name, eager, compiled in (
        ("values", on_values, ag.compile(results)),
        ("gradient", ag.grad(total), ag.compile(ag.grad(total))),
    ):
        for point in (here, elsewhere, here):
            expected = _floats_of(lambda eager=eager, point=point: eager(point))
            found = _floats_of(lambda compiled=compiled, point=point: compiled(point))
            refused = TypeError in (
                getattr(found, "kind", None),
                getattr(expected, "kind", None),
            )
            if isinstance(found, Raised) and isinstance(expected, Raised):
                same = found.kind is expected.kind
            elif isinstance(expected, Raised):  # in a step that no derivative needs
                same = name == "gradient"
            else:
                same = found == expected
            if not (refused or same):
                yield Finding(f"compiled {name}, {engine}", found, expected)


def _decided(x: Any) -> Any:
    return bool(x) if isinstance(x, Condition) else resolved(x)


def _undecided(x: Any) -> Any:
    return x if isinstance(x, Condition) else resolved(x)


def _floats_of(compute: Callable[[], list[Any]]) -> Any:
    """The bits of numbers, whatever their types; or what computing them raised."""
    found = outcome(lambda: list(map(float, compute())))
    return found if isinstance(found, Raised) else observed(found)


COMPARISONS = ("lt", "le", "eq", "ne", "gt", "ge", "truth", "not_")


def _plain_or_bool(x: Any) -> Any:
    return x if isinstance(x, (bool, np.bool_, Raised)) else float(x)


# What can be seen of a program on an engine


def _function(program: Program) -> Callable[[list[Any]], Any]:
    return lambda xs: resolved(run(program, xs)[-1])


def _steps(program: Program) -> Any:
    return observed(run(program, list(map(ag.Value, program.point))))


def _backward(program: Program) -> Any:
    inputs = [ag.Value(x, f"x{k}") for k, x in enumerate(program.point)]
    output = _function(program)(inputs)
    if not is_value(output):
        return None
    output.backward()
    output.backward(0.5)
    return [observed(inputs), observed(output), _graph(output)]


def _graph(output: Any) -> Any:
    order, seen, stack = [], {output}, [output]
    while stack:
        node = stack.pop()
        order.append(observed(node))
        for x in node.operands:
            if is_value(x) and x not in seen:
                seen.add(x)
                stack.append(x)
    return order


def _transform(name: str) -> Callable[[Program], Any]:
    return lambda program: observed(
        getattr(ag, name)(_function(program))(list(program.point))
    )


def _hvp(program: Program) -> Any:
    v = [1.0, -0.5, 2.0][: len(program.point)]
    return observed(ag.hvp(_function(program))(list(program.point), v))


def _jvp(program: Program) -> Any:
    v = [1.0, -0.5, 2.0][: len(program.point)]
    return observed(ag.jvp(_function(program), (list(program.point),), (v,)))


def _vjp(program: Program) -> Any:
    output, pullback = ag.vjp(_function(program), list(program.point))
    return observed([output, pullback(2.0)])


def _third(program: Program) -> Any:
    return observed(ag.derivative(lambda x: _one(program, x), 3)(program.point[0]))


def _nested(program: Program) -> Any:
    return observed(ag.grad(ag.grad(lambda x: _one(program, x)))(program.point[0]))


def _one(program: Program, x: Any) -> Any:
    return _function(program)([x, *program.point[1:]])


def _checkpoint(program: Program) -> Any:
    f = ag.checkpoint(_function(program))
    return observed(
        [ag.grad(f)(list(program.point)), ag.hessian(f)(list(program.point))]
    )


def _numpy(program: Program) -> Any:
    f = lambda xs: np.sum(xs * _function(program)(list(xs)))
    return observed(ag.grad(f)(np.array(program.point)))


def _paths(program: Program) -> Any:
    inputs = [ag.Value(x, f"x{k}") for k, x in enumerate(program.point)]
    output = _function(program)(inputs)
    if not is_value(output):
        return None
    shown = str(ag.explain(output, inputs[0], limit=5))
    return [shown, ag.draw(output).source, repr(output), format(output, ".3g")]


def _losses(program: Program) -> Any:
    inputs = list(map(ag.Value, program.point))
    found = [resolved(x) for x in run(program, inputs)[-2:]]
    losses = (
        lambda: nn.mean_squared_error(found, [0.5, 1.0][: len(found)]),
        lambda: nn.softmax_cross_entropy(found, 0),
        lambda: nn.binary_cross_entropy_with_logits(found, [0, 1][: len(found)]),
    )
    return [observed(outcome(loss)) for loss in losses]


def _quiet(program: Program) -> Any:
    with ag.no_grad():
        return observed(run(program, list(map(ag.Value, program.point))))


def _pickled(program: Program) -> Any:
    results = run(program, list(map(ag.Value, program.point)))
    return [
        observed(outcome(lambda x=x: pickle.loads(pickle.dumps(x))))
        for x in results
        if is_value(x)
    ]


LOOKS: dict[str, Callable[[Program], Any]] = {
    "steps": _steps,
    "backward": _backward,
    **{
        name: _transform(name)
        for name in ("grad", "value_and_grad", "hessian", "jacobian")
    },
    "hvp": _hvp,
    "jvp": _jvp,
    "vjp": _vjp,
    "third derivative": _third,
    "nested grad": _nested,
    "checkpoint": _checkpoint,
    "numpy": _numpy,
    "paths": _paths,
    "losses": _losses,
    "no_grad": _quiet,
    "pickle": _pickled,
}
