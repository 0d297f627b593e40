"""The executor on other libraries' arrays: PyTorch's, JAX's, all with the array API.

A program that is called or mapped with such arrays computes with their own library's
operations, in float64, on their device, and gives such arrays. Each pack makes a new
array (lanes, examples) of those before it, and nothing is written into: so a library
may trace or differentiate the call in its own way.

Sums are added in the documented order, so that arithmetic has the bits of every other
executor; elementary functions are the library's. Without ``exact`` its own sums are
taken. What it has no function for is computed by Python, lane by lane.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.core import limits
from autograd.core.plain import is_number
from autograd.program import packs as kinds
from autograd.program.arrays import formula, one_by_one, paired
from autograd.program.packs import Pack, Packs
from autograd.program.passes.join import factors, joined, slots_of
from autograd.program.passes.simplify import live
from autograd.program.structure import Arguments, like, namespace
from autograd.table.primitive import PRIMITIVES

if TYPE_CHECKING:
    from autograd.program.compiled import Program
    from autograd.program.recording import Recording

__all__ = ["Elsewhere", "as_float64", "built", "call", "library", "on_host"]

COMPARED = {"less": operator.lt, "less_equal": operator.le, "equal": operator.eq}

OPERATORS = {
    p.name: p.real
    for p in PRIMITIVES.values()
    if getattr(p.real, "__module__", "") in ("_operator", "builtins")
}
"""Operators, which arrays have too."""

BY_NAME = {p.name for p in PRIMITIVES.values() if p.c.startswith(f"{p.name}(")}
"""Functions that C's library, and so every other, has by the same name."""


def on_host(x: Any) -> Any:
    """An array of whatever library as NumPy's, in float64."""
    for name in ("detach", "cpu"):  # PyTorch's, with a gradient or on a device
        if hasattr(x, name):
            x = getattr(x, name)()
    return np.asarray(x, dtype=float)


def as_float64(xp: Any, x: Any, device: Any = None) -> Any:
    """An array, or numbers, as an array of a library in float64.

    Raises:
        TypeError: the library has no float64, as JAX until it is asked for.
    """
    if namespace(x) is not None:
        found = x if x.dtype == xp.float64 else xp.astype(x, xp.float64)
    else:
        own = np.array(x, dtype=float)  # which the library may keep as it is
        found = xp.asarray(own, dtype=xp.float64, device=device)
    if found.dtype != xp.float64:
        raise TypeError(
            f"compile: {xp.__name__} computes with {found.dtype} where programs need "
            "float64; with JAX: jax.config.update('jax_enable_x64', True)"
        )
    return found


