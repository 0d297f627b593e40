"""Transforms give the derivatives of closed forms, nest, and say what is wrong."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import autograd as ag
from autograd import testing
from autograd.derivatives import nesting, sweeps, transforms
from tests.autograd.precise import STEP, Precise, mp, shifted
from tests.effort import share

REL = 1e-12


def rosenbrock(x: Any) -> Any:
    pairs = zip(x[:-1], x[1:])  # noqa: RUF007  # arrays of Values, too
    return ag.sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairs)


def lecture_loss(theta: Any) -> Any:
    """The lecture's loss of one example with smooth hidden units, 2-3-2-1."""
    it = iter(theta)
    a: list[Any] = [0.3, -0.8]
    for width in (3, 2, 1):
        rows = [([next(it) for _ in a], next(it)) for _ in range(width)]
        a = [ag.dot(w, a, b) for w, b in rows]
        a = [ag.sigmoid(z) if width == 1 else ag.tanh(z) for z in a]
    return ag.bce(a[0], 1.0)


def test_perturbations_are_not_confused() -> None:
    jvp = lambda f, x, v: ag.jvp(f, (x,), (v,))[1]
    cube = lambda y: y**3
    assert jvp(lambda x: x * jvp(lambda y: x + y, 1.0, 1.0), 1.0, 1.0) == 1.0
    assert ag.grad(lambda x: x * jvp(lambda y: x * y, 2.0, 1.0))(3.0) == 6.0
    assert ag.grad(lambda x: jvp(cube, x, x))(2.0) == 36.0  # (3 x³)'
    assert jvp(lambda x: ag.vjp(cube, x)[1](x)[0], 2.0, 1.0) == 36.0
    assert ag.vjp(lambda x: jvp(cube, x, x), 2.0)[1](1.0) == (36.0,)
    assert ag.grad(lambda v: ag.hvp(cube)(2.0, v))(5.0) == 12.0
    assert ag.grad(lambda x: ag.hessian(lambda y: x * y**3)(x))(2.0) == 24.0
    assert ag.hessian(lambda x: ag.grad(lambda y: x * y**3)(x))(2.0) == 36.0
    inner = lambda x: ag.derivative(lambda y: x * x * y**3, 2)(x)
    assert ag.derivative(inner, 2)(2.0) == 72.0  # (x² · 6 x)''
    assert ag.grad(lambda x: x * ag.grad(lambda y: x + y)(x))(3.0) == 1.0
    assert ag.grad(lambda x: x * ag.grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert ag.grad(lambda x: ag.derivative(lambda y: x * y**2, 2)(1.0))(5.0) == 2.0


def test_a_closure_over_an_outer_value_stays_differentiable() -> None:
    w = ag.Value(3.0)
    slope = ag.grad(lambda x: w * x**2)(2.0)
    slope.backward()
    assert (slope.data, w.grad) == (12.0, 4.0)


def test_values_in_give_values_out_and_leave_grads_alone() -> None:
    x = ag.Value(2.0)
    (first,) = ag.gradient(x**4, [x])
    (second,) = ag.gradient(first, [x])
    (third,) = ag.gradient(second, [x])
    assert (first.data, second.data, third.data, x.grad) == (32.0, 48.0, 48.0, 0.0)


def test_the_gradient_counts_everything_that_depends_on_an_inner_node() -> None:
    x = ag.Value(2.0)
    h = x * x
    by_h, by_x = ag.gradient(h * h + h, [h, x])
    assert (by_h.data, by_x.data) == (9.0, 36.0)


@given(testing.expressions(25))
def test_the_sweep_over_values_has_the_bits_of_backward(e: testing.Expression) -> None:
    leaves = [ag.Value(x) for x in e.point]
    output = e(*leaves)
    output.backward()
    swept = [g.data for g in ag.gradient(output, leaves)]
    assert list(map(float.hex, swept)) == [x.grad.hex() for x in leaves]


@given(testing.expressions(15))
@share(0.5)
def test_forward_over_reverse_is_reverse_over_forward(e: testing.Expression) -> None:
    f = lambda xs: e(*xs)
    x = list(e.point)
    v = [1.0 + 0.5 * i for i in range(len(x))]
    one = ag.jvp(ag.grad(f), (x,), (v,))[1]
    two = ag.grad(lambda y: ag.jvp(f, (y,), (v,))[1])(x)
    three = ag.hvp(f)(x, v)
    matrix = ag.hessian(f)(x)
    size = max([1.0, *(abs(h) for row in matrix for h in row)])
    for i, row in enumerate(matrix):
        product = math.fsum(h * t for h, t in zip(row, v))
        for other in (one[i], two[i], three[i]):
            assert other == pytest.approx(product, rel=1e-9, abs=1e-10 * size)
        assert all(row[j] == matrix[j][i] for j in range(len(x)))


def test_rosenbrock_hessian_in_50_dimensions() -> None:
    x = np.linspace(-1.2, 1.3, 50)
    exact = np.zeros((50, 50))
    for i in range(49):
        exact[i, i] += 1200 * x[i] ** 2 - 400 * x[i + 1] + 2
        exact[i + 1, i + 1] += 200
        exact[i, i + 1] = exact[i + 1, i] = -400 * x[i]
    matrix = ag.hessian(rosenbrock)(x)
    assert matrix.shape == (50, 50)
    np.testing.assert_allclose(matrix, exact, rtol=REL, atol=1e-9)
    assert (matrix == matrix.T).all()


def test_the_hessian_costs_n_plus_one_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps = 0
    slopes, sweep = transforms.slopes, transforms.sweep

    def counted(function: Any) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            nonlocal sweeps
            sweeps += 1
            return function(*args, **named)

        return call

    monkeypatch.setattr(transforms, "slopes", counted(slopes))
    monkeypatch.setattr(transforms, "sweep", counted(sweep))
    theta = [0.1 * math.sin(k) for k in range(20)]
    ag.hessian(lecture_loss)(theta)
    assert sweeps == 21


def test_a_sparse_hessian_row_walks_its_own_part_alone() -> None:
    leaves = [ag.Value(0.1 * i) for i in range(50)]
    slopes = sweeps.gradient(rosenbrock(leaves), leaves)
    sizes = [len(sweeps.dependents([g], leaves)) for g in slopes]
    assert max(sizes) < 40


def test_hessian_of_the_lectures_loss() -> None:
    """One unit: L = -log σ(w x + b) has the Hessian ŷ(1-ŷ) (x, 1)(x, 1)ᵀ."""
    x, w, b = 0.7, 0.4, -0.2
    y_hat = 1 / (1 + math.exp(-(w * x + b)))
    f = lambda theta: ag.bce(ag.sigmoid(theta[0] * x + theta[1]), 1.0)
    k = y_hat * (1 - y_hat)
    exact = [[k * x * x, k * x], [k * x, k]]
    np.testing.assert_allclose(ag.hessian(f)([w, b]), exact, rtol=REL)


def test_hessian_of_the_lectures_network() -> None:
    """All 20 parameters, against slopes by the complex step with 150 digits."""
    theta = [0.3 * math.cos(k) for k in range(20)]

    def slope(i: int, moved: list[Any]) -> Any:
        stepped = [
            Precise(mp.mpc(t, STEP if j == i else 0)) for j, t in enumerate(moved)
        ]
        return lecture_loss(stepped).number.imag / STEP

    matrix = ag.hessian(lecture_loss)(theta)
    largest = max(abs(h) for row in matrix for h in row)
    with mp.workdps(150):
        for i, j in itertools.combinations_with_replacement(range(20), 2):
            left, right = (shifted(theta, j, side) for side in (-1, 1))
            exact = (slope(i, right) - slope(i, left)) / (right[j] - left[j])
            assert abs(matrix[i][j] - exact) <= REL * max(abs(exact), 1e-3 * largest)


@pytest.mark.parametrize(
    ("f", "orders"),
    [
        (ag.tanh, (1.0, 0.0, -2.0, 0.0)),
        (ag.sigmoid, (0.25, 0.0, -0.125, 0.0)),
        (ag.softplus, (0.5, 0.25, 0.0, -0.125)),
        (ag.silu, (0.5, 0.5, 0.0, -0.5)),
        (ag.erf, (2 / math.sqrt(math.pi), 0.0, -4 / math.sqrt(math.pi), 0.0)),
    ],
    ids=["tanh", "sigmoid", "softplus", "silu", "erf"],
)
def test_smooth_functions_made_of_an_absolute_value_at_0(
    f: Any, orders: tuple[float, ...]
) -> None:
    for n, exact in enumerate(orders, 1):
        nested = f
        for _ in range(n):
            nested = ag.grad(nested)
        assert nested(0.0) == pytest.approx(exact, rel=REL, abs=1e-15)
        assert ag.derivative(f, n)(0.0) == pytest.approx(exact, rel=REL, abs=1e-15)


def test_mixed_partials_at_the_edge_of_a_branch() -> None:
    assert ag.grad(ag.grad(lambda x, y: x**y, 0), 1)(2.0, 0.0) == 0.5
    mixed = ag.grad(ag.grad(ag.bce, 0), 1)(0.25, 1.0)
    assert mixed == pytest.approx(-1 / 0.75 - 1 / 0.25, rel=REL)


def test_singular_points_are_limits_in_higher_orders_too() -> None:
    root = ag.grad(ag.grad(ag.sqrt))
    assert root(0.0) == -math.inf
    assert ag.hessian(lambda x: x[0] ** 0 + x[1])([0.0, 1.0]) == [[0.0, 0.0]] * 2
    assert ag.grad(ag.grad(lambda x: ag.where(x > 0, ag.sqrt(x), x * x)))(0.0) == 2.0


def test_singular_points_of_constants_are_limits_too() -> None:
    """d/dx 0ˣ = 0ˣ log 0, whose logarithm is of a number and not of a Value."""
    f = lambda x: 0.0**x
    for n, limit in enumerate((-math.inf, math.inf, -math.inf), 1):
        nested = f
        for _ in range(n):
            nested = ag.grad(nested)
        assert nested(0.0) == limit
        assert ag.derivative(f, n)(0.0) == limit


def test_changed_data_is_an_error_and_no_wrong_number() -> None:
    x = ag.Value(2.0)
    y = ag.sin(x)
    x.data = 3.0
    with pytest.raises(ValueError, match=r"changed since it was recorded"):
        ag.gradient(y, [x])
    x.data = 2.0
    assert ag.gradient(y, [x])[0].data == math.cos(2.0)


def test_nestings_go_in_and_come_out() -> None:
    f = lambda p, x: p["w"][0] * x[0] + p["w"][1] * x[1] + p["b"] ** 2
    p = {"w": (2.0, 3.0), "b": 4.0}
    x = np.array([5.0, 6.0])
    by_p, by_x = ag.grad(f, (0, 1))(p, x)
    assert by_p == {"w": (5.0, 6.0), "b": 8.0}
    assert isinstance(by_x, np.ndarray)
    assert by_x.tolist() == [2.0, 3.0]
    assert ag.grad(f, -1)(p, x).tolist() == [2.0, 3.0]
    assert ag.grad(lambda x: x[0, 0] * x[1, 1])(np.eye(2)).tolist() == [[1, 0], [0, 1]]


def test_an_array_without_dimensions_is_a_scalar_to_the_function() -> None:
    x = np.array(0.5)
    assert ag.grad(ag.sin)(x) == np.array(math.cos(0.5))
    assert ag.hessian(lambda x: x**3)(x).shape == ()
    assert ag.jvp(ag.sin, (x,), (np.array(1.0),))[1] == math.cos(0.5)


def test_a_list_of_arrays_of_different_shapes() -> None:
    w, b = np.ones((2, 3)), np.arange(2.0)
    by_w, by_b = ag.grad(lambda p: (p[0].sum() * p[1]).sum())([w, b])
    assert by_w.tolist() == [[1.0] * 3] * 2
    assert by_b.tolist() == [6.0] * 2


def test_derivatives_of_arrays_by_other_nestings_are_arrays_for_each_part() -> None:
    f = lambda p: p["w"] @ p["x"] * p["s"]
    p = {"w": np.arange(6.0).reshape(2, 3), "x": np.ones(3), "s": 2.0}
    rows = ag.jacobian(f)(p)
    assert (rows["x"] == 2 * p["w"]).all()
    assert rows["s"].tolist() == [3.0, 12.0]
    assert rows["w"].shape == (2, 2, 3)
    second = ag.hessian(lambda p: f(p).sum())(p)
    assert second["w"]["x"].shape == (2, 3, 3)
    assert second["x"]["w"].shape == (3, 2, 3)
    assert (second["x"]["s"] == second["s"]["x"]).all()
    assert ag.jacobian(lambda x, y: x * y, (0, 1))(np.ones(2), np.ones(2))[1].shape == (
        2,
        2,
    )


def test_arrays_of_values_give_arrays_of_values() -> None:
    x = np.array([ag.Value(1.0), ag.Value(2.0)])
    matrix = ag.hessian(lambda x: (x * x * x).sum())(x)
    assert matrix.shape == (2, 2)
    assert [h.data for h in matrix.flat] == [6.0, 0.0, 0.0, 12.0]


def test_numbers_come_out_as_floats_and_constants_as_values_among_values() -> None:
    assert type(ag.jvp(lambda x: 3, (2.0,), (1.0,))[0]) is float
    assert ag.jvp(lambda x: [x, 3], (ag.Value(2.0),), (1.0,))[0][1].data == 3.0


def test_no_grad_outside_does_not_stop_a_transform() -> None:
    f = lambda x: x**3
    with ag.no_grad():
        assert ag.grad(f)(2.0) == 12.0
        assert ag.hessian(f)(2.0) == ag.derivative(f, 2)(2.0) == 12.0
        assert ag.hvp(f)(2.0, 1.0) == 12.0
        assert ag.jvp(f, (2.0,), (1.0,)) == (8.0, 12.0)
        assert ag.vjp(f, 2.0)[1](1.0) == (12.0,)
        with pytest.raises(ZeroDivisionError):
            ag.grad(lambda x: 1 / (x * 0))(1.0)
        assert (ag.Value(1.0) + 1).op == ""
    assert (ag.Value(1.0) + 1).op == "add"


def test_no_grad_in_the_function_holds() -> None:
    def f(x: Any) -> Any:
        with ag.no_grad():
            held = x * x
        return held * x

    assert ag.value_and_grad(f)(3.0)[1] == 9.0


def test_the_input_of_a_call_that_raised_is_no_variable_afterwards() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x)
        raise KeyError

    with pytest.raises(KeyError):
        ag.grad(f)(2.0)
    assert ag.grad(lambda y: y * kept[0])(3.0) == 2.0


