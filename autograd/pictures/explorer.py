"""The explorer: one page on which a graph can be walked and its gradient watched.

Python says what is there: every value with its operands, its recorded partials, its
rule as mathematics, the parts that open and collapse, and the table's rows as
JavaScript (see :mod:`autograd.pictures.emit_js`). The page's script does the rest: it
lays them out and shows them, sums over paths, runs the sweeps step by step in the same
double precision and the same order as ``backward``, and computes all of it anew when a
leaf or a constant is moved.

The page is one file that loads nothing. All that comes from the graph is embedded
as JSON in which nothing can end the element, and shown as text only; numbers are
embedded as Python writes them, so that nan, inf and −0.0 arrive as they are. The
content policy admits just the page's own script and style, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from itertools import accumulate
from typing import Any

from autograd.core import graph
from autograd.core.graph import Node
from autograd.core.plain import check_value
from autograd.formula.rows import formulas
from autograd.paths.labels import shortened
from autograd.paths.names import NUMBERED, PARAMETER, names, operation, unit
from autograd.paths.numerals import number
from autograd.pictures import layout
from autograd.pictures.emit_js import asset, emitted
from autograd.pictures.parts import parts
from autograd.pictures.translate import translated
from autograd.pictures.values import uses
from autograd.table.number import BINARY
from autograd.table.rules import RULES, Reduction

__all__ = ["LIMIT", "page"]

LIMIT = 20_000
"""Values that a page can hold and stay fluid."""

LONGEST_NAME = 120
"""Characters of a name, so that a label leaves room for the rest of the page."""

SCRIPT = ("graph", "scene", "paths", "live", "steps", "controls")
"""The parts of the page's script, each of which uses those before it."""


def page(output: Node, wrt: Node | None = None) -> str:
    """The explorer of a graph, as the text of one HTML file.

    Nothing in the graph changes. The page computes the adjoints from the recorded
    partials, so that it is right without ``backward`` too.

    Args:
        output: the Value whose graph it is.
        wrt: a Value in that graph whose paths are lit when the page opens.

    Raises:
        TypeError: ``output`` or ``wrt`` is no Value.
        ValueError: ``wrt`` is not in the graph, or the graph has more than
            ``LIMIT`` values.

    >>> from autograd import Value
    >>> a = Value(2.0, label="a")
    >>> page(a * a).startswith("<!doctype html>")
    True
    """
    check_value(output, "output")
    if wrt is not None:
        check_value(wrt, "wrt")
    order = graph.topological_order(output)
    if len(order) > LIMIT:
        raise ValueError(
            f"the graph has {len(order):,} values, and the explorer shows at most "
            f'{LIMIT:,}: draw it with view="neurons" as SVG, or explore a part of it'
        )
    if wrt is not None and not any(node is wrt for node in order):
        raise ValueError("wrt is not in the graph of output: no path leads from it")

    data, rules = _described(order)
    data["wrt"] = (
        None if wrt is None else next(i for i, node in enumerate(order) if node is wrt)
    )
    title = f"{data['nodes'][-1]['name']}: the graph of a gradient"
    style = asset("explorer.css")
    rows = {(e["op"], len(e["operands"])) for e in data["nodes"] if e["op"]}
    scripts = [asset(f"explorer_{name}.js") for name in SCRIPT]
    placing = f"const {{ place }} = {translated(layout, 'place')};"
    script = "\n".join([emitted(rows), placing, *scripts])
    content = {
        "title": html.escape(title).encode("utf-8", "replace").decode(),
        "policy": (
            "default-src 'none'; base-uri 'none'; form-action 'none'; "
            f"style-src {_hash(style)}; script-src {_hash(script)}"
        ),
        "style": style,
        "script": script,
        "rules": rules,
        "data": _embedded(data),
    }
    return re.sub(
        r"\{\{(\w+)\}\}", lambda match: content[match[1]], asset("explorer.html")
    )


