/* The kernels for processors of the x86 family with vectors of 256 bits. */

#include "kernels.h"

#ifdef AUTOGRAD_X86_KERNELS
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif
#define WIDTH 4
#define KERNELS kernels_avx2
#include "kernels_body.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int nothing; /* a file must declare something */
#endif
