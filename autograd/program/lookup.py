"""Lookup: the entry of a table that a number of the data says.

Eagerly this is indexing, with a node of its own for what is taken. In a program the
index is another one in every call and for every example: there it is an instruction,
which reads one entry, however large the table is. Its derivative is that of a tree of
``where`` which halves the table until one entry is left; so gradients are added in
the order of eager Values, and no derivative is stated here.
"""

from __future__ import annotations

from typing import Any

from autograd.core.plain import is_number
from autograd.core.recording import here
from autograd.derivatives.nesting import flatten, is_value, outline
from autograd.table.functions import FUNCTIONS
from autograd.table.primitive import apply

__all__ = ["take"]


def take(table: Any, index: Any) -> Any:
    """The entry of a table at an index that is data, as a row of an embedding.

    Args:
        table: a list, tuple or array of Values or numbers; or of rows, which are nested
            alike, of them.
        index: a whole number from 0 on, as an int, a float, or a Value that holds one,
            such as an entry of an integer array that a compiled program is called
            with. It has no derivative.

    Returns:
        The entry, as a node of its own where it is a Value; or the row of entries.

    Raises:
        IndexError: the index is no whole number, or the table has no such entry; in a
            program, for the call or the example for which that is so.
        TypeError: the index is no number, or the table is none or has unlike rows.

    >>> from autograd import Value
    >>> table = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    >>> row = take(table, 1)
    >>> (row[0] * row[1]).backward()
    >>> table[1][0].grad, table[0][0].grad
    (4.0, 0.0)
    """
    if not isinstance(table, (list, tuple)) and not hasattr(table, "shape"):
        raise TypeError(f"take: table must be a sequence, got {type(table).__name__}")
    if getattr(index, "shape", None) == ():
        index = index[()]
    if not (is_value(index) or is_number(index)):
        raise TypeError(f"take: index must be a number, got {type(index).__name__}")
    n = len(table)
    if not ((index >= 0) & (index < n) and _is_whole(index)):
        raise IndexError(
            f"take: the index must be a whole number from 0 to {n - 1}, since the "
            f"table has {n} entries, got {_number(index):g}"
        )
    if not is_value(index) or here.recorder is None:
        entry = table[int(_number(index))]
        scalars, build = flatten(entry, "take: the entry")
        return build([apply("pos", (x,)) if is_value(x) else x for x in scalars])
    rows = [flatten(row, f"take: table[{i}]") for i, row in enumerate(table)]
    for i, row in enumerate(table):
        if outline(row) != outline(table[0]):
            raise TypeError(
                f"take: the rows of table must be nested alike, but table[{i}] is "
                f"{outline(row)} and table[0] is {outline(table[0])}"
            )
    columns = zip(*(scalars for scalars, _ in rows))
    return rows[0][1]([here.recorder.take(column, index) for column in columns])


def _is_whole(index: Any) -> Any:
    """Whether a finite number has no fraction."""
    if is_value(index):
        return index == FUNCTIONS["trunc"](index)
    return float(index).is_integer()


def _number(index: Any) -> Any:
    """What an index is; that of the recorded call, if it is another one in each."""
    if is_value(index) and here.recorder is not None:
        return here.recorder.tape.value(here.recorder.entry(index))
    return index.data if is_value(index) else index
