"""Fit a differential equation to the fur trade: gradients through an ODE solver.

Hares u and lynxes v, in thousands of pelts, by Lotka (1925) and Volterra (1926):

    du/dt = (α − β v) u        dv/dt = (−γ + δ u) v

Six unknowns, the four rates and the two populations of 1900, are fitted to 21
years of pelts that the Hudson's Bay Company bought. The solver is an ordinary
Runge–Kutta loop; run on Values, it gives the Jacobian of all 42 residuals, which
``scipy.optimize.least_squares`` uses. The same fit with SciPy's finite differences
and its complex step, and a Bayesian fit by others, stand beside it.

    python demos/lynx_hare.py

Data: C. G. Hewitt, "The Conservation of the Wild Life of Canada" (1921), as tabled by
J. M. Mahaffy, https://jmahaffy.sdsu.edu/courses/f09/math636/lectures/lotka/qualde2.html
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares, minimize

import autograd as ag
import common

YEARS = range(1900, 1921)
# Pelts in thousands, year by year.
HARES = (
    *(30.0, 47.2, 70.2, 77.4, 36.3, 20.6, 18.1, 21.4, 22.0, 25.4),
    *(27.1, 40.3, 57.0, 76.6, 52.3, 19.5, 11.2, 7.6, 14.6, 16.2, 24.7),
)
LYNXES = (
    *(4.0, 6.1, 9.8, 35.2, 59.4, 41.7, 19.0, 13.0, 8.3, 9.1),
    *(7.4, 8.0, 12.3, 19.5, 45.7, 51.1, 29.7, 15.8, 9.7, 10.1, 8.6),
)

NAMES = ("α", "β", "γ", "δ", "u(1900)", "v(1900)")
START = (0.5, 0.02, 0.9, 0.03, 33.0, 6.0)

# Posterior mean and standard deviation of α, β, γ, δ by B. Carpenter, "Predator-Prey
# Population Dynamics: the Lotka-Volterra model in Stan" (2018), whose priors are weak.
STAN = ((0.545, 0.064), (0.028, 0.004), (0.803, 0.092), (0.024, 0.004))


def slope(theta: Any, u: Any, v: Any) -> tuple[Any, Any]:
    """(du/dt, dv/dt) per year."""
    alpha, beta, gamma, delta = theta[:4]
    return (alpha - beta * v) * u, (delta * u - gamma) * v


def solve(theta: Any, steps: int) -> list[tuple[Any, Any]]:
    """The populations in each of the years, by the classical Runge–Kutta method.

    Args:
        theta: α, β, γ, δ per year and the two populations at the start. Floats,
            complex numbers or Values: the loop does not care.
        steps: how many per year.
    """
    h = 1 / steps
    u, v = theta[4:]
    states = [(u, v)]
    for _ in YEARS[1:]:
        for _ in range(steps):
            du1, dv1 = slope(theta, u, v)
            du2, dv2 = slope(theta, u + h / 2 * du1, v + h / 2 * dv1)
            du3, dv3 = slope(theta, u + h / 2 * du2, v + h / 2 * dv2)
            du4, dv4 = slope(theta, u + h * du3, v + h * dv3)
            u = u + h / 6 * (du1 + 2 * du2 + 2 * du3 + du4)
            v = v + h / 6 * (dv1 + 2 * dv2 + 2 * dv3 + dv4)
        states.append((u, v))
    return states


def residuals(theta: Any, steps: int) -> list[Any]:
    """log(model / data) of hares and lynxes by turns: errors in counts are relative."""
    return [
        ag.log(model / data)
        for state, pelts in zip(solve(theta, steps), zip(HARES, LYNXES))
        for model, data in zip(state, pelts)
    ]


def plot(theta: Any, path: Path) -> Path:
    """The fitted populations over the data."""
    fine: Any = solve_ivp(
        lambda t, state: slope(theta, *state),
        (YEARS[0], YEARS[-1]),
        theta[4:],
        rtol=1e-9,
        dense_output=True,
    )
    times = np.linspace(YEARS[0], YEARS[-1], 500)
    fig, axis = common.figure(9, 4.5)
    for pelts, curve, name, color, marker in (
        (HARES, fine.sol(times)[0], "hares u", common.BLUE, "o"),
        (LYNXES, fine.sol(times)[1], "lynxes v", common.ORANGE, "s"),
    ):
        axis.plot(times, curve, color=color, label=f"{name}, fitted")
        axis.plot(
            YEARS,
            pelts,
            marker,
            color=color,
            mfc="white",
            mew=1.5,
            label=f"{name}, data",
        )
    axis.set_xticks(YEARS[::2])
    axis.set_ylim(bottom=0)
    axis.set_xlabel("year")
    axis.set_ylabel("pelts bought, in thousands")
    axis.set_title("Snowshoe hares and Canadian lynxes: Lotka–Volterra, least squares")
    fig.legend(ncols=4, loc="outside lower center", fontsize=9)
    return common.save(fig, path)


def fit(name: str, jac: Any, steps: int) -> Any:
    """One least-squares fit with a given way to the Jacobian, reported in a line."""
    started = time.perf_counter()
    fun: Any = lambda theta: np.array(residuals(theta, steps))
    found = least_squares(
        fun,
        START,
        jac=jac,
        x_scale=START,
        ftol=1e-15,
        xtol=1e-15,
        gtol=1e-15,
    )
    print(
        f"  {name:<22}{2 * found.cost:.12f}   {np.abs(found.grad).max():9.1e}"
        f"{found.nfev:>8}{found.njev:>11}{time.perf_counter() - started:7.2f} s"
    )
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 if the fits and the Jacobians agree."""
    parser = common.options(__doc__)
    parser.add_argument(
        "--steps",
        type=common.whole(1),
        default=10,
        help="Runge–Kutta steps per year (10)",
    )
    args = parser.parse_args(argv)
    steps = args.steps
    print(f"Lotka–Volterra on the {ag.engine} engine, {steps} steps per year\n")

    jacobian = ag.scipy_jacobian(lambda theta: residuals(theta, steps))
    print(f"  {'Jacobian by':<22}Σ residual²      gradient   calls  Jacobians     time")
    mine = fit("autograd", jacobian, steps)
    complex_step = fit("complex step", "cs", steps)
    differences = fit("finite differences", "2-point", steps)

    # The complex step has no cancellation: it is as exact as the derivative itself.
    exact = np.array(
        [
            np.imag(residuals(mine.x + 1e-30j * np.eye(6)[i], steps)) / 1e-30
            for i in range(6)
        ]
    ).T
    jacobian_error = (np.abs(mine.jac - exact) / np.abs(exact).max(axis=0)).max()

    spread = 2 * mine.cost / (len(mine.fun) - len(START))
    deviations = np.sqrt(np.diag(np.linalg.inv(mine.jac.T @ mine.jac)) * spread)
    print("\n  unknown       fit ± std. dev.       Stan's posterior")
    for i, (name, x, deviation) in enumerate(zip(NAMES, mine.x, deviations)):
        others = "{:8.3f} ± {:.3f}".format(*STAN[i]) if i < len(STAN) else ""
        print(f"  {name:<9}{x:11.5f} ± {deviation:.5f}   {others}")
    agreement = max(abs(x - mean) / sd for x, (mean, sd) in zip(mine.x, STAN))

    # The same optimum by a general minimizer, on the sum of squares as one function
    # of unknowns of size 1.
    def squares(x: Any) -> Any:
        theta = [x_i * start for x_i, start in zip(x, START)]
        return ag.sum(r * r for r in residuals(theta, steps))

    objective: Any = ag.scipy_objective(squares)
    general = minimize(objective, np.ones(6), jac=True, tol=1e-8)
    general_error = np.abs(general.x * START / mine.x - 1).max()

    model = solve_ivp(
        lambda t, state: slope(mine.x, *state),
        (0, len(YEARS) - 1),
        mine.x[4:],
        t_eval=range(len(YEARS)),
        rtol=1e-11,
        atol=1e-11,
        method="DOP853",
    ).y.T
    solver_error = np.abs(np.array(solve(mine.x, steps)) / model - 1).max()

    common.wrote([plot(mine.x, args.output / "lynx_hare.png")])
    # A fit ends when a step changes the sum by 1e-15 or the unknowns by √1e-15.
    gap = np.abs(complex_step.x / mine.x - 1).max()
    rough = np.abs(differences.x / mine.x - 1).max()
    return common.verdict(
        [
            (
                f"42 × 6 derivatives are the complex step's, to {jacobian_error:.0e}",
                bool(jacobian_error <= 1e-12),
            ),
            (f"both exact Jacobians lead to one fit, to {gap:.0e}", bool(gap <= 1e-7)),
            (
                f"so does the one by finite differences, to {rough:.0e}",
                bool(rough <= 1e-5),
            ),
            (
                f"so does scipy.optimize.minimize, to {general_error:.0e}",
                bool(general_error <= 1e-5),
            ),
            (
                f"the solver of order 4 is SciPy's DOP853, to {solver_error:.0e}",
                bool(solver_error <= 1 / steps**4),
            ),
            (
                f"the rates are Stan's within {agreement:.1f} of its std. deviations",
                bool(agreement <= 1),
            ),
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
