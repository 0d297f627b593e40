"""What a Value is: the reference engine, and what both engines share."""

import autograd.table  # noqa: F401  HIPS autograd, which has a core too, hears of us
