"""Functions to functions: gradients, Jacobians, Hessians and directional derivatives.

A transform calls the user's function on fresh inputs and so records its graph, as
:mod:`autograd.derivatives.fresh` tells. Numbers in give numbers out, by the engine's
sweep over floats. If a Value comes in, or the function closes over one, the results are
Values, whose graph is made by the sweeps of :mod:`autograd.derivatives.sweeps`, and can
be differentiated by all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autograd.core import choice
from autograd.core.graph import Node
from autograd.core.hips import plural
from autograd.derivatives.fresh import (
    Function,
    Recorded,
    beside,
    call,
    derived,
    number,
    scalar,
    variable,
)
from autograd.derivatives.nesting import (
    any_value,
    flatten,
    is_value,
    same_nesting,
)
from autograd.derivatives.sweeps import (
    pushforward,
    sweep,
    value_of,
    with_recording,
)

__all__ = [
    "grad",
    "hessian",
    "hessian_diagonal",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "value_grad_and_hvp",
    "vjp",
]


Argnums = int | Sequence[int]


def slopes(output: Any, inputs: list[Node], floats: bool) -> list[Any]:
    """The derivatives of one output by the inputs, as floats or as Values."""
    if not floats:
        found = sweep(output, inputs, stop=True)
        return [value_of(x) if x.__class__ is float else x for x in found]
    if not is_value(output):
        return [0.0] * len(inputs)
    derivatives: list[Any] = choice.module().gradients(output, inputs)[0]
    return derivatives


def shown(xs: Iterable[Any], floats: bool) -> list[Any]:
    """Results as floats, or all of them as Values."""
    if floats:
        return [x if x.__class__ is float else number(x) for x in xs]
    return list(map(value_of, xs))


@plural
def value_and_grad(
    f: Function, argnums: Argnums = 0, has_aux: bool = False
) -> Function:
    """The function that returns f and its gradient, from one call of f.

    Args:
        f: a function that returns a scalar, as in :func:`grad`.
        argnums, has_aux: as in :func:`grad`.

    Returns:
        A function with the arguments of ``f``. It returns f's result, or
        ``(result, aux)``, and the gradient, nested as the argument is; for several
        ``argnums``, a tuple.

    Raises:
        TypeError, ValueError: see :func:`grad`.

    >>> value_and_grad(lambda x: x[0] * x[1])([2.0, 3.0])
    (6.0, [3.0, 2.0])
    """
    options = "value_and_grad", argnums, has_aux
    return derived(_value_and_grad, "value_and_grad", f, *options)


@with_recording
def _value_and_grad(
    f: Function,
    name: str,
    argnums: Argnums,
    has_aux: bool,
    /,
    *arguments: Any,
    **keywords: Any,
) -> tuple[Any, Any]:
    recorded = call(name, f, arguments, keywords, argnums, has_aux)
    hint = "; autograd.jacobian differentiates several outputs"
    output = scalar(name, recorded.output, hint)
    value, slope, plain = _value_and_slopes(recorded, output)
    if has_aux:
        value = value, beside(recorded.aux, plain)
    return value, slope


def _value_and_slopes(recorded: Recorded, output: Any) -> tuple[Any, Any, bool]:
    """The output, its slopes, and whether they are plain numbers."""
    inputs, build = recorded.inputs, recorded.build
    if not recorded.live:
        if not is_value(output):
            return output, build([0.0] * len(inputs)), True
        # One walk says both what the slopes are and whether they may be floats.
        derivatives, others = choice.module().gradients(output, inputs)
        if not any(map(variable, others)):
            return output.data, build(derivatives), True
    return value_of(output), build(slopes(output, inputs, floats=False)), False


@plural
def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The gradient of a function that returns a scalar.

    Args:
        f: a function that returns a scalar. Its arguments are scalars, arrays, or
            nested lists, tuples, dicts and dataclasses of them; f gets them with
            Values as their scalars.
        argnums: by which positional argument to differentiate, or several of them.
        has_aux: whether f returns ``(scalar, aux)``, of which ``aux`` is handed
            through: Values in its lists, tuples, dicts and arrays become numbers
            where the derivatives are numbers.

    Returns:
        A function with the arguments of ``f``. It returns the derivatives, nested as
        the argument is: floats for numbers; Values, which can be differentiated
        again, where a Value is among the arguments or ``f`` closes over one (or
        makes one, by ``Value(…)`` or ``detach()``: nobody can tell it apart). The
        derivative by an argument that the output does not depend on is 0.0. For
        several ``argnums`` it is a tuple, and with ``has_aux`` ``(gradient, aux)``.

    Raises:
        TypeError: ``f`` returns no scalar, or an argument holds something that is
            neither a number nor a Value.
        ValueError: there is no such argument.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p, x: p["w"] * x + p["b"])({"w": 2.0, "b": 1.0}, 3.0)
    {'w': 3.0, 'b': 1.0}
    >>> grad(lambda x: (x**2, {"cube": x**3}), has_aux=True)(2.0)
    (4.0, {'cube': 8.0})
    """
    return derived(_grad, "grad", f, argnums, has_aux)


