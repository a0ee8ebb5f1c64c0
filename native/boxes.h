/* Overlaps of boxes x, y, width, height, without a pixel's extra width. */
#ifndef VISION_HARNESS_BOXES_H
#define VISION_HARNESS_BOXES_H

#include "kernels.h"

/* The area that two boxes share. */
static inline double box_intersection(const double *a, const double *b) {
    double a_right = a[0] + a[2], a_bottom = a[1] + a[3], b_right = b[0] + b[2], b_bottom = b[1] + b[3];
    double width = (a_right < b_right ? a_right : b_right) - (a[0] > b[0] ? a[0] : b[0]);
    double height = (a_bottom < b_bottom ? a_bottom : b_bottom) - (a[1] > b[1] ? a[1] : b[1]);
    return width <= 0 || height <= 0 ? 0 : width * height;
}

#endif
