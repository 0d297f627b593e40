/* Elementary functions without branches, for ``exact=False``: the compiler turns them
   into vector instructions. Within 4 units in the last place of the true value, which
   ``tests/autograd/native/test_elementary.py`` holds against mpmath.

   Reduction to a small interval, and there a polynomial: Taylor series where they
   suffice, and for erfc the Chebyshev interpolation of (1 + 2x) e^(x²) erfc(x) in
   t = (x - 3.75) / (x + 3.75), after Shepherd and Laframboise (1981), whose
   coefficients were computed anew with mpmath. */

#ifndef AUTOGRAD_ELEMENTARY_H
#define AUTOGRAD_ELEMENTARY_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__clang__)
#define UNROLL_FULLY _Pragma("unroll")
#elif defined(__GNUC__)
#define UNROLL_FULLY _Pragma("GCC unroll 32")
#else
#define UNROLL_FULLY
#endif

/* Bits are counted without a sign: what a nan makes of them wraps, and is not used. */
static inline uint64_t
to_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double
from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 2^n for whole n in [-1022, 1023]. */
static inline double
power_of_two(uint64_t n)
{
    return from_bits((n + 1023) << 52);
}

/* x = n log 2 + rest with whole n and |rest| <= log(2) / 2, for |x| < 2^20. Adding
   1.5 2^52 rounds to a whole number, which then stands in the last bits. */
typedef struct {
    uint64_t n;
    double rest;
} Reduced;

static inline Reduced
reduce(double x)
{
    const double shift = 6755399441055744.0;
    const double shifted = x * 1.4426950408889634 + shift, n = shifted - shift;
    const double rest = (x - n * 0.6931471803691238) - n * 1.9082149292705877e-10;
    return (Reduced){to_bits(shifted) - to_bits(shift), rest};
}

/* (e^x - 1 - x) / x² for |x| <= log(2) / 2: terms up to x^13 / 13! of e^x. */
static inline double
exponential_rest(double x)
{
    double p = 1.6059043836821613e-10;
    p = p * x + 2.08767569878681e-09;
    p = p * x + 2.505210838544172e-08;
    p = p * x + 2.755731922398589e-07;
    p = p * x + 2.7557319223985893e-06;
    p = p * x + 2.48015873015873e-05;
    p = p * x + 0.0001984126984126984;
    p = p * x + 0.001388888888888889;
    p = p * x + 0.008333333333333333;
    p = p * x + 0.041666666666666664;
    p = p * x + 0.16666666666666666;
    return p * x + 0.5;
}

static inline double
vector_exp(double x)
{
    const double inside = x > 710.0 ? 710.0 : x < -746.0 ? -746.0 : x; /* nan stays */
    const Reduced r = reduce(inside);
    const double p = 1.0 + (r.rest + r.rest * r.rest * exponential_rest(r.rest));
    const uint64_t half = ((r.n + 4096) >> 1) - 2048; /* two steps: 2^n may underflow */
    return p * power_of_two(half) * power_of_two(r.n - half);
}

static inline double
vector_expm1(double x)
{
    const double inside = x > 40.0 ? 40.0 : x < -40.0 ? -40.0 : x;
    const Reduced r = reduce(inside);
    const double scale = power_of_two(r.n);
    const double p = r.rest + r.rest * r.rest * exponential_rest(r.rest);
    const double small = scale * p + (scale - 1.0);
    return x > 40.0 ? vector_exp(x) : x == 0.0 ? x : small;
}

static inline double
vector_tanh(double x)
{
    const double size = fabs(x) > 22.0 ? 22.0 : fabs(x);
    const double e = vector_expm1(2.0 * size);
    const double t = e / (e + 2.0);
    return copysign(x != x ? x : t, x);
}

/* log of a finite x > 0: x = 2^n m with m near 1, and log m = 2 atanh(s),
   s = (m - 1) / (m + 1). */
