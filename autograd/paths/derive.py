"""A gradient as the formula that a lecture would write, derived from a graph.

What all paths share is taken out of their sum: between two values that all paths pass,
there is one factor, or a bracket with a term for each path. Each step of a path is the
partial of its row in the table, run on the names of the values. A function of a neuron
is called g and its derivative g′. No derivative is stated here: that of a cross-entropy
of a logistic unit, where the bracket cancels, is the row of the two in one.
"""

from __future__ import annotations

import re
from functools import reduce
from operator import mul
from typing import Any

from autograd.core.graph import Node, topological_order
from autograd.core.plain import check_value
from autograd.formula.latex import latex_text
from autograd.formula.notation import latex as in_latex
from autograd.formula.rows import folded, replaced, size
from autograd.formula.symbol import Symbol, is_number
from autograd.paths.between import Between
from autograd.paths.cuts import narrowest, users_of
from autograd.paths.names import ACTIVATIONS, names, neurons, operation
from autograd.table.rules import RULES, Rule

__all__ = ["derive", "latex"]

MANY = 12
"""Paths, or nodes of a cut, above which a bracket is not written out."""

LONG = 40
"""Factors above which the middle is one derivative."""


def latex(output: Node, wrt: Node) -> str:
    """The derivative of one value by another as a formula, in LaTeX's mathematics.

    The formula is derived from the recorded graph and has its names: for the lecture's
    network, that of ∂L/∂W[1] is ŷ − y times the sum of two products with g′.

    Args:
        output: the value to differentiate.
        wrt: the value to differentiate by.

    Raises:
        TypeError: ``output`` or ``wrt`` is no Value.

    >>> from autograd import Value, sin
    >>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
    >>> print(latex(sin(w * x) * w, w))
    \\frac{\\partial v_{5}}{\\partial w} = w\\,\\operatorname{cos}(v_{3})\\,x + v_{4}
    """
    check_value(output, "output")
    check_value(wrt, "wrt")
    order = topological_order(output)
    called = {wrt: wrt.label or "wrt", **names(order)}
    formula, functions = derive(output, wrt)
    left = in_latex(Symbol("ratio", (called[output], called[wrt])))
    where = "".join(
        rf" \qquad {letter} = {latex_text(symbol)}"
        for letter, symbol in functions.items()
    )
    return f"{left} = {in_latex(formula)}{where}"


def derive(output: Node, wrt: Node) -> tuple[Any, dict[str, str]]:
    """The formula as a symbol, or a number, and what its letters for functions are."""
    return _Derivation(output, wrt).formula()


