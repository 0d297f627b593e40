"""What is made from the table, as signatures: by ``python -m autograd.table.stubs``."""

# ruff: noqa: E501
# fmt: off

from collections.abc import Iterable
from typing import TypeAlias, overload

from typing_extensions import Self

from autograd.core.value import Value

Number: TypeAlias = float
"""A plain number; to a type checker, ints, bools and NumPy's float64 are floats."""

__all__ = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bce",
    "bce_with_logits",
    "cbrt",
    "ceil",
    "copysign",
    "cos",
    "cosh",
    "deg2rad",
    "degrees",
    "digamma",
    "dist",
    "dot",
    "elu",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "exp_minus_square",
    "expm1",
    "fabs",
    "floor",
    "fma",
    "fmod",
    "fsum",
    "gamma",
    "gelu",
    "hypot",
    "leaky_relu",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "one_minus_square",
    "polygamma",
    "pow",
    "power",
    "power_log",
    "prod",
    "rad2deg",
    "radians",
    "relu",
    "relu_at",
    "remainder",
    "rint",
    "round",
    "sigmoid",
    "sigmoid_slope",
    "silu",
    "sin",
    "sinh",
    "softmax_cross_entropy",
    "softplus",
    "sqrt",
    "sum",
    "tan",
    "tanh",
    "trunc",
    "where",
]

