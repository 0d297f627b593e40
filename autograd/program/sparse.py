"""Sparse derivatives: only what the tape says can be other than 0.

An output depends on those inputs that its entry of the tape can be traced back to. So
the function is recorded once, each output is differentiated by its own inputs alone,
and the program computes the nonzeros and nothing else.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd.core.recording import here
from autograd.derivatives.fresh import derived, scalar
from autograd.derivatives.nesting import flatten, is_value
from autograd.program.adjoint import operands_of
from autograd.program.compiled import Program

__all__ = ["sparse_hessian", "sparse_jacobian"]

Function = Callable[..., Any]


class Pattern(NamedTuple):
    """Where the nonzeros are: their rows and columns, and the shape of the whole."""

    rows: Sequence[int]
    columns: Sequence[int]
    shape: tuple[int, int]


def sparse_jacobian(f: Function) -> Function:
    """The Jacobian as a sparse array of SciPy, computed without its zeros.

    Which entries these are is found on the graph of the first call, and again for each
    path through ``f`` that comparisons of Values take. (If ``f`` is one function of
    many small blocks, ``compile(jacobian(block)).map(…)`` needs one block's graph.)

    Args:
        f: a function that runs on Values, of an array or list of n numbers and perhaps
            of further arguments; it returns m scalars, nested in any way.

    Returns:
        A function of the same arguments to a ``scipy.sparse.csr_array`` of floats of
        shape (m, n). An entry is stored if it may be other than 0 for some arguments.

    Raises:
        TypeError: ``f`` is no function, or cannot be compiled; the message says why.

    >>> jacobian = sparse_jacobian(lambda x: [x[0] * x[1], x[2] ** 2])
    >>> jacobian([1.0, 2.0, 3.0]).toarray()
    array([[2., 1., 0.],
           [0., 0., 6.]])
    """
    return derived(_call, "sparse_jacobian", f, Program(_Nonzeros(f, "jacobian")))


def sparse_hessian(f: Function) -> Function:
    """The Hessian as a sparse array of SciPy, computed without its zeros.

    Args:
        f: as of :func:`sparse_jacobian`, but it returns one scalar.

    Returns:
        A function of the same arguments to a ``scipy.sparse.csr_array`` of floats of
        shape (n, n), with both triangles.

    Raises:
        TypeError: as of :func:`sparse_jacobian`; or ``f`` returns no scalar.

    >>> hessian = sparse_hessian(lambda x: x[0] * x[1] + x[2] ** 3)
    >>> hessian([1.0, 2.0, 3.0]).toarray()
    array([[ 0.,  1.,  0.],
           [ 1.,  0.,  0.],
           [ 0.,  0., 18.]])
    """
    return derived(_call, "sparse_hessian", f, Program(_Nonzeros(f, "hessian")))


def _call(_: Function, program: Program, /, *arguments: Any, **keywords: Any) -> Any:
    csr_array = importlib.import_module("scipy.sparse").csr_array

    found, pattern = program(*arguments, **keywords)
    numbers = [x.data if is_value(x) else x for x in found]
    return csr_array((numbers, (pattern.rows, pattern.columns)), shape=pattern.shape)


class _Nonzeros:
    """What a program records: the nonzeros in order, and where they are."""

    def __init__(self, f: Function, what: str) -> None:
        self.f, self.what = f, what
        self.__name__ = f"sparse_{what}"

    def __call__(self, x: Any, *others: Any, **keywords: Any) -> Any:
        name = self.__name__
        if here.recorder is None:
            raise TypeError(
                f"{name}: the arguments must be plain numbers, since a sparse array "
                f"holds floats: autograd.{self.what} differentiates Values"
            )
        inputs, _ = flatten(x, f"{name}: argument 0")
        answer = self.f(x, *others, **keywords)
        traced = _Traced(inputs)
        if self.what == "jacobian":
            outputs, _ = flatten(answer, f"{name}: the result")
            rows = [(y, traced.behind(y)) for y in outputs]
        else:
            first = traced.slopes(scalar(name, answer), range(len(inputs)))
            rows = [
                (y, [j for j in traced.behind(y) if j <= i])
                for i, y in enumerate(first)
            ]
        found: list[Any] = []
        places: list[tuple[int, int]] = []
        for i, (y, columns) in enumerate(rows):
            for j, slope in zip(columns, traced.slopes(y, columns)):
                for place in {(i, j), (j, i)} if self.what == "hessian" else [(i, j)]:
                    found.append(slope)
                    places.append(place)
        at = [tuple(place[i] for place in places) for i in (0, 1)]
        return found, Pattern(at[0], at[1], (len(rows), len(inputs)))


class _Traced:
    """Inputs of a function that is being recorded, and what depends on which."""

    def __init__(self, inputs: Sequence[Any]) -> None:
        self.inputs = inputs
        self.recorder = here.recorder
        places = {self.recorder.entry(x): i for i, x in enumerate(inputs)}
        self._behind: dict[int, frozenset[int]] = {
            k: frozenset((i,)) for k, i in places.items()
        }

    def behind(self, y: Any) -> list[int]:
        """The inputs that an output has a derivative by."""
        if not is_value(y):
            return []
        known, tape = self._behind, self.recorder.tape
        stack = [output := self.recorder.entry(y)]
        while stack:
            k = stack[-1]
            reads = operands_of(tape, k)[tape.ops[k] == "where" :]  # not its condition
            missing = [a for a in reads if a not in known]
            if missing and k not in known:
                stack += missing
                continue
            stack.pop()
            if k not in known:
                parts = {known[a] for a in reads}
                known[k] = frozenset().union(*parts) if len(parts) != 1 else parts.pop()
        return sorted(known[output])

    def slopes(self, y: Any, columns: Sequence[int]) -> list[Any]:
        """The derivatives of an output by some of the inputs."""
        if not columns or not is_value(y):
            return [0.0] * len(columns)
        inputs = [self.inputs[j] for j in columns]
        slopes: list[Any] = self.recorder.sweep(y, inputs, True)
        return slopes