def _grad(
    f: Function,
    argnums: Argnums,
    has_aux: bool,
    /,
    *arguments: Any,
    **keywords: Any,
) -> Any:
    value, slope = _value_and_grad(f, "grad", argnums, has_aux, *arguments, **keywords)
    return (slope, value[1]) if has_aux else slope


@plural
def jacobian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The derivatives of every output by every input.

    One reverse sweep for each output; or, if there are fewer inputs, one forward sweep
    for each input.

    Args:
        f: a function of scalars, arrays, or nested lists, tuples, dicts and
            dataclasses of them, that returns the like.
        argnums, has_aux: as in :func:`grad`.

    Returns:
        A function with the arguments of ``f``. Its result is nested as f's output
        is, with derivatives nested as the input in place of each scalar: for arrays,
        an array of shape output.shape + input.shape.

    Raises:
        TypeError, ValueError: see :func:`grad`.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + 1])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 0.0]]
    """
    return derived(_jacobian, "jacobian", f, argnums, has_aux)


@with_recording
def _jacobian(
    f: Function,
    argnums: Argnums,
    has_aux: bool,
    /,
    *arguments: Any,
    **keywords: Any,
) -> Any:
    recorded = call("jacobian", f, arguments, keywords, argnums, has_aux)
    outputs, build = flatten(recorded.output, "jacobian: the function's result")
    floats = recorded.floats(outputs)
    if len(recorded.inputs) < len(outputs):  # on both engines, for the same bits
        rows = _by_columns(outputs, recorded.inputs, floats)
    else:
        rows = [slopes(y, recorded.inputs, floats) for y in outputs]
    matrix = build([recorded.build(row) for row in rows])
    return (matrix, beside(recorded.aux, floats)) if has_aux else matrix


def _by_columns(outputs: list[Any], inputs: list[Node], floats: bool) -> list[Any]:
    """The rows of the Jacobian from a forward sweep for each column."""
    n = len(inputs)
    units = [[1.0 if i == j else None for i in range(n)] for j in range(n)]
    return _pushed(outputs, inputs, units, floats)


def _pushed(
    outputs: list[Any], inputs: list[Node], seeds: list[list[Any]], floats: bool
) -> list[list[Any]]:
    """The tangents of each output in each direction; None where an input stays."""
    values = [y for y in outputs if is_value(y)]
    if floats:
        moved = iter(choice.module().tangents(values, inputs, seeds))
    else:
        moved = iter(pushforward(values, inputs, seeds))
    still = [0.0] * len(seeds)
    rows = [next(moved) if is_value(y) else still for y in outputs]
    return [row if floats else list(map(value_of, row)) for row in rows]


@plural
def hessian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The second derivatives of a function that returns a scalar.

    One sweep makes the graph of the gradient, and one sweep for each input goes
    back from its entry, over no more than this entry depends on. Each pair of mixed
    derivatives is computed once, so that the matrix is symmetric exactly. At a kink it
    differentiates the slope that the row names: of ``abs(x) ** 2`` at 0 it gives 0.

    Args:
        f: a function as in :func:`grad`.
        argnums, has_aux: as in :func:`grad`.

    Returns:
        A function with the arguments of ``f``. Its result is nested as the argument
        is, with the same nesting once more in place of each scalar: for an array, an
        array of shape input.shape + input.shape.

    Raises:
        TypeError, ValueError: see :func:`grad`.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([2.0, 3.0])
    [[6.0, 4.0], [4.0, 0.0]]
    """
    return derived(_hessian, "hessian", f, argnums, has_aux)


