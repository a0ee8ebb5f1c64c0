/* Pascal VOC's average precision when every image counts as often as a resample drew it.
 *
 * An image drawn w times stands for w images side by side, each with its own ground truth: every detection repeats w
 * times in its place. Precision rises from copy to copy of a true positive, so the last copy decides the envelope. */
#include <stdlib.h>

#include "kernels.h"

enum { N_RECALLS = 11, MAX_THRESHOLDS = 16 };

/* Detections by category and, inside, by descending score. `plain` ones are false positives at every threshold: only
 * their image matters. `events` are the others; event e comes after the plain ones before `plain_end[e]`. */
typedef struct {
    const int64_t *plain_starts, *event_starts; /* (n_categories + 1) */
    const int32_t *plain_image, *event_image;
    const int64_t *plain_end;
    const uint16_t *hit, *miss;
} Events;

/* One category's curves: for each threshold the points at true positives. */
typedef struct {
    int64_t n_thresholds, capacity;
    int64_t n_points[MAX_THRESHOLDS];
    double common, extra[MAX_THRESHOLDS], found[MAX_THRESHOLDS];
    double *point_found, *point_precision; /* (n_thresholds, capacity) */
    double *recall, *terms;                /* (n_truth + 1), (n_truth + 2) */
} Curves;

static double divide(double found, double all, int64_t single) {
    return single ? (double)((float)found / (float)all) : found / all;
}

static void add_event(Curves *curves, uint16_t hit, uint16_t miss, double copies, int64_t single) {
    for (int64_t t = 0; t < curves->n_thresholds; t++) {
        if (miss >> t & 1) curves->extra[t] += copies;
        if (!(hit >> t & 1)) continue;
        double found = curves->found[t] += copies;
        int64_t point = t * curves->capacity + curves->n_points[t]++;
        curves->point_found[point] = found;
        curves->point_precision[point] = divide(found, found + (curves->common + curves->extra[t]), single);
    }
}

static void grow(Curves *curves, const Events *events, int64_t k, const uint16_t *weights, int64_t single) {
    int64_t plain = events->plain_starts[k];
    curves->common = 0;
    for (int64_t t = 0; t < curves->n_thresholds; t++) curves->extra[t] = curves->found[t] = 0, curves->n_points[t] = 0;
    for (int64_t e = events->event_starts[k]; e < events->event_starts[k + 1]; e++) {
        uint64_t passed = 0;
        for (; plain < events->plain_end[e]; plain++) passed += weights[events->plain_image[plain]];
        curves->common += (double)passed;
        uint16_t copies = weights[events->event_image[e]];
        if (copies) add_event(curves, events->hit[e], events->miss[e], copies, single);
    }
}

/* Turns the precision of a threshold's points into its envelope, from the right. */
static void raise_envelope(double *precision, int64_t n) {
    for (int64_t i = n - 2; i >= 0; i--)
        if (precision[i] < precision[i + 1]) precision[i] = precision[i + 1];
}

/* The envelope at each of `recalls`, 0 beyond the last point; precision 0 before the first true positive. */
static void interpolate(const Curves *curves, int64_t t, const double *recalls, double *out) {
    const double *found = curves->point_found + t * curves->capacity;
    const double *precision = curves->point_precision + t * curves->capacity;
    int64_t point = 0;
    for (int r = 0; r < N_RECALLS; r++) {
        while (point < curves->n_points[t] && curves->recall[(int64_t)found[point]] < recalls[r]) point++;
        out[r] = point < curves->n_points[t] ? precision[point] : 0;
    }
}

