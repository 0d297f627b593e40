/* The kernels of 512 bits for ``exact=False``: fused, with vector functions. */

#include "kernels.h"

#ifdef AUTOGRAD_X86_KERNELS
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl"))), apply_to = function)
#pragma clang fp contract(fast)
#else
#pragma GCC target("avx512f,avx512dq,avx512vl,prefer-vector-width=512")
#pragma GCC optimize("fp-contract=fast", "no-trapping-math")
#endif
#define FAST 1
#define WIDTH 8
#define KERNELS kernels_avx512_fast
#include "kernels_body.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int nothing; /* a file must declare something */
#endif
