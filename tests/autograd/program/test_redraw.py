"""A program's recorded graph as Values again, for pictures and paths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd as ag


def test_the_graph_is_that_of_f_with_its_inputs_named() -> None:
    w = ag.Value(0.5, label="w")

    def f(x: Any, y: Any) -> Any:
        z = ag.tanh(w * x[0]) + ag.where(x[1] > 0, x[1], 0.0) * y["b"]
        z.label = "z"
        return z * ag.logsumexp([x[0], y["b"]]) + (x[0] - 1.0).detach()

    program = ag.compile(f)
    given = [1.5, 2.0], {"b": -0.25}
    eager = f([ag.Value(1.5), ag.Value(2.0)], {"b": ag.Value(-0.25)})
    assert program(*given).data == eager.data
    result, inputs = program.graph()
    assert list(inputs) == ["x[0]", "x[1]", "y['b']"]
    assert result.data == eager.data
    result.backward()
    slope = w.grad
    w.grad = 0.0
    eager.backward()
    assert w.grad == slope
    shown = str(ag.explain(program, w))
    assert "w → " in shown
    assert " → z → " in shown
    assert ag.explain(program, "x[0]").total == inputs["x[0]"].grad
    assert ag.draw(program, wrt="x[1]").source
    with pytest.raises(ValueError, match=r"no input 'x', but x\[0\], x\[1\]"):
        ag.explain(program, "x")


def test_derivatives_within_a_program_are_drawn_as_rows() -> None:
    program = ag.compile(ag.grad(lambda x: x**3 + ag.sigmoid(x)))
    assert program(2.0) == program.graph()[0].data
    _, inputs = program.graph(3.0)
    assert inputs["x"].data == 3.0
    assert ag.draw(program).source


def test_arguments_say_which_path_and_arrays_keep_their_shape() -> None:
    program = ag.compile(lambda x, n: x.sum() * n if x[0, 0] > 0 else x)
    program(np.ones((2, 1)), 3)
    program(-np.ones((2, 1)), 3)
    with pytest.raises(ValueError, match="graph: the program has 2 recordings"):
        ag.draw(program)
    result, inputs = program.graph(np.ones((2, 1)), 3)
    assert (result.data, list(inputs)) == (6.0, ["x[0, 0]", "x[1, 0]"])
    array, _ = program.graph(-np.ones((2, 1)), n=3)
    assert array.shape == (2, 1)


def test_a_result_that_is_no_value_is_named() -> None:
    program = ag.compile(lambda x: (x, x * 2))
    program(1.0)
    with pytest.raises(TypeError, match=r"is a tuple: take a Value out of"):
        ag.draw(program)
