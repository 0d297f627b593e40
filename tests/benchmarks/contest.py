"""Interpreters that take turns, so that a slow minute of the machine hits them all."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WORKER = Path(__file__).with_name("worker.py")
PATIENCE = 900.0  # seconds, for an answer


@dataclass(frozen=True)
class Contestant:
    """A library, by its name in ``libraries.LIBRARIES``, on a workload."""

    library: str
    workload: str


@dataclass
class Times:
    """Seconds of each round, or the reason why there are none."""

    version: str = ""
    answer: list[float] = field(default_factory=list)
    step: list[float] = field(default_factory=list)
    collect: list[float] = field(default_factory=list)
    error: str = ""


class Child:
    """An interpreter with one library, which answers a line with a line."""

    def __init__(self, python: Path, request: dict[str, Any]) -> None:
        self.process = subprocess.Popen(
            # No PYTHONPATH: it may lead HIPS autograd's name to this project.
            [str(python), "-E", "-s", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.first = self.ask(request)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer; ``{"error": ...}`` if the interpreter dies or hangs."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        late = threading.Timer(PATIENCE, self.process.kill)
        late.start()
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            late.cancel()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        status = self.process.wait()
        reason = f"signal {-status}" if status < 0 else f"exit status {status}"
        return {"error": f"its interpreter died ({reason})"}

    def close(self) -> None:
        self.process.communicate()


def alternate(
    contestants: Sequence[Contestant],
    pythons: dict[str, Path | str],
    data: dict[str, Any],
    *,
    collector: bool,
    rounds: int,
    seconds: float,
) -> dict[Contestant, Times]:
    """Let contestants take turns for some rounds, each in its own interpreter.

    Args:
        contestants: who takes part; all must give the first one's answer.
        pythons: each library's interpreter, or why it has none.
        data: each workload's numbers.
        collector: whether Python's cyclic garbage collector is on.
        rounds: how many turns each has.
        seconds: how long a turn lasts, at least one step.
    """
    results = {contestant: Times() for contestant in contestants}
    children: dict[Contestant, Child] = {}
    expected: list[float] = []
    for contestant, times in results.items():
        python = pythons[contestant.library]
        if isinstance(python, str):
            times.error = python
            continue
        child = Child(
            python,
            {
                "library": contestant.library,
                "workload": contestant.workload,
                "data": data[contestant.workload],
            },
        )
        children[contestant] = child
        times.error = child.first.get("error", "")
        times.version = child.first.get("version", "")
        times.answer = child.first.get("answer", [])
        if expected and times.answer and not agree(times.answer, expected):
            times.error = "it computes another result"
        expected = max(expected, times.answer, key=len)
    for turn in range(rounds + 1):  # the first warms up
        for contestant, times in results.items():
            if times.error:
                continue
            answer = children[contestant].ask(
                {"collector": collector, "seconds": seconds}
            )
            times.error = answer.get("error", "")
            if turn and not times.error:
                times.step.append(answer["step"])
                times.collect.append(answer["collect"])
        print(".", end="", file=sys.stderr, flush=True)
    for child in children.values():
        child.close()
    print(file=sys.stderr)
    return results


def agree(xs: Sequence[float], ys: Sequence[float]) -> bool:
    """Whether two answers, a loss and its gradient, are the same up to rounding.

    Libraries list the parameters in different orders, so gradients are compared
    sorted; floats have none.
    """
    if len(xs) == len(ys):
        xs, ys = [xs[0], *sorted(xs[1:])], [ys[0], *sorted(ys[1:])]
    scale = max(map(abs, [1.0, *xs]))
    return all(
        math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-9 * scale) for x, y in zip(xs, ys)
    )
