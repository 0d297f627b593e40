"""Option prices with all their greeks, to the third order, from one formula.

The Black–Scholes price of a European option is written once, as code. Its greeks
are derivatives of that code: ``ag.grad``, nested once, twice or three times.
Each stands beside its closed form, and a plot shows them over the spot price.

    python demos/black_scholes.py [--spot 100] [--strike 110] …

Closed forms: E. G. Haug, "The Complete Guide to Option Pricing Formulas",
2nd edition (2007), chapter 2, with a dividend yield q.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import autograd as ag
import common

TOLERANCE = 1e-13
"""Relative: a third derivative is some thousand operations that round by 1e-16."""


def normal(x: Any) -> Any:
    """The normal distribution function; by ``erfc``, so that small tails are right."""
    return ag.erfc(-x / math.sqrt(2)) / 2


def density(x: float) -> float:
    """The normal density, for the closed forms."""
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def price(s: Any, k: Any, t: Any, sigma: Any, r: Any, q: Any, kind: int = 1) -> Any:
    """The price of an option today.

    Args:
        s, k: the spot and the strike price, in money.
        t: the time to expiry, in years.
        sigma: the volatility, per √year.
        r, q: the interest rate and the dividend yield, per year.
        kind: 1 for a call, -1 for a put.
    """
    d1 = (ag.log(s / k) + (r - q + sigma * sigma / 2) * t) / (sigma * ag.sqrt(t))
    d2 = d1 - sigma * ag.sqrt(t)
    return kind * (
        s * ag.exp(-q * t) * normal(kind * d1) - k * ag.exp(-r * t) * normal(kind * d2)
    )


S, K, T, SIGMA, R, Q = range(6)
"""The positions of the price's arguments."""

Point = tuple[float, float, float, float, float, float]
"""One number for each of them."""


@dataclass(frozen=True)
class Terms:
    """What the closed forms share, computed once."""

    s: float
    k: float
    t: float
    sigma: float
    r: float
    q: float
    kind: int

    @property
    def d1(self) -> float:
        drift = self.r - self.q + self.sigma**2 / 2
        return (math.log(self.s / self.k) + drift * self.t) / self.width

    @property
    def d2(self) -> float:
        return self.d1 - self.width

    @property
    def width(self) -> float:
        return self.sigma * math.sqrt(self.t)

    @property
    def stock(self) -> float:
        """e^(-qT), what a share for later costs today, in shares."""
        return math.exp(-self.q * self.t)

    @property
    def bond(self) -> float:
        """K e^(-rT), what the strike for later costs today."""
        return self.k * math.exp(-self.r * self.t)

    @property
    def gamma(self) -> float:
        return self.stock * density(self.d1) / (self.s * self.width)

    @property
    def vega(self) -> float:
        return self.s * self.stock * density(self.d1) * math.sqrt(self.t)

    @property
    def inside(self) -> float:
        """N(±d1), the plus for a call."""
        return float(normal(self.kind * self.d1))

    @property
    def exercised(self) -> float:
        """N(±d2), the probability that the option is exercised."""
        return float(normal(self.kind * self.d2))

    @property
    def decay(self) -> float:
        """-2 σ√T T ∂d1/∂T, which charm and color share."""
        return 2 * (self.r - self.q) * self.t - self.d2 * self.width


@dataclass(frozen=True)
class Greek:
    """A derivative of the price: its name, by what, its sign, its closed form.

    Time runs down to expiry, so a few are quoted with the sign turned.
    """

    name: str
    meaning: str
    by: tuple[int, ...]
    closed: Callable[..., float]
    sign: int = 1

    def automatic(self, point: Point, kind: int) -> float:
        """The derivative of :func:`price`, by nested ``ag.grad``."""
        f: Callable[..., Any] = partial(price, kind=kind)
        for argument in self.by:
            f = ag.grad(f, argument)
        return float(self.sign * f(*point))

    def error(self, mine: float, o: Terms) -> float:
        """The difference from the closed form, relative to it.

        Where terms cancel, near a zero of the greek or far from the strike, it is
        relative to their size instead: that of the bell s e^(−d1²/2), each derivative
        of which brings a factor d1² over the argument's scale.
        """
        closed = self.closed(o)
        scales = (o.s * o.width, o.k * o.width, o.t, o.sigma, 1 / o.t, 1 / o.t)
        size = o.s * density(o.d1)
        for argument in self.by:
            size *= (1 + o.d1**2) / scales[argument]
        difference = abs(mine - closed)
        return difference / max(abs(closed), size) if difference else 0.0


def theta(o: Terms) -> float:
    return (
        -o.s * o.stock * density(o.d1) * o.sigma / (2 * math.sqrt(o.t))
        - o.kind * o.r * o.bond * o.exercised
        + o.kind * o.q * o.s * o.stock * o.inside
    )


def charm(o: Terms) -> float:
    bell = density(o.d1) * o.decay / (2 * o.t * o.width)
    return o.stock * (o.kind * o.q * o.inside - bell)


def veta(o: Terms) -> float:
    growth = (o.r - o.q) * o.d1 / o.width
    return -o.vega * (o.q + growth - (1 + o.d1 * o.d2) / (2 * o.t))


def color(o: Terms) -> float:
    return -o.gamma / (2 * o.t) * (2 * o.q * o.t + 1 + o.decay / o.width * o.d1)


def ultima(o: Terms) -> float:
    d = o.d1 * o.d2
    return -o.vega / o.sigma**2 * (d * (1 - d) + o.d1**2 + o.d2**2)


