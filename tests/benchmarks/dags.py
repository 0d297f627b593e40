"""Random expressions with sharing, as JSON that every library can evaluate.

A DAG is a list of nodes after its inputs: ``["exp", [4]]`` applies an operation
to earlier nodes by their number, ``["constant", [2.5]]`` is a number. Its value
is the sum of all nodes that no other node uses, so that everything counts.
"""

from __future__ import annotations

import importlib
import itertools
import operator
import random
from collections.abc import Callable, Sequence
from typing import Any

Dag = dict[str, Any]
Functions = dict[str, Callable[..., Any]]

ARITHMETIC: Functions = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
    "abs": abs,
}
"""What every library writes with Python's operators."""

REDUCTIONS = {"sum": 3, "mean": 3, "logsumexp": 3, "hypot": 2, "dot": 5}
"""Rows of any number of operands, and how many they get here."""

# Where a library has the rows' functions: its module, then the names, with ours
# before the sign of equality where they differ.
JAX = {
    "jax.numpy": "exp exp2 expm1 log log1p log2 log10 sqrt sin cos tan sinh cosh tanh "
    "asin=arcsin acos=arccos atan=arctan atan2=arctan2 asinh=arcsinh acosh=arccosh "
    "atanh=arctanh hypot maximum minimum constant=asarray",
    "jax.lax": "erf erfc",
    "jax.nn": "sigmoid softplus relu leaky_relu elu silu",
}
TORCH = {
    "torch": "exp exp2 expm1 log log1p log2 log10 sqrt sin cos tan sinh cosh tanh "
    "asin acos atan atan2 asinh acosh atanh hypot maximum minimum erf erfc sigmoid "
    "relu",
    "torch.nn.functional": "softplus leaky_relu elu gelu silu",
}


def named(modules: dict[str, str]) -> Functions:
    """The functions of such a list, imported."""
    functions = {}
    for module, names in modules.items():
        for name in names.split():
            ours, _, theirs = name.partition("=")
            function = getattr(importlib.import_module(module), theirs or ours)
            functions[ours] = function
    return functions


def written_out(exp: Callable[[Any], Any], log: Callable[[Any], Any]) -> Functions:
    """The reductions on scalars, for libraries that reduce arrays only."""
    return {
        "sum": lambda *xs: xs[0] + xs[1] + xs[2],
        "mean": lambda *xs: (xs[0] + xs[1] + xs[2]) / 3.0,
        "logsumexp": lambda *xs: log(exp(xs[0]) + exp(xs[1]) + exp(xs[2])),
        "dot": lambda w1, w2, x1, x2, start: start + w1 * x1 + w2 * x2,
    }


def random_dag(rules: Any, names: Sequence[str], seed: int, size: int = 20) -> Dag:
    """A DAG of four inputs, each operation well inside its domain.

    Args:
        rules: the table, whose intervals say where an operation is defined.
        names: the rows to draw from, which all libraries have.
        seed: of the random choices.
        size: the number of nodes besides the inputs.
    """
    rng = random.Random(seed)
    inputs = [rng.uniform(-2.0, 2.0) for _ in range(4)]
    values = list(inputs)
    nodes: list[list[Any]] = []
    while len(nodes) < size:
        if rng.random() < 0.1:
            number = rng.uniform(-2.0, 2.0)
            nodes.append(["constant", [number]])
            values.append(number)
            continue
        rule = rules[rng.choice(names)]
        defaults = getattr(rule, "defaults", ())
        count = REDUCTIONS.get(rule.name) or len(rule.partials) - len(defaults)
        # The later nodes more often, so that the graph grows deep.
        at = [int(len(values) * (1.0 - rng.random() ** 2)) for _ in range(count)]
        at = [min(i, len(values) - 1) for i in at]  # where random() is 0
        operands = [values[i] for i in at]
        domain = getattr(rule, "domain", ())
        if near_kink(operands) or not all(map(well_inside, domain, operands)):
            continue
        z = float(rule.value(*operands, *defaults))
        slopes = [rule.partial(i, [*operands, *defaults], z) for i in range(count)]
        if all(abs(x) < 10.0 for x in [z, *slopes]):
            nodes.append([rule.name, at])
            values.append(z)
    directions = [rng.uniform(-1.0, 1.0) for _ in inputs]
    return {"inputs": inputs, "directions": directions, "nodes": nodes}


def well_inside(interval: Any, x: float) -> bool:
    """Whether an operand keeps away from the ends of its domain."""
    margin = 0.05
    return (
        all(x - d in interval and x + d in interval for d in (-margin, margin))
        and abs(x) > margin
    )


def near_kink(operands: Sequence[float]) -> bool:
    """Whether an operand is near 0, or two near each other."""
    differences = [x - y for x, y in itertools.pairwise(operands)]
    return any(abs(d) < 1e-3 for d in [*operands, *differences])


def evaluate(dag: Dag, functions: Functions, inputs: Sequence[Any]) -> Any:
    """The DAG's value on a library's numbers."""
    values, used = list(inputs), set()
    for name, operands in dag["nodes"]:
        if name == "constant":
            values.append(functions["constant"](operands[0]))
        else:
            values.append(functions[name](*(values[i] for i in operands)))
            used.update(operands)
    ends = [value for i, value in enumerate(values) if i not in used]
    total = ends[0]
    for value in ends[1:]:
        total = total + value
    return total
