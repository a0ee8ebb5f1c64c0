#include "kernels.h"

#ifndef SOURCE_DIGEST
#define SOURCE_DIGEST "unknown"
#endif

/* The SHA-256 of the sources that this library was built from, so that a stale build is noticed. */
API const char *kernels_source_digest(void) { return SOURCE_DIGEST; }
