/* Precision and recall when every image counts as often as a resample drew it. */
#include <stdlib.h>

#include "coco_curve.h"

/* One area range's detections, by category and, inside, in the order of coco_accumulate.
 * `plain` are false positives at every threshold: only their image matters. `events` are the others. Event e comes
 * after the plain ones before `plain_end[e]` of its category. `block[e]` > 1 says that it and the following are
 * detections of one image with one score (plain ones among them are events, too): the copies of the image are
 * images of their own, one after the other, so the whole block repeats. */
typedef struct {
    const int64_t *plain_starts, *event_starts; /* (n_categories + 1) */
    const int32_t *plain_image, *event_image;
    const int64_t *plain_end;
    const int32_t *block;
    const uint16_t *hit, *miss;
    const uint8_t *level; /* the first of the limits that the event's rank is below */
} Events;

static double total_weight(const int32_t *images, int64_t from, int64_t to, const uint16_t *weights) {
    uint64_t sum = 0;
    for (int64_t i = from; i < to; i++) sum += weights[images[i]];
    return (double)sum;
}

static void count_levels(double *levels, int64_t n_thresholds, uint16_t hit, uint8_t level, double copies) {
    for (int64_t t = 0; t < n_thresholds; t++)
        if (hit >> t & 1) levels[level * n_thresholds + t] += copies;
}

static void grow_category(Curves *curves, const Events *events, int64_t k, const uint16_t *weights, double *levels) {
    int64_t plain = events->plain_starts[k], e = events->event_starts[k], end = events->event_starts[k + 1];
    while (e < end) {
        int64_t length = events->block[e];
        uint16_t copies = weights[events->event_image[e]];
        curves->common += total_weight(events->plain_image, plain, events->plain_end[e], weights);
        plain = events->plain_end[e];
        if (copies && length == 1) {
            curves_add(curves, events->hit[e], events->miss[e], copies);
            count_levels(levels, curves->n_thresholds, events->hit[e], events->level[e], copies);
        } else if (copies) {
            for (uint16_t copy = 0; copy < copies; copy++)
                for (int64_t i = e; i < e + length; i++) {
                    curves_add(curves, events->hit[i], events->miss[i], 1);
                    count_levels(levels, curves->n_thresholds, events->hit[i], events->level[i], 1);
                }
        }
        e += length;
    }
}

/* The most points that one category's curve can have, given the highest weight. */
static int64_t capacity(const Events *events, int64_t n_categories, int64_t heaviest) {
    int64_t most = 1;
    for (int64_t k = 0; k < n_categories; k++) {
        int64_t points = 0;
        for (int64_t e = events->event_starts[k]; e < events->event_starts[k + 1]; e += events->block[e])
            points += events->block[e] == 1 ? 1 : events->block[e] * heaviest;
        if (points > most) most = points;
    }
    return most;
}

/* For each of n_replicates rows of `weights` (n_images), the precision and recall of one area range.
 * `truth_*` list the ground truths that count, by category: an image and how many it has.
 * Only the categories that have ground truth in the resample are written, `present` of them, without gaps:
 * precision (thresholds, recalls, present) and recall (limits, thresholds, present), in rows of n_thresholds *
 * n_recalls * n_categories and n_limits * n_thresholds * n_categories numbers. Without `want_precision` only recall is
 * written. Returns 0, or -1 without memory. */
API int64_t coco_replicate(int64_t n_replicates, int64_t n_images, const uint16_t *weights, int64_t n_categories,
                           int64_t n_thresholds, int64_t n_recalls, int64_t n_limits, int64_t want_precision,
                           const double *recalls, const int64_t *truth_starts, const int32_t *truth_image,
                           const int32_t *truth_count, const int64_t *plain_starts, const int32_t *plain_image,
                           const int64_t *event_starts, const int32_t *event_image, const int64_t *plain_end,
                           const int32_t *block, const uint16_t *hit, const uint16_t *miss, const uint8_t *level,
                           double *precision, double *recall, int64_t *present) {
    Events events = {plain_starts, event_starts, plain_image, event_image, plain_end, block, hit, miss, level};
    int64_t heaviest = 0;
    for (int64_t i = 0; i < n_replicates * n_images; i++)
        if (weights[i] > heaviest) heaviest = weights[i];
    Curves curves;
    int64_t *n_truth = malloc((size_t)n_categories * sizeof *n_truth + 1);
    double *levels = malloc((size_t)(n_limits * n_thresholds) * sizeof *levels + 1);
    if (!n_truth || !levels || !curves_allocate(&curves, n_thresholds, capacity(&events, n_categories, heaviest), n_recalls)) {
        free(n_truth), free(levels);
        return -1;
    }
    for (int64_t b = 0; b < n_replicates; b++, weights += n_images) {
        int64_t n_present = 0, kk = 0;
        for (int64_t k = 0; k < n_categories; k++) {
            n_truth[k] = 0;
            for (int64_t i = truth_starts[k]; i < truth_starts[k + 1]; i++)
                n_truth[k] += (int64_t)weights[truth_image[i]] * truth_count[i];
            n_present += n_truth[k] > 0;
        }
        for (int64_t k = 0; k < n_categories; k++) {
            if (n_truth[k] == 0) continue;
            for (int64_t i = 0; i < n_limits * n_thresholds; i++) levels[i] = 0;
            curves_start(&curves, n_truth[k], recalls);
            grow_category(&curves, &events, k, weights, levels);
            for (int64_t t = 0; t < n_thresholds; t++) {
                double found = 0;
                for (int64_t m = 0; m < n_limits; m++) {
                    found += levels[m * n_thresholds + t];
                    recall[(m * n_thresholds + t) * n_present + kk] = found / curves.n_truth;
                }
                if (want_precision)
                    curves_interpolate(&curves, t, precision + t * n_recalls * n_present + kk, n_present);
            }
            kk++;
        }
        present[b] = n_present;
        recall += n_limits * n_thresholds * n_categories;
        if (want_precision) precision += n_thresholds * n_recalls * n_categories;
    }
    free(n_truth), free(levels);
    curves_free(&curves);
    return 0;
}
