/* The kernels for processors of the x86 family with vectors of 512 bits. */

#include "kernels.h"

#ifdef AUTOGRAD_X86_KERNELS
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512vl,prefer-vector-width=512")
#endif
#define WIDTH 8
#define KERNELS kernels_avx512
#include "kernels_body.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int nothing; /* a file must declare something */
#endif