GREEKS = (
    Greek("delta", "∂V/∂S", (S,), lambda o: o.kind * o.stock * o.inside),
    Greek("vega", "∂V/∂σ", (SIGMA,), lambda o: o.vega),
    Greek("theta", "−∂V/∂T", (T,), theta, -1),
    Greek("rho", "∂V/∂r", (R,), lambda o: o.kind * o.t * o.bond * o.exercised),
    Greek(
        "epsilon",
        "∂V/∂q",
        (Q,),
        lambda o: -o.kind * o.t * o.s * o.stock * o.inside,
    ),
    Greek("gamma", "∂²V/∂S²", (S, S), lambda o: o.gamma),
    Greek("vanna", "∂²V/∂S∂σ", (S, SIGMA), lambda o: -o.vega * o.d2 / (o.s * o.width)),
    Greek("charm", "−∂²V/∂S∂T", (S, T), charm, -1),
    Greek("volga", "∂²V/∂σ²", (SIGMA,) * 2, lambda o: o.vega * o.d1 * o.d2 / o.sigma),
    Greek("veta", "∂²V/∂σ∂T", (SIGMA, T), veta),
    Greek(
        "vera",
        "∂²V/∂σ∂r",
        (SIGMA, R),
        lambda o: -o.t * o.bond * density(o.d2) * o.d1 / o.sigma,
    ),
    Greek(
        "speed",
        "∂³V/∂S³",
        (S, S, S),
        lambda o: -o.gamma / o.s * (o.d1 / o.width + 1),
    ),
    Greek(
        "zomma",
        "∂³V/∂S²∂σ",
        (S, S, SIGMA),
        lambda o: o.gamma * (o.d1 * o.d2 - 1) / o.sigma,
    ),
    Greek("color", "∂³V/∂S²∂T", (S, S, T), color),
    Greek("ultima", "∂³V/∂σ³", (SIGMA,) * 3, ultima),
)


def table(point: Point, kind: int) -> list[float]:
    """Print every greek beside its closed form; their relative differences."""
    value = price(*point, kind)
    print(f"\n{'Call' if kind == 1 else 'Put'}, V = {value:.10f}\n")
    print(f"  {'':<9}{'':<12}{'autograd':>19}{'closed form':>19}   relative difference")
    differences = []
    for greek in GREEKS:
        mine = greek.automatic(point, kind)
        o = Terms(*point, kind)
        differences.append(greek.error(mine, o))
        print(
            f"  {greek.name:<9}{greek.meaning:<12}{mine:>19.12g}"
            f"{greek.closed(o):>19.12g}   {differences[-1]:.1e}"
        )
    return differences


def plot(point: Point, path: Path) -> Path:
    """The price and every greek of a call over the spot price, both ways."""
    strike = point[K]
    spots = [strike * (0.4 + 1.4 * i / 60) for i in range(61)]
    fig, axes = common.figure(12, 10, columns=4, rows=4)
    panels = iter(axes.flat)
    axis = next(panels)
    axis.plot(spots, [price(s, *point[1:]) for s in spots], color=common.BLUE)
    axis.set_title("price V of a call")
    for greek, axis in zip(GREEKS, panels):
        closed = [greek.closed(Terms(s, *point[1:], 1)) for s in spots]
        axis.plot(spots, closed, color=common.BLUE, label="closed form")
        some = spots[::5]
        mine = [greek.automatic((s, *point[1:]), 1) for s in some]
        axis.plot(some, mine, "o", color=common.ORANGE, ms=4, label="autograd")
        axis.set_title(f"{greek.name}  {greek.meaning}")
    for axis in axes.flat:
        axis.axvline(strike, color="0.4", lw=1, ls=":", label="strike price K")
        axis.tick_params(labelsize=9)
    for axis in axes[-1]:
        axis.set_xlabel("spot price S")
    axes[0, 1].legend(loc="lower right", fontsize=9)
    return common.save(fig, path)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 if every greek agrees with its closed form."""
    parser = common.options(__doc__)
    for name, default, meaning in (
        ("spot", 100.0, "the price of the share, in money"),
        ("strike", 110.0, "the price agreed on, in money"),
        ("years", 0.75, "the time to expiry"),
        ("volatility", 0.25, "per √year"),
        ("rate", 0.03, "the interest rate per year"),
        ("dividend", 0.01, "the dividend yield per year"),
    ):
        parser.add_argument(
            f"--{name}", type=float, default=default, help=f"{meaning} ({default:g})"
        )
    args = parser.parse_args(argv)
    for name in ("spot", "strike", "years", "volatility"):
        if not 0 < getattr(args, name) < math.inf:
            parser.error(f"--{name} must be above 0, got {getattr(args, name):g}")
    point = (
        args.spot,
        args.strike,
        args.years,
        args.volatility,
        args.rate,
        args.dividend,
    )
    print(f"Black–Scholes on the {ag.engine} engine")
    print("S = {:g}, K = {:g}, T = {:g}, σ = {:g}, r = {:g}, q = {:g}".format(*point))
    differences = table(point, 1) + table(point, -1)

    s, k, t, _, r, q = point
    forward = s * math.exp(-q * t) - k * math.exp(-r * t)
    parity = abs(price(*point, 1) - price(*point, -1) - forward)
    common.wrote([plot(point, args.output / "greeks.png")])
    return common.verdict(
        [
            (
                f"every greek is its closed form: largest relative difference "
                f"{max(differences):.1e} ≤ {TOLERANCE:.0e}",
                all(d <= TOLERANCE for d in differences),
            ),
            (
                f"call − put = S e^(−qT) − K e^(−rT): to {parity:.1e}",
                parity <= 1e-13 * (s + k),
            ),
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
