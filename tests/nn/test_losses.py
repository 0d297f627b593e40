"""Losses: their values, their gradients, their lengths, labels and messages."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn

EPS = 2.0**-52
BINARY = [nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits]
ELEMENTWISE = [*BINARY, nn.hinge, nn.squared_error]
logits = st.lists(st.floats(-30, 30), min_size=1, max_size=6)


@given(st.floats(0.01, 0.99), st.floats(0, 1))
def test_binary_cross_entropy_is_the_formula_and_its_bracket(
    p: float, y: float
) -> None:
    v = ag.Value(p)
    loss = nn.binary_cross_entropy(v, y)
    loss.backward()
    expected = -((1 - y) * math.log1p(-p) + y * math.log(p))
    assert math.isclose(loss.data, expected, rel_tol=4 * EPS)
    # The two terms cancel at p = y, each with a few roundings.
    size = (1 - y) / (1 - p) + y / p
    assert abs(v.grad - ((1 - y) / (1 - p) - y / p)) <= 4 * EPS * size


@given(st.floats(-6, 6), st.sampled_from([0, 1, 0.25]))
def test_the_loss_from_logits_is_that_of_the_probability(z: float, y: float) -> None:
    p = ag.sigmoid(z)
    # p is rounded, which moves log(1 - p) by eps / (1 - p) and log p by eps / p.
    tolerance = 4 * EPS * (1 / (1 - p) + 1 / p)
    difference = nn.binary_cross_entropy(p, y) - nn.binary_cross_entropy_with_logits(
        z, y
    )
    assert abs(difference) <= tolerance


@pytest.mark.parametrize("z", [-1e4, -40.0, 40.0, 1e4])
def test_the_loss_from_logits_holds_where_the_sigmoid_is_saturated(z: float) -> None:
    v = ag.Value(z)
    loss = nn.binary_cross_entropy_with_logits(v, 1 if z < 0 else 0)
    loss.backward()
    assert loss.data == abs(z)
    assert v.grad == math.copysign(1.0, z)


@given(st.floats(-3, 3), st.sampled_from([-1, 1]))
def test_hinge_is_the_distance_to_the_margin(s: float, y: int) -> None:
    v = ag.Value(s)
    loss = nn.hinge(v, y)
    loss.backward()
    assert loss.data == max(0.0, 1 - y * s)
    assert v.grad == (-y if y * s < 1 else 0)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_squared_error_is_the_square_of_the_difference(p: float, t: float) -> None:
    v = ag.Value(p)
    loss = nn.squared_error(v, t)
    loss.backward()
    assert loss.data == (p - t) ** 2
    assert v.grad == 2 * (p - t)


@given(logits, st.data())
def test_softmax_cross_entropy_has_softmax_minus_one_hot_as_gradient(
    zs: list[float], data: st.DataObject
) -> None:
    k = data.draw(st.integers(0, len(zs) - 1))
    values = [ag.Value(z) for z in zs]
    loss = nn.softmax_cross_entropy(values, k)
    loss.backward()
    top = max(zs)
    total = math.fsum(math.exp(z - top) for z in zs)
    # log Σ e^z and z_k are rounded at their own size before they are subtracted.
    tolerance = 4 * EPS * (len(zs) + abs(top) + abs(zs[k]) + 1)
    assert abs(loss.data - (top - zs[k] + math.log(total))) <= tolerance
    for j, v in enumerate(values):
        softmax = math.exp(zs[j] - top) / total
        assert abs(v.grad - (softmax - (j == k))) <= tolerance


@given(logits, st.data())
def test_a_class_is_the_same_as_its_one_hot_probabilities(
    zs: list[float], data: st.DataObject
) -> None:
    k = data.draw(st.integers(0, len(zs) - 1))
    one_hot = [float(j == k) for j in range(len(zs))]
    assert nn.softmax_cross_entropy(zs, one_hot) == nn.softmax_cross_entropy(zs, k)


@given(st.lists(st.floats(1e-3, 1), min_size=1, max_size=50))
def test_rounded_probabilities_are_taken_as_summing_to_1(ws: list[float]) -> None:
    total = sum(ws)
    loss = nn.softmax_cross_entropy([0.0] * len(ws), [w / total for w in ws])
    # n shares of log n: each is rounded twice, and so are the n sums, there and here.
    n = len(ws)
    assert abs(loss - math.log(n)) <= 4 * (n + 1) * 2.0**-53 * math.log(n)


@pytest.mark.parametrize("loss", ELEMENTWISE)
def test_mean_and_sum_are_over_all_predictions(loss: Any) -> None:
    ps, ts = [0.25, 0.5, 0.75], [1, 1, 1]
    each = [loss(p, t) for p, t in zip(ps, ts)]
    assert loss(ps, ts, reduction="sum") == ag.sum(each)
    assert loss(ps, ts) == loss(ps, ts, reduction="mean") == ag.sum(each) / 3
    nested = [[0.25, 0.5], [0.75]]
    assert loss(nested, [[1, 1], [1]], reduction="sum") == ag.sum(each)
    assert loss(np.array(ps), np.array(ts, dtype=np.uint8)) == ag.sum(each) / 3
    values = [ag.Value(p) for p in ps]
    assert loss(values, tuple(ts)).data == ag.sum(each) / 3
    assert loss(ag.Value(0.25), np.int8(1)).data == each[0]


def test_softmax_mean_and_sum_are_over_the_examples() -> None:
    zs, ks = [[0.5, 1.5], [2.0, -1.0]], [0, 1]
    each = [nn.softmax_cross_entropy(z, k) for z, k in zip(zs, ks)]
    assert nn.softmax_cross_entropy(zs, ks) == ag.sum(each) / 2
    assert nn.softmax_cross_entropy(np.array(zs), np.array(ks), "sum") == ag.sum(each)
    assert nn.softmax_cross_entropy(zs, [[1, 0], [0, 1]]) == ag.sum(each) / 2


def test_an_unsigned_numpy_label_does_not_wrap() -> None:
    assert nn.hinge(ag.Value(0.5), np.uint8(1)).data == 0.5


@pytest.mark.parametrize("loss", ELEMENTWISE)
def test_unequal_lengths_are_refused_with_both(loss: Any) -> None:
    with pytest.raises(ValueError, match="predictions has 3 entries, targets has 2"):
        loss([0.5, 0.5, 0.5], [1, 1])
    with pytest.raises(ValueError, match="1 has 1 entries, targets 1 has 2"):
        loss([[0.5], [0.5]], [[1], [1, 1]])
    with pytest.raises(ValueError, match="single number, targets has 2 entries"):
        loss(0.5, [1, 1])
    with pytest.raises(ValueError, match=r"predictions has 2 entries.*single number"):
        loss([0.5, 0.5], 1)
    with pytest.raises(ValueError, match="must not be empty"):
        loss([], [])


@pytest.mark.parametrize("loss", [*ELEMENTWISE, nn.softmax_cross_entropy])
def test_an_unknown_reduction_lists_those_that_there_are(loss: Any) -> None:
    with pytest.raises(ValueError, match="reduction must be one of mean, sum, got 'no"):
        loss([0.5], [1], reduction="none")


@pytest.mark.parametrize("loss", BINARY)
@pytest.mark.parametrize("label", [-1, 2, 1.0001, math.nan])
def test_binary_labels_lie_between_0_and_1(loss: Any, label: float) -> None:
    with pytest.raises(ValueError, match=r"label 1 must be in \[0, 1\], got"):
        loss([0.5, 0.5], [1, label])


@pytest.mark.parametrize("label", [0, 0.5, math.nan])
def test_hinge_labels_are_minus_1_or_1(label: float) -> None:
    with pytest.raises(ValueError, match="label must be -1 or 1, got"):
        nn.hinge(0.5, label)


@pytest.mark.parametrize("p", [-0.1, 1.2])
@pytest.mark.parametrize("y", [0, 1])
def test_a_prediction_that_is_no_probability_is_refused(p: float, y: int) -> None:
    with pytest.raises(ValueError, match=r"prediction 0 must be a probability"):
        nn.binary_cross_entropy([ag.Value(p)], [y])


@pytest.mark.parametrize(("z", "y"), [(40.0, 0), (-800.0, 1)])
def test_a_saturated_probability_points_to_the_logits_form(z: float, y: int) -> None:
    p = ag.sigmoid(ag.Value(z))
    with pytest.raises(ValueError, match="binary_cross_entropy_with_logits"):
        nn.binary_cross_entropy([p], [y])
    assert nn.binary_cross_entropy(p, 1 - y).data < 1e-15


@pytest.mark.parametrize(
    ("target", "error", "words"),
    [
        (3, ValueError, "from 0 to 2, got 3"),
        (-1, ValueError, "from 0 to 2, got -1"),
        (1.0, TypeError, "from 0 to 2 or 3 probabilities, got 1.0 of type float"),
        (True, TypeError, "bool"),
        ([0.5, 0.5], ValueError, "prediction has 3 entries, target has 2"),
        ([0.5, 0.6, 0.2], ValueError, "sum to 1, got 1.3"),
        ([0.5, 0.7, -0.2], ValueError, r"in \[0, 1\], got -0.2"),
        ([math.nan, 0.5, 0.5], ValueError, r"in \[0, 1\], got nan"),
    ],
)
def test_a_target_that_is_no_class_is_refused(
    target: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        nn.softmax_cross_entropy([1.0, 2.0, 3.0], target)


def test_softmax_lengths_are_checked() -> None:
    with pytest.raises(ValueError, match="predictions has 2 entries, targets has 1"):
        nn.softmax_cross_entropy([[1.0, 2.0], [3.0, 4.0]], [0])
    with pytest.raises(ValueError, match="predictions has 1 entries, targets is a sin"):
        nn.softmax_cross_entropy([[1.0, 2.0]], 0)
    with pytest.raises(ValueError, match="prediction 0 has 2 entries, prediction 1 "):
        nn.softmax_cross_entropy([[1.0, 2.0], [1.0, 2.0, 3.0]], [0, 0])
    with pytest.raises(ValueError, match="prediction 1 must be a sequence"):
        nn.softmax_cross_entropy([[1.0, 2.0], 3.0], [0, 0])
    with pytest.raises(ValueError, match="must not be empty"):
        nn.softmax_cross_entropy([], [])
    with pytest.raises(TypeError, match="sequence of logits"):
        nn.softmax_cross_entropy(1.0, 0)


ROWS = [[0.5, 1.5, -2.0], [2.0, -1.0, 0.25], [-0.75, 0.0, 3.0], [1.0, 1.25, 0.75]]
WEIGHTS = [0.5, 2.0, 1.25]
SHARES = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.25, 0.25, 0.5], [0.0, 0.5, 0.5]]
CLASSES = [1, 0, 2, 0]
SCORES, LABELS, EACH = [0.3, 0.6, 0.9], [1.0, 0.25, 0.0], [0.5, 2.0, 0.0]


@pytest.mark.parametrize(
    ("options", "targets", "expected"),
    [
        # PyTorch 2.13.0's torch.nn.functional.cross_entropy, in float64.
        ({"ignore": 2}, CLASSES, 0.5520670497354262),
        ({"label_smoothing": 0.1}, CLASSES, 0.5650692456189846),
        ({"label_smoothing": 0.1}, SHARES, 1.3835067456189845),
        ({"label_smoothing": 0.1, "ignore": 2}, CLASSES, 0.6548448275132039),
        (
            {"label_smoothing": 0.1, "ignore": 2, "reduction": "sum"},
            CLASSES,
            1.9645344825396118,
        ),
        ({"weight": WEIGHTS}, CLASSES, 0.33392355124654083),
        ({"weight": WEIGHTS}, SHARES, 1.6536848901951933),
        ({"weight": WEIGHTS, "ignore": 2}, CLASSES, 0.44358232262579667),
        (
            {"weight": WEIGHTS, "ignore": 2, "reduction": "sum"},
            CLASSES,
            1.33074696787739,
        ),
        ({"weight": WEIGHTS, "label_smoothing": 0.1}, CLASSES, 0.5140687544300027),
        ({"weight": WEIGHTS, "label_smoothing": 0.1}, SHARES, 1.7152000568780474),
        (
            {"weight": WEIGHTS, "label_smoothing": 0.1, "reduction": "sum"},
            CLASSES,
            2.184792206327511,
        ),
        (
            {"weight": WEIGHTS, "label_smoothing": 0.1, "reduction": "sum"},
            SHARES,
            6.86080022751219,
        ),
        (
            {"weight": WEIGHTS, "label_smoothing": 0.1, "ignore": 2},
            CLASSES,
            0.6112880271357009,
        ),
        (
            {
                "weight": WEIGHTS,
                "label_smoothing": 0.1,
                "ignore": 2,
                "reduction": "sum",
            },
            CLASSES,
            1.8338640814071026,
        ),
    ],
)
def test_softmax_options_mean_what_pytorch_means(
    options: dict[str, Any], targets: Any, expected: float
) -> None:
    values = [[ag.Value(z) for z in row] for row in ROWS]
    loss = nn.softmax_cross_entropy(values, targets, **options)
    # Some fifty roundings here and there, of numbers up to 6.
    assert abs(loss.data - expected) <= 100 * 6 * EPS
    assert nn.softmax_cross_entropy(ROWS, targets, **options) == loss.data
    ag.check_gradients(
        lambda z: nn.softmax_cross_entropy(z, targets, **options), ROWS, order=1
    )


@pytest.mark.parametrize(
    ("loss", "reduction", "targets", "expected"),
    [
        # PyTorch 2.13.0's functions of the same names, with weight=EACH.
        (nn.binary_cross_entropy, "mean", LABELS, 0.7439451039523987),
        (nn.binary_cross_entropy, "sum", LABELS, 2.231835311857196),
        (nn.binary_cross_entropy_with_logits, "mean", LABELS, 0.6840511744020117),
        (nn.binary_cross_entropy_with_logits, "sum", LABELS, 2.052153523206035),
        (nn.squared_error, "mean", LABELS, 0.19599999999999998),
        (nn.squared_error, "sum", LABELS, 0.48999999999999994),
    ],
)
def test_weights_mean_what_pytorch_means(
    loss: Any, reduction: str, targets: list[float], expected: float
) -> None:
    values = [ag.Value(p) for p in SCORES]
    weighted = loss(values, targets, reduction, weight=EACH)
    assert abs(weighted.data - expected) <= 20 * 3 * EPS
    weighted.backward()
    assert values[2].grad == 0.0
    nested = loss(
        [SCORES[:2], SCORES[2:]],
        [targets[:2], targets[2:]],
        reduction,
        weight=[EACH[:2], EACH[2:]],
    )
    assert nested == weighted.data


def test_ignored_examples_are_not_even_looked_at() -> None:
    rows = [[0.5, 1.5], [math.nan, math.inf]]
    assert nn.softmax_cross_entropy(rows, [0, -1], ignore=-1) == (
        nn.softmax_cross_entropy(rows[0], 0)
    )
    assert nn.softmax_cross_entropy(rows, [1, 1], "sum", ignore=1) == 0.0


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"weight": [1.0]}, ValueError, "a prediction has 2 entries, weight has 1"),
        ({"weight": 1.0}, TypeError, "weight must be a sequence of numbers, got float"),
        ({"weight": [1.0, -1.0]}, ValueError, r"weight\[1\] must be .* got -1.0"),
        ({"weight": [0.0, 0.0]}, ValueError, "mean is over nothing"),
        ({"label_smoothing": 1.5}, ValueError, r"label_smoothing .* \[0, 1\], got 1.5"),
        ({"label_smoothing": "x"}, TypeError, "label_smoothing must be"),
        ({"ignore": 0}, ValueError, "mean is over nothing"),
        ({"ignore": 0.5}, TypeError, "ignore must be a whole number"),
    ],
)
def test_softmax_options_are_checked(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        nn.softmax_cross_entropy([[1.0, 2.0]], [0], **options)


@pytest.mark.parametrize("loss", ELEMENTWISE)
def test_weights_are_checked(loss: Any) -> None:
    with pytest.raises(ValueError, match="predictions has 2 entries, weight has 1"):
        loss([0.5, 0.5], [1, 1], weight=[1.0])
    with pytest.raises(ValueError, match=r"weight 1 must be a number .* got -1.0"):
        loss([0.5, 0.5], [1, 1], weight=[1.0, -1.0])
