"""A function with what was recorded of it: a path is looked up, recorded, and run.

Recordings are kept for each structure of arguments, one for each path through the
function. What the function reads besides its arguments is watched: when that changes,
all of them go. A run gives the results of a path, or says that it is another one.
"""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from autograd.core import choice, limits
from autograd.core.graph import Node
from autograd.core.recording import here
from autograd.derivatives.nesting import is_value
from autograd.derivatives.sweeps import value_of
from autograd.program import structure
from autograd.program.guards import Condition, advice
from autograd.program.mapped import NotRecordedError, Short
from autograd.program.outside import Outside
from autograd.program.structure import Arguments
from autograd.program.trace import Recorder
from autograd.table.rules import CHECKPOINT, RULES

if TYPE_CHECKING:  # with NumPy, which is imported when something is recorded
    from autograd.program.recording import Recording

__all__ = ["Absent", "Recorded"]

OFTEN = 8
"""After so many changes of what a function reads outside, a warning says so."""

MANY_INTS = 8
"""Of so many values of an int each is recorded; then a warning says what to do."""

STRUCTURES = 64
"""Of so many structures of arguments a program keeps recordings; the oldest go."""


class Called:
    """Calls the short way of a program if there is one, else the long way.

    The native engine's type has a short way for Values, too: what plays a recording.
    """

    _quick: Callable[..., Any] | None = None

    def __call__(self, *args: Any, **named: Any) -> Any:
        if self._quick is not None and not named and here.recorder is None:
            answer = self._quick(*args)
            if answer is not NotImplemented:
                return answer
        return self._call(*args, **named)

    def _call(self, *args: Any, **named: Any) -> Any:
        raise NotImplementedError


if not TYPE_CHECKING:
    Called = choice.of_native("Called", Called)


