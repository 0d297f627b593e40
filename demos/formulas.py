"""The lecture's formulas for one example, in NumPy, beside the engine's gradient.

Nothing here is differentiated: each formula is typed in as the lecture writes it,
with matrices W[l] and vectors b[l], z[l], a[l] numbered from 1, so that the engine,
which knows none of them, can be held against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn import MLP

Array = NDArray[np.float64]


def slope(z: Array) -> Array:
    """g'(z) of g = ReLU, with the lecture's g'(0) = 1."""
    return np.where(z >= 0, 1.0, 0.0)


def read(net: MLP, what: str) -> tuple[list[Array], list[Array]]:
    """The network's numbers as W[1..3] and b[1..3]: ``what`` is "data" or "grad".

    Both lists begin with an empty place, so that they are numbered as in the lecture.
    """
    W = [np.empty(0)]
    b = [np.empty(0)]
    for layer in net.layers:
        W.append(
            np.array([[getattr(w, what) for w in n.weights] for n in layer.neurons])
        )
        b.append(np.array([getattr(n.bias, what) for n in layer.neurons]))
    return W, b


@dataclass(frozen=True)
class Comparison:
    """One formula for one example: what it gives and what the engine gives."""

    formula: str
    closed: Array
    engine: Array

    @property
    def difference(self) -> float:
        """The largest difference of two entries."""
        return float(np.abs(self.closed - self.engine).max())


class Example:
    """An M-3-2-1 network at work on one example, in NumPy.

    Args:
        net: the network, for its weights.
        x: the M inputs.
        y: the label, 0 or 1.
    """

    def __init__(self, net: MLP, x: Sequence[float], y: float) -> None:
        self.W, self.b = read(net, "data")
        self.x, self.y = np.array(x), y
        W, b = self.W, self.b
        self.z1 = W[1] @ self.x + b[1]
        self.a1 = np.maximum(self.z1, 0)
        self.z2 = W[2] @ self.a1 + b[2]
        self.a2 = np.maximum(self.z2, 0)
        self.z3 = W[3] @ self.a2 + b[3]
        self.p = float(1 / (1 + np.exp(-self.z3[0])))
        self.open = int((self.z1 > 0).sum() + (self.z2 > 0).sum())
        """How many of the five ReLU units let a change through."""

    def formulas(self) -> Iterator[tuple[str, Array, str, int | None]]:
        """The lecture's formulas, as (text, value, parameter, row).

        ``parameter`` and ``row`` say which entries of the gradient the formula
        gives: "W[2]" and 0 its first row, "W[2]" and None all of it.
        """
        W, x, y, p = self.W, self.x, self.y, self.p
        a1, a2 = self.a1, self.a2
        g1, g2 = slope(self.z1), slope(self.z2)
        error = p - y
        w3 = W[3][0]

        yield "∂L/∂b[3] = ŷ−y", np.array([error]), "b[3]", None
        yield "∂L/∂W[3] = (ŷ−y) a[2]ᵀ", error * a2[None, :], "W[3]", None
        for j in range(2):
            text = f"∂L/∂w_{j + 1}[2] = (ŷ−y) w_{j + 1}[3] g'(z_{j + 1}[2]) a[1]ᵀ"
            yield text, error * w3[j] * g2[j] * a1, "W[2]", j
        yield (
            "∂L/∂W[2] = (ŷ−y) (W[3]ᵀ ⊙ g'(z[2])) a[1]ᵀ",
            error * np.outer(w3 * g2, a1),
            "W[2]",
            None,
        )
        yield "∂L/∂b[2] = (ŷ−y) (W[3]ᵀ ⊙ g'(z[2]))", error * w3 * g2, "b[2]", None
        for j in range(3):
            path1 = w3[0] * g2[0] * W[2][0, j]
            path2 = w3[1] * g2[1] * W[2][1, j]
            k = j + 1
            sum_of_paths = (
                f"(w_1[3] g'(z_1[2]) w_1{k}[2] + w_2[3] g'(z_2[2]) w_2{k}[2])"
            )
            text = f"∂L/∂w_{k}[1] = (ŷ−y) {sum_of_paths} g'(z_{k}[1]) xᵀ"
            yield text, error * (path1 + path2) * g1[j] * x, "W[1]", j
        yield (
            "∂L/∂b[1] = (ŷ−y) (W[2]ᵀ (W[3]ᵀ ⊙ g'(z[2]))) ⊙ g'(z[1])",
            error * (W[2].T @ (w3 * g2)) * g1,
            "b[1]",
            None,
        )

    def compare(self, net: MLP) -> list[Comparison]:
        """Each formula beside the gradient that ``backward`` left in the network."""
        W, b = read(net, "grad")
        found = []
        for text, closed, parameter, row in self.formulas():
            engine = (W if parameter[0] == "W" else b)[int(parameter[2])]
            part = engine if row is None else engine[row]
            found.append(Comparison(text, closed, part))
        return found

    def compare_bracket(self, output: Any) -> list[Comparison]:
        """The lecture's bracket, beside the adjoints of ŷ and z[3].

        Args:
            output: ŷ, in a graph of L(i) after ``backward``.
        """
        p, y = self.p, self.y
        (z3,) = output.operands
        bracket = (1 - y) / (1 - p) - y / p
        product = bracket * (p * (1 - p))
        return [
            Comparison(text, np.array(closed), np.array(engine))
            for text, closed, engine in (
                ("∂L/∂ŷ = (1−y)/(1−ŷ) − y/ŷ", bracket, output.grad),
                ("∂L/∂z[3] = [(1−y)/(1−ŷ) − y/ŷ] · ŷ(1−ŷ)", product, z3.grad),
                ("∂L/∂z[3] = ŷ−y", p - y, z3.grad),
            )
        ]


def numbers(values: Any, most: int = 4) -> str:
    """Entries in columns; of more than ``most`` only the first, and how many."""
    entries = np.ravel(values) + 0.0  # which turns −0 into 0
    shown = "".join(f"{x:+14.9f}" for x in entries[:most]).replace("-", "−")
    return shown if len(entries) <= most else f"{shown}  … {len(entries)} in all"


def report(comparison: Comparison) -> None:
    """Print a formula, what it gives, and what the engine gives."""
    print(f"\n  {comparison.formula}")
    for name, values in (
        ("closed form", comparison.closed),
        ("engine", comparison.engine),
    ):
        for i, row in enumerate(np.atleast_2d(values)):
            print(f"    {name if i == 0 else '':<12}{numbers(row)}")
    print(f"    {'difference':<12}{comparison.difference:14.1e}")
