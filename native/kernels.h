/* What every kernel shares. The library has a flat C interface without Python.h and is called through ctypes:
 * arrays are contiguous, their lengths are passed beside them, and the caller owns all memory.
 * Floating-point expressions are evaluated as written (the build forbids contraction), so that the digits
 * do not depend on the compiler. */
#ifndef VISION_HARNESS_KERNELS_H
#define VISION_HARNESS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define API __attribute__((visibility("default")))

#endif
