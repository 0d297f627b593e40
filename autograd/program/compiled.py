"""The public object: a function that is recorded once and then run as packs.

A program is called like its function, with numbers, arrays or Values. A call runs the
recording whose guards hold; if none does, the function itself runs once more, and is
recorded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from autograd.core import choice
from autograd.core.files import as_path, write
from autograd.core.graph import Node
from autograd.core.plain import as_float
from autograd.core.recording import here
from autograd.derivatives.nesting import is_value
from autograd.program import flat
from autograd.program.called import Absent, Recorded
from autograd.program.chunks import are_chunks, over_chunks
from autograd.program.listing import listing
from autograd.program.mapped import in_doubles, is_plain, mapped
from autograd.program.structure import Arguments

if TYPE_CHECKING:  # with NumPy, which is imported when something is recorded
    from autograd.program.recording import Recording

__all__ = ["Program", "compile", "load_program"]


def compile(  # the name that the field uses
    f: Callable[..., Any] | None = None,
    *,
    exact: bool = True,
    errors: str = "raise",
    branches: int = 64,
    executor: str | None = None,
) -> Any:
    """f as a program: recorded when it is first called, then run at array speed.

    The program is called like ``f`` and gives what ``f`` gives, with the same bits:
    numbers for numbers; where ``f`` closes over leaf Values, Values that depend on
    them, so that ``backward`` goes on as before. What the function decided by
    comparing Values is compared again at every call; a call that decides otherwise is
    recorded anew. So is a call with another number where ``f`` takes a plain one out of
    an argument, as ``math.log(x)`` or ``int(x)`` does. Where a result is nan, which may
    be 0 · ∞ behind a choice, ``f`` is recorded once more, to choose wherever it can be.

    What else ``f`` reads, it reads when it is recorded. Variables of its closure and
    of its module, and the entries of small containers and objects that they hold, are
    looked at again at each call, and ``f`` is recorded anew if one has changed; the
    numbers that ``f`` changes itself, and random numbers, are refused. Large containers
    and what lies deeper, other modules, classes, files and clocks are not looked at:
    pass what changes as an argument, or keep it in a leaf Value. What ``f`` writes or
    prints happens when it is recorded.

    Called or mapped with arrays of another library that has the array API, as JAX and
    (with array-api-compat) PyTorch, a program computes with that library's float64
    operations where the arrays are, and gives such arrays: arithmetic has the same
    bits, elementary functions are the library's. Leaves are then plain numbers. With
    ``errors="ieee"`` nothing is looked at, and the library may trace what it records.

    Called with Values, a program gives the graph that ``f`` gives, for ``backward``,
    :func:`draw` and :func:`explain`: it makes the nodes that were recorded, or where
    it cannot be sure that ``f`` makes the same, runs ``f``. Derivatives of what ``f``
    differentiates itself may differ in their last bits.

    ``where`` of a comparison is one tape for both outcomes, and a sum of derivatives
    has one order on it. What is not chosen but used elsewhere stands elsewhere in
    the order of Values, so that the sum's last bits may differ there.

    Args:
        f: a function of floats, arrays, and nested lists, tuples and dicts of them,
            that runs on Values. Other arguments (ints, strings, objects) are part of
            the structure: each combination is recorded for itself.
        exact: whether results must have the bits of ``f`` on Values. Without it, the C
            executor may fuse products into sums, and takes elementary functions that
            are within four units in the last place.
        errors: ``"raise"`` as ``f`` does, or ``"ieee"`` for inf and nan instead. What
            no result depends on is not computed, and does not raise either.
        branches: how many paths through ``f`` to keep for one structure.
        executor: ``"arrays"`` to run on NumPy even where the C executor is built.

    Returns:
        A :class:`Program`; without ``f``, a decorator.

    Raises:
        TypeError: ``f`` cannot be called; or, from a call, ``f`` does what cannot be
            replayed, such as reading ``.data``.
        ValueError: ``errors`` or ``executor`` is none of those.

    >>> from autograd import Value, compile
    >>> area = compile(lambda r: 3.0 * r * r)
    >>> area(2.0), area(3.0)
    (12.0, 27.0)
    """
    options: dict[str, Any] = {
        "exact": bool(exact),
        "errors": errors,
        "branches": branches,
        "executor": executor,
    }
    if f is None:
        return lambda f: compile(f, **options)
    if not callable(f):
        raise TypeError(f"compile: f must be a function, got {type(f).__name__}")
    if errors not in ("raise", "ieee"):
        raise ValueError(f'compile: errors must be "raise" or "ieee", got {errors!r}')
    if executor not in (None, "arrays"):
        raise ValueError(
            f'compile: executor must be None or "arrays", got {executor!r}'
        )
    if isinstance(branches, bool) or not isinstance(branches, int) or branches < 1:
        raise ValueError(
            f"compile: branches must be an int from 1 on, got {branches!r}"
        )
    if isinstance(f, Program):
        return f
    return Program(f, **options)


class Program(Recorded):
    """A function and its recordings; made by :func:`compile`."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """A method, where it decorates a function in a class."""
        return self if instance is None else functools.partial(self, instance)

    def __repr__(self) -> str:
        name = getattr(self.f, "__name__", type(self.f).__name__)
        count = sum(map(len, self._recordings.values()))
        return f"<compiled {name}: {count} recording{'s' * (count != 1)}>"

    def __str__(self) -> str:
        """The recordings: each its tape and the packs that it became."""
        shown = [repr(self)]
        for recordings in list(self._recordings.values()):
            shown += [listing(recording) for recording in recordings]
        return "\n\n".join(shown)

    def stats(self) -> dict[str, int]:
        """Counts of what was recorded, over all recordings, and the bytes of memory.

        ``tape_bytes`` are those of the tapes, ``pack_bytes`` those of the packs, and
        ``bytes`` those of the numbers that the packs compute with.

        >>> from autograd import compile
        >>> area = compile(lambda r: 3.0 * r * r)
        >>> _ = area(2.0)
        >>> area.stats()["recordings"], area.stats()["packs"]
        (1, 2)
        """
        recordings = [r for rs in self._recordings.values() for r in rs]
        machines = [m for r in recordings for m in r._machines.values()]
        return {
            "recordings": len(recordings),
            "operations": sum(len(r.tape) for r in recordings),
            "guards": sum(len(r.guards) for r in recordings),
            "parameters": len(self.parameters),
            "packs": sum(m.packs.count for m in machines),
            "lanes": sum(m.packs.lanes for m in machines),
            "slots": sum(m.packs.slots for m in machines),
            "tape_bytes": sum(r.tape.bytes for r in recordings),
            "pack_bytes": sum(m.packs.bytes for m in machines),
            "bytes": sum(8 * m.packs.doubles(m.block) for m in machines),
        }

    def _call(self, *args: Any, **named: Any) -> Any:
        if self._outside is not None:
            self.look_outside()
        check = self._checks and bool(named.pop("check", False))
        if here.recorder is not None:
            return self.f(*args, **named)  # it becomes part of the other program
        given = self._arguments(args, named)
        if given.live:
            return self._on_values(given, args, named)
        if given.elsewhere:
            from autograd.program.namespaces import call

            return call(self, given)
        scalars = given.scalars
        careful = False
        for recording in self._found(given.key):
            done, answer = self._run(recording, scalars, args, named)
            careful |= done is None
            if done:
                break
        else:
            recording = self._record(given, careful)
            done, answer = self._run(recording, scalars, args, named)
            if done is None:
                recording = self._record(given, careful=True)
                done, answer = self._run(recording, scalars, args, named)
        if not (named or recording.once or recording.careful):
            self._quick = recording.quick(
                args, answer, self.errors != "ieee", self._again
            )
        if check:
            recording.replay(scalars, recording.numbers().tolist(), check=True)
        if not done:
            raise RuntimeError(
                "compile: the function does not compute the same when it is run again; "
                "what it reads besides its arguments must not change between calls"
            )
        return answer

    def _on_values(
        self, given: Arguments, args: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        """What f gives for Values: played from a recording, if that is the same."""
        if not named and self._live is not False and choice.name == "native":
            for recording in self._to_play(given):
                play = recording.player(args)
                answer = play(*args) if play is not None else NotImplemented
                if answer is not NotImplemented:
                    self._live = play
                    return answer
                if play is None and self._live is None:
                    self._live = False  # it is not worth to be recorded again
        return self.f(*args, **named)

    def _to_play(self, given: Arguments) -> Iterator[Recording]:
        """The recordings that may be played; at last a new one, if the numbers take
        another path.

        If f does what cannot be recorded, it always runs itself from then on.
        """
        found = self._found(given.key)
        yield from found
        numbers = [x.data if is_value(x) else x for x in given.scalars]
        plain = {float}.issuperset(map(type, numbers))
        if plain and not any(r.follows(r.outputs_at(numbers)) for r in found):
            given.scalars = numbers
            try:
                yield self._record(given)
            except (ValueError, ArithmeticError):
                pass  # as f raises it itself
            except Exception:
                self._live = False  # f itself says what is wrong with it, if anything

    def map(
        self,
        *args: Any,
        in_axes: Any = 0,
        executor: Any = None,
        chunk: int | None = None,
        **named: Any,
    ) -> Any:
        """The results for many examples, in one run.

        Args:
            args, named: the function's arguments with one more axis, that of the
                examples: arrays, lists of numbers, or tuples and dicts of those.
            in_axes: which axis that is, as in ``jax.vmap``: a number for all
                positional arguments, or a tuple with an entry for each (a number, None
                for an argument that is the same for all, or a tuple or dict of these
                for its parts). Keywords have it first.
            executor: what runs chunks of examples at once: anything with the interface
                of ``concurrent.futures``, of threads, processes or machines.
            chunk: how many examples a chunk has. Sums over examples are the same for
                the same chunks, whoever computes them.

        With ``check=True`` every number is looked at, as in a call: that is slow.

        Instead of arguments there may be a list of functions, each of which gives those
        of one chunk (a tuple, if there are several). It is called where the chunk is
        computed, and must pickle if that is another process: so the examples may be
        more than fit into memory.

        Returns:
            The function's result, with an array over the examples for each number.

        Raises:
            TypeError, ValueError: an argument does not fit; the message names it.
            ValueError, ZeroDivisionError, OverflowError: as the function for the first
                example for which it raises; the message says which.

        >>> from autograd import compile
        >>> compile(lambda x, n: x * n).map([1.0, 2.0, 3.0], 10.0, in_axes=(0, None))
        array([10., 20., 30.])
        """
        return self._mapped(args, named, in_axes, None, executor, chunk)

    def backward(
        self,
        *args: Any,
        scale: float = 1.0,
        seed: Any = None,
        in_axes: Any = 0,
        executor: Any = None,
        chunk: int | None = None,
        **named: Any,
    ) -> Any:
        """The results for many examples, and their gradients for the parameters.

        Each parameter's ``grad`` grows by the derivative of the scaled sum of the
        results over the examples. Example k adds to accumulator k mod 8, and the eight
        are added in pairs: that order is the same on every machine. If the examples
        take several paths through the function, each path adds up its own. An
        exception changes no gradient.

        Args:
            args, in_axes, executor, chunk, named: as of :meth:`map`.
            scale: what to multiply the gradients with, as 1 over the number of
                examples.
            seed: for a result that is no scalar, how much each part of it counts,
                nested as the result is.

        Returns:
            As :meth:`map`.

        Raises:
            TypeError, ValueError: as :meth:`map`; or the result is no scalar and there
                is no seed.

        >>> from autograd import Value, compile
        >>> w = Value(2.0)
        >>> compile(lambda x: w * x).backward([1.0, 2.0, 3.0]), w.grad
        (array([2., 4., 6.]), 6.0)
        """
        total = scale if scale.__class__ is float else as_float(scale, "scale"), seed
        return self._mapped(args, named, in_axes, total, executor, chunk)

    def _mapped(
        self,
        args: tuple[Any, ...],
        named: dict[str, Any],
        in_axes: Any,
        total: tuple[float, Any] | None,
        executor: Any,
        chunk: int | None,
    ) -> Any:
        """The examples of arguments, or of chunks that load them."""
        short = self._mappers.get(total is not None)
        if (
            short is not None
            and executor is chunk is None
            and is_plain(named, in_axes, total)
        ):
            scale = () if total is None else total[:1]
            answer = short.run(*scale, *args)
            if answer is NotImplemented:
                answer = short.run(*scale, *in_doubles(args))
            if answer is not NotImplemented:
                return short.build(answer)
        if self._checks and named.pop("check", False):
            self._check_each(args, named, in_axes)
        if are_chunks(args) and not named and chunk is None:
            return over_chunks(self, args[0], in_axes, total, executor)
        return mapped(self, args, named, in_axes, total, executor, chunk)

    def _check_each(
        self, args: tuple[Any, ...], named: dict[str, Any], in_axes: Any
    ) -> None:
        """Call it on one example after the other, with a look at every number."""
        from autograd.program.batch import examples

        found = examples(args, named, in_axes)
        for k in range(found.number):
            given = found.given(k)
            positional, others = given.build(given.scalars)
            try:
                self(*positional, **others, check=True)
            except (ValueError, ArithmeticError) as error:
                raise type(error)(f"example {k}: {error}") from error

    @property
    def data(self) -> Any:
        """The numbers of all parameters as a float64 array; setting it sets them.

        >>> from autograd import Value, compile
        >>> w = Value(2.0)
        >>> program = compile(lambda x: w * x)
        >>> _ = program(1.0)
        >>> program.data -= 0.5
        >>> w.data
        1.5
        """
        return flat.read(self.parameters)

    @data.setter
    def data(self, numbers: Any) -> None:
        flat.write(self.parameters, numbers)

    @property
    def grad(self) -> Any:
        """The gradients of all parameters as a float64 array; setting it sets them."""
        return flat.read_grad(self.parameters)

    @grad.setter
    def grad(self, numbers: Any) -> None:
        flat.write_grad(self.parameters, numbers)

    def to_c(self, name: str, *args: Any, gradient: bool = False, **named: Any) -> str:
        """What was recorded as the text of a C99 file, without this package.

        Its function is ``int name(const double *x, const double *p, double *y)``: the
        scalars of the arguments in order, the parameters' numbers, the results. It
        returns 0, or the number of the comparison that came out otherwise than when
        the path was recorded, or -1 where a result behind a choice is nan that may be a
        number in Python. Where Python raises, it gives inf or nan. It has the
        bits of Python with the same C library and without fused operations.

        Args:
            name: of the function.
            args, named: arguments whose path is meant, if there are several.
            gradient: whether the derivatives of the only result follow it: by each
                scalar of the arguments, then by each parameter.

        Raises:
            ValueError: ``name`` is no name in C; several paths were recorded, or
                none; a gradient is asked of several results.
            TypeError: C has no operation with the bits of one that was recorded.

        >>> from autograd import compile
        >>> square = compile(lambda x: x * x)
        >>> _ = square(3.0)
        >>> "y[0] = t0;" in square.to_c("square")
        True
        """
        from autograd.program.export import c_source

        _, recording, _ = self._path("to_c", args, named)
        return c_source(recording, name, gradient)

    def graph(self, *args: Any, **named: Any) -> tuple[Any, dict[str, Node]]:
        """What was recorded as a graph of Values, which pictures and paths are of.

        :func:`draw` and :func:`explain` take a program itself, too, and the name of an
        input for ``wrt``.

        Args:
            args, named: arguments whose path and numbers are meant; without any, those
                of the only recording.

        Returns:
            The result with Values in it, and the leaf of each input by its name.

        Raises:
            ValueError: no arguments, and several paths were recorded, or none.

        >>> from autograd import compile, explain
        >>> area = compile(lambda r: 3.0 * r * r)
        >>> _ = area(2.0)
        >>> result, inputs = area.graph()
        >>> result.data, list(inputs)
        (12.0, ['r'])
        >>> print(explain(area, "r"))
        path 1  r → v2(×) → v3(×)    3 · 2  =  +6
        path 2  r → v3(×)            6      =  +6
        sum     of 2 paths = ∂v3/∂r         = +12
        """
        from autograd.program.redraw import names, redrawn

        key, recording, scalars = self._path("graph", args, named)
        by_position = []
        if self._signature is not None:
            found = self._signature.parameters.values()
            by_position = [p.name for p in found if p.kind <= p.POSITIONAL_OR_KEYWORD]
        return redrawn(recording, names(key, by_position), scalars)

    def _path(
        self, what: str, args: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[Any, Recording, Sequence[float] | None]:
        """The recording of some arguments, with their key and scalars; or the only one.

        Raises:
            ValueError: there are no arguments, and several recordings, or none.
        """
        if args or named:
            self(*args, **named)
            given = self._arguments(args, named)
            for recording in self._found(given.key):
                if recording.holds(recording.outputs_at(given.scalars)):
                    return given.key, recording, given.scalars
        known = [(k, r) for (_, k), rs in self._recordings.items() for r in rs]
        if len(known) != 1:
            raise ValueError(
                f"{what}: the program has {len(known)} recordings: give arguments, "
                "whose path is then taken"
            )
        return *known[0], None

    def save(self, path: Any) -> None:
        """Write what was recorded to a file, for :func:`load_program`.

        Args:
            path: of the file, which is replaced.

        Raises:
            TypeError: an object is among the arguments or results.
            ValueError: nothing has been recorded yet.
        """
        write(as_path(path), self.dumped())

    def dumped(self, numbers: bool = True) -> bytes:
        """What was recorded as bytes; without the parameters' numbers, if so asked.

        Raises:
            TypeError, ValueError: see :meth:`save`.
        """
        from autograd.program.files import dumped

        recorded = [
            (key, recording)
            for (_, key), recordings in self._recordings.items()
            for recording in recordings
        ]
        if not recorded:
            raise ValueError(
                "the program has recorded nothing yet: call it once before it is saved"
            )
        options = {
            "exact": self.exact,
            "errors": self.errors,
            "branches": self.branches,
            "executor": self.executor,
        }
        return dumped(recorded, options, self._signature, numbers)

    def recipe(self) -> Callable[[], Program]:
        """What makes this program elsewhere, without the parameters' numbers."""
        data = self.dumped(numbers=False)
        return functools.partial(restored, data, "a program that was sent")

    def __reduce__(self) -> Any:
        return restored, (self.dumped(), "the pickle")


def load_program(path: Any) -> Program:
    """The program that :meth:`Program.save` wrote to a file.

    It has the recordings and parameters of then, but not the function: arguments of
    another structure, or that take another path, are refused, and so is a nan behind a
    choice that the function may not give. On Values, and so below transforms and in
    other programs, the recording runs in the function's place. Loading runs no code.

    Args:
        path: of the file.

    Raises:
        ValueError: the file is damaged, no program, or of another version.

    >>> import tempfile, os
    >>> from autograd import compile, grad
    >>> square = compile(lambda x: x * x)
    >>> _ = square(2.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "square.program")
    ...     square.save(path)
    ...     loaded = load_program(path)
    >>> loaded(3.0), grad(loaded)(3.0)
    (9.0, 6.0)
    """
    return restored(as_path(path).read_bytes(), str(path))


def restored(data: bytes, name: str) -> Program:
    """The program of :meth:`Program.dumped`'s bytes, which ``name`` says where from."""
    from autograd.program.files import read

    recorded, options, signature = read(data, name)
    absent = Absent(name)
    absent.program = program = Program(absent, **options)
    program._signature = signature
    for key, recording in recorded:
        program._recordings.setdefault((choice.name, key), []).append(recording)
    return program