class Methods:
    def __add__(self, other: Self | Number, /) -> Self: ...
    def __radd__(self, other: Self | Number, /) -> Self: ...
    def __sub__(self, other: Self | Number, /) -> Self: ...
    def __rsub__(self, other: Self | Number, /) -> Self: ...
    def __mul__(self, other: Self | Number, /) -> Self: ...
    def __rmul__(self, other: Self | Number, /) -> Self: ...
    def __truediv__(self, other: Self | Number, /) -> Self: ...
    def __rtruediv__(self, other: Self | Number, /) -> Self: ...
    def __floordiv__(self, other: Self | Number, /) -> Self: ...
    def __rfloordiv__(self, other: Self | Number, /) -> Self: ...
    def __mod__(self, other: Self | Number, /) -> Self: ...
    def __rmod__(self, other: Self | Number, /) -> Self: ...
    def __pow__(self, other: Self | Number, /) -> Self: ...
    def __rpow__(self, other: Self | Number, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __abs__(self) -> Self: ...
    def __trunc__(self) -> Self: ...
    def __floor__(self) -> Self: ...
    def __ceil__(self) -> Self: ...
    def pow(self, y: Self | Number) -> Self:
        """X to the power y, with slope 0 in x at y = 0 for every x."""
    def power_log(self, x: Self | Number, y: Self | Number) -> Self:
        """X^y (log x)^n, the derivative of order n of x^y by y, a row of its own: x^y may underflow where its slope by x does not."""
    def abs(self) -> Self:
        """The absolute value of x, with slope 0 at 0, which higher derivatives follow: that of abs(x)**2 is 0 there."""
    def fma(self, y: Self | Number, w: Self | Number) -> Self:
        """X y + w with one rounding."""
    def exp(self) -> Self:
        """E to the power x."""
    def exp2(self) -> Self:
        """2 to the power x."""
    def expm1(self) -> Self:
        """E to the power x, minus 1, accurate near 0."""
    def log(self) -> Self:
        """Natural logarithm."""
    def log1p(self) -> Self:
        """Natural logarithm of 1 + x, accurate near 0."""
    def log2(self) -> Self:
        """Logarithm to the base 2."""
    def log10(self) -> Self:
        """Logarithm to the base 10."""
    def sqrt(self) -> Self:
        """Square root."""
    def cbrt(self) -> Self:
        """Cube root."""
    def sin(self) -> Self:
        """Sine of x radians."""
    def cos(self) -> Self:
        """Cosine of x radians."""
    def tan(self) -> Self:
        """Tangent of x radians."""
    def one_minus_square(self) -> Self:
        """1 - x² without cancellation, as a row of its own: the slope of the product would cancel near 0, and be 0 · ∞ in that of asin at 1."""
    def asin(self) -> Self:
        """Arc sine in radians."""
    def acos(self) -> Self:
        """Arc cosine in radians."""
    def atan(self) -> Self:
        """Arc tangent in radians."""
    def atan2(self, x: Self | Number) -> Self:
        """The angle of the point (x, y), in radians."""
    def degrees(self) -> Self:
        """Radians to degrees."""
    def radians(self) -> Self:
        """Degrees to radians."""
    def sinh(self) -> Self:
        """Hyperbolic sine."""
    def cosh(self) -> Self:
        """Hyperbolic cosine."""
    def tanh(self) -> Self:
        """Hyperbolic tangent."""
    def asinh(self) -> Self:
        """Inverse hyperbolic sine."""
    def acosh(self) -> Self:
        """Inverse hyperbolic cosine."""
    def atanh(self) -> Self:
        """Inverse hyperbolic tangent."""
    def erf(self) -> Self:
        """Error function."""
    def erfc(self) -> Self:
        """Complementary error function."""
    def exp_minus_square(self) -> Self:
        """E^(-x²), the slope of erf but for a factor, as a row of its own: what keeps its digits is no formula to differentiate."""
    def gamma(self) -> Self:
        """Gamma function, (x - 1)! at whole x."""
    def lgamma(self) -> Self:
        """Logarithm of the absolute value of the gamma function."""
    def digamma(self) -> Self:
        """Digamma function, the derivative of lgamma."""
    def sigmoid(self) -> Self:
        """1 / (1 + e^-x)."""
    def sigmoid_slope(self) -> Self:
        """Σ(x) σ(-x), the slope of σ as a row of its own: its own slope is odd, and would cancel near 0."""
    def softplus(self) -> Self:
        """Log(1 + e^x)."""
    def relu_at(self, at_zero: Self | Number) -> Self:
        """X if positive, else 0, with slope ``at_zero`` at 0."""
    def leaky_relu(self, slope: Self | Number = 0.01) -> Self:
        """X if positive, else slope · x, with that slope at 0."""
    def elu(self, alpha: Self | Number = 1.0) -> Self:
        """X if positive, else alpha (e^x - 1)."""
    def gelu(self) -> Self:
        """X Φ(x), Φ the standard normal distribution function."""
    def silu(self) -> Self:
        """X σ(x)."""
    def bce(self, y: Self | Number) -> Self:
        """Binary cross-entropy -[(1 - y) log(1 - p) + y log p] of a probability p."""
    def bce_with_logits(self, y: Self | Number) -> Self:
        """Binary cross-entropy of the probability σ(x)."""
    def maximum(self, y: Self | Number) -> Self:
        """The larger of x and y; at a tie the first, as Python's ``max``."""
    def minimum(self, y: Self | Number) -> Self:
        """The smaller of x and y; at a tie the first, as Python's ``min``."""
    def copysign(self, y: Self | Number) -> Self:
        """The size of x with the sign of y."""
    def floor(self) -> Self:
        """The largest whole number not above x."""
    def ceil(self) -> Self:
        """The smallest whole number not below x."""
    def trunc(self) -> Self:
        """X without its fraction."""
    def round(self, digits: Self | Number = 0.0) -> Self:
        """X rounded to so many decimals, halves to even, as Python's ``round``."""
    def fmod(self, y: Self | Number) -> Self:
        """X - y trunc(x / y), with the sign of x."""
    def remainder(self, y: Self | Number) -> Self:
        """X - n y, n the whole number nearest to x / y, as IEEE 754."""
    def hypot(self, *others: Self | Number) -> Self:
        """√(Σ x²), the length of the vector xs; at 0 its slopes are 0 / 0 = nan."""
    def logsumexp(self, *others: Self | Number) -> Self:
        """Log Σ e^x, whose partials are the softmax of xs."""
    def arcsin(self) -> Self:
        """Arc sine in radians."""
    def arccos(self) -> Self:
        """Arc cosine in radians."""
    def arctan(self) -> Self:
        """Arc tangent in radians."""
    def arctan2(self, x: Self | Number) -> Self:
        """The angle of the point (x, y), in radians."""
    def arcsinh(self) -> Self:
        """Inverse hyperbolic sine."""
    def arccosh(self) -> Self:
        """Inverse hyperbolic cosine."""
    def arctanh(self) -> Self:
        """Inverse hyperbolic tangent."""
    def absolute(self) -> Self:
        """The absolute value of x, with slope 0 at 0, which higher derivatives follow: that of abs(x)**2 is 0 there."""
    def fabs(self) -> Self:
        """The absolute value of x, with slope 0 at 0, which higher derivatives follow: that of abs(x)**2 is 0 there."""
    def power(self, y: Self | Number) -> Self:
        """X to the power y, with slope 0 in x at y = 0 for every x."""
    def rint(self, digits: Self | Number = 0.0) -> Self:
        """X rounded to so many decimals, halves to even, as Python's ``round``."""
    def deg2rad(self) -> Self:
        """Degrees to radians."""
    def rad2deg(self) -> Self:
        """Radians to degrees."""

@overload
def pow(x: Value, y: Value | Number) -> Value:
    """pow(x, y): x to the power y, with slope 0 in x at y = 0 for every x."""
@overload
def pow(x: Number, y: Value) -> Value: ...
@overload
def pow(x: Number, y: Number) -> float: ...
@overload
def power_log(n: Value, x: Value | Number, y: Value | Number) -> Value:
    """power_log(n, x, y): x^y (log x)^n, the derivative of order n of x^y by y, a row of its own: x^y may underflow where its slope by x does not."""
@overload
def power_log(n: Number, x: Value, y: Value | Number) -> Value: ...
@overload
def power_log(n: Number, x: Number, y: Value) -> Value: ...
@overload
def power_log(n: Number, x: Number, y: Number) -> float: ...
@overload
def abs(x: Value) -> Value:
    """abs(x): the absolute value of x, with slope 0 at 0, which higher derivatives follow: that of abs(x)**2 is 0 there."""
@overload
def abs(x: Number) -> float: ...
@overload
def fma(x: Value, y: Value | Number, w: Value | Number) -> Value:
    """fma(x, y, w): x y + w with one rounding."""
@overload
def fma(x: Number, y: Value, w: Value | Number) -> Value: ...
@overload
def fma(x: Number, y: Number, w: Value) -> Value: ...
@overload
def fma(x: Number, y: Number, w: Number) -> float: ...
@overload
def exp(x: Value) -> Value:
    """exp(x): e to the power x."""
@overload
def exp(x: Number) -> float: ...
@overload
def exp2(x: Value) -> Value:
    """exp2(x): 2 to the power x."""
@overload
def exp2(x: Number) -> float: ...
@overload
def expm1(x: Value) -> Value:
    """expm1(x): e to the power x, minus 1, accurate near 0."""
@overload
def expm1(x: Number) -> float: ...
@overload
def log1p(x: Value) -> Value:
    """log1p(x): natural logarithm of 1 + x, accurate near 0."""
@overload
def log1p(x: Number) -> float: ...
@overload
def log2(x: Value) -> Value:
    """log2(x): logarithm to the base 2."""
@overload
def log2(x: Number) -> float: ...
@overload
def log10(x: Value) -> Value:
    """log10(x): logarithm to the base 10."""
@overload
def log10(x: Number) -> float: ...
@overload
def sqrt(x: Value) -> Value:
    """sqrt(x): square root."""
@overload
def sqrt(x: Number) -> float: ...
@overload
def cbrt(x: Value) -> Value:
    """cbrt(x): cube root."""
@overload
def cbrt(x: Number) -> float: ...
@overload
def sin(x: Value) -> Value:
    """sin(x): sine of x radians."""
@overload
def sin(x: Number) -> float: ...
@overload
def cos(x: Value) -> Value:
    """cos(x): cosine of x radians."""
@overload
def cos(x: Number) -> float: ...
@overload
def tan(x: Value) -> Value:
    """tan(x): tangent of x radians."""
@overload
def tan(x: Number) -> float: ...
@overload
def one_minus_square(x: Value) -> Value:
    """one_minus_square(x): 1 - x² without cancellation, as a row of its own: the slope of the product would cancel near 0, and be 0 · ∞ in that of asin at 1."""
@overload
def one_minus_square(x: Number) -> float: ...
@overload
def asin(x: Value) -> Value:
    """asin(x): arc sine in radians."""
@overload
def asin(x: Number) -> float: ...
@overload
def acos(x: Value) -> Value:
    """acos(x): arc cosine in radians."""
@overload
def acos(x: Number) -> float: ...
@overload
def atan(x: Value) -> Value:
    """atan(x): arc tangent in radians."""
@overload
def atan(x: Number) -> float: ...
@overload
def atan2(y: Value, x: Value | Number) -> Value:
    """atan2(y, x): the angle of the point (x, y), in radians."""
@overload
def atan2(y: Number, x: Value) -> Value: ...
@overload
def atan2(y: Number, x: Number) -> float: ...
@overload
def degrees(x: Value) -> Value:
    """degrees(x): radians to degrees."""
@overload
def degrees(x: Number) -> float: ...
@overload
def radians(x: Value) -> Value:
    """radians(x): degrees to radians."""
@overload
def radians(x: Number) -> float: ...
@overload
def sinh(x: Value) -> Value:
    """sinh(x): hyperbolic sine."""
@overload
def sinh(x: Number) -> float: ...
@overload
def cosh(x: Value) -> Value:
    """cosh(x): hyperbolic cosine."""
@overload
def cosh(x: Number) -> float: ...
@overload
def tanh(x: Value) -> Value:
    """tanh(x): hyperbolic tangent."""
@overload
def tanh(x: Number) -> float: ...
@overload
def asinh(x: Value) -> Value:
    """asinh(x): inverse hyperbolic sine."""
@overload
def asinh(x: Number) -> float: ...
@overload
def acosh(x: Value) -> Value:
    """acosh(x): inverse hyperbolic cosine."""
@overload
def acosh(x: Number) -> float: ...
@overload
def atanh(x: Value) -> Value:
    """atanh(x): inverse hyperbolic tangent."""
@overload
def atanh(x: Number) -> float: ...
@overload
def erf(x: Value) -> Value:
    """erf(x): error function."""
@overload
def erf(x: Number) -> float: ...
@overload
def erfc(x: Value) -> Value:
    """erfc(x): complementary error function."""
@overload
def erfc(x: Number) -> float: ...
@overload
def exp_minus_square(x: Value) -> Value:
    """exp_minus_square(x): e^(-x²), the slope of erf but for a factor, as a row of its own: what keeps its digits is no formula to differentiate."""
@overload
def exp_minus_square(x: Number) -> float: ...
@overload
def gamma(x: Value) -> Value:
    """gamma(x): gamma function, (x - 1)! at whole x."""
@overload
def gamma(x: Number) -> float: ...
@overload
def lgamma(x: Value) -> Value:
    """lgamma(x): logarithm of the absolute value of the gamma function."""
@overload
def lgamma(x: Number) -> float: ...
@overload
def digamma(x: Value) -> Value:
    """digamma(x): digamma function, the derivative of lgamma."""
@overload
def digamma(x: Number) -> float: ...
@overload
def polygamma(n: Value, x: Value | Number) -> Value:
    """polygamma(n, x): the derivative of order n of digamma, n a whole number."""
@overload
def polygamma(n: Number, x: Value) -> Value: ...
@overload
def polygamma(n: Number, x: Number) -> float: ...
@overload
def sigmoid(x: Value) -> Value:
    """sigmoid(x): 1 / (1 + e^-x)."""
@overload
def sigmoid(x: Number) -> float: ...
@overload
def sigmoid_slope(x: Value) -> Value:
    """sigmoid_slope(x): σ(x) σ(-x), the slope of σ as a row of its own: its own slope is odd, and would cancel near 0."""
@overload
def sigmoid_slope(x: Number) -> float: ...
@overload
def softplus(x: Value) -> Value:
    """softplus(x): log(1 + e^x)."""
@overload
def softplus(x: Number) -> float: ...
@overload
def relu_at(x: Value, at_zero: Value | Number) -> Value:
    """relu_at(x, at_zero): x if positive, else 0, with slope ``at_zero`` at 0."""
@overload
def relu_at(x: Number, at_zero: Value) -> Value: ...
@overload
def relu_at(x: Number, at_zero: Number) -> float: ...
@overload
def leaky_relu(x: Value, slope: Value | Number = 0.01) -> Value:
    """leaky_relu(x, slope=0.01): x if positive, else slope · x, with that slope at 0."""
@overload
def leaky_relu(x: Number, slope: Value) -> Value: ...
@overload
def leaky_relu(x: Number, slope: Number = 0.01) -> float: ...
@overload
def elu(x: Value, alpha: Value | Number = 1.0) -> Value:
    """elu(x, alpha=1): x if positive, else alpha (e^x - 1)."""
@overload
def elu(x: Number, alpha: Value) -> Value: ...
@overload
def elu(x: Number, alpha: Number = 1.0) -> float: ...
@overload
def gelu(x: Value) -> Value:
    """gelu(x): x Φ(x), Φ the standard normal distribution function."""
@overload
def gelu(x: Number) -> float: ...
@overload
def silu(x: Value) -> Value:
    """silu(x): x σ(x)."""
@overload
def silu(x: Number) -> float: ...
@overload
def bce(p: Value, y: Value | Number) -> Value:
    """bce(p, y): binary cross-entropy -[(1 - y) log(1 - p) + y log p] of a probability p."""
@overload
def bce(p: Number, y: Value) -> Value: ...
@overload
def bce(p: Number, y: Number) -> float: ...
@overload
def bce_with_logits(x: Value, y: Value | Number) -> Value:
    """bce_with_logits(x, y): binary cross-entropy of the probability σ(x)."""
@overload
def bce_with_logits(x: Number, y: Value) -> Value: ...
@overload
def bce_with_logits(x: Number, y: Number) -> float: ...
@overload
def where(condition: object, x: Value, y: Value | Number) -> Value:
    """where(condition, x, y): x if the condition holds, else y; the other one is no part of the graph."""
@overload
def where(condition: object, x: Number, y: Value) -> Value: ...
@overload
def where(condition: object, x: Number, y: Number) -> float: ...
@overload
def copysign(x: Value, y: Value | Number) -> Value:
    """copysign(x, y): the size of x with the sign of y."""
@overload
def copysign(x: Number, y: Value) -> Value: ...
@overload
def copysign(x: Number, y: Number) -> float: ...
@overload
def floor(x: Value) -> Value:
    """floor(x): the largest whole number not above x."""
@overload
def floor(x: Number) -> float: ...
@overload
def ceil(x: Value) -> Value:
    """ceil(x): the smallest whole number not below x."""
@overload
def ceil(x: Number) -> float: ...
@overload
def trunc(x: Value) -> Value:
    """trunc(x): x without its fraction."""
@overload
def trunc(x: Number) -> float: ...
@overload
def round(x: Value, digits: Value | Number = 0.0) -> Value:
    """round(x, digits=0): x rounded to so many decimals, halves to even, as Python's ``round``."""
@overload
def round(x: Number, digits: Value) -> Value: ...
@overload
def round(x: Number, digits: Number = 0.0) -> float: ...
@overload
def fmod(x: Value, y: Value | Number) -> Value:
    """fmod(x, y): x - y trunc(x / y), with the sign of x."""
@overload
def fmod(x: Number, y: Value) -> Value: ...
@overload
def fmod(x: Number, y: Number) -> float: ...
@overload
def remainder(x: Value, y: Value | Number) -> Value:
    """remainder(x, y): x - n y, n the whole number nearest to x / y, as IEEE 754."""
@overload
def remainder(x: Number, y: Value) -> Value: ...
@overload
def remainder(x: Number, y: Number) -> float: ...
@overload
def dist(p: Iterable[Number], q: Iterable[Number]) -> float:  # type: ignore[overload-overlap]
    """The Euclidean distance between two points, as ``math.dist``."""
@overload
def dist(p: Iterable[Value | Number], q: Iterable[Value | Number]) -> Value: ...
@overload
def dot(ws: Iterable[Number], xs: Iterable[Number], start: Number | None = None) -> float:  # type: ignore[overload-overlap]
    """start + Σ w x as one node: a neuron's pre-activation."""
@overload
def dot(ws: Iterable[Value | Number], xs: Iterable[Value | Number], start: Value | Number | None = None) -> Value: ...
@overload
def fsum(values: Iterable[Number]) -> float:  # type: ignore[overload-overlap]
    """The sum of numbers and Values with a single rounding, as ``math.fsum``."""
@overload
def fsum(values: Iterable[Value | Number]) -> Value: ...
@overload
def hypot(*xs: Number) -> float:  # type: ignore[overload-overlap]
    """√(Σ x²), the length of a vector, as ``math.hypot``."""
@overload
def hypot(*xs: Value | Number) -> Value: ...
@overload
def log(x: Value, base: Value | Number | None = None) -> Value:
    """Natural logarithm, or the logarithm to a base as ``log(x) / log(base)``."""
@overload
def log(x: Number, base: Value) -> Value: ...
@overload
def log(x: Number, base: Number | None = None) -> float: ...
@overload
def logsumexp(*values: Number | Iterable[Number]) -> float:  # type: ignore[overload-overlap]
    """log Σ e^x without overflow; its partials are the softmax."""
@overload
def logsumexp(*values: Value | Number | Iterable[Value | Number]) -> Value: ...
@overload
def maximum(*values: Number) -> float:  # type: ignore[overload-overlap]
    """The largest of numbers and Values; at a tie the first, as Python's ``max``."""
@overload
def maximum(*values: Value | Number) -> Value: ...
@overload
def mean(values: Iterable[Number]) -> float:  # type: ignore[overload-overlap]
    """The arithmetic mean of numbers and Values as one node."""
@overload
def mean(values: Iterable[Value | Number]) -> Value: ...
@overload
def minimum(*values: Number) -> float:  # type: ignore[overload-overlap]
    """The smallest of numbers and Values; at a tie the first, as Python's ``min``."""
@overload
def minimum(*values: Value | Number) -> Value: ...
@overload
def prod(values: Iterable[Number], *, start: Number = 1) -> float:  # type: ignore[overload-overlap]
    """The product of numbers and Values, multiplied left to right."""
@overload
def prod(values: Iterable[Value | Number], *, start: Value | Number = 1) -> Value: ...
@overload
def relu(x: Value, at_zero: Number = 0.0) -> Value:
    """x if positive, else 0."""
@overload
def relu(x: Number, at_zero: Number = 0.0) -> float: ...
@overload
def softmax_cross_entropy(xs: Iterable[Number], ys: Iterable[Number]) -> float:  # type: ignore[overload-overlap]
    """Σ y (log Σ e^x - x) of logits and labels, as one node: -Σ y log softmax(xs)."""
@overload
def softmax_cross_entropy(xs: Iterable[Value | Number], ys: Iterable[Value | Number]) -> Value: ...
@overload
def sum(values: Iterable[Number], start: Number = 0) -> float:  # type: ignore[overload-overlap]
    """The sum of numbers and Values as one node, added left to right."""
@overload
def sum(values: Iterable[Value | Number], start: Value | Number = 0) -> Value: ...
@overload
def fabs(x: Value) -> Value:
    """The absolute value, as ``math.fabs``."""
@overload
def fabs(x: Number) -> float: ...
@overload
def arcsin(x: Value) -> Value:
    """asin(x): arc sine in radians."""
@overload
def arcsin(x: Number) -> float: ...
@overload
def arccos(x: Value) -> Value:
    """acos(x): arc cosine in radians."""
@overload
def arccos(x: Number) -> float: ...
@overload
def arctan(x: Value) -> Value:
    """atan(x): arc tangent in radians."""
@overload
def arctan(x: Number) -> float: ...
@overload
def arctan2(y: Value, x: Value | Number) -> Value:
    """atan2(y, x): the angle of the point (x, y), in radians."""
@overload
def arctan2(y: Number, x: Value) -> Value: ...
@overload
def arctan2(y: Number, x: Number) -> float: ...
@overload
def arcsinh(x: Value) -> Value:
    """asinh(x): inverse hyperbolic sine."""
@overload
def arcsinh(x: Number) -> float: ...
@overload
def arccosh(x: Value) -> Value:
    """acosh(x): inverse hyperbolic cosine."""
@overload
def arccosh(x: Number) -> float: ...
@overload
def arctanh(x: Value) -> Value:
    """atanh(x): inverse hyperbolic tangent."""
@overload
def arctanh(x: Number) -> float: ...
@overload
def absolute(x: Value) -> Value:
    """abs(x): the absolute value of x, with slope 0 at 0, which higher derivatives follow: that of abs(x)**2 is 0 there."""
@overload
def absolute(x: Number) -> float: ...
@overload
def power(x: Value, y: Value | Number) -> Value:
    """pow(x, y): x to the power y, with slope 0 in x at y = 0 for every x."""
@overload
def power(x: Number, y: Value) -> Value: ...
@overload
def power(x: Number, y: Number) -> float: ...
@overload
def rint(x: Value, digits: Value | Number = 0.0) -> Value:
    """round(x, digits=0): x rounded to so many decimals, halves to even, as Python's ``round``."""
@overload
def rint(x: Number, digits: Value) -> Value: ...
@overload
def rint(x: Number, digits: Number = 0.0) -> float: ...
@overload
def deg2rad(x: Value) -> Value:
    """radians(x): degrees to radians."""
@overload
def deg2rad(x: Number) -> float: ...
@overload
def rad2deg(x: Value) -> Value:
    """degrees(x): radians to degrees."""
@overload
def rad2deg(x: Number) -> float: ...
