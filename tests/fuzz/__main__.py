"""Attack this package for some minutes: ``python -m tests.fuzz [MINUTES] [SEED]``.

Random programs by all participants, and a peril now and then. What is found is printed
once for each kind, shortened, with its seed; the exit status says whether there was
any.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections import Counter

from autograd.core import choice
from tests.fuzz.participants import differences
from tests.fuzz.perils import PERILS
from tests.fuzz.programs import random_program, shortened

OFTEN = 50
"""How many programs run for each peril."""


def main(minutes: float = 1.0, seed: int = 0) -> int:
    """Programs and perils from a seed on; 1 if there was a finding."""
    end = time.monotonic() + 60 * minutes
    counts: Counter[str] = Counter()
    found: Counter[str] = Counter()
    while time.monotonic() < end:
        program = random_program(seed)
        counts["programs"] += 1
        counts["steps"] += len(program.steps)
        for finding in list(differences(program)):
            found[finding.what] += 1
            if found[finding.what] > 1:
                continue
            what = finding.what
            short = shortened(
                program,
                lambda p, what=what: any(f.what == what for f in differences(p)),
            )
            shown = [f for f in differences(short) if f.what == what]
            print(f"\nseed {seed}: {what}\n{short}\n{shown}", flush=True)
        if seed % OFTEN == 0:
            name = [*PERILS][seed // OFTEN % len(PERILS)]
            for engine in choice.available():
                choice.use(engine)
                counts[f"{name}, {engine}"] += 1
                try:
                    PERILS[name](seed)
                except Exception:
                    found[f"{name}, {engine}"] += 1
                    if found[f"{name}, {engine}"] == 1:
                        print(f"\nseed {seed}: {name}, {engine}", flush=True)
                        traceback.print_exc(file=sys.stdout)
            choice.use(choice.available()[0])
        seed += 1
    print(f"\n{dict(counts)}\nup to seed {seed}; found: {dict(found) or 'nothing'}")
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main(*map(float, sys.argv[1:2]), *map(int, sys.argv[2:3])))
