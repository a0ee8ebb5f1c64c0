/* Masks in COCO's compressed run-length code: runs of zeros and ones in turn, column by column, each as the difference
 * to the run before the last, in groups of five bits with the lowest first. */
#ifndef VISION_HARNESS_COCO_MASK_H
#define VISION_HARNESS_COCO_MASK_H

#include "kernels.h"

#define MASK_GROUPS 6 /* the most characters of one run: pixels are below 2^28 */

/* The intervals of ones in ascending order, [from, to) in pixels; `left` to `bottom` bound them, both ends included. */
typedef struct {
    int64_t *from, *to;
    int64_t n, area, left, top, right, bottom;
} Mask;

static inline void mask_add(Mask *mask, int64_t from, int64_t to, int64_t height) {
    int64_t left = from / height, right = (to - 1) / height, across = left != right;
    int64_t top = across ? 0 : from % height, bottom = across ? height - 1 : (to - 1) % height;
    if (mask->n == 0) mask->left = left, mask->top = top, mask->right = right, mask->bottom = bottom;
    if (top < mask->top) mask->top = top;
    if (bottom > mask->bottom) mask->bottom = bottom;
    mask->right = right;
    mask->area += to - from;
    mask->from[mask->n] = from;
    mask->to[mask->n++] = to;
}

/* Decodes `length` characters of a mask of height * width pixels; `from` and `to` must hold `length` intervals.
 * Returns whether the code is whole, its runs are not negative, and they fill the image exactly. */
static inline int mask_decode(Mask *mask, const uint8_t *code, int64_t length, int64_t height, int64_t width) {
    int64_t at = 0, run[3] = {0, 0, 0};
    mask->n = mask->area = mask->left = mask->top = mask->right = mask->bottom = 0;
    for (int64_t p = 0, m = 0; p < length; m++) {
        int64_t value = 0;
        int group = 0, more = 1;
        for (; more; group++, p++) {
            if (p == length || group == MASK_GROUPS || code[p] < 48 || code[p] > 111) return 0;
            value |= (int64_t)((code[p] - 48) & 0x1f) << 5 * group;
            more = (code[p] - 48) & 0x20;
        }
        if ((code[p - 1] - 48) & 0x10) value -= (int64_t)1 << 5 * group;
        if (m > 2) value += run[(m - 2) % 3];
        if (value < 0 || value > height * width - at) return 0;
        run[m % 3] = value;
        if (m % 2 && value > 0) mask_add(mask, at, at + value, height);
        at += value;
    }
    return at == height * width;
}

/* IoU of a detection's mask with another of the same image; for a crowd the union is the detection's own area. */
static inline double mask_iou(const Mask *mask, const Mask *other, int crowd) {
    if (mask->n == 0 || other->n == 0 || mask->left > other->right || other->left > mask->right ||
        mask->top > other->bottom || other->top > mask->bottom)
        return 0;
    int64_t common = 0;
    for (int64_t a = 0, b = 0; a < mask->n && b < other->n;) {
        int64_t from = mask->from[a] > other->from[b] ? mask->from[a] : other->from[b];
        int64_t to = mask->to[a] < other->to[b] ? mask->to[a] : other->to[b];
        if (from < to) common += to - from;
        if (mask->to[a] < other->to[b]) a++;
        else b++;
    }
    return common ? (double)common / (double)(crowd ? mask->area : mask->area + other->area - common) : 0;
}

#endif
