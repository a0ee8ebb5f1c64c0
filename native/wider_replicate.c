/* How many marks lie in each bin or an earlier one, when every image counts as often as a resample drew it. */
#include <stdlib.h>

#include "kernels.h"

enum { ROWS = 32, SAFE = 1 << 16 };

/* Adds a run of marks; 65,536 of them, each at most 65,535 times, stay below 2^32. */
static void add_marks(const int32_t *image, int64_t n, const uint16_t *weights, int64_t *total) {
    uint32_t sum[ROWS] = {0};
    for (int64_t i = 0; i < n; i++) {
        const uint16_t *row = weights + (int64_t)image[i] * ROWS;
        for (int r = 0; r < ROWS; r++) sum[r] += row[r];
    }
    for (int r = 0; r < ROWS; r++) total[r] += sum[r];
}

/* `image` (marks), by ascending bin, says whose each mark is; bin k has the marks starts[k] .. starts[k + 1].
 * Writes counts (n_replicates, n_bins). Returns 0, or -1 without memory. */
API int64_t wider_replicate(int64_t n_replicates, int64_t n_images, const uint16_t *weights, int64_t n_bins,
                            const int64_t *starts, const int32_t *image, int64_t *counts) {
    /* ROWS resamples at a time, an image's weights side by side. */
    uint16_t *block = malloc((size_t)(n_images * ROWS) * sizeof *block + 1);
    if (!block) return -1;
    for (int64_t first = 0; first < n_replicates; first += ROWS) {
        int64_t rows = n_replicates - first < ROWS ? n_replicates - first : ROWS, total[ROWS] = {0};
        for (int64_t i = 0; i < n_images; i++)
            for (int64_t r = 0; r < ROWS; r++)
                block[i * ROWS + r] = r < rows ? weights[(first + r) * n_images + i] : 0;
        for (int64_t k = 0; k < n_bins; k++) {
            for (int64_t at = starts[k]; at < starts[k + 1]; at += SAFE) {
                int64_t left = starts[k + 1] - at;
                add_marks(image + at, left < SAFE ? left : SAFE, block, total);
            }
            for (int64_t r = 0; r < rows; r++) counts[(first + r) * n_bins + k] = total[r];
        }
    }
    free(block);
    return 0;
}