static inline double
log_of_normal(double x, double n)
{
    const uint64_t bits = to_bits(x);
    /* The exponent grows by one where the fraction is above that of the root of 2. */
    const uint64_t fraction = bits & 0x000fffffffffffff;
    const uint64_t up = (fraction + 0x00095f6400000000) >> 52;
    const uint64_t e = (bits >> 52) + up - 1023;
    const double m = from_bits(bits - (e << 52));
    const double f = m - 1.0;
    /* A whole number below 2^51 to a double, without an instruction for it. */
    n += from_bits(e + to_bits(6755399441055744.0)) - 6755399441055744.0;
    const double s = f / (m + 1.0), q = s * s;
    double p = 0.08695652173913043;
    p = p * q + 0.09523809523809523;
    p = p * q + 0.10526315789473684;
    p = p * q + 0.11764705882352941;
    p = p * q + 0.13333333333333333;
    p = p * q + 0.15384615384615385;
    p = p * q + 0.18181818181818182;
    p = p * q + 0.2222222222222222;
    p = p * q + 0.2857142857142857;
    p = p * q + 0.4;
    p = p * q + 0.6666666666666666;
    /* 2 s = f - f s is exact in f, which matters near x = 1. */
    const double rest = s * (q * p - f);
    return n * 0.6931471803691238 + (f + (rest + n * 1.9082149292705877e-10));
}

static inline double
vector_log(double x)
{
    const int subnormal = x < 2.2250738585072014e-308;
    const double normal = subnormal ? x * 18014398509481984.0 : x;
    const double z = log_of_normal(normal, subnormal ? -54.0 : 0.0);
    const double edge = x == 0.0 ? -INFINITY : x < 0.0 ? NAN : x; /* inf, nan */
    return x > 0.0 && x < INFINITY ? z : edge;
}

static inline double
vector_log1p(double x)
{
    const double u = 1.0 + x;
    const double lost = (x - (u - 1.0)) / u; /* what rounding u took away */
    const double z = vector_log(u) + lost;
    return fabs(x) < 1e-16 ? x : u > 0.0 && u < INFINITY ? z : vector_log(u);
}

/* (1 + 2x) e^(x²) erfc(x) for x >= 0 */
static inline double
scaled_erfc(double x)
{
    static const double c[] = {
        1.2375126308378275, -0.14024059858554697, 0.0035854154854644293,
        0.0822767384901452, -0.10880393014174886, 0.09230432116037748,
        -0.05869339858963677, 0.028362277418956406, -0.009746579558029276,
        0.0017556258528952954, 0.0002937136655913448, -0.0002901540805408417,
        5.164909889268241e-05, 2.238423915508223e-05, -1.1444146237700524e-05,
        -9.73559896736775e-07, 1.751637648849062e-06, -5.7218230603224086e-08,
        -2.5866850716155884e-07, 2.3263508708859124e-08, 3.8675334242222354e-08,
        -3.744210080962018e-09, -5.1739902140113095e-09, 3.1114333809799254e-10,
        4.2514714447963895e-10};
    const double t = (x - 3.75) / (x + 3.75);
    double p = c[24];
    UNROLL_FULLY
    for (int i = 23; i >= 0; i--) {
        p = p * t + c[i];
    }
    return p;
}

/* erf(x) for |x| < 1/2, by its series. */
static inline double
small_erf(double x)
{
    static const double c[] = {
        1.1283791670955126, -0.37612638903183754, 0.11283791670955126,
        -0.026866170645131252, 0.005223977625442188, -0.0008548327023450853,
        0.00012055332981789664, -1.492565035840625e-05, 1.6462114365889248e-06,
        -1.6365844691234924e-07, 1.4807192815879218e-08, -1.2290555301717928e-09,
        9.422759064650411e-11, -6.7113668551641105e-12};
    const double q = x * x;
    double p = c[13];
    UNROLL_FULLY
    for (int i = 12; i >= 0; i--) {
        p = p * q + c[i];
    }
    return x * p;
}

/* erfc(|x|), by e^(-x²); its units in the last place are large where it is near 1. */
static inline double
tail_erfc(double x)
{
    const double size = fabs(x) > 28.0 ? 28.0 : fabs(x);
    /* x² in two parts: the square of its first half is exact. */
    const double head = from_bits(to_bits(size) & ~(uint64_t)0x7ffffff);
    const double d = (head - size) * (head + size);
    const double tail = d + d * d * (0.5 + d * 0.16666666666666666);
    const double e = vector_exp(-head * head);
    const double y = e * (scaled_erfc(size) / (1.0 + 2.0 * size));
    return y + y * tail;
}

static inline double
vector_erfc(double x)
{
    const double tail = tail_erfc(x), large = x < 0.0 ? 2.0 - tail : tail;
    return x != x ? x : fabs(x) < 0.5 ? 1.0 - small_erf(x) : large;
}

static inline double
vector_erf(double x)
{
    const double large = copysign(1.0 - tail_erfc(x), x);
    return x != x ? x : fabs(x) < 0.5 ? small_erf(x) : large;
}

#endif
