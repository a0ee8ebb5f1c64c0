/* Which face every detection overlaps most, as WIDER FACE's evaluation asks. */
#include "kernels.h"

/* Overlap of two boxes x, y, width, height, in the order of operations that decides its last digit: the far corner is
 * x + width, and every side is one pixel longer than the difference of its corners. */
static double overlap(const double *a, const double *b) {
    double ax = a[0] + a[2], ay = a[1] + a[3], bx = b[0] + b[2], by = b[1] + b[3];
    double width = (ax < bx ? ax : bx) - (a[0] > b[0] ? a[0] : b[0]) + 1;
    if (width <= 0) return 0;
    double height = (ay < by ? ay : by) - (a[1] > b[1] ? a[1] : b[1]) + 1;
    if (height <= 0) return 0;
    double common = width * height;
    return common / ((ax - a[0] + 1) * (ay - a[1] + 1) + (bx - b[0] + 1) * (by - b[1] + 1) - common);
}

/* For each detection the row of the face in its image that it overlaps most, the first of equals, if that is at least
 * `threshold`; else -1. Boxes are (n, 4); image i has the rows offsets[i] .. offsets[i + 1]. */
API int64_t wider_match(int64_t n_images, const int64_t *offsets, const double *boxes, const int64_t *truth_offsets,
                        const double *truth_boxes, double threshold, int64_t *matched) {
    for (int64_t i = 0; i < n_images; i++)
        for (int64_t d = offsets[i]; d < offsets[i + 1]; d++) {
            double best = 0;
            int64_t face = -1;
            for (int64_t g = truth_offsets[i]; g < truth_offsets[i + 1]; g++) {
                double found = overlap(boxes + 4 * d, truth_boxes + 4 * g);
                if (found > best) best = found, face = g;
            }
            matched[d] = best >= threshold ? face : -1;
        }
    return 0;
}
