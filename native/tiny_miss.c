/* Recall at fixed rates of false positives per image, when every image counts as often as a resample drew it. */
#include "kernels.h"

/* Walks down the scores at several IoU thresholds at once. */
typedef struct {
    int64_t n_thresholds, n_points;
    const double *fppi; /* (n_points) ascending */
    double n_images;
    double found[16], false_positives[16];
    int64_t next[16];   /* the first point whose rate is not exceeded yet */
    int64_t wrapped[16]; /* points whose rate the first detection exceeds */
    double *found_at;   /* (n_thresholds, n_points) */
} Walk;

static void step(Walk *walk, uint16_t hit, uint16_t miss, double copies, int first) {
    for (int64_t t = 0; t < walk->n_thresholds; t++) {
        if (hit >> t & 1) walk->found[t] += copies;
        if (!(miss >> t & 1)) continue;
        walk->false_positives[t] += copies;
        double rate = walk->false_positives[t] / walk->n_images;
        for (; walk->next[t] < walk->n_points && rate > walk->fppi[walk->next[t]]; walk->next[t]++) {
            walk->found_at[t * walk->n_points + walk->next[t]] = walk->found[t];
            if (first) walk->wrapped[t]++;
        }
    }
}

/* A run of detections of one image with one score: the copies of the image are images of their own, one after the
 * other, so the run repeats as a whole. */
static void run(Walk *walk, const uint16_t *hit, const uint16_t *miss, int64_t length, uint16_t copies, int first) {
    if (length == 1) {
        if (first) step(walk, *hit, *miss, 1, 1);
        if (copies > first) step(walk, *hit, *miss, copies - first, 0);
        return;
    }
    for (uint16_t copy = 0; copy < copies; copy++)
        for (int64_t i = 0; i < length; i++) step(walk, hit[i], miss[i], 1, first && copy == 0 && i == 0);
}

/* Whether nothing further down can change the outcome. */
static int finished(const Walk *walk) {
    for (int64_t t = 0; t < walk->n_thresholds; t++)
        if (walk->next[t] < walk->n_points || walk->wrapped[t]) return 0;
    return 1;
}

/* Detections of one category and one set-up by descending score, ties in image and rank order; `hit` and `miss` are bit
 * masks over n_thresholds <= 16; `block[d]` > 1 says that detection d and those after it are of one image with one
 * score. `truth` (n_images) counts ground truths. For each of n_replicates rows of `weights` (n_images) writes the
 * recall at every point, (n_thresholds, n_points), or -1 where the resample has no ground truth. Returns 0. */
API int64_t tiny_miss_replicate(int64_t n_replicates, int64_t n_images, const uint16_t *weights, int64_t n_thresholds,
                                int64_t n_points, const double *fppi, const int64_t *truth, int64_t n_detections,
                                const int32_t *image, const uint16_t *hit, const uint16_t *miss, const int32_t *block,
                                double *recall) {
    for (int64_t b = 0; b < n_replicates; b++, weights += n_images, recall += n_thresholds * n_points) {
        Walk walk = {.n_thresholds = n_thresholds, .n_points = n_points, .fppi = fppi, .found_at = recall};
        double n_truth = 0;
        for (int64_t i = 0; i < n_images; i++) {
            walk.n_images += weights[i];
            n_truth += (double)weights[i] * (double)truth[i];
        }
        int first = 1;
        for (int64_t d = 0; d < n_detections && !finished(&walk); d += block[d]) {
            if (!weights[image[d]]) continue;
            run(&walk, hit + d, miss + d, block[d], weights[image[d]], first);
            first = 0;
        }
        for (int64_t t = 0; t < n_thresholds; t++)
            for (int64_t p = 0; p < n_points; p++) {
                double *out = recall + t * n_points + p;
                /* Officially the index before the first detection is -1: it wraps round to the last recall. */
                if (p >= walk.next[t] || p < walk.wrapped[t]) *out = walk.found[t];
                *out = n_truth ? *out / n_truth : -1;
            }
    }
    return 0;
}
