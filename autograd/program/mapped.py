"""One run over many examples: each path through the function takes its own.

The examples run on the first recording that is there; those whose guards do not hold
run on the next one, and so on; what is left is recorded, from its first example.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.core.limits import FAILURES
from autograd.derivatives.nesting import same_nesting
from autograd.program import flat
from autograd.program.structure import VALUE, filled
from autograd.program.threads import in_threads, is_pool

if TYPE_CHECKING:
    from autograd.program.compiled import Program
    from autograd.program.recording import Recording

__all__ = ["Mapped", "NotRecordedError", "mapped"]


def mapped(
    program: Program,
    args: tuple[Any, ...],
    named: dict[str, Any],
    in_axes: Any,
    total: tuple[float, Any] | None,
    executor: Any,
    chunk: int | None,
) -> Any:
    """The results of many examples; threads take the short way if it is there."""
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise TypeError(
            "executor must have a method submit, as those of concurrent.futures, "
            f"got {type(executor).__name__}"
        )
    if chunk is not None and (isinstance(chunk, bool) or not chunk > 0):
        raise ValueError(f"chunk must be a number of examples, got {chunk!r}")
    threads = total is None and is_pool(executor)
    plain = is_plain(named, in_axes, total)
    if threads and plain and False in program._mappers:
        short = program._mappers[False]
        doubles = in_doubles(args)
        answer = in_threads(short.run, short.outputs, doubles, executor, chunk)
        if answer is not NotImplemented:
            return short.build(answer)
    examples = Mapped(program, args, named, in_axes, total, executor, chunk)
    result = examples.result()
    examples.add_gradients()
    plain = plain and (threads or executor is chunk is None)
    only = examples.only
    if plain and only is not None and not only.careful:
        run = only.mapper(in_doubles(args), total is not None, program.errors != "ieee")
        if run is not None:
            program._mappers[total is not None] = Short.way(only, run)
    return result


def in_doubles(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments with NumPy's arrays of other real numbers as they are computed."""
    import numpy as np

    return tuple(
        x.astype(np.float64) if type(x) is np.ndarray and x.dtype.kind in "biuf" else x
        for x in args
    )


def is_plain(
    named: dict[str, Any], in_axes: Any, total: tuple[float, Any] | None
) -> bool:
    """Whether a short way may take the examples: along first axes, without a seed."""
    first = in_axes.__class__ is int and in_axes == 0
    return first and not named and (total is None or total[1] is None)


class Short(NamedTuple):
    """The short way through a recording: arrays of examples to arrays, in C."""

    run: Callable[..., Any]
    build: Callable[[tuple[Any, ...]], Any]  # the function's result of its arrays
    outputs: int

    @classmethod
    def way(cls, recording: Recording, run: Callable[..., Any]) -> Short:
        """That of a mapper."""
        build: Callable[[tuple[Any, ...]], Any] = itemgetter(0)
        if recording.template != VALUE:
            build = lambda arrays: recording.build(iter(arrays))
        return cls(run, build, len(recording.outputs))


