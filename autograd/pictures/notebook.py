"""What a notebook shows of a value, of a rule, and of the whole table.

The table of a gradient and a drawing know how to show themselves. Values and rows do
not, since the engines and the table know nothing of pictures: where IPython runs, it
is told here.
"""

from __future__ import annotations

import html
import sys
from typing import Any

from autograd.core.graph import Node
from autograd.formula.rows import formulas
from autograd.paths.labels import shortened, visible
from autograd.paths.names import operation
from autograd.paths.numerals import number
from autograd.table.rules import RULES, Reduction, Rule

__all__ = ["register", "rule_html", "table_html", "value_html"]


def value_html(node: Node) -> str:
    """A value with its number and gradient, and what it was computed from.

    >>> from autograd import Value
    >>> "×" in value_html(Value(2.0, label="a") * 3.0)
    True
    """
    made = f" = {operation(node)}" if node.op else ""
    rows = [["", "data", "grad", "partial"]]
    rows.append(
        [(node.label or "Value") + made, number(node.data, 6), number(node.grad, 6), ""]
    )
    for x, partial in list(zip(node.operands, node.partials))[:20]:
        if x.__class__ is float:
            rows.append(["constant", number(x, 6), "", ""])
        else:
            numbers = [number(n, 6) for n in (x.data, x.grad, partial)]
            rows.append([x.label or operation(x), *numbers])
    return _table([[html.escape(visible(shortened(cell))) for cell in r] for r in rows])


def rule_html(rule: Rule | Reduction) -> str:
    """A row of the table: its name, its sentence, its value and partials.

    >>> "tanh" in rule_html(RULES["tanh"])
    True
    """
    rows = [[f"<b>{html.escape(rule.name)}</b>", html.escape(rule.doc)]]
    rows += [["", formula.mathml()] for formula in formulas(rule)]
    return _table(rows)


def table_html(rules: dict[str, Rule | Reduction]) -> str:
    """All rows, one below the other."""
    return _table(
        [
            [
                f"<b>{html.escape(rule.name)}</b>",
                html.escape(rule.doc),
                "<br>".join(formula.mathml() for formula in formulas(rule)),
            ]
            for rule in rules.values()
        ]
    )


def _table(rows: list[list[str]]) -> str:
    cells = (
        f'<td style="text-align:left">{"</td><td>".join(row)}</td>' for row in rows
    )
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def register(values: tuple[type, ...]) -> None:
    """Tell IPython, if it runs, how values, rules and the table are shown."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None:
        return
    shown: Any = shell.display_formatter.formatters["text/html"]
    for kind in values:
        shown.for_type(kind, value_html)
    for row in (Rule, Reduction):
        shown.for_type(row, rule_html)
    shown.for_type(dict, lambda x: table_html(x) if x is RULES else None)