@with_recording
def _hessian(
    f: Function,
    argnums: Argnums,
    has_aux: bool,
    /,
    *arguments: Any,
    **keywords: Any,
) -> Any:
    recorded = call("hessian", f, arguments, keywords, argnums, has_aux)
    output = scalar("hessian", recorded.output)
    inputs = recorded.inputs
    floats = recorded.floats([output])
    first = sweep(output, inputs, stop=True)
    matrix: list[list[Any]] = [[0.0] * len(inputs) for _ in inputs]
    for i, slope in enumerate(first):
        row = slopes(slope, inputs[: i + 1], floats) if is_value(slope) else []
        for j, entry in enumerate(row):
            matrix[i][j] = matrix[j][i] = entry
    make: Any = float if floats else value_of
    rows = [recorded.build([make(x) for x in row]) for row in matrix]
    nested = recorded.build(rows)
    return (nested, beside(recorded.aux, floats)) if has_aux else nested


def hessian_diagonal(f: Function, argnums: Argnums = 0) -> Function:
    """The second derivatives of a function by each input alone.

    One sweep makes the graph of the gradient, and one for each input goes back from
    its slope, over no more than that depends on.

    Args:
        f: a function as in :func:`grad`.
        argnums: by which positional argument to differentiate, or several of them.

    Returns:
        A function with the arguments of ``f``. Its result is nested as the argument.

    Raises:
        TypeError, ValueError: see :func:`grad`.

    >>> hessian_diagonal(lambda x: x[0] ** 2 * x[1] + x[1] ** 3)([2.0, 3.0])
    [6.0, 18.0]
    """
    return derived(_hessian_diagonal, "hessian_diagonal", f, argnums)


@with_recording
def _hessian_diagonal(
    f: Function, argnums: Argnums, /, *arguments: Any, **keywords: Any
) -> Any:
    recorded = call("hessian_diagonal", f, arguments, keywords, argnums)
    output = scalar("hessian_diagonal", recorded.output)
    inputs = recorded.inputs
    floats = recorded.floats([output])
    first = sweep(output, inputs, stop=True)
    entries = [
        slopes(slope, [x], floats)[0] if is_value(slope) else 0.0
        for x, slope in zip(inputs, first)
    ]
    return recorded.build([x if floats else value_of(x) for x in entries])


@plural
def hvp(f: Function, argnums: Argnums = 0) -> Function:
    """The product of the Hessian and a vector, without the Hessian.

    It is the gradient of (gradient · v): two sweeps, whatever the number of inputs.

    Args:
        f: a function as in :func:`grad`.
        argnums: by which positional argument to differentiate, or several of them.

    Returns:
        A function of the arguments of ``f`` followed by ``v``, nested as the
        argument is; its result is nested so too.

    Raises:
        TypeError: see :func:`grad`.
        ValueError: ``v`` is not nested as the argument is.

    >>> hvp(lambda x: x[0] ** 2 * x[1])([2.0, 3.0], [1.0, 0.0])
    [6.0, 4.0]
    """
    return _with_vector(derived(_hvp, "hvp", f, argnums))


def _with_vector(made: Function) -> Function:
    """A function whose arguments are those of f and one more, as its signature says."""
    made.__dict__.pop("__wrapped__")
    return made


def _hvp(f: Function, argnums: Argnums, /, *arguments: Any, **keywords: Any) -> Any:
    recorded, _, _, product = _second_order(f, "hvp", argnums, arguments, keywords)
    return recorded.build(product)


def value_grad_and_hvp(f: Function, argnums: Argnums = 0) -> Function:
    """f, its gradient, and its Hessian times a vector, from one call of f.

    Args:
        f: a function as in :func:`grad`.
        argnums: by which positional argument to differentiate, or several of them.

    Returns:
        A function of the arguments of ``f`` followed by ``v``, nested as the
        argument is, to (f, gradient, Hessian · v), the last two nested so too.

    Raises:
        TypeError, ValueError: see :func:`hvp`.

    >>> value_grad_and_hvp(lambda x: x[0] ** 2 * x[1])([2.0, 3.0], [1.0, 0.0])
    (12.0, [12.0, 4.0], [6.0, 4.0])
    """
    options = "value_grad_and_hvp", argnums
    return _with_vector(derived(_value_grad_and_hvp, "value_grad_and_hvp", f, *options))


@with_recording
def _value_grad_and_hvp(
    f: Function, name: str, argnums: Argnums, /, *arguments: Any, **keywords: Any
) -> tuple[Any, Any, Any]:
    recorded, floats, results, product = _second_order(
        f, name, argnums, arguments, keywords
    )
    output, *first = shown(results, floats)
    return output, recorded.build(first), recorded.build(product)


