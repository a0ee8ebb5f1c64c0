/* Overlaps of boxes. */
#ifndef VISION_HARNESS_BOXES_H
#define VISION_HARNESS_BOXES_H

#include "kernels.h"

/* The area that two boxes x, y, width, height share, without a pixel's extra width. */
static inline double box_intersection(const double *a, const double *b) {
    double a_right = a[0] + a[2], a_bottom = a[1] + a[3], b_right = b[0] + b[2], b_bottom = b[1] + b[3];
    double width = (a_right < b_right ? a_right : b_right) - (a[0] > b[0] ? a[0] : b[0]);
    double height = (a_bottom < b_bottom ? a_bottom : b_bottom) - (a[1] > b[1] ? a[1] : b[1]);
    return width <= 0 || height <= 0 ? 0 : width * height;
}

/* Intersection over union of boxes x1, y1, x2, y2 whose corners are pixels that belong to them (Pascal VOC, WIDER FACE),
 * in the order of operations that decides its last digit. */
static inline double box_overlap_inclusive(const double *a, const double *b) {
    double width = (a[2] < b[2] ? a[2] : b[2]) - (a[0] > b[0] ? a[0] : b[0]) + 1;
    if (width <= 0) return 0;
    double height = (a[3] < b[3] ? a[3] : b[3]) - (a[1] > b[1] ? a[1] : b[1]) + 1;
    if (height <= 0) return 0;
    double common = width * height;
    return common / ((a[2] - a[0] + 1) * (a[3] - a[1] + 1) + (b[2] - b[0] + 1) * (b[3] - b[1] + 1) - common);
}

#endif
