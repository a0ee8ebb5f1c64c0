/* Precision and recall over all images, as pycocotools' COCOeval.accumulate computes them. */
#include <stdlib.h>

#include "coco_curve.h"

/* Detections come grouped by category (`starts`, n_categories + 1) and, inside, by descending score with ties in image
 * and rank order; `positive` and `ignored` are (n, n_areas) bit masks over thresholds, `n_truth` is (n_categories,
 * n_areas), `limits` the n_limits maximal ranks. Fills precision (thresholds, recalls, categories, areas, limits) and
 * recall (thresholds, categories, areas, limits); cells of categories without ground truth stay as they are.
 * Returns 0, or -1 without memory. */
API int64_t coco_accumulate(int64_t n_categories, int64_t n_areas, int64_t n_limits, int64_t n_thresholds,
                            int64_t n_recalls, const double *recalls, const int64_t *limits, const int64_t *starts,
                            const int32_t *rank, const uint16_t *positive, const uint16_t *ignored,
                            const int64_t *n_truth, double *precision, double *recall) {
    int64_t longest = 1;
    for (int64_t k = 0; k < n_categories; k++)
        if (starts[k + 1] - starts[k] > longest) longest = starts[k + 1] - starts[k];
    Curves curves;
    if (!curves_allocate(&curves, n_thresholds, longest, n_recalls)) return -1;
    for (int64_t cell = 0; cell < n_categories * n_areas * n_limits; cell++) {
        int64_t k = cell / (n_areas * n_limits), a = cell / n_limits % n_areas, m = cell % n_limits;
        int64_t cells = n_categories * n_areas * n_limits;
        if (n_truth[k * n_areas + a] == 0) continue;
        curves_start(&curves, n_truth[k * n_areas + a], recalls);
        for (int64_t d = starts[k]; d < starts[k + 1]; d++) {
            if (rank[d] >= limits[m]) continue;
            uint16_t hit = positive[d * n_areas + a], skip = ignored[d * n_areas + a];
            curves_add(&curves, hit, (uint16_t)~(hit | skip), 1);
        }
        for (int64_t t = 0; t < n_thresholds; t++) {
            recall[t * cells + cell] = curves.found[t] / curves.n_truth;
            curves_interpolate(&curves, t, precision + t * n_recalls * cells + cell, cells);
        }
    }
    curves_free(&curves);
    return 0;
}
