/* Which face every detection overlaps most, as WIDER FACE's evaluation asks. */
#include "boxes.h"

/* For each detection the row of the face in its image that it overlaps most, the first of equals, if that is at least
 * `threshold`; else -1. Boxes are x1, y1, x2, y2, (n, 4); image i has the rows offsets[i] .. offsets[i + 1]. */
API int64_t wider_match(int64_t n_images, const int64_t *offsets, const double *boxes, const int64_t *truth_offsets,
                        const double *truth_boxes, double threshold, int64_t *matched) {
    for (int64_t i = 0; i < n_images; i++)
        for (int64_t d = offsets[i]; d < offsets[i + 1]; d++) {
            double best = 0;
            int64_t face = -1;
            for (int64_t g = truth_offsets[i]; g < truth_offsets[i + 1]; g++) {
                double found = box_overlap_inclusive(boxes + 4 * d, truth_boxes + 4 * g);
                if (found > best) best = found, face = g;
            }
            matched[d] = best >= threshold ? face : -1;
        }
    return 0;
}
