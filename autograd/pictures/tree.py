"""A graph as a tree of text, for a terminal: the output first, its operands below.

What is used more than once stands in full where it is met first and is marked there;
later it is only named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from autograd.core.graph import Node, edges
from autograd.paths.labels import shortened, visible
from autograd.paths.names import operation
from autograd.paths.numerals import number
from autograd.pictures.values import NOT_COMPUTED, constant, uses

__all__ = ["tree"]


def tree(order: Sequence[Node], names: Mapping[Node, str], limit: int = 200) -> str:
    """The text, of at most ``limit`` lines and one that says what is missing.

    Args:
        order: nodes as :func:`~autograd.core.graph.topological_order` gives them.
        names: what to call them.
        limit: how many lines there may be.
    """
    computed = order[-1].grad != 0.0
    used = Counter(x for node in order for _, x in edges(node))
    met: set[Node] = set()
    rows: list[tuple[str, str, str]] = []
    stack: list[tuple[str, str, Node | str, str]] = [("", "", order[-1], "")]
    while stack and len(rows) < limit:
        first, others, node, factor = stack.pop()
        if isinstance(node, str):
            rows.append((first + node, "", factor))
            continue
        called = visible(shortened(names[node]))
        if node in met:
            rows.append((f"{first}{called} ↑", "", factor))
            continue
        met.add(node)
        made = f" = {visible(operation(node))}" if node.op else ""
        said = f"data {number(node.data)}"
        said += f"  grad {number(node.grad)}" if computed or node.grad else ""
        rows.append((first + called + made + " *" * (used[node] > 1), said, factor))
        operands, partials, shown = node.operands, node.partials, uses(node)
        for k in reversed(shown):
            last = k == shown[-1]
            below = (
                others + ("└─ " if last else "├─ "),
                others + ("   " if last else "│  "),
            )
            if operands[k].__class__ is float:
                stack.append((*below, constant(node, k), ""))
            else:
                stack.append((*below, operands[k], f"×{number(partials[k], 3)}"))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows]
    if len(met) < len(order):
        lines.append(f"… {len(order) - len(met):,} more values")
    if any(used[node] > 1 for node in met):
        lines.append("* used more than once; ↑ stands in full above")
    return "\n".join([*lines, *([] if computed else [NOT_COMPUTED])])
