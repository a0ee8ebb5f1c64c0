/* Precision-recall curves of one category at several IoU thresholds, grown detection by detection.
 *
 * Precision falls between true positives, so its envelope, which is all that the interpolation at fixed recalls reads,
 * is decided at the true positives. A curve keeps one point for each of them. */
#ifndef VISION_HARNESS_COCO_CURVE_H
#define VISION_HARNESS_COCO_CURVE_H

#include <stdlib.h>

#include "kernels.h"

#define MAX_THRESHOLDS 16
#define ALL_THRESHOLDS ((uint16_t)0xffff)

typedef struct {
    int64_t n_thresholds, n_recalls, capacity;
    double n_truth;               /* ground truths that count */
    double common;                /* false positives at every threshold */
    double extra[MAX_THRESHOLDS]; /* further false positives at one */
    double found[MAX_THRESHOLDS]; /* true positives so far */
    int64_t n_points[MAX_THRESHOLDS];
    double *point_found, *point_precision; /* (n_thresholds, capacity) */
    double *needed;                        /* (n_recalls): true positives that reach each recall */
} Curves;

static inline int curves_allocate(Curves *curves, int64_t n_thresholds, int64_t capacity, int64_t n_recalls) {
    size_t points = (size_t)(n_thresholds * capacity);
    curves->n_thresholds = n_thresholds;
    curves->n_recalls = n_recalls;
    curves->capacity = capacity;
    curves->point_found = malloc((2 * points + (size_t)n_recalls) * sizeof(double));
    if (!curves->point_found) return 0;
    curves->point_precision = curves->point_found + points;
    curves->needed = curves->point_precision + points;
    return 1;
}

static inline void curves_free(Curves *curves) { free(curves->point_found); }

/* Starts anew for a category with `n_truth` > 0 ground truths; `recalls` ascend. */
static inline void curves_start(Curves *curves, int64_t n_truth, const double *recalls) {
    curves->n_truth = (double)n_truth;
    curves->common = 0;
    for (int64_t t = 0; t < curves->n_thresholds; t++) {
        curves->extra[t] = curves->found[t] = 0;
        curves->n_points[t] = 0;
    }
    for (int64_t r = 0; r < curves->n_recalls; r++) {
        /* The official rule is found / n_truth >= recall in floating point; the product only comes near. */
        double count = (double)(int64_t)(recalls[r] * curves->n_truth);
        while (count > 0 && (count - 1) / curves->n_truth >= recalls[r]) count--;
        while (count / curves->n_truth < recalls[r]) count++;
        /* Recall 0 reads the envelope's first value, which is that of the first true positive. */
        curves->needed[r] = count > 1 ? count : 1;
    }
}

/* `copies` equal detections in a row: true positives at the thresholds in `hit`, false ones at those in `miss`, whose
 * bits beyond the last threshold are free.
 * Among the copies of a true positive the last has the highest precision, so it alone is kept. */
static inline void curves_add(Curves *curves, uint16_t hit, uint16_t miss, double copies) {
    if (!hit && miss == ALL_THRESHOLDS) {
        curves->common += copies;
        return;
    }
    for (int64_t t = 0; t < curves->n_thresholds; t++) {
        if (miss >> t & 1) curves->extra[t] += copies;
        if (!(hit >> t & 1)) continue;
        double found = curves->found[t] += copies;
        int64_t point = t * curves->capacity + curves->n_points[t]++;
        curves->point_found[point] = found;
        /* The addends and their order are the official ones: they decide the last digit. */
        curves->point_precision[point] = found / (curves->common + curves->extra[t] + found + 0x1p-52);
    }
}

/* Writes the interpolated precision of threshold `t` at every recall to out[0], out[stride], ... */
static inline void curves_interpolate(const Curves *curves, int64_t t, double *out, int64_t stride) {
    const double *found = curves->point_found + t * curves->capacity;
    const double *precision = curves->point_precision + t * curves->capacity;
    int64_t point = curves->n_points[t] - 1;
    double envelope = 0;
    for (int64_t r = curves->n_recalls - 1; r >= 0; r--) {
        for (; point >= 0 && found[point] >= curves->needed[r]; point--)
            if (precision[point] > envelope) envelope = precision[point];
        out[r * stride] = envelope;
    }
}

#endif
