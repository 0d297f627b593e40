"""One run over many examples: each path through the function takes its own.

The examples run on the first recording that is there; those whose guards do not hold
run on the next one, and so on; what is left is recorded, from its first example.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.derivatives.nesting import same_nesting
from autograd.program import flat

if TYPE_CHECKING:
    from autograd.program.compiled import Program
    from autograd.program.recording import Recording

__all__ = ["Mapped"]


class Mapped:
    """The examples of one call of ``map`` or ``backward``, and what became of them.

    ``total`` is the scale and the seed of a backward run, None for a map.
    """

    def __init__(
        self,
        program: Program,
        args: tuple[Any, ...],
        named: dict[str, Any],
        in_axes: Any,
        total: tuple[float, Any] | None = None,
        executor: Any = None,
        chunk: int | None = None,
    ) -> None:
        from autograd.program.batch import examples

        self.program = program
        self.total = total
        if executor is not None and not callable(getattr(executor, "submit", None)):
            raise TypeError(
                "executor must have a method submit, as those of concurrent.futures, "
                f"got {type(executor).__name__}"
            )
        if chunk is not None and (isinstance(chunk, bool) or not chunk > 0):
            raise ValueError(f"chunk must be a number of examples, got {chunk!r}")
        self.executor, self.chunk = executor, chunk
        self.examples = examples(args, named, in_axes)
        self.gradients: list[tuple[Recording, Any]] = []
        self._failures: list[tuple[int, Recording]] = []

    def result(self) -> Any:
        """The results of all examples."""
        import numpy as np

        given, count = self.examples.given, self.examples.number
        first = given(0)
        if first.live:
            raise TypeError(
                "map: arguments must be plain numbers, not Values: call the program on "
                "each example, or let the function close over its parameters"
            )
        left = np.arange(count)
        parts: list[tuple[Any, Recording, Any]] = []
        ready = self.program._found(first.key)
        while count == 0 or len(left):
            recorded = not ready
            if recorded:
                ready = [self._record(int(left[0]) if count else 0)]
            recording = ready.pop(0)
            done, results = self._run(recording, left)
            if recorded and count and not done[0]:
                raise RuntimeError(
                    "map: the function does not compute the same when it is run again; "
                    "what it reads besides its arguments must not change"
                )
            if done.any() or count == 0:
                parts.append((left[done], recording, results[:, done]))
            left = left[~done]
            if count == 0:
                break
        self._raise_first()
        parts.sort(key=lambda part: int(part[0][0]) if count else 0)
        return self._together(parts)

    def add_gradients(self) -> None:
        """Add the sums of the run to the parameters' gradients."""
        for recording, sums in self.gradients:
            flat.add_grad(recording.leaves, sums)

    def _record(self, k: int) -> Recording:
        """The path of example ``k``."""
        try:
            return self.program._record(self.examples.given(k))
        except (ValueError, ArithmeticError, LookupError) as error:
            self._raise_first()
            raise type(error)(f"example {k}: {error}") from error

    def _run(self, recording: Recording, left: Any) -> tuple[Any, Any]:
        """Which of these examples took a recording's path, and its outputs."""
        import numpy as np

        columns = self.examples.columns
        some = columns if len(left) == columns.shape[1] else columns[:, left]
        done = None
        if self.total is not None and recording.guards:
            # Only the examples of this path may be added up.
            done = recording.holds(self._outputs(recording, some, False)[0])
            if not done.any():
                return done, some[:0]
            some = some[:, done]
        found, sums, failed = self._outputs(recording, some, self.total is not None)
        if done is None:
            holds = recording.holds(found)
            done = np.broadcast_to(holds, failed.shape)
            bad = failed.astype(bool) & done
            self._failures += [(int(k), recording) for k in left[bad]]
            results = found
        else:
            results = _spread(found, done)
            self._failures += [
                (int(k), recording) for k in left[done][failed.astype(bool)]
            ]
        if self.total is not None and done.any():
            self.gradients.append((recording, sums))
        return done, results

    def _outputs(
        self, recording: Recording, columns: Any, total: bool
    ) -> tuple[Any, Any, Any]:
        from autograd.program.workers import spread

        machine = recording.machine(False, self.examples.varying, total)
        fixed = {
            n: float(columns[n, 0]) if columns.shape[1] else 0.0
            for n in range(len(columns))
        }
        if total:
            fixed.update(enumerate(self._seeds(recording), len(columns)))
        ieee = self.program.errors == "ieee"
        parameters = flat.read(recording.leaves)
        return spread(
            machine, columns, parameters, ieee, fixed, self.executor, self.chunk
        )

    def _seeds(self, recording: Recording) -> list[float]:
        """How much each output counts."""
        assert self.total is not None
        scale, seed = self.total
        count = len(recording.outputs)
        shown = recording.build(iter(range(count)))
        if seed is None:
            if count != 1 or shown != 0:
                raise ValueError(
                    "backward: the function must return one scalar, got a nested "
                    f"result of {count}: give seed=, nested as the result, to say how "
                    "much each part counts"
                )
            return [scale]
        return [
            scale * float(x)
            for x in same_nesting(seed, shown, "backward: seed", "the result")
        ]

    def _raise_first(self) -> None:
        """Raise what the function raises for the first example that failed."""
        columns = self.examples.columns
        for k, recording in sorted(self._failures, key=lambda failure: failure[0]):
            try:
                recording.replay(columns[:, k].tolist(), recording.numbers().tolist())
            except (ValueError, ArithmeticError) as error:
                raise type(error)(f"example {k}: {error}") from error

    def _together(self, parts: list[tuple[Any, Recording, Any]]) -> Any:
        """The results of all paths, in the order of the examples."""
        import numpy as np

        count = self.examples.number
        outputs = len(parts[0][1].outputs)
        shapes = {len(recording.outputs) for _, recording, _ in parts}
        if len(shapes) > 1:
            raise ValueError(
                "map: the function returns results of different structure for "
                f"different examples: of {sorted(shapes)} numbers"
            )
        if len(parts) == 1 and parts[0][2].shape[1] == count:
            results = parts[0][2][:outputs]
        else:
            results = np.empty((outputs, count))
            for where, _, found in parts:
                results[:, where] = found[:outputs]
        recording = parts[0][1]
        columns = [
            row != 0.0 if condition else row.copy()
            for row, condition in zip(results, recording.kinds)
        ]
        return recording.build(iter(columns))


def _spread(found: Any, done: Any) -> Any:
    """Columns for some examples among all of them."""
    import numpy as np

    results = np.empty((len(found), len(done)))
    results[:, done] = found
    return results