/* NumPy's pairwise sum of a contiguous array: the order of additions decides the last digit. */
static double pairwise_sum(const double *values, int64_t n) {
    if (n < 8) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += values[i];
        return sum;
    }
    if (n > 128) {
        int64_t half = n / 2 - n / 2 % 8;
        return pairwise_sum(values, half) + pairwise_sum(values + half, n - half);
    }
    double part[8];
    int64_t i = 8;
    for (int j = 0; j < 8; j++) part[j] = values[j];
    for (; i < n - n % 8; i += 8)
        for (int j = 0; j < 8; j++) part[j] += values[i + j];
    double sum = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    for (; i < n; i++) sum += values[i];
    return sum;
}

/* The area under the envelope: one addend for each true positive, copies apart, and one up to recall 1. */
static double area(const Curves *curves, int64_t t, int64_t n_truth) {
    int64_t step = 0;
    for (int64_t point = 0; point < curves->n_points[t]; point++) {
        double precision = curves->point_precision[t * curves->capacity + point];
        int64_t found = (int64_t)curves->point_found[t * curves->capacity + point];
        for (; step < found; step++) curves->terms[step] = (curves->recall[step + 1] - curves->recall[step]) * precision;
    }
    if (step < n_truth) curves->terms[step++] = 0;
    return pairwise_sum(curves->terms, step);
}

static int64_t longest(const int64_t *starts, int64_t n) {
    int64_t most = 1;
    for (int64_t k = 0; k < n; k++)
        if (starts[k + 1] - starts[k] > most) most = starts[k + 1] - starts[k];
    return most;
}

/* For each of n_replicates rows of `weights` (n_images), the interpolated precision at `recalls`, (thresholds,
 * categories, 11), and the area under the envelope, (thresholds, categories), of every category; and its ground truths
 * that count, `n_truth` (categories): where they are 0 nothing else is written.
 * `truth_*` list the ground truths that count, by category: an image and how many it has. `most_truth` is the most that
 * a category may come to. With `single` precision is computed in single precision. Returns 0, or -1 without memory. */
API int64_t voc_replicate(int64_t n_replicates, int64_t n_images, const uint16_t *weights, int64_t n_categories,
                          int64_t n_thresholds, int64_t single, int64_t most_truth, const double *recalls,
                          const int64_t *truth_starts, const int32_t *truth_image, const int32_t *truth_count,
                          const int64_t *plain_starts, const int32_t *plain_image, const int64_t *event_starts,
                          const int32_t *event_image, const int64_t *plain_end, const uint16_t *hit,
                          const uint16_t *miss, double *interpolated, double *areas, int64_t *n_truth) {
    Events events = {plain_starts, event_starts, plain_image, event_image, plain_end, hit, miss};
    Curves curves = {.n_thresholds = n_thresholds, .capacity = longest(event_starts, n_categories)};
    size_t points = (size_t)(n_thresholds * curves.capacity);
    curves.point_found = malloc((2 * points + 2 * (size_t)most_truth + 3) * sizeof(double));
    if (!curves.point_found) return -1;
    curves.point_precision = curves.point_found + points;
    curves.recall = curves.point_precision + points;
    curves.terms = curves.recall + most_truth + 1;
    for (int64_t b = 0; b < n_replicates; b++, weights += n_images) {
        for (int64_t k = 0; k < n_categories; k++) {
            int64_t count = 0, cell = b * n_categories + k;
            for (int64_t i = truth_starts[k]; i < truth_starts[k + 1]; i++)
                count += (int64_t)weights[truth_image[i]] * truth_count[i];
            n_truth[cell] = count;
            if (count == 0) continue;
            for (int64_t i = 0; i <= count; i++) curves.recall[i] = (double)i / (double)count;
            grow(&curves, &events, k, weights, single);
            for (int64_t t = 0; t < n_thresholds; t++) {
                int64_t at = (b * n_thresholds + t) * n_categories + k;
                raise_envelope(curves.point_precision + t * curves.capacity, curves.n_points[t]);
                interpolate(&curves, t, recalls, interpolated + at * N_RECALLS);
                areas[at] = area(&curves, t, count);
            }
        }
    }
    free(curves.point_found);
    return 0;
}