def test_jacobian_of_arrays_by_rows_and_by_columns() -> None:
    A = np.arange(6.0).reshape(2, 3)
    wide = ag.jacobian(lambda x: A @ x)(np.ones(3))
    assert wide.tolist() == A.tolist()
    B = np.arange(90.0).reshape(45, 2)
    tall = ag.jacobian(lambda x: B @ x)
    assert tall(np.ones(2)).tolist() == B.tolist()
    of_values = tall(np.array([ag.Value(1.0), ag.Value(1.0)]))
    assert [[d.data for d in row] for row in of_values] == B.tolist()


def test_no_derivative_is_minus_zero() -> None:
    f = lambda x, y: [-x, 0.0 * y, x]
    for y in (-2.0, ag.Value(-2.0)):
        _, tangent = ag.jvp(f, (1.0, y), (0.0, 1.0))
        for x in (*tangent, *ag.jacobian(f, argnums=1)(1.0, y)):
            assert math.copysign(1.0, x if y.__class__ is float else x.data) == 1.0
    down = ag.jvp(lambda x: -x, (1.0,), (ag.Value(0.0),))[1]
    assert math.copysign(1.0, down.data) == 1.0


def test_vjp_and_jvp_agree_with_the_jacobian() -> None:
    f = lambda x, y: [x[0] * y, ag.sin(x[1]) + y, 7.0]
    output, pullback = ag.vjp(f, [2.0, 3.0], 5.0)
    assert output == [10.0, math.sin(3.0) + 5.0, 7.0]
    assert pullback([1.0, 0.0, 1.0]) == ([5.0, 0.0], 2.0)
    output, tangent = ag.jvp(f, ([2.0, 3.0], 5.0), ([0.0, 1.0], 0.0))
    assert tangent == [0.0, math.cos(3.0), 0.0]