@with_recording
def _second_order(
    f: Function, name: str, argnums: Argnums, arguments: tuple[Any, ...], keywords: Any
) -> tuple[Recorded, bool, list[Any], list[Any]]:
    """A call of f, whether results are floats, (f, *gradient), and Hessian · v."""
    if len(arguments) < 2:
        raise TypeError(f"{name}(f)(x, v) takes the arguments of f and then a vector v")
    *given, v = arguments
    recorded = call(name, f, tuple(given), keywords, argnums)
    output = scalar(name, recorded.output)
    vector = same_nesting(v, recorded.arguments, f"{name}: v", "the argument")
    first = sweep(output, recorded.inputs, stop=True)
    combined = choice.function("dot")(vector, first)
    floats = recorded.floats([output, combined]) and not any_value(vector)
    product = slopes(combined, recorded.inputs, floats)
    return recorded, floats, [output, *first], product


@with_recording
def vjp(f: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """f(*primals), and the function that carries cotangents back to the primals.

    Args:
        f: a function of scalars, arrays, or nested lists, tuples, dicts and
            dataclasses of them, that returns the like.
        primals: its arguments.
        has_aux: as in :func:`grad`; ``aux`` comes third.

    Returns:
        The output, and a function that takes a cotangent nested as the output is and
        returns the tuple of cotangents, one for each primal and nested as it is:
        Σ cotangent · ∂output/∂primal.

    Raises:
        TypeError: an argument or the output holds something that is no scalar.
        ValueError: a cotangent is not nested as the output is.

    >>> output, pullback = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
    >>> output, pullback([1.0, 10.0])
    ([6.0, 5.0], (13.0, 12.0))
    """
    if not callable(f):
        raise TypeError(f"vjp: f must be a function, got {type(f).__name__}")
    if not primals:
        raise TypeError("vjp: f needs at least one primal")
    recorded = call("vjp", f, primals, {}, tuple(range(len(primals))), has_aux)
    outputs, build = flatten(recorded.output, "vjp: the function's result")
    floats = recorded.floats(outputs)
    result = build(shown(outputs, floats))

    @with_recording
    def pullback(cotangent: Any) -> Any:
        """The cotangents of the primals for a cotangent of the output."""
        weights = same_nesting(cotangent, recorded.output, "cotangent", "the output")
        inputs = recorded.inputs
        combined = choice.function("dot")(weights, outputs)
        plain = floats and not any_value(weights)
        return recorded.build(slopes(combined, inputs, plain))

    if has_aux:
        return result, pullback, beside(recorded.aux, floats)
    return result, pullback


@with_recording
def jvp(
    f: Function,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool = False,
) -> Any:
    """f(*primals), and its derivative in the direction of the tangents.

    Forward mode: each node of the graph is a dual number (node, tangent), and the
    tangent of a result is the sum of its operands' tangents times the partials.

    Args:
        f: a function of scalars, arrays, or nested lists, tuples, dicts and
            dataclasses of them, that returns the like.
        primals: its arguments, as a tuple or list.
        tangents: as many, nested as the primals are.
        has_aux: as in :func:`grad`; ``aux`` comes third.

    Returns:
        The output and its tangent, nested alike: Σ ∂output/∂primal · tangent. As every
        derivative here, it is never -0.0.

    Raises:
        TypeError: primals or tangents are no tuple or list, or hold something that
            is no scalar; so does the output.
        ValueError: tangents are not nested as primals are.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    if not callable(f):
        raise TypeError(f"jvp: f must be a function, got {type(f).__name__}")
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(
                f"jvp: {name} must be a tuple or list, one entry for each argument "
                f"of f, got {type(given).__name__}"
            )
    if not primals:
        raise TypeError("jvp: f needs at least one primal")
    directions = same_nesting(tuple(tangents), tuple(primals), "tangents", "primals")
    recorded = call("jvp", f, tuple(primals), {}, tuple(range(len(primals))), has_aux)
    outputs, build = flatten(recorded.output, "jvp: the function's result")
    floats = recorded.floats(outputs) and not any_value(directions)
    inputs = recorded.inputs
    if any_value(directions):
        seeds = [t if is_value(t) else float(t) for t in directions]
    else:
        seeds = list(map(float, directions))
    made = [row[0] for row in _pushed(outputs, inputs, [seeds], floats)]
    pair = build(shown(outputs, floats)), build(made)
    return (*pair, beside(recorded.aux, floats)) if has_aux else pair
