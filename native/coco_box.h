/* IoU of boxes as pycocotools computes it: no extra pixel in width and height. */
#ifndef VISION_HARNESS_COCO_BOX_H
#define VISION_HARNESS_COCO_BOX_H

#include "kernels.h"

/* IoU of one box with `n` others, all x, y, width, height; for a crowd the union is the detection's own area. */
static inline void box_iou_row(const double *box, int64_t n, const double *others, const uint8_t *crowd,
                               double *iou) {
    double area = box[2] * box[3], right = box[0] + box[2], bottom = box[1] + box[3];
    for (int64_t g = 0; g < n; g++) {
        const double *other = others + 4 * g;
        double other_right = other[0] + other[2], other_bottom = other[1] + other[3];
        double width = (right < other_right ? right : other_right) - (box[0] > other[0] ? box[0] : other[0]);
        double height = (bottom < other_bottom ? bottom : other_bottom) - (box[1] > other[1] ? box[1] : other[1]);
        iou[g] = 0;
        if (width <= 0 || height <= 0) continue;
        double intersection = width * height;
        iou[g] = intersection / (crowd[g] ? area : area + other[2] * other[3] - intersection);
    }
}

#endif