def _hash(text: str) -> str:
    """The source expression by which a content policy admits an inline element."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _embedded(data: Any) -> str:
    """JSON in ASCII in which no character has a meaning in HTML."""
    text = json.dumps(data, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _described(order: list[Node]) -> tuple[dict[str, Any], str]:
    """What the page's script reads, and its rules as elements to be copied."""
    index = {node: i for i, node in enumerate(order)}
    called = names(order)
    rules: dict[tuple[Any, ...], int] = {}
    templates: list[str] = []
    nodes = []
    for node in order:
        shown = uses(node)
        operands, partials = node.operands, node.partials
        entry = {
            "name": shortened(called[node], LONGEST_NAME),
            "unnamed": not node.label and bool(NUMBERED.fullmatch(called[node])),
            "unit": unit(called[node]),
            "op": node.op,
            "symbol": _symbol(node),
            "data": repr(node.data),
            "grad": repr(node.grad),
            "parameter": bool(PARAMETER.fullmatch(node.label)),
            "operands": [
                repr(x) if x.__class__ is float else index[x]
                for x in (operands[k] for k in shown)
            ],
            "partials": [repr(partials[k]) for k in shown],
            "choice": bool(node.op and RULES[node.op].choice),
        }
        if node.op:
            constants, letters = _letters(node)
            key = (node.op, constants)
            if key not in rules:
                rules[key] = len(templates)
                templates.append(_template(f"rule-{len(templates)}", node, constants))
            entry["rule"] = rules[key]
            entry["letters"] = [letters[k] for k in shown]
        nodes.append(entry)
    docs = {name: RULES[name].doc for name in sorted({e["op"] for e in nodes} - {""})}
    data = {"nodes": nodes, "docs": docs, **parts(order, called)}
    return data, "\n".join(templates)


def _symbol(node: Node) -> str:
    """A node's operation with the constants that it is applied to."""
    rule = RULES.get(node.op)
    symbol = operation(node)
    if rule is None or isinstance(rule, Reduction):
        return symbol
    constants = {
        name: number(x)
        for name, x in zip(rule.parameters, node.operands)
        if x.__class__ is float
    }
    if node.op in BINARY and constants:
        right = node.operands[1].__class__ is float
        constant = next(iter(constants.values()))
        return f"{symbol} {constant}" if right else f"{constant} {symbol}"
    return ", ".join([symbol, *(f"{name} = {x}" for name, x in constants.items())])


def _letters(node: Node) -> tuple[tuple[float | None, ...], list[int | None]]:
    """The constants that a node's rule is read with, and each operand's formula.

    Formula 0 is the value, the next are the partials in order; None is a constant's.
    """
    rule = RULES[node.op]
    constant = [x.__class__ is float for x in node.operands]
    if isinstance(rule, Reduction):
        terms, rest = divmod(len(node.operands), rule.columns)
        # A column whose partial is 0 everywhere has no formula, nor has one that is
        # computed together with others: see ``formulas``.
        column = list(accumulate(int(p not in (0, None)) for p in rule.partials))
        places = [
            None if rule.partials[k // terms] is None else column[k // terms]
            for k in range(terms * rule.columns)
        ]
        places += [column[-1] + 1] * rest
        # All that a reduction's formulas depend on is whether there is a start.
        shape: tuple[float | None, ...] = (None,) * (rule.columns + bool(rest))
        return shape, [None if c else p for c, p in zip(constant, places)]
    kept = tuple(x if c else None for x, c in zip(node.operands, constant))
    found: list[int | None] = []
    for c in constant:
        found.append(None if c else 1 + sum(p is not None for p in found))
    return kept, found


def _template(name: str, node: Node, constants: tuple[float | None, ...]) -> str:
    found = formulas(RULES[node.op], constants)
    return f'<template id="{name}">{"".join(f.mathml() for f in found)}</template>'
