"""Chunks that load themselves: for examples that one machine's memory does not hold.

Each chunk is a function that gives its examples. It is called where they are computed,
by a copy of the program that knows what was recorded; a chunk that takes another path
is computed here, where the function is, and recorded for the next time. Only results
and sums of gradients travel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd.derivatives.nesting import is_array, like
from autograd.program import flat
from autograd.program.mapped import Mapped, NotRecordedError

if TYPE_CHECKING:
    from autograd.program.compiled import Program

__all__ = ["are_chunks", "over_chunks"]

Chunk = Callable[[], Any]


def are_chunks(args: tuple[Any, ...]) -> bool:
    """Whether the arguments of a map are a list of functions that load them."""
    return (
        len(args) == 1
        and isinstance(args[0], (list, tuple))
        and len(args[0]) > 0
        and all(map(callable, args[0]))
    )


def over_chunks(
    program: Program,
    chunks: Sequence[Chunk],
    in_axes: Any,
    total: tuple[float, Any] | None = None,
    executor: Any = None,
) -> Any:
    """The results of all chunks together, in their order.

    Args:
        program: what to map.
        chunks: each gives the arguments of ``map``, as a tuple if there are several.
        in_axes: as of ``map``.
        total: the scale and the seed, to add to the parameters' gradients; or None.
        executor: as of ``map``; None for one chunk after the other.

    Raises:
        RuntimeError: a chunk fails again and again; the message has its number.
    """
    from autograd.program.workers import submitted  # with NumPy

    loading = Loading(program, in_axes, total)
    results: list[Any] = []
    if executor is None:
        results = [loading.map(chunk) for chunk in chunks]
    else:
        if not program.stats()["recordings"]:
            results = [loading.map(chunks[0])]
        leaves = program.parameters
        rest = (flat.read(leaves),)
        for answer in submitted(loading, chunks[len(results) :], rest, executor):
            if answer == UNKNOWN:
                answer = loading.map(chunks[len(results)])
            result, sums = answer
            if not isinstance(sums, dict):
                sums = dict(zip(leaves, sums))
            results.append((result, sums))
    for _, sums in results:
        flat.add_grad(list(sums), list(sums.values()))
    return _together([result for result, _ in results])


UNKNOWN = "a path that was not recorded"


class Loading:
    """Computes chunks, here or, when it has been pickled, elsewhere."""

    def __init__(
        self, program: Program, in_axes: Any, total: tuple[float, Any] | None
    ) -> None:
        self.program, self.in_axes, self.total = program, in_axes, total
        self.whose = id(program)  # another one like it has parameters of its own

    def __reduce__(self) -> Any:
        return _loading, (self.program.recipe(), self.in_axes, self.total)

    def map(self, chunk: Chunk, numbers: Any = None) -> Any:
        """The results of a chunk, and its sums for the parameters; or ``UNKNOWN``."""
        given = chunk()
        args = given if isinstance(given, tuple) else (given,)
        program = self.program
        if program.is_loaded:
            flat.write(program.parameters, numbers)
        mapped = Mapped(program, args, {}, self.in_axes, self.total)
        try:
            result = mapped.result()
        except NotRecordedError:
            if program.is_loaded and numbers is not None:
                return UNKNOWN
            raise
        sums = dict.fromkeys(program.parameters, 0.0)
        for recording, more in mapped.gradients:
            for x, part in zip(recording.leaves, more.tolist()):
                sums[x] += part
        return result, list(sums.values()) if program.is_loaded else sums


def _loading(recipe: Callable[[], Program], in_axes: Any, total: Any) -> Loading:
    return Loading(recipe(), in_axes, total)


def _together(results: list[Any]) -> Any:
    """Nested results of chunks, each array with its examples one after the other."""
    first = results[0]
    if is_array(first):
        import numpy as np

        return np.concatenate(results)
    if isinstance(first, dict):
        return {key: _together([x[key] for x in results]) for key in first}
    if isinstance(first, (list, tuple)):
        return like(type(first), [_together(list(xs)) for xs in zip(*results)])
    return first
