"""What is compared with what, and what must be reached.

A comparison is one row of the table. Its numbers come from a contest in which
both sides took turns; the ratio is taken round by round.
"""

from __future__ import annotations

from dataclasses import dataclass

from contest import Contestant, Times
from gradbench.arrays import EVALUATIONS, PARAMETERS
from gradbench.tapes import INPUTS as TAPES
from libraries import CORES
from report import Row, duration, faster, spread
from workloads import WORKLOADS

Results = dict[Contestant, Times]


@dataclass(frozen=True)
class Comparison:
    """A claim about two contestants.

    ``slower=True`` asks for mine / theirs at most ``target`` (how many times
    slower this project may be); otherwise theirs / mine at least ``target``
    (how many times faster it must be). ``per_operation`` asks for nanoseconds.
    No target: the row informs. ``name`` says against what, with ``{}`` where the
    peer's version goes.
    """

    what: str
    mine: Contestant
    theirs: Contestant
    name: str
    target: float | None = None
    slower: bool = False
    collector: bool = True
    count_collection: bool = False
    per_operation: bool = False


def comparisons(fastest: str) -> list[Comparison]:
    """All rows that are measured by contests.

    The transformer needs exp and log, which micrograd and minigrad do not have.

    Args:
        fastest: the engine that peers without a target are compared with.
    """
    return [
        *_engine_rows("native"),
        *_engine_rows("reference"),
        *_peer_rows(fastest),
        *_program_rows(),
        *_gradbench_rows(),
    ]


def _engine_rows(engine: str) -> list[Comparison]:
    native = engine == "native"
    floats, moons = Contestant("floats", "moons"), Contestant(engine, "moons")
    micrograd = Contestant("micrograd", "moons")
    written = "two moons, elementary operations"
    library = "two moons, `nn.MLP`"

    def only_native(target: float) -> float | None:
        return target if native else None

    on, off = (180.0, 20.0) if native else (8.0, 1.0)
    return [
        Comparison(
            written, moons, floats, "forward on floats", only_native(3.0), slower=True
        ),
        Comparison(written, moons, micrograd, "micrograd {}", on),
        Comparison(written, moons, micrograd, "micrograd {}", off, collector=False),
        Comparison(
            written,
            moons,
            micrograd,
            "micrograd {} and its `gc.collect()`",
            collector=False,
            count_collection=True,
        ),
        Comparison(
            library,
            Contestant(engine, "mlp"),
            floats,
            "forward on floats, elementary operations",
            only_native(0.5),
            slower=True,
        ),
        Comparison(
            library,
            Contestant(engine, "mlp"),
            Contestant("micrograd", "mlp"),
            "micrograd {}, its `nn.MLP`",
        ),
        Comparison(
            "chain of `x*y + z`, a million nodes, per node",
            Contestant(engine, "chain"),
            Contestant("floats", "chain"),
            "forward on floats",
            only_native(60.0),
            per_operation=True,
        ),
        Comparison(
            "transformer for a bare scalar",
            Contestant(engine, "transformer"),
            Contestant("floats", "transformer"),
            "forward on floats",
            only_native(4.0),
            slower=True,
        ),
        Comparison(
            "`grad(f)(x)`, a thousand nodes",
            Contestant(f"{engine}-grad", "thousand"),
            Contestant(f"{engine}-backward", "thousand"),
            "`f(x).backward()`",
            1.25,
            slower=True,
        ),
        *(
            Comparison(
                "Hessian of the lecture's loss, 20 parameters",
                Contestant(f"{engine}-hessian", "lecture"),
                Contestant(f"{peer}-hessian", "lecture-arrays"),
                name,
                only_native(20.0) if peer != "jax-jitted" else None,
            )
            for peer, name in [
                ("hips", "HIPS autograd {}"),
                ("jax", "jax {}, un-jitted"),
                ("jax-jitted", "jax {}, jitted before"),
            ]
        ),
    ]