class Recorded(Called):
    """What a program is made of: its function, and the recordings."""

    def __init__(
        self,
        f: Callable[..., Any],
        exact: bool = True,
        errors: str = "raise",
        branches: int = 64,
        executor: str | None = None,
    ) -> None:
        self.f = f
        self.exact = exact
        self.errors = errors
        self.branches = branches
        self.executor = executor
        self._recordings: OrderedDict[Any, list[Recording]] = OrderedDict()
        self._lock = threading.Lock()
        self._quick = None
        self._live: Any = None
        self._mappers: dict[bool, Short] = {}
        self._outside: Outside | None = None
        self._renewed = 0
        self._told = False
        try:
            self._signature: inspect.Signature | None = inspect.signature(f)
        except (TypeError, ValueError):
            self._signature = None
        # ``check=`` is ours, unless the function has an argument of this name.
        own = self._signature is not None and "check" in self._signature.parameters
        self._checks = not own
        functools.update_wrapper(self, f, updated=())

    @property
    def parameters(self) -> list[Node]:
        """The leaf Values that the function closes over, in the order of first use."""
        found: dict[Node, None] = {}
        for recordings in self._recordings.values():
            for recording in recordings:
                found.update(dict.fromkeys(recording.leaves))
        return list(found)

    def _arguments(self, args: tuple[Any, ...], named: dict[str, Any]) -> Arguments:
        if self._signature is not None and (
            named or len(args) != len(self._signature.parameters)
        ):
            bound = self._signature.bind(*args, **named)
            bound.apply_defaults()
            args, named = bound.args, bound.kwargs
        return structure.arguments(args, named)

    def _found(self, key: Any) -> list[Recording]:
        with self._lock:
            recordings = self._recordings.get((choice.name, key))
            if recordings is None:
                return []
            self._recordings.move_to_end((choice.name, key))
            return list(recordings)

    @property
    def is_loaded(self) -> bool:
        """Whether the program came from a file, so that its function is not here."""
        return self.f.__class__ is Absent

    @property
    def only_raises(self) -> bool:
        """Whether what an operation raises leaves the program, whose function is not
        here to catch it, nor did so when it was recorded."""
        recordings = [r for rs in self._recordings.values() for r in rs]
        return self.is_loaded and not any(r.catches for r in recordings)

    def look_outside(self) -> None:
        """Drop what was recorded, if what the function read besides its arguments has
        changed since."""
        if self._outside is None or not self._outside.changed():
            return
        with self._lock:
            self._recordings.clear()
            self._quick = self._live = self._outside = None
            self._mappers = {}
            self._renewed += 1
            often = self._renewed == OFTEN
        if often:
            warnings.warn(
                f"compile: {self!r} has been recorded anew {OFTEN} times, since what "
                "it reads besides its arguments has changed: pass it as an argument",
                RuntimeWarning,
                stacklevel=3,
            )

    def _record(self, given: Arguments, careful: bool = False) -> Recording:
        """Run the function on Values, and keep the path that it takes."""
        from autograd.program.recording import Recording

        recorder = Recorder(careful)
        outside = Outside(self.f, given.kept)
        inputs = recorder.take_inputs(given.scalars)
        ieee = limits.limits() if self.errors == "ieee" else nullcontext()
        with ieee, recorder.running():
            positional, named = given.build(inputs)
            try:
                answer = self.f(*positional, **named)
            except MemoryError as error:
                raise MemoryError(
                    f"compile: memory ran out after {len(recorder.made):,} operations: "
                    "record the function of one example and run it by program.map, or "
                    "put stretches of it into autograd.checkpoint"
                ) from error
            result = structure.result(
                answer, lambda x: is_value(x) or x.__class__ is Condition
            )
            outputs = recorder.entries_of(result.values)
            recorder.watch_derivatives(outputs)
        outside.after()
        met = bool(recorder.entries.parameters)
        recording = Recording(
            tape=recorder.tape,
            inputs=recorder.inputs,
            parameters=recorder.entries.parameters,
            leaves=recorder.entries.leaves,
            outputs=outputs,
            guards=recorder.guards,
            template=result.template,
            kinds=[x.__class__ is Condition for x in result.values],
            on_parameters=[
                met and x.__class__ is not Condition and recorder.tape.on_parameters(k)
                for x, k in zip(result.values, outputs)
            ],
            kept=given.kept,
            engine=self.executor,
            exact=self.exact,
            once=recorder.raised,
            plays=recorder.plays and not recorder.raised,
            derived_from=recorder.derived_from,
            outside=outside if outside.watched else None,
        )
        if recording.once:
            return recording
        with self._lock:
            self._outside = recording.outside
            known = self._recordings.setdefault((choice.name, given.key), [])
            if len(known) >= self.branches and not careful:
                splits = recording.guards[-1]
                raise RuntimeError(
                    f"compile: the function took more than {self.branches} paths; what "
                    f"it asks at {splits.where} splits them: {advice(splits)}, or "
                    "allow more by branches="
                )
            known.insert(len(known) if careful else 0, recording)
            while len(self._recordings) > STRUCTURES:
                self._recordings.popitem(last=False)
            keys = [key for _, key in self._recordings]
        if not self._told and structure.ints_differ(given.key, keys, MANY_INTS):
            self._told = True
            warnings.warn(
                f"compile: {self!r} was called with more than {MANY_INTS} values of an "
                "int, and recorded for each: pass a float, or an array, if it is data",
                RuntimeWarning,
                stacklevel=4,
            )
        return recording

    def _run(
        self,
        recording: Recording,
        scalars: Sequence[float],
        args: tuple[Any, ...],
        named: dict[str, Any],
    ) -> tuple[bool | None, Any]:
        """Whether the recording is the path of these arguments, and the result.

        None if it is, but only a careful recording may say whether a result is nan.
        """
        slopes = any(recording.on_parameters) and not _suspended()
        parameters = recording.numbers()
        machine = recording.machine(slopes)
        found, failed = machine.call(scalars, parameters, self.errors == "ieee")
        if not recording.follows(found):
            return False, None
        if recording.spoiled(found):
            return None, None
        if failed:
            try:
                recording.replay(scalars, parameters.tolist())
            except limits.FAILURES:
                if self.only_raises:
                    raise
                return False, None  # the function itself knows what follows from it
        count = len(recording.outputs)
        numbers = found[:count].tolist()
        at = count + len(recording.guards)
        if not any(recording.kinds) and not any(recording.on_parameters):
            return True, recording.build(iter(numbers))
        results: list[Any] = []
        for k, (z, condition, depends) in enumerate(
            zip(numbers, recording.kinds, recording.on_parameters)
        ):
            if condition:
                results.append(z != 0.0)
            elif not depends:
                results.append(z)
            elif not slopes:
                results.append(choice.Value(z))
            else:
                n = len(recording.leaves)
                row = found[at : at + n]
                at += n
                results.append(self._value(recording, k, z, row, args, named))
        return True, recording.build(iter(results))

    def _value(
        self,
        recording: Recording,
        k: int,
        z: float,
        slopes: Any,
        args: tuple[Any, ...],
        named: dict[str, Any],
    ) -> Node:
        """A result that depends on the leaves: one node, with the slopes by them."""
        leaves = recording.leaves
        same = recording.place.get(recording.outputs[k])
        if same is not None:
            return leaves[same]
        RULES.setdefault(CHECKPOINT.name, CHECKPOINT)
        make = getattr(choice.module(), "checkpoint_node", None)
        if make is not None:
            node = make(CHECKPOINT.name, tuple(leaves), slopes, z)
        else:
            operands = (*slopes.tolist(), *leaves, z)
            node = leaves[0]._apply(CHECKPOINT.name, operands)
        node._kept = functools.partial(self._again, recording, k, args, named=named)
        return node

    def _again(
        self,
        recording: Recording,
        k: int,
        args: tuple[Any, ...],
        _: Sequence[Any],
        named: Mapping[str, Any] = MappingProxyType({}),
    ) -> tuple[Any, list[Node]]:
        """An output once more, with its graph, for derivatives of higher order."""
        given = self._arguments(args, dict(named))
        ieee = limits.limits() if self.errors == "ieee" else nullcontext()
        with ieee:
            positional, named = given.build(list(map(choice.Value, given.scalars)))
            values = structure.result(self.f(*positional, **named), is_value).values
        # Comparisons are Values to the recorder alone.
        return values[k - sum(recording.kinds[:k])], recording.leaves


class Absent:
    """What stands for the function of a program from a file: its recordings."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.program: Recorded | None = None

    def __call__(self, *args: Any, **named: Any) -> Any:
        from autograd.program.redraw import replayed

        assert self.program is not None
        given = self.program._arguments(args, named)
        for recording in self.program._found(given.key):
            answer = replayed(recording, given.scalars)
            if answer is not NotImplemented:
                return answer
        raise NotRecordedError(
            f"the program from {self.name} has no recording of this path: its function "
            "is not here; record it where the function is, and save it again"
        )


def _suspended() -> bool:
    """Whether this thread is within ``no_grad``, in the engine that runs."""
    return not value_of(0.0).op
