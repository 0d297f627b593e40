/* Python's arithmetic on floats where C has another one. */

#ifndef AUTOGRAD_FLOATS_H
#define AUTOGRAD_FLOATS_H

#include <math.h>

/* Python's float ``x % y``: fmod, moved to the sign of y. */
static inline double
modulo(double x, double y)
{
    double rest = fmod(x, y);
    if (rest != 0.0) {
        return (y < 0.0) != (rest < 0.0) ? rest + y : rest;
    }
    return copysign(0.0, y);
}

/* Python's float ``x // y``; at y = 0 the quotient, which is inf or nan. */
static inline double
floor_divide(double x, double y)
{
    if (y == 0.0) {
        return x / y;
    }
    double rest = fmod(x, y);
    double quotient = (x - rest) / y; /* whole, but for rounding */
    if (rest != 0.0 && (y < 0.0) != (rest < 0.0)) {
        quotient -= 1.0;
    }
    if (quotient == 0.0) {
        return copysign(0.0, x / y);
    }
    double whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}

#endif
