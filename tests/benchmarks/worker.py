"""One library on one workload in an interpreter of its own.

The parent sends a JSON object per line and gets one back for each. The first
says what to run; every later one asks for a round of timings, so that the
parent can let several interpreters take turns.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from gradbench.arrays import EVALUATIONS
from libraries import LIBRARIES
from scale import growth, memory
from workloads import WORKLOADS, Step

Message = dict[str, Any]


def one_round(step: Step, collector: bool, seconds: float) -> Message:
    """Run a step again and again for about ``seconds``, at least once.

    With Python's cyclic collector on, it runs when it likes, as in a training
    loop. With it off, what only it can release is released after each step, by a
    ``gc.collect()`` that is timed by itself.

    Returns:
        The median time of a step and of the collection after it, in seconds.
    """
    if collector:
        gc.enable()
    else:
        gc.disable()
        gc.collect()
    steps: list[float] = []
    collections: list[float] = []
    end = time.perf_counter() + seconds
    while not steps or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        stop = time.perf_counter()
        if not collector:
            gc.collect()
            collections.append(time.perf_counter() - stop)
        steps.append(stop - start)
    return {
        "step": statistics.median(steps),
        "collect": statistics.median(collections) if collections else 0.0,
    }


def derivatives(library: Any, dags: list[Any]) -> Message:
    """The derivatives of random expressions, for comparison with another library."""
    return {"derivatives": [library.derivatives(dag) for dag in dags]}


MEASUREMENTS: dict[str, Callable[..., Message]] = {
    "memory": memory,
    "growth": growth,
    "derivatives": derivatives,
}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer

    def reply(message: Message) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    request = json.loads(sys.stdin.readline())
    try:
        library = LIBRARIES[request["library"]]()
        if "measurement" in request:
            reply(MEASUREMENTS[request["measurement"]](library, **request["data"]))
            return
        step, answer = library.prepare(
            (WORKLOADS | EVALUATIONS)[request["workload"]], request["data"]
        )
        reply({"version": library.version(), "answer": answer()})
    except Exception as error:  # to be reported in the table, whatever it is
        reply({"error": f"{type(error).__name__}: {error}"})
        return
    for line in sys.stdin:
        reply(one_round(step, **json.loads(line)))


if __name__ == "__main__":
    main()