class _Derivation:
    def __init__(self, output: Node, wrt: Node) -> None:
        order = topological_order(output)
        self.between = Between(output, wrt)
        self.called = names(order)
        self.inner = {x.activation: x for x in neurons(order) if x.activation.op}
        used = {
            operation(node)
            for node, x in self.inner.items()
            if node is not x.pre_activation and not self.called[node].startswith("ŷ")
        }
        self.same = used.pop() if len(used) == 1 else ""
        self.functions: dict[str, str] = {}  # what is called by a letter
        self.heads = [
            node
            for i, node in enumerate(self.between.order)
            for _ in self.between.incoming(i)
        ]

    def formula(self) -> tuple[Any, dict[str, str]]:
        between = self.between
        if not between.order:
            return 0, {}
        places, counts = between.bottlenecks(), between.counts()
        users = users_of(between)
        factors: list[Any] = []
        run: list[int] = []  # edges that all paths take, from the output back
        for low, high in zip(places[-2::-1], places[:0:-1]):
            into = between.incoming(high)
            if len(into) == 1:
                run.append(into[0])
                continue
            factors += self.steps(run)
            run = []
            if counts[low] / counts[high] <= MANY:
                paths = self.paths(low, high)
                terms: list[Any] = [reduce(mul, self.steps(path), 1) for path in paths]
            else:
                cut = narrowest(users, low, high, MANY + 1)
                terms = [
                    self.ratio(high, v) * self.ratio(v, low) for v in (cut or [])[::-1]
                ] or [self.ratio(high, low)]
                if cut and low in between.operand[into.start : into.stop]:
                    terms = [self.ratio(high, low)]
            factors.append(reduce(lambda x, y: x + y, terms))
        factors += self.steps(run)
        if len(factors) > LONG:
            middle = Symbol.named("…")
            factors = [*factors[: LONG // 2], middle, *factors[-LONG // 2 :]]
        return reduce(mul, factors, 1), self.functions

    def ratio(self, over: int, under: int) -> Symbol:
        order = self.between.order
        return Symbol("ratio", (self.called[order[over]], self.called[order[under]]))

    def paths(self, low: int, high: int) -> list[list[int]]:
        """All paths between two nodes as their edges, from the end back."""
        between, found = self.between, []
        stack: list[tuple[int, list[int]]] = [(high, [])]
        while stack:
            node, taken = stack.pop()
            if node == low:
                found.append(taken)
            else:
                into = [
                    (between.operand[e], [*taken, e]) for e in between.incoming(node)
                ]
                stack += reversed(into)
        return found

    def steps(self, path: list[int]) -> list[Any]:
        """The factors of a stretch of a path; its edges are from the end back."""
        between = self.between
        factors = []
        skip = False
        for i, edge in enumerate(path):
            if skip:
                skip = False
                continue
            node, before = self.heads[edge], between.order[between.operand[edge]]
            skip = node.op == "bce" and before.op == "sigmoid" and i + 1 < len(path)
            skip = skip and between.position[edge] == 0
            if skip:
                z = self.symbol(before.operands[0], before)
                found = RULES["bce_with_logits"].formula(
                    0, [z, self.symbol(node.operands[1], node, "y")], None
                )
                factors.append(self.simple(found, {z.operands[0]: self.called[before]}))
            else:
                factors.append(self.step(node, between.position[edge]))
        return factors

    def step(self, node: Node, k: int) -> Any:
        """The partial of a node by its operand ``k``, in names."""
        rule, operands = RULES[node.op], node.operands
        own = rule.parameters if isinstance(rule, Rule) else ()
        given = [
            self.symbol(x, node, own[i] if node.op.startswith("bce") else "")
            for i, x in enumerate(operands)
        ]
        try:
            found = rule.formula(k, given, Symbol.named(self.called[node]))
        except Exception:  # a row of the user's own that needs numbers
            found = None
        if found is None:
            return Symbol("ratio", (self.called[node], self.called[operands[k]]))
        found = self.simple(found, {})
        if node.op in ACTIVATIONS and (size(found) > 2 or "where" in repr(found)):
            symbol = operation(node)
            if node in self.inner and symbol == self.same:
                self.functions["g"] = symbol
                symbol = "g"
            return Symbol("prime", (symbol, given[0]))
        return found

    def symbol(self, x: Any, node: Node, name: str = "") -> Any:
        """An operand's name; a constant's number, or its parameter's name."""
        if x.__class__ is not float:
            return Symbol.named(self.called[x])
        example = re.search(r"\(\d+\)$", self.called[node])
        return Symbol.named(name + (example[0] if example else "")) if name else x

    def simple(self, x: Any, logistic: dict[str, str]) -> Any:
        """The same without exceptions at single points, multiplied out if shorter.

        ``logistic`` has names that stand for the logistic function of others.
        """
        x = folded(_generic(x), {"sigmoid", "abs"})
        short = _polynomial(x)
        if short is not None and size(short) < size(x):
            x = short
        for z, name in logistic.items():
            of = Symbol("sigmoid", (Symbol.named(z),))
            x = replaced(x, of, Symbol.named(name))
        return x


def _generic(x: Any) -> Any:
    """An expression as it is but for single points, where the rows take limits."""
    if not isinstance(x, Symbol) or x.operation == "name":
        return x
    operands = tuple(map(_generic, x.operands))
    if x.operation == "where" and is_number(operands[1], 0):
        condition = repr(operands[0])
        if "'eq'" in condition and not re.search("'(lt|le|gt|ge|ne)'", condition):
            return operands[2]
    return Symbol(x.operation, operands)


Monomials = dict[tuple[str, ...], float]


def _polynomial(x: Any) -> Any:
    """An expression of names and σ multiplied out, with σ(−u) as 1 − σ(u)."""
    terms = _expanded(x)
    if terms is None:
        return None
    found: Any = 0
    for names_, factor in sorted(terms.items(), key=lambda t: (t[1] < 0, -len(t[0]))):
        if factor:
            parts = [_atom(name) for name in names_]
            term = reduce(mul, parts, 1)
            whole = term if abs(factor) == 1 and parts else abs(factor) * term
            found = found - whole if factor < 0 else found + whole
    return found


def _atom(name: str) -> Symbol:
    if name.startswith("σ:"):
        return Symbol("sigmoid", (Symbol.named(name[2:]),))
    return Symbol.named(name)


def _expanded(x: Any) -> Monomials | None:
    if not isinstance(x, Symbol):
        return {(): x}
    if x.operation == "name":
        return {(x.operands[0],): 1}
    if x.operation == "sigmoid":
        inner = _expanded(x.operands[0])
        if inner is not None and len(inner) == 1:
            ((names_, factor),) = inner.items()
            if len(names_) == 1 and abs(factor) == 1:
                atom = (f"σ:{names_[0]}",)
                return {atom: 1} if factor > 0 else {(): 1, atom: -1}
        return None
    parts = [_expanded(y) for y in x.operands]
    if x.operation not in ("add", "sub", "mul", "neg") or None in parts:
        return None
    known: list[Monomials] = [part for part in parts if part is not None]
    found: Monomials = {}
    if x.operation == "mul":
        for a, p in known[0].items():
            for b, q in known[1].items():
                key = tuple(sorted(a + b))
                found[key] = found.get(key, 0) + p * q
    else:
        signs = {"add": (1, 1), "sub": (1, -1), "neg": (-1,)}[x.operation]
        for sign, part in zip(signs, known):
            for key, factor in part.items():
                found[key] = found.get(key, 0) + sign * factor
    return {key: factor for key, factor in found.items() if factor}