class NotRecordedError(RuntimeError):
    """A program without its function has no recording of a path."""


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
        program.look_outside()
        self.total = total
        self.executor, self.chunk = executor, chunk
        self.examples = examples(args, named, in_axes)
        if self.examples.elsewhere is not None and executor is not None:
            raise TypeError(
                "executor= takes chunks of NumPy's arrays: those of other libraries "
                "are computed where they are"
            )
        self.gradients: list[tuple[Recording, Any]] = []
        self.only: Recording | None = None  # whose path all examples took
        self.catches = False  # whether the function has caught an exception

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
        self.spoiled = np.zeros(max(count, 1), dtype=bool)
        parts: list[tuple[Any, Recording, Any]] = []
        ready = self.program._found(first.key)
        self.several = len(ready) > 1
        self.catches = any(recording.catches for recording in ready)
        while count == 0 or len(left):
            recorded = not ready
            if recorded:
                ready = [self._record(int(left[0]) if count else 0)]
            recording = ready.pop(0)
            some = left[:1] if recording.once else left
            done, results = self._run(recording, some)
            hasty = self.spoiled[left[0]] and not recording.careful if count else False
            if recorded and count and not done[0] and not hasty:
                raise RuntimeError(
                    "map: the function does not compute the same when it is run again; "
                    "what it reads besides its arguments must not change"
                )
            if done.any() or count == 0:
                parts.append((some[done], recording, results))
            left = np.concatenate((some[~done], left[len(some) :]))
            self.several = True
            if recorded and (recording.once or recording.catches):
                self.catches = True
                ready = self.program._found(first.key)
            if count == 0:
                break
        if len(parts) == 1:
            self.only = parts[0][1]
        parts.sort(key=lambda part: int(part[0][0]) if count else 0)
        return self._together(parts)

    def add_gradients(self) -> None:
        """Add the sums of the run to the parameters' gradients."""
        for recording, sums in self.gradients:
            flat.add_grad(recording.leaves, sums)

    def _record(self, k: int) -> Recording:
        """The path of example ``k``."""
        try:
            return self.program._record(self.examples.given(k), bool(self.spoiled[k]))
        except (ValueError, ArithmeticError, LookupError) as error:
            raise type(error)(f"example {k}: {error}") from error

    def _run(self, recording: Recording, left: Any) -> tuple[Any, Any]:
        """Which of these examples took a recording's path, and the outputs of those."""
        import numpy as np

        from autograd.program.namespaces import chosen

        total = self.total is not None
        taken = np.ones(len(left), dtype=bool)
        if total and recording.guards and self.several:
            # Only the examples of this path may be added up.
            taken &= recording.follows(self._outputs(recording, left, False)[0])
        while True:
            where = left[taken]
            found, sums, failed = self._outputs(recording, where, total)
            fits = np.broadcast_to(recording.follows(found), where.shape)
            if total and not fits.all():
                taken[taken] = fits
                continue
            spoiled = fits & recording.spoiled(found)
            if total and (spoiled.any() or recording.spoiled(sums)):
                spoiled = fits  # what is added up together stays together
            self.spoiled[where] |= spoiled
            fits = fits & ~spoiled
            fits = fits & ~self._raising(recording, where, failed.astype(bool) & fits)
            if fits.all() or not total:
                break
            taken[taken] = fits
        if total and len(where):
            self.gradients.append((recording, sums))
        taken[taken] = fits
        return taken, found if fits.all() else chosen(found, np.flatnonzero(fits))

    def _raising(self, recording: Recording, where: Any, failed: Any) -> Any:
        """For which examples an operation raises, so that the function is to be asked.

        The first one will do, unless the function has caught such an exception.
        """
        from autograd.program.namespaces import chosen, on_host

        raising = failed & False
        for i in failed.nonzero()[0].tolist():
            one = chosen(self.examples.columns, where[i : i + 1])
            scalars = on_host(one).ravel().tolist()
            try:
                recording.replay(scalars, recording.numbers().tolist())
            except FAILURES as error:
                if self.program.only_raises:
                    raise type(error)(f"example {where[i]}: {error}") from error
                raising[i] = True
                if not self.catches:
                    raising[i:] = failed[i:]
                    break
        return raising

    def _outputs(
        self, recording: Recording, where: Any, total: bool
    ) -> tuple[Any, Any, Any]:
        """The outputs of some examples, the sums, and where a row may have to raise."""
        from autograd.program.namespaces import chosen
        from autograd.program.workers import spread

        columns = self.examples.columns
        if len(where) < columns.shape[1]:
            columns = chosen(columns, where)

        machine = recording.machine(False, self.examples.varying, total)
        parameters = flat.read(recording.leaves)
        ieee = self.program.errors == "ieee"
        if self.examples.elsewhere is not None:
            seeds = self._seeds(recording) if total else []
            there = machine.elsewhere(*self.examples.elsewhere)
            found: tuple[Any, Any, Any] = there.map(columns, seeds, parameters, ieee)
            return found
        fixed = {
            n: float(columns[n, 0]) if columns.shape[1] else 0.0
            for n in range(len(columns))
        }
        if total:
            fixed.update(enumerate(self._seeds(recording), len(columns)))
        return spread(
            machine, columns, parameters, ieee, fixed, self.executor, self.chunk
        )

    def _seeds(self, recording: Recording) -> list[float]:
        """How much each output counts."""
        assert self.total is not None
        scale, seed = self.total
        template, places = recording.opened
        shown = filled(template, iter(range(len(places))))
        if seed is None:
            if shown != 0:
                raise ValueError(
                    "backward: the function must return one scalar, got a nested "
                    f"result of {len(places)}: give seed=, nested as the result, to "
                    "say how much each part counts"
                )
            seeds = [1.0]
        else:
            seeds = same_nesting(seed, shown, "backward: seed", "the result")
        return [scale * float(x) for x, number in zip(seeds, places) if number is None]

    def _together(self, parts: list[tuple[Any, Recording, Any]]) -> Any:
        """The results of all paths, in the order of the examples."""
        import numpy as np

        count = self.examples.number
        # A number that is no Value on one path may be one on another.
        opened = [recording.opened for _, recording, _ in parts]
        if any(template != opened[0][0] for template, _ in opened):
            raise ValueError(
                "map: the function returns results of different structure for "
                "different examples"
            )
        if self.examples.elsewhere is not None:
            return self._together_there(parts)
        columns = []
        for i in range(len(opened[0][1])):
            pieces = []
            for (where, recording, found), (_, places) in zip(parts, opened):
                if places[i] is not None:
                    pieces.append((where, np.full(len(where), places[i])))
                    continue
                j = places[:i].count(None)
                condition = recording.kinds[j]
                pieces.append((where, found[j] != 0.0 if condition else found[j]))
            if len(pieces) == 1:
                columns.append(pieces[0][1].copy())
                continue
            column = np.empty(count, np.result_type(*(piece for _, piece in pieces)))
            for where, piece in pieces:
                column[where] = piece
            columns.append(column)
        return filled(opened[0][0], iter(columns))

    def _together_there(self, parts: list[tuple[Any, Recording, Any]]) -> Any:
        """The same of arrays of another library."""
        from autograd.program.namespaces import built, in_order

        assert self.examples.elsewhere is not None
        xp, _ = self.examples.elsewhere
        if len(parts) == 1:
            return built(xp, parts[0][1], parts[0][2])
        results = [built(xp, recording, found) for _, recording, found in parts]
        return in_order(xp, results, [where for where, _, _ in parts])
