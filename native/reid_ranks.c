/* Ranking a gallery for person re-identification without sorting it, for distances in single and double precision. */
#include <float.h>
#include <stdlib.h>

#include "kernels.h"

#define NUMBER float
#define LARGEST FLT_MAX
#define NAME(x) x##_f32
#include "reid_rank.h"
#undef NUMBER
#undef LARGEST
#undef NAME

#define NUMBER double
#define LARGEST DBL_MAX
#define NAME(x) x##_f64
#include "reid_rank.h"
