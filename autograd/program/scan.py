"""Scan: a loop that hands a state from step to step, and keeps what each step gives.

It says no more than the loop that it stands for, and has its bits, its graph and its
derivatives; what it adds is that states and results are nested as they should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from autograd.derivatives.nesting import is_array, like, same_nesting

__all__ = ["scan"]


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    carry: Any,
    xs: Any = None,
    length: int | None = None,
) -> tuple[Any, Any]:
    """The last state of ``carry, y = f(carry, x)`` over the steps, and all ``y``.

    Signature and result are those of ``jax.lax.scan``. Eagerly it is the loop, of any
    derivative, and ``scan(checkpoint(f), …)`` keeps no graph of the steps; in a program
    each step is recorded, as it is of the loop.

    Args:
        f: a function of the state and of one step's input, to the next state, nested
            alike, and this step's result.
        carry: the first state: a number, a Value, or nested lists, arrays, tuples and
            dicts of them.
        xs: a list or array with an entry for each step; or a tuple or dict of such,
            which f gets as a tuple or dict of entries. None: f gets None.
        length: how many steps there are; needed where ``xs`` is None.

    Returns:
        The last state; and the results, in a list, or an array if they are arrays; for
        results that are tuples or dicts, a tuple or dict of such; or None if f gives
        None.

    Raises:
        TypeError: f is no function or returns no pair; xs has parts that are neither a
            list nor an array, or is None without a length; a state or result holds what
            is no number.
        ValueError: the parts of xs differ in length; a state or a result is nested
            otherwise than the one before it.

    >>> scan(lambda total, x: (total + x, total * x), 0.0, [1.0, 2.0, 3.0])
    (6.0, [0.0, 2.0, 9.0])
    >>> from autograd import grad
    >>> def grown(rate):
    ...     return scan(lambda x, _: (rate * x * (1 - x), None), 0.5, length=2)[0]
    >>> grad(grown)(2.0)
    0.25
    """
    if not callable(f):
        raise TypeError(f"scan: f must be a function, got {type(f).__name__}")
    lengths = dict(_lengths(xs, "xs"))
    if length is not None:
        if isinstance(length, bool) or not isinstance(length, int) or length < 0:
            raise TypeError(f"scan: length must be an int from 0 on, got {length!r}")
        lengths["length"] = length
    if not lengths:
        raise TypeError("scan: without xs, length must say how many steps there are")
    if len(set(lengths.values())) > 1:
        each = ", ".join(f"{name}: {n}" for name, n in lengths.items())
        raise ValueError(f"scan: xs must have one number of steps, got {each}")
    ys: list[Any] = []
    for t in range(next(iter(lengths.values()))):
        pair = f(carry, _entry(xs, t))
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            shown = f" of {len(pair)}" if isinstance(pair, (tuple, list)) else ""
            raise TypeError(
                "scan: f must return a pair, the next state and a result, "
                f"got {type(pair).__name__}{shown} in step {t}"
            )
        after, y = pair
        same_nesting(after, carry, f"scan: the state after step {t}", "that before it")
        carry = after
        if y is not None or (ys and ys[0] is not None):
            first = ys[0] if ys else y
            same_nesting(y, first, f"scan: the result of step {t}", "that of step 0")
        ys.append(y)
    return carry, _together(ys)


def _lengths(xs: Any, name: str) -> Iterator[tuple[str, int]]:
    """How many steps each part has, by its name."""
    if isinstance(xs, (tuple, dict)):
        parts = xs.items() if isinstance(xs, dict) else enumerate(xs)
        for k, part in parts:
            yield from _lengths(part, f"{name}[{k!r}]")
    elif isinstance(xs, (list, range)) or (is_array(xs) and xs.ndim):
        yield name, len(xs)
    elif xs is not None:
        raise TypeError(
            f"scan: {name} must be a list or an array with an entry for each step, or "
            f"a tuple or dict of such, got {type(xs).__name__}"
        )


def _entry(xs: Any, t: int) -> Any:
    """What step ``t`` gets."""
    if isinstance(xs, dict):
        return {k: _entry(part, t) for k, part in xs.items()}
    if isinstance(xs, tuple):
        return like(type(xs), [_entry(part, t) for part in xs])
    return None if xs is None else xs[t]


def _together(ys: list[Any]) -> Any:
    """The results of all steps, those of each part side by side."""
    first = ys[0] if ys else 0.0
    if isinstance(first, dict):
        return {k: _together([y[k] for y in ys]) for k in first}
    if isinstance(first, tuple):
        return like(type(first), [_together(list(part)) for part in zip(*ys)])
    if is_array(first):
        import numpy

        return numpy.stack(ys)
    return None if first is None else ys