def _peer_rows(engine: str) -> list[Comparison]:
    written = "two moons, elementary operations"
    library = "two moons, `nn.MLP`"
    transformer = "transformer for a bare scalar"
    return [
        *(
            Comparison(
                written, Contestant(engine, "moons"), Contestant(peer, "moons"), name
            )
            for peer, name in [
                ("minigrad", "minigrad {}"),
                ("xad", "xad {}"),
                ("torch", "torch {}, a tensor per scalar"),
                ("casadi", "casadi {}: record, differentiate, evaluate"),
                ("casadi-compiled", "casadi {}: evaluate what was recorded before"),
            ]
        ),
        *(
            Comparison(
                library, Contestant(engine, "mlp"), Contestant(peer, "matrices"), name
            )
            for peer, name in [
                ("torch", "torch {}, matrices"),
                ("jax", "jax {}, matrices, un-jitted"),
                ("jax-jitted", "jax {}, matrices, jitted before"),
            ]
        ),
        *(
            Comparison(
                transformer,
                Contestant(engine, "transformer"),
                Contestant(peer, "transformer"),
                name,
            )
            for peer, name in [
                ("xad", "xad {}"),
                ("torch", "torch {}, a tensor per scalar"),
            ]
        ),
    ]


def _program_rows() -> list[Comparison]:
    """Compiled programs, value and all derivatives."""
    jitted, arrays = "jax {}, jitted before", "torch {}, on arrays"
    replay = "casadi {}: evaluate what was recorded before"
    compiled = "native-compiled"
    transformer = Contestant(compiled, "transformer")
    moons = Contestant(compiled, "moons")
    many = Contestant(compiled, "moons-10000")
    what = "compiled: transformer for a bare scalar"
    hundred = "compiled: two moons, 100 examples"
    thousands = "compiled: two moons, 10,000 examples"
    lecture = "compiled: the lecture's 30-3-2-1, 569 examples"
    letters = "compiled: letters looked up, 3 × 10-64-27, 256 examples"
    names = Contestant(compiled, "names")
    greeks = "compiled: Black–Scholes price and greeks, 1,000,000 options"
    hessian = "compiled: Hessian of the lecture's loss, arrays"
    floats = Contestant("floats", "transformer")
    on_numpy = Contestant("native-on-arrays", "transformer")

    def faster(
        what: str,
        mine: Contestant,
        peer: str,
        workload: str,
        name: str,
        target: float | None,
    ) -> Comparison:
        return Comparison(what, mine, Contestant(peer, workload), name, target)

    return [
        Comparison(
            what,
            transformer,
            floats,
            "forward on floats",
            0.02,
            slower=True,
        ),
        Comparison(
            f"{what}, on NumPy", on_numpy, floats, "forward on floats", 0.4, slower=True
        ),
        faster(what, transformer, "native", "transformer", "the eager engine", 100.0),
        faster(what, transformer, "jax-jitted", "transformer-arrays", jitted, 2.0),
        faster(what, transformer, "torch", "transformer-arrays", arrays, 15.0),
        faster(what, transformer, "casadi-compiled", "transformer", replay, 10.0),
        faster(hundred, moons, "jax-jitted", "matrices", jitted, 4.0),
        faster(hundred, moons, "torch", "matrices", arrays, 15.0),
        faster(hundred, moons, "casadi-compiled", "moons", replay, 30.0),
        faster(hundred, moons, "micrograd", "moons", "micrograd {}", 50_000.0),
        faster(thousands, many, "jax-jitted", "loaded-10000", jitted, 1.0),
        faster(thousands, many, "torch", "loaded-10000", arrays, 2.5),
        faster(letters, names, "jax-jitted", "names-arrays", jitted, None),
        faster(letters, names, "torch", "names-arrays", arrays, None),
        Comparison(letters, names, Contestant("native", "names"), "the eager engine"),
        faster(
            f"{letters}, `exact=False`",
            Contestant("native-compiled-fast", "names"),
            "jax-jitted",
            "names-arrays",
            jitted,
            None,
        ),
        faster(
            hessian,
            Contestant("native-compiled-hessian", "lecture"),
            "jax-jitted-hessian",
            "lecture-arrays",
            jitted,
            4.0,
        ),
        faster(
            lecture,
            Contestant(compiled, "lecture-569"),
            "jax-jitted",
            "loaded-569",
            jitted,
            2.5,
        ),
        faster(
            lecture,
            Contestant(compiled, "lecture-569"),
            "torch",
            "loaded-569",
            arrays,
            6.0,
        ),
        faster(
            greeks,
            Contestant("native-greeks", "options"),
            "jax-greeks",
            "options",
            jitted,
            1.0,
        ),
        faster(
            f"{greeks}, `exact=False`",
            Contestant("native-greeks-fast", "options"),
            "jax-greeks",
            "options",
            jitted,
            1.5,
        ),
        faster(
            f"{greeks}, {CORES} threads",
            Contestant("native-greeks-threads", "options"),
            "native-greeks",
            "options",
            "one thread",
            0.8 * CORES,
        ),
        Comparison(
            "compiled: a call of seven operations",
            Contestant("native-call", "small"),
            Contestant("floats", "small"),
            "the same on floats",
            3.0,
            slower=True,
        ),
        Comparison(
            "compiled: record and compile the transformer",
            Contestant("native-recording", "transformer"),
            Contestant("native", "transformer"),
            "one eager step",
            6.0,
            slower=True,
        ),
    ]


