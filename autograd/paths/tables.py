"""A sum of products as a table: in text, in Markdown, in LaTeX and in HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from autograd.formula.latex import latex_name, latex_number, latex_text
from autograd.paths.numerals import Printed, aligned, counted, printed

__all__ = ["Row", "Table"]


class Row(NamedTuple):
    """One term.

    ``symbols`` are the factors: each the names of what is differentiated and by what,
    or the number of factors that it stands for.
    """

    label: str
    said: str
    symbols: Sequence[tuple[str, str] | int]
    factors: Sequence[float]
    value: float


@dataclass(frozen=True)
class Table:
    """The terms of a gradient and their sum."""

    rows: Sequence[Row]
    heading: tuple[str, str]
    count: int
    total: float

    @cached_property
    def printed(self) -> Printed:
        """The numbers as they are shown."""
        terms = [(row.factors, row.value) for row in self.rows]
        return printed(terms, self.total)

    @property
    def said(self) -> str:
        """What the sum is of."""
        return f"of {counted(self.count)} path{'s' * (self.count != 1)}"

    def cells(self) -> list[tuple[str, str, str, str, str]]:
        """The rows as text: a label, the terms, the factors, = or ≈, and the value."""
        shown, found = self.printed, []
        for row, factors, (sign, value) in zip(self.rows, shown.factors, shown.terms):
            product = " · ".join(map(_factor, row.symbols, factors))
            found.append((row.label, row.said, product, sign, value))
        found.append(("sum", f"{self.said} = {_ratio(self.heading)}", "", *shown.total))
        values = aligned([row[-1] for row in found])
        return [(*row[:-1], value) for row, value in zip(found, values)]

    def text(self) -> str:
        """Aligned columns, the decimal points below each other."""
        rows = self.cells()
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths))
            + f"  {row[3]} {row[4]}"
            for row in rows
        ]
        return "\n".join(line.rstrip() for line in lines)

    def _wide(self) -> list[list[str]]:
        """Label, one cell for each factor, and the value, as plain text."""
        shown = self.printed
        width = max((len(row.symbols) for row in self.rows), default=0)
        found = []
        for row, factors, (sign, value) in zip(self.rows, shown.factors, shown.terms):
            cells = [
                f"{_ratio(s)} = {x}" if isinstance(s, tuple) else f"{s:,} more: {x}"
                for s, x in zip(row.symbols, factors)
            ]
            cells += [""] * (width - len(cells))
            found.append([row.label or row.said, *cells, f"{sign} {value}"])
        sign, value = shown.total
        total = f"sum {self.said} = {_ratio(self.heading)}"
        return [*found, [total, *[""] * width, f"{sign} {value}"]]

    def markdown(self) -> str:
        """A table of Markdown."""
        rows = self._wide()
        head = ["", *(f"factor {i}" for i in range(1, len(rows[0]) - 1)), "product"]
        lines = [head, [":--", *["--:"] * (len(head) - 1)]]
        lines += [[_escaped(cell) for cell in row] for row in rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def html(self) -> str:
        """A table of HTML, in which nothing of a name is markup."""
        rows = []
        for row in self._wide():
            head, *cells = (html.escape(cell) for cell in row)
            inner = "".join(
                f'<td style="text-align:right">{cell.replace(" = ", "<br>= ")}</td>'
                for cell in cells
            )
            rows.append(f'<tr><th style="text-align:left">{head}</th>{inner}</tr>')
        return f"<table>{''.join(rows)}</table>"

    def latex(self) -> str:
        """An array, each symbol above its number."""
        shown = self.printed
        width = max((len(row.symbols) for row in self.rows), default=0)
        lines = []
        for row, factors, (sign, value) in zip(self.rows, shown.factors, shown.terms):
            gap = [""] * (width - len(factors))
            symbols = [
                latex_ratio(s) if isinstance(s, tuple) else rf"\text{{{s:,} more}}"
                for s in row.symbols
            ]
            if symbols:
                lines.append([latex_text(row.label), *symbols, *gap, "", ""])
            numbers = [latex_number(x) for x in factors]
            label = "" if symbols else latex_text(row.said)
            lines.append([label, *numbers, *gap, _SIGNS[sign], latex_number(value)])
        sign, value = shown.total
        lines.append(
            [
                latex_ratio(self.heading),
                *[""] * width,
                _SIGNS[sign],
                latex_number(value),
            ]
        )
        body = " \\\\\n".join(" & ".join(line) for line in lines)
        return f"\\begin{{array}}{{l{'r' * width}rr}}\n{body}\n\\end{{array}}"


_SIGNS = {"=": "=", "≈": r"\approx"}


def latex_ratio(names: tuple[str, str]) -> str:
    """The derivative of one thing by another."""
    over, under = map(latex_name, names)
    return rf"\frac{{\partial {over}}}{{\partial {under}}}"


def _ratio(names: tuple[str, str]) -> str:
    return f"∂{names[0]}/∂{names[1]}"


def _factor(symbol: tuple[str, str] | int, text: str) -> str:
    return text if isinstance(symbol, tuple) else f"[{symbol:,} more: {text}]"


def _escaped(text: str) -> str:
    """Text in which Markdown finds nothing of its own."""
    return re.sub(r"([\\`*_<>|&$~#!])|\](?=[(\[:])", r"\\\g<0>", text)
