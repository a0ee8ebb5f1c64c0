/* Greedy suppression of overlapping boxes in single precision, as the detectors' CPU code that TinyPerson merges with. */
#include <stdlib.h>

#include "kernels.h"

/* Boxes x1, y1, x2, y2 (n) with a pixel's extra width, in one group for each image (`starts`, n_groups + 1); `order`
 * lists each group's boxes by descending score. Clears `kept` (n) of every box that a better one, still kept, overlaps by
 * `threshold` or more. Returns 0, or -1 without memory. */
API int64_t tiny_merge(int64_t n_groups, const int64_t *starts, const float *boxes, const int64_t *order,
                       double threshold, uint8_t *kept) {
    float *areas = malloc((size_t)(starts[n_groups] + 1) * sizeof *areas), limit = (float)threshold;
    if (!areas) return -1;
    for (int64_t i = 0; i < starts[n_groups]; i++) {
        const float *box = boxes + 4 * i;
        areas[i] = (box[2] - box[0] + 1) * (box[3] - box[1] + 1);
        kept[i] = 1;
    }
    for (int64_t group = 0; group < n_groups; group++)
        for (int64_t a = starts[group]; a < starts[group + 1]; a++) {
            const float *best = boxes + 4 * order[a];
            if (!kept[order[a]]) continue;
            for (int64_t b = a + 1; b < starts[group + 1]; b++) {
                const float *box = boxes + 4 * order[b];
                if (!kept[order[b]]) continue;
                float left = best[0] > box[0] ? best[0] : box[0], top = best[1] > box[1] ? best[1] : box[1];
                float right = best[2] < box[2] ? best[2] : box[2], bottom = best[3] < box[3] ? best[3] : box[3];
                float width = right - left + 1, height = bottom - top + 1;
                float shared = (width > 0 ? width : 0) * (height > 0 ? height : 0);
                if (shared / (areas[order[a]] + areas[order[b]] - shared) >= limit) kept[order[b]] = 0;
            }
        }
    free(areas);
    return 0;
}
