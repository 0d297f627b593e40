"""A tool of GradBench: ``python -m tests.benchmarks.gradbench [--style compiled]``.

GradBench (github.com/gradbench/gradbench) compares automatic differentiation on twelve
evaluations. A tool reads messages from standard input, one JSON object a line, and
answers each with one on standard output: ``define`` asks whether there is an
evaluation, ``evaluate`` for a function's value at an input, and how long it took.
What is wrong with a message stands in the answer, and the tool goes on.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import resource
import sys
import time
import traceback
from typing import Any

from tests.benchmarks.gradbench.function import Unfit, flat

EVALUATIONS = (
    *("ba", "det", "gmm", "hello", "ht", "kmeans", "llsq", "lse", "lstm", "ode"),
    *("particle", "saddle"),
)


def field(message: Any, name: str) -> Any:
    if not isinstance(message, dict) or name not in message:
        raise Unfit(f"a message must be a JSON object with {name!r}, got {message!r}")
    return message[name]


def number(asked: dict[str, Any], name: str, default: float) -> float:
    given = asked.get(name, default)
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not given >= 0:
        raise Unfit(f"{name} must be a number that is not negative, got {given!r}")
    return given


def evaluate(message: dict[str, Any]) -> dict[str, Any]:
    from tests.benchmarks.gradbench.style import STYLE

    name, function = field(message, "module"), field(message, "function")
    if name not in EVALUATIONS:
        raise Unfit(f"there is no evaluation {name!r}, only {', '.join(EVALUATIONS)}")
    functions = importlib.import_module(f"tests.benchmarks.gradbench.{name}").FUNCTIONS
    if not isinstance(function, str) or function not in functions:
        raise Unfit(f"{name} has no function {function!r}, only {', '.join(functions)}")
    raw = field(message, "input")
    asked = raw if isinstance(raw, dict) else {}
    least = number(asked, "min_runs", 1)
    seconds = number(asked, "min_seconds", 0)
    timings: list[dict[str, Any]] = []

    def timed(stage: str, call: Any, *arguments: Any) -> Any:
        start = time.perf_counter_ns()
        result = call(*arguments)
        spent = time.perf_counter_ns() - start
        timings.append({"name": stage, "nanoseconds": spent})
        return result

    row = functions[function]
    arguments = row.prepare(raw)
    if STYLE == "compiled":  # a program is recorded once, as a tape is
        timed("record", row.compute, *arguments)
    runs, until = 0, time.perf_counter() + seconds
    while runs < max(least, 1) or time.perf_counter() < until:
        result = timed("evaluate", row.compute, *arguments)
        runs += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    output = row.report(result)
    for x in flat(output):
        if not math.isfinite(x):
            raise Unfit(f"{name}.{function}: the result has {x}, which JSON has not")
    return {"success": True, "output": output, "timings": timings, "peak_kib": peak}


def answer(message: Any) -> dict[str, Any]:
    kind = field(message, "kind")
    if kind == "start":
        import autograd
        from tests.benchmarks.gradbench.style import STYLE

        config = {"engine": autograd.engine, "style": STYLE}
        return {"tool": "scalar-autograd", "config": config}
    if kind == "define":
        return {"success": field(message, "module") in EVALUATIONS}
    if kind == "evaluate":
        return evaluate(message)
    return {}


def respond(line: str) -> dict[str, Any]:
    """The answer to one line, whatever is in it."""
    identity = None
    strange: list[str] = []
    try:
        message = json.loads(line, parse_constant=strange.append)
        identity = field(message, "id")
        if strange:
            raise Unfit(f"no JSON: {strange[0]} is none of its numbers")
        return {"id": identity, **answer(message)}
    except json.JSONDecodeError as error:
        return {"id": None, "success": False, "error": f"no JSON: {error}"}
    except Unfit as error:
        return {"id": identity, "success": False, "error": str(error)}
    except Exception as error:
        where = f"{message.get('module')}.{message.get('function')}"
        said = f"{where}: {type(error).__name__}: {error}\n{traceback.format_exc()}"
        return {"id": identity, "success": False, "error": said}


def main() -> None:
    styles = ("eager", "reductions", "compiled", "pure")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--style", choices=styles, default="eager")
    style = parser.parse_args().style
    os.environ["GRADBENCH_STYLE"] = style  # before what reads it is imported
    if style == "pure":
        os.environ["AUTOGRAD_PURE"] = "1"
    for line in sys.stdin:
        print(json.dumps(respond(line)), flush=True)


if __name__ == "__main__":
    main()
