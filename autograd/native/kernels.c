/* The kernels for any processor; and how many functions of rows there are. */

#if defined(__GNUC__)
#define WIDTH 2
#else
#define WIDTH 1
#endif
#define KERNELS kernels_portable
#include "kernels_body.h"

const int lane_functions = LANE_FUNCTIONS;
