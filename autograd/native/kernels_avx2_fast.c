/* The kernels of 256 bits for ``exact=False``: fused, with vector functions. */

#include "kernels.h"

#ifdef AUTOGRAD_X86_KERNELS
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#pragma clang fp contract(fast)
#else
#pragma GCC target("avx2,fma")
#pragma GCC optimize("fp-contract=fast", "no-trapping-math")
#endif
#define FAST 1
#define WIDTH 4
#define KERNELS kernels_avx2_fast
#include "kernels_body.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int nothing; /* a file must declare something */
#endif
