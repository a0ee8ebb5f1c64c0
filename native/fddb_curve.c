/* FDDB's continuous curve: at every score the sum over all images, added in their order as the official code does. */
#include <stdlib.h>

#include "kernels.h"

/* Places computed at a time, so that each image's value is read once for all of them. */
enum { BLOCK = 16 };

/* Steps ascend by `place`, one image's at most once a place; `values` is what the image has from there on. Writes the sums
 * of the images' values at each of `n_places` places. Returns 0, or -1. */
API int64_t fddb_curve(int64_t n_images, int64_t n_steps, const int32_t *place, const int32_t *image,
                       const double *values, int64_t n_places, double *sums) {
    double *now = calloc((size_t)n_images * BLOCK + 1, sizeof *now);
    if (!now) return -1;
    int64_t step = 0;
    for (int64_t first = 0; first < n_places; first += BLOCK) {
        int64_t begun = step;
        for (; step < n_steps && place[step] < first + BLOCK; step++)
            for (int64_t k = place[step] - first; k < BLOCK; k++) now[(int64_t)image[step] * BLOCK + k] = values[step];
        double sum[BLOCK] = {0};
        for (int64_t i = 0; i < n_images; i++)
            for (int k = 0; k < BLOCK; k++) sum[k] += now[i * BLOCK + k];
        for (int64_t k = 0; k < BLOCK && first + k < n_places; k++) sums[first + k] = sum[k];
        for (; begun < step; begun++) {
            double *row = now + (int64_t)image[begun] * BLOCK;
            for (int k = 0; k < BLOCK; k++) row[k] = row[BLOCK - 1];
        }
    }
    free(now);
    return 0;
}
