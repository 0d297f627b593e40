"""What HIPS autograd has under the same import name: a sentence on what to write.

The import name ``autograd`` belongs to two packages. A program that was written for
the other one gets to hear which, and what its words are here.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from typing import Any, TypeVar

__all__ = ["instead", "plural"]

F = TypeVar("F", bound=Callable[..., Any])

INSTEAD = {
    "numpy": "'import numpy as np', and give it arrays of Values (dtype=object)",
    "scipy": "'import scipy', and autograd.scipy_objective and its kin",
    "extend": "'autograd.rule' for an operation of your own",
    "builtins": "Python's own list, tuple and dict, which may hold Values",
    "misc": "'nn.SGD' and 'nn.Adam' for its optimizers",
    "test_util": "'autograd.check_gradients(f, *x)'",
    "differential_operators": "'from autograd import grad, jacobian, hessian'",
    "elementwise_grad": "'grad(lambda x: f(x).sum())'",
    "make_vjp": "'value, pullback = vjp(f, x)'",
    "make_jvp": "'value, tangent = jvp(f, (x,), (t,))'",
    "make_ggnvp": "a product of 'jvp' and 'vjp'",
    "make_hvp": "'hvp(f)(x, v)'",
    "hessian_vector_product": "'hvp(f)(x, v)'",
    "hessian_tensor_product": "'hvp(f)(x, v)'",
    "tensor_jacobian_product": "'vjp(f, x)'",
    "grad_and_aux": "'grad(f, has_aux=True)'",
    "multigrad_dict": "'grad(f)', whose arguments may be dicts",
    "holomorphic_grad": "real and imaginary part as two arguments",
    "deriv": "'derivative(f)'",
    "primitive": "'autograd.rule' for an operation of your own",
    "defvjp": "'autograd.rule' for an operation of your own",
}
"""For each name of HIPS autograd's that is none of ours, what to write here."""


def instead(name: str) -> str | None:
    """The sentence for a name of HIPS autograd's; None for any other name.

    >>> print(instead("make_vjp"))
    'autograd.make_vjp' is in HIPS autograd, which is another package: here, write \
'value, pullback = vjp(f, x)'
    """
    if name not in INSTEAD:
        return None
    return (
        f"'autograd.{name}' is in HIPS autograd, which is another package: here, write "
        f"{INSTEAD[name]}"
    )


def plural(transform: F) -> F:
    """A transform that says of HIPS's ``argnum`` that it is ``argnums`` here."""

    @functools.wraps(transform)
    def checked(*given: Any, **named: Any) -> Any:
        if "argnum" in named:
            raise TypeError(
                f"{transform.__name__}() takes argnums=, an int or several; argnum= is "
                "HIPS autograd's, which is another package"
            )
        return transform(*given, **named)

    return checked  # type: ignore[return-value]


class _Elsewhere(MetaPathFinder):
    """Asked last, for what no other finder has found."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: Any = None
    ) -> None:
        package, _, name = fullname.rpartition(".")
        if package == "autograd" and (message := instead(name)):
            # Without its name, or ``from autograd import`` would put its own words.
            raise ModuleNotFoundError(message)
        return


sys.meta_path.append(_Elsewhere())