class Elsewhere:
    """Packs on the arrays of one library and device.

    A slot is found in one of the arrays that there are by then: the constants, the
    inputs that are the same for all examples, those that vary, the parameters, and
    then one for each pack.
    """

    def __init__(self, packs: Packs, xp: Any, device: Any, exact: bool) -> None:
        self.packs, self.xp, self.device, self.exact = packs, xp, device, exact
        self.numbers = self.array(packs.numbers)[:, None]
        self.constants = {x: self.array(x) for x in (0.0, 1.0)}
        self.owner = np.zeros(packs.slots, np.int64)
        self.place = np.arange(packs.slots)
        inputs = len(packs.inputs)
        self.counts = [packs.uniform, inputs, inputs, len(packs.parameters)]
        for owner, slots in (1, packs.inputs), (3, packs.parameters):
            used = np.flatnonzero(slots >= 0)
            self.owner[slots[used]] = owner
            self.place[slots[used]] = used
        self.owner[packs.uniform :] *= 2
        self.steps = [self.step(p) for p in joined(packs.packs, packs.slots)]
        self.outputs = self.finding(packs.outputs[None])

    def array(self, x: Any) -> Any:
        """Numbers as an array of the library."""
        return as_float64(self.xp, x, self.device)

    def step(self, p: Pack) -> tuple[Pack, list[Any]]:
        """A pack, and how it finds what it reads."""
        out = p.out.slots(1, p.m0, p.m1)
        read = list(map(self.finding, slots_of(p)))
        if p.op == kinds.FOLD and p.begin == kinds.OUT:
            read.insert(factors(p), self.finding(out))
        if p.op not in kinds.ADDS_UP:
            self.owner[out[0]] = len(self.counts)
            self.place[out[0]] = np.arange(out.size)
        self.counts.append(out.size)
        return p, read

    def finding(self, slots: Any) -> Any:
        """Which arrays hold slots (terms, lanes), and where, if these are one array."""
        owner, place = self.owner[slots].ravel(), self.place[slots].ravel()
        owners = np.unique(owner).tolist()
        begins = np.cumsum([0, *(self.counts[k] for k in owners)])
        index = begins[np.searchsorted(owners, owner)] + place
        return owners, self.xp.asarray(index, device=self.device), slots.shape

    def read(self, arrays: list[Any], finding: Any) -> Any:
        """What some slots hold, (terms, lanes, examples)."""
        owners, index, shape = finding
        parts = [arrays[k] for k in owners]
        if len(parts) > 1:
            lead = np.broadcast_shapes(*(x.shape[1:] for x in parts))
            parts = [self.xp.broadcast_to(x, (x.shape[0], *lead)) for x in parts]
            parts = [self.xp.concat(parts)]
        found = self.xp.take(parts[0], index, axis=0)
        return self.xp.reshape(found, (*shape, found.shape[1]))

    @np.errstate(all="ignore")  # of libraries that are made of NumPy
    def run(
        self, columns: Any, fixed: Any, parameters: Any, ieee: bool
    ) -> tuple[Any, Any, Any]:
        """The outputs for some examples.

        Args:
            columns: (inputs, examples).
            fixed: (inputs, 1), what those that do not vary are.
            parameters: the leaves' numbers.
            ieee: whether nobody wants to know of failures.

        Returns:
            (outputs, examples); the sums, as NumPy's; by example, whether a checked
            pack gave a number that is not finite, as NumPy's.
        """
        xp, examples = self.xp, columns.shape[1]
        arrays = [self.numbers, fixed, columns, self.array(parameters)[:, None]]
        failed = np.zeros(examples, bool)
        places, terms = [], []
        for p, read in self.steps:
            found = [self.read(arrays, x) for x in read]
            if p.op in kinds.ADDS_UP:
                place = p.out.slots(1, p.m0, p.m1)[0]
                one = (found[0] * found[1] if p.op == kinds.DOTS else found[0])[0, ...]
                if p.op == kinds.SCATTER:
                    place = p.out.slots(p.terms, 1, p.m1).ravel()
                    one = self.scatter(p, *found)
                places.append(place)
                terms.append(xp.broadcast_to(one, (one.shape[0], examples)))
                arrays.append(None)
                continue
            shape = np.broadcast_shapes(*(tuple(x.shape[1:]) for x in found))
            arrays.append(xp.broadcast_to(self.pack(p, found), shape))
            if p.checked and not ieee:
                fine = xp.all(xp.isfinite(arrays[-1]), axis=0)
                failed |= on_host(fine) == 0.0
        outputs = self.read(arrays, self.outputs)[0, ...]
        sums = np.zeros(self.packs.sums)
        if terms:
            sums[np.concatenate(places)] = on_host(self.added(xp.concat(terms)))
        shape = len(self.packs.outputs), examples
        return xp.broadcast_to(outputs, shape), sums[self.packs.totals], failed

    def map(
        self, columns: Any, seeds: Sequence[float], parameters: Any, ieee: bool
    ) -> tuple[Any, Any, Any]:
        """As :meth:`run`, of inputs (scalars, examples) and the outputs' seeds."""
        xp, examples = self.xp, columns.shape[1]
        if seeds:
            rows = self.array(seeds)[:, None]
            rows = xp.broadcast_to(rows, (len(seeds), examples))
            columns = xp.concat([columns, rows])
        if examples:
            fixed = columns[:, :1]
        else:
            fixed = xp.broadcast_to(self.constants[0.0], (columns.shape[0], 1))
        return self.run(columns, fixed, parameters, ieee)

    def pack(self, p: Pack, found: list[Any]) -> Any:
        """What a pack computes, (lanes, examples) or what broadcasts to it."""
        rows = self.packs.rows
        if p.op == kinds.MANY:
            return self.by_python(
                rows[p.row], [found[0][r, ...] for r in range(p.terms)]
            )
        if p.op == kinds.TAKE:
            return self.take(*found)
        if p.op != kinds.FOLD:
            return self.row(rows[p.row], [x[0, ...] for x in found])
        n = factors(p)
        terms = found[0] * found[1] if n == 2 else found[0]
        total = p.start if p.begin == kinds.NUMBER else found[n][0, ...]
        if p.kind == kinds.MINUS:
            terms = -terms
        if not self.exact:
            total = total + self.xp.sum(terms, axis=0)
        for r in range(p.terms if self.exact else 0):
            total = total + terms[r, ...]
        if p.after == kinds.VALUE:
            return self.row(rows[p.after_row], [total])
        if p.after == kinds.TIMES:
            slope = self.row(rows[p.after_row], [found[-1][0, ...]] * 2)
            return self.row("where", [slope, total * slope, self.constants[0.0]])
        return total

    def take(self, table: Any, index: Any) -> Any:
        """For each lane and example the entry (terms, …) at an index; nan if none."""
        xp, terms = self.xp, table.shape[0]
        lead = np.broadcast_shapes(table.shape[1:], index.shape[1:])
        within = (index >= 0.0) & (index < terms)
        at = xp.where(within, index, self.constants[0.0])
        at = xp.broadcast_to(xp.astype(at, xp.int64), (1, *lead))
        table = xp.broadcast_to(table, (terms, *lead))
        found = xp.take_along_axis(table, at, axis=0)
        return xp.where(within, found, self.array(np.nan))[0, ...]

    def scatter(self, p: Pack, shares: Any, index: Any) -> Any:
        """What lookups give to each entry of a table: (terms · columns, examples)."""
        xp, shape = self.xp, (p.m0, 1, p.m1, -1)
        entries = xp.reshape(self.array(np.arange(p.terms)), (-1, 1, 1))
        total = self.constants[0.0]
        shares, index = (xp.reshape(x, shape) for x in (shares, index))
        for i in range(p.m0):
            total = xp.where(index[i, ...] == entries, total + shares[i, ...], total)
        return xp.reshape(total, (p.terms * p.m1, -1))

    def row(self, name: str, xs: Sequence[Any]) -> Any:
        """A row of the table, or a partial of one."""
        xp = self.xp
        if name == "where":
            return xp.where(xs[0] != 0.0, xs[1], xs[2])
        if name in COMPARED:
            holds = COMPARED[name](*xs)
            return xp.where(holds, self.constants[1.0], self.constants[0.0])
        if name in OPERATORS:
            return OPERATORS[name](*xs)
        if name in BY_NAME and hasattr(xp, name):
            found = getattr(xp, name)(*xs)
            return found + 0.0 if PRIMITIVES[name].c.endswith("+ 0.0") else found
        written = None if name in PRIMITIVES else formula(name, len(xs))
        if written is None:
            return self.by_python(name, xs)
        tape, result = written
        places = dict(enumerate(xs))
        for k in live(tape, [result]):
            if tape.ops[k] == "number":
                places[k] = self.array(tape.numbers[k])
            elif tape.ops[k] != "input":
                places[k] = self.row(tape.ops[k], [places[a] for a in tape.args[k]])
        return places[result]

    def by_python(self, name: str, xs: Sequence[Any]) -> Any:
        """A row that the library has no function for."""
        operands = list(map(on_host, xs))
        out = np.empty(np.broadcast_shapes(*(x.shape for x in operands)))
        one_by_one(name, operands, out)
        return self.array(out)

    def added(self, terms: Any) -> Any:
        """The sums over the examples of terms (lanes, examples)."""
        xp = self.xp
        if not self.exact:
            return xp.sum(terms, axis=1)
        lanes, examples = terms.shape
        nothing = xp.broadcast_to(-self.constants[0.0], (lanes, -examples % 8))
        terms = xp.reshape(xp.concat([terms, nothing], axis=1), (lanes, -1, 8))
        total = self.constants[0.0]
        for k in range(terms.shape[1]):
            total = total + terms[:, k, :]
        return paired(xp.broadcast_to(total, (lanes, 8)))


