"""The one table: every operation and its derivatives, and what reads a row anyhow."""

import autograd

if getattr(autograd, "__distribution__", "") != "scalar-autograd":
    raise ImportError(
        "HIPS autograd, which has the same import name, was installed over "
        "scalar-autograd or removed after it: 'pip uninstall autograd', then "
        "'pip install --force-reinstall scalar-autograd'",
        name="autograd",
    )