def _gradbench_rows() -> list[Comparison]:
    """GradBench's evaluations as programs, against scalars, arrays and a C++ tape."""
    targets = [30, 27, 60, 150, 50, 15, 10, 7, 68, 26, 26, 10, 10]
    rows = []
    for name, target in zip(EVALUATIONS, targets):
        newton = "-newton" if name.startswith("kmeans") else ""
        peers: list[tuple[str, str, float | None]] = [
            ("native-gradbench", "the eager engine", target)
        ]
        if name.partition(" ")[0] in PARAMETERS:
            peers += [
                (f"torch{newton}", "torch {}, on arrays", None),
                (f"jax-jitted{newton}", "jax {}, jitted before", None),
            ]
        if name.partition(" ")[0].rstrip(",") in TAPES:
            peers.append(("adolc", "ADOL-C, replaying its tape", None))
            rows.append(
                Comparison(
                    f"GradBench, the value alone: {name}",
                    Contestant("native-gradbench-primal", name),
                    Contestant("cpp", name),
                    "C++ on doubles",
                    5.0,
                    slower=True,
                )
            )
        mine = Contestant("native-gradbench-compiled", name)
        rows += [
            Comparison(
                f"GradBench: {name}", mine, Contestant(peer, name), against, goal
            )
            for peer, against, goal in peers
        ]
    return rows


def row(comparison: Comparison, results: Results) -> Row:
    """The line of the table for a comparison that was measured."""
    mine, theirs = results[comparison.mine], results[comparison.theirs]
    name = comparison.name.format(theirs.version or "—")
    line = Row(
        comparison.what,
        comparison.mine.library.partition("-")[0],
        "on" if comparison.collector else "off",
        against=name,
        target=limit(comparison),
        bound=comparison.target,
        at_most=comparison.slower or comparison.per_operation,
    )
    for side, times in [("", mine), (f"{name}: ", theirs)]:
        if times.error:
            line.measured = f"not measured: {side}{times.error}"
            return line
    operations = (WORKLOADS | EVALUATIONS)[comparison.mine.workload].operations
    theirs_steps = theirs.step
    if comparison.count_collection:
        theirs_steps = [s + c for s, c in zip(theirs.step, theirs.collect)]
    line.time = duration(mine.step, operations)
    line.against += f", {duration(theirs_steps, operations)}"
    if comparison.per_operation:
        line.samples = [t / operations * 1e9 for t in mine.step]
        line.measured = spread(line.samples, " ns")
    elif comparison.slower:
        line.samples = [a / b for a, b in zip(mine.step, theirs_steps)]
        line.measured = spread(line.samples, "× its time")
    else:
        line.samples = [b / a for a, b in zip(mine.step, theirs_steps)]
        line.measured = faster(line.samples)
    return line


def limit(comparison: Comparison) -> str:
    """The target as the table shows it."""
    if comparison.target is None:
        return "—"
    if comparison.per_operation:
        return f"≤ {comparison.target:g} ns"
    sign = "≤" if comparison.slower else "≥"
    return f"{sign} {comparison.target:g}×"
