"""A function is called on inputs of its own, and its answer is taken apart.

For a number, the fresh input is a new leaf; for a Value it is a node of slope 1 on top
of it. A derivative by fresh inputs ends at them, so that it never takes somebody
else's variable for its own (perturbation confusion), while derivatives of an outer
transform go on through them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import MethodType
from typing import Any, NamedTuple

from autograd.core import choice
from autograd.core.graph import Node
from autograd.core.plain import is_number
from autograd.core.recording import here
from autograd.derivatives.nesting import Build, flatten, is_array, is_value, like
from autograd.derivatives.sweeps import Mark, variables

Function = Callable[..., Any]


class Derived(partial[Any]):
    """A function that a transform made of another: it pickles where that one does."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)


def derived(transform: Function, name: str, f: Any, *options: Any) -> Function:
    """``transform(f, *options, …)`` as a function with the arguments of ``f``."""
    if not callable(f):
        raise TypeError(f"{name}: f must be a function, got {type(f).__name__}")
    made = Derived(transform, f, *options)
    of = getattr(f, "__name__", type(f).__name__)
    made.__dict__.update(
        __name__=f"{name}({of})",
        __qualname__=f"{name}({of})",
        __doc__=f"The {name} of {of}, with the same arguments.",
        __wrapped__=f,
    )
    return made


class Recorded(NamedTuple):
    """A call of the user's function, recorded."""

    output: Any
    inputs: list[Node]
    build: Build
    arguments: Any
    live: bool  # whether a Value came in, so that Values must come out
    aux: Any = None  # what f returned beside its output

    def floats(self, outputs: Iterable[Any]) -> bool:
        """Whether derivatives of the outputs are plain numbers."""
        return not self.live and only_on(outputs, self.inputs)


def only_on(outputs: Iterable[Any], inputs: Sequence[Node]) -> bool:
    """Whether the outputs depend on no leaf but the inputs."""
    values = [y for y in outputs if is_value(y)]
    if not values:
        return True
    whole = values[0]
    if len(values) > 1:  # one walk for all
        whole = choice.function("sum")(values)
    return not any(map(variable, choice.module().leaves(whole, inputs)))


def variable(leaf: Node) -> bool:
    """Whether somebody may want derivatives by a leaf."""
    return bool(getattr(leaf._kept, "running", True))


def call(
    name: str,
    f: Function,
    arguments: tuple[Any, ...],
    keywords: Any,
    argnums: Any,
    has_aux: bool = False,
) -> Recorded:
    """Run ``f`` on fresh inputs in place of the arguments that ``argnums`` names."""
    chosen = positions(name, argnums, len(arguments))
    single = not isinstance(argnums, (tuple, list))
    wanted = arguments[chosen[0]] if single else tuple(arguments[i] for i in chosen)
    which = f" {chosen[0]}" if single else f"s {tuple(chosen)}"
    scalars, build = flatten(wanted, f"{name}: argument{which}")
    mark = Mark()
    inputs, live = variables(scalars, mark)
    if here.recorder is not None:
        here.recorder.differentiated(inputs, mark)
    given = list(arguments)
    nested = build(inputs)
    for i, x in zip(chosen, (nested,) if single else nested):
        given[i] = x
    try:
        output = f(*given, **keywords)
    finally:
        mark.running = False
    aux = None
    if has_aux:
        if not (isinstance(output, tuple) and len(output) == 2):
            raise TypeError(
                f"{name}: with has_aux=True the function must return (output, aux), "
                f"got {type(output).__name__}"
            )
        output, aux = output
    return Recorded(output, inputs, build, wanted, live, aux)


def beside(aux: Any, floats: bool) -> Any:
    """What f returned beside its output: with numbers for Values if those come out."""
    if not floats:
        return aux
    if is_value(aux):
        return aux.data
    if isinstance(aux, dict):
        return {key: beside(x, floats) for key, x in aux.items()}
    if isinstance(aux, (list, tuple)):
        return like(type(aux), [beside(x, floats) for x in aux])
    if is_array(aux) and aux.dtype == object:
        scalars, build = flatten(aux, "aux")
        return build(list(map(number, scalars)))
    return aux


def positions(name: str, argnums: Any, count: int) -> list[int]:
    """``argnums`` as a list of positions."""
    if argnums.__class__ is int and 0 <= argnums < count:  # nearly always
        return [argnums]
    listed = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    for i in listed:
        if isinstance(i, bool) or not hasattr(i, "__index__"):
            raise TypeError(
                f"{name}: argnums must be an int, or a tuple or list of ints, "
                f"got {argnums!r}"
            )
        if not -count <= operator.index(i) < count:
            raise ValueError(
                f"{name}: argnums={argnums!r} asks for argument {i}, but the function "
                f"was called with {count} positional argument{'s' * (count != 1)}"
            )
    positions = [operator.index(i) % count for i in listed]
    if not positions or len(set(positions)) < len(positions):
        raise ValueError(
            f"{name}: argnums must name at least one argument, and each one once, "
            f"got {argnums!r}"
        )
    return positions


def scalar(name: str, output: Any, hint: str = "") -> Any:
    """The output of a function that must return a scalar: a Value or a float."""
    if is_value(output):
        return output
    if is_array(output) and output.ndim == 0:
        return scalar(name, output.item(), hint)
    if is_number(output):
        return float(output)
    found = type(output).__name__
    if is_array(output) and output.size == 1:
        found = f"array of shape {output.shape}: return its .item()"
    elif is_array(output):
        found = f"array of shape {output.shape}{hint}"
    elif isinstance(output, (list, tuple)) and len(output) == 1:
        found += " of 1: return its only entry, [0]"
    elif isinstance(output, (list, tuple, dict)):
        found += f" of {len(output)}{hint}"
    raise TypeError(
        f"{name}: the function must return a scalar, a Value or a real number, "
        f"got {found}"
    )


def number(x: Any) -> Any:
    """The number of a Value, or a plain number, as a float."""
    return x.data if is_value(x) else float(x)