def column(xp: Any, device: Any, given: Arguments) -> Any:
    """The scalars of a call (scalars, 1), those of its arrays as they are."""
    parts, at = [], 0
    for begin, x in given.elsewhere:
        parts.append(as_float64(xp, given.scalars[at:begin], device))
        parts.append(xp.reshape(as_float64(xp, x), (-1,)))
        at = begin + parts[-1].shape[0]
    parts.append(as_float64(xp, given.scalars[at:], device))
    return xp.concat(parts)[:, None]


def together(x: Any, blocks: Sequence[Any], count: int) -> Any:
    """Blocks of rows (scalars, examples) as one, on the library and device of ``x``."""
    xp, device = library(x)
    rows = [as_float64(xp, y, device) for y in blocks]
    return xp.concat([xp.broadcast_to(y, (y.shape[0], count)) for y in rows])


def chosen(columns: Any, which: Any) -> Any:
    """Some columns of an array of whatever library, by a NumPy array of indices."""
    if isinstance(columns, np.ndarray):
        return columns[:, which]
    xp, device = library(columns)
    return xp.take(columns, xp.asarray(which, device=device), axis=1)


def built(xp: Any, recording: Recording, found: Any) -> Any:
    """The function's result with arrays for its numbers.

    Args:
        found: (outputs,) or (outputs, examples); the examples become the first axis.
    """
    places = iter(range(len(recording.outputs)))
    lead = tuple(found.shape[1:])

    def number(x: Any) -> Any:
        return xp.broadcast_to(as_float64(xp, x, found.device), lead)

    def part(template: Any) -> Any:
        kind, *rest = template
        if kind == "static":
            return number(rest[0]) if lead and is_number(rest[0]) else rest[0]
        if kind == "value":
            i = next(places)
            return found[i, ...] != 0.0 if recording.kinds[i] else found[i, ...]
        how, parts = rest
        made = [part(x) for x in parts]
        if kind != "array":
            return dict(zip(how, made)) if kind == "dict" else like(how, made)
        made = [number(x) if is_number(x) else x for x in made]
        return xp.reshape(xp.stack(made, axis=-1), (*lead, *how))

    return part(recording.template)