def test_no_dependence_gives_zero() -> None:
    assert ag.grad(lambda x, y: y * 2)(1.0, 3.0) == 0.0
    assert ag.grad(lambda x: 5)(1.0) == 0.0
    assert ag.hessian(lambda x: x[0] + x[1])([1.0, 2.0]) == [[0.0, 0.0]] * 2
    assert ag.gradient(ag.Value(1.0), [ag.Value(2.0)])[0].data == 0.0


@pytest.mark.parametrize(
    ("run", "error", "message"),
    [
        (lambda: ag.grad(lambda x: None)(1.0), TypeError, "got NoneType"),
        (lambda: ag.grad(lambda x: [x, x])(1.0), TypeError, "list of 2.*jacobian"),
        (lambda: ag.grad(lambda x: 1j)(1.0), TypeError, "got complex"),
        (lambda: ag.grad(3), TypeError, "must be a function"),
        (lambda: ag.grad(ag.sin, 1)(1.0), ValueError, "argument 1.*1 positional"),
        (lambda: ag.grad(ag.sin, "x")(1.0), TypeError, "argnums"),
        (lambda: ag.grad(ag.sin, ())(1.0), ValueError, "argnums"),
        (lambda: ag.grad(ag.sin)("x"), TypeError, "argument 0 must be.*got str"),
        (lambda: ag.grad(lambda x: x, has_aux=True)(1.0), TypeError, "output, aux"),
        (lambda: ag.grad(lambda x: np.array([x]))(1.0), TypeError, r"\.item\(\)"),
        (lambda: ag.grad(lambda x: [x])(1.0), TypeError, r"list of 1.*\[0\]"),
        (lambda: ag.grad(ag.sin, [0, 0])(1.0), ValueError, "each one once"),
        (lambda: ag.value_grad_and_hvp(ag.sin)(1.0), TypeError, "then a vector v"),
        (lambda: ag.grad(lambda x: x[0])(np.array([1j])), TypeError, "complex128"),
        (lambda: ag.grad(lambda x: x[0])(np.array(["a"])), TypeError, "type str_"),
        (lambda: ag.gradient(ag.Value(1.0), ag.Value(1.0)), TypeError, "a list of"),
        (
            lambda: ag.hvp(lambda x: x[0])([1.0, 2.0], [1.0]),
            ValueError,
            r"expected \[· ·\], got \[·\]",
        ),
        (lambda: ag.jvp(ag.sin, 1.0, 1.0), TypeError, "primals must be a tuple"),
        (lambda: ag.jvp(ag.sin, (1.0,), (1.0, 2.0)), ValueError, "tangents"),
        (lambda: ag.vjp(ag.sin), TypeError, "at least one primal"),
        (lambda: ag.gradient(1.0, []), TypeError, "output must be a Value, got float"),
        (lambda: ag.jacobian(lambda x: "x")(1.0), TypeError, "result.*got str"),
    ],
)
def test_bad_input_says_what_was_expected(run: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        run()


def test_rows_of_a_list_may_differ_in_length() -> None:
    rows = [[1.0, 2.0], [3.0]]
    f = lambda x: x[0][0] * x[0][1] * x[1][0]
    assert ag.grad(f)(rows) == [[6.0, 3.0], [2.0]]
    assert ag.hessian(f)(rows)[1] == [[[[2.0, 1.0], [0.0]]]][0]


@dataclasses.dataclass
class Line:
    slope: Any
    intercept: Any
    count: int = dataclasses.field(init=False, default=2)


def test_dataclasses_go_in_and_come_out() -> None:
    f = lambda line, x: line.slope[0] * x + line.intercept * line.slope[1]
    line = Line([2.0, 3.0], 5.0)
    assert ag.grad(f)(line, 7.0) == Line([7.0, 5.0], 3.0)
    out = ag.jacobian(lambda x: Line(x * x, 3 * x))(2.0)
    assert (out.slope, out.intercept) == (4.0, 3.0)
    assert ag.jacobian(lambda x: np.array([x.slope, x.intercept]))(Line(1.0, 2.0)) == (
        Line(pytest.approx([1.0, 0.0]), pytest.approx([0.0, 1.0]))
    )
    with pytest.raises(ValueError, match=r"Line\{'slope': · 'intercept': ·\}"):
        ag.hvp(lambda line: line.slope * line.intercept)(Line(1.0, 2.0), [1.0, 2.0])


def test_argnums_may_be_a_list() -> None:
    assert ag.grad(lambda x, y: x * y, argnums=[0, 1])(2.0, 3.0) == (3.0, 2.0)


def test_aux_is_handed_through_with_numbers_beside_numbers() -> None:
    def f(x: Any) -> Any:
        return x * x, {"double": 2 * x, "name": "f", "both": [x, np.array([x, 1.0])]}

    value, aux = ag.value_and_grad(f, has_aux=True)(3.0)[0]
    assert (value, aux["double"], aux["name"]) == (9.0, 6.0, "f")
    assert aux["both"][0] == 3.0
    assert aux["both"][1].dtype == float
    for transformed in (ag.grad, ag.jacobian, ag.hessian):
        assert transformed(f, has_aux=True)(3.0)[1]["double"] == 6.0
    assert ag.jvp(f, (3.0,), (1.0,), has_aux=True)[2]["double"] == 6.0
    assert ag.vjp(f, 3.0, has_aux=True)[2]["double"] == 6.0
    x = ag.Value(3.0)
    slope, aux = ag.grad(f, has_aux=True)(x)
    assert isinstance(aux["double"], ag.Value)
    assert slope.data == 6.0


def power(x: Any) -> Any:
    return x[0] ** 3 * x[1] ** 2


def test_hessian_products_come_with_value_and_gradient() -> None:
    x, v = [2.0, 3.0], [1.0, -1.0]
    value, gradient, product = ag.value_grad_and_hvp(power)(x, v)
    assert value == power(x)
    assert gradient == ag.grad(power)(x)
    assert product == ag.hvp(power)(x, v)
    both = ag.value_grad_and_hvp(power)([ag.Value(2.0), ag.Value(3.0)], v)
    assert all(isinstance(y, ag.Value) for y in [both[0], *both[1], *both[2]])


def test_the_diagonal_is_that_of_the_hessian() -> None:
    x = [2.0, 3.0]
    matrix = ag.hessian(power)(x)
    assert ag.hessian_diagonal(power)(x) == [matrix[0][0], matrix[1][1]]
    assert ag.hessian_diagonal(lambda x: x[0])([1.0, 2.0]) == [0.0, 0.0]


def root(x: Any) -> Any:
    return ag.sqrt(x)


@pytest.mark.parametrize(
    "derived",
    [
        *(ag.grad(root), ag.value_and_grad(root), ag.jacobian(root), ag.hessian(root)),
        *(ag.hessian_diagonal(root), ag.derivative(root, 3), ag.taylor(root, 3)),
        ag.grad(ag.grad(root)),
    ],
)
def test_derived_functions_pickle_and_have_their_signature(
    derived: Any,
) -> None:
    assert pickle.loads(pickle.dumps(derived))(4.0) == derived(4.0)
    assert list(inspect.signature(derived).parameters) == ["x"]
    assert derived.__name__.endswith("(root)") or "grad(root)" in derived.__name__
    assert "of" in derived.__doc__


def test_derived_functions_bind_as_methods_do() -> None:
    class Curve:
        def __init__(self, scale: float) -> None:
            self.scale = scale

        def height(self, x: Any) -> Any:
            return self.scale * x**2

        slope = ag.grad(height, argnums=1)

    assert Curve(2.0).slope(3.0) == 12.0


def test_an_object_array_of_lists_is_refused() -> None:
    x = np.empty(2, dtype=object)
    x[0], x[1] = [1.0], [2.0, 3.0]
    with pytest.raises(TypeError, match="entries of type list"):
        nesting.flatten(x, "x")