def in_order(xp: Any, results: Sequence[Any], places: Sequence[Any]) -> Any:
    """Results of the same structure, with the examples of all in their order."""
    first = results[0]
    if isinstance(first, dict):
        return {key: in_order(xp, [x[key] for x in results], places) for key in first}
    if isinstance(first, (list, tuple)):
        return like(type(first), [in_order(xp, x, places) for x in zip(*results)])
    _, device = library(first)
    order = xp.asarray(np.argsort(np.concatenate(places)), device=device)
    return xp.take(xp.concat(results), order, axis=0)


def call(program: Program, given: Arguments) -> Any:
    """A call of a program with arrays of another library.

    Raises:
        As the function does.
    """
    xp, device = library(given.elsewhere[0][1])
    columns = column(xp, device, given)
    recordings, recorded, careful = program._found(given.key), False, False
    if device is None:
        recordings = traceable(program, given, recordings)
    while True:
        for recording in recordings:
            machine = recording.machine().elsewhere(xp, device)
            ieee = program.errors == "ieee"
            found, _, failed = machine.run(columns, columns, recording.numbers(), ieee)
            if not np.all(recording.follows(found)):
                continue
            if np.any(recording.spoiled(found)):
                recorded, careful = False, True
                continue
            if not failed.any() or not raises(recording, given):
                return built(xp, recording, found[:, 0])
        if recorded:
            raise RuntimeError(
                "compile: the function does not compute the same when it is run again; "
                "what it reads besides its arguments must not change between calls"
            )
        numbers_of(given)
        recordings, recorded = [program._record(given, careful)], True


def traceable(
    program: Program, given: Arguments, recordings: list[Recording]
) -> list[Recording]:
    """Those of some recordings whose nan nobody has to look at, since they are careful;
    the first one anew, if there is none."""
    found = [r for r in recordings if not r.tape.hasty]
    if recordings and not found:
        tape, inputs = recordings[0].tape, recordings[0].inputs
        given.scalars[:] = map(tape.value, inputs)
        found = [program._record(given, careful=True)]
    return found


def raises(recording: Recording, given: Arguments) -> bool:
    """Whether an operation raises, as the tape replayed on Python's floats says."""
    try:
        recording.replay(numbers_of(given), recording.numbers().tolist())
    except limits.FAILURES:
        return True
    return False


def numbers_of(given: Arguments) -> list[float]:
    """The scalars of a call, those of its arrays among them."""
    for begin, x in given.elsewhere:
        numbers = on_host(x).ravel().tolist()
        given.scalars[begin : begin + len(numbers)] = numbers
    return given.scalars


def library(x: Any) -> tuple[Any, Any]:
    """The functions for an array, and its device; None if a library traces it."""
    return namespace(x), getattr(x, "device", None)
