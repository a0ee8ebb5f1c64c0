/* Matching of detections to ground truth, as TinyPerson's evaluators do it: once for average precision, once for miss
 * rates. Rows of either side are in the order that coco_order gives. */
#include <stdlib.h>

#include "boxes.h"

/* The ground truths of one (image, category) and, for one detection, those that it touches. Row g of `ignored` holds a
 * flag for each of the size ranges, row g of `taken` the thresholds, as bits, at which it is matched. */
typedef struct {
    int64_t first, last, n_ranges, n_near;
    const double *boxes, *area;
    const uint8_t *nameless, *ignored;
    uint16_t *taken;
    int64_t *near;
    double *overlap, *covered; /* with every near one: IoU, and the part of the detection that it covers */
} Group;

static int allocate(Group *group, const int64_t *gt_offsets, int64_t n_images) {
    size_t longest = 1, n = (size_t)gt_offsets[n_images];
    for (int64_t i = 0; i < n_images; i++) {
        size_t length = (size_t)(gt_offsets[i + 1] - gt_offsets[i]);
        if (length > longest) longest = length;
    }
    group->near = malloc(longest * sizeof *group->near);
    group->overlap = malloc(longest * sizeof *group->overlap);
    group->covered = malloc(longest * sizeof *group->covered);
    group->taken = calloc(n * (size_t)group->n_ranges + 1, sizeof *group->taken);
    return group->near && group->overlap && group->covered && group->taken;
}

static void release(Group *group) {
    free(group->near), free(group->overlap), free(group->covered), free(group->taken);
}

/* Moves on to the ground truths of `category` in the image that ends at `end`. */
static void enter(Group *group, int64_t end, const int32_t *gt_category, int32_t category) {
    for (group->first = group->last; group->first < end && gt_category[group->first] < category;) group->first++;
    for (group->last = group->first; group->last < end && gt_category[group->last] == category;) group->last++;
}

/* Lists the ground truths that `box` touches; with a crowd, where `crowd` is given, overlap is the part of the box. */
static void touch(Group *group, const double *box, const uint8_t *crowd) {
    double area = box[2] * box[3];
    group->n_near = 0;
    for (int64_t g = group->first; g < group->last; g++) {
        const double *other = group->boxes + 4 * g;
        double shared = box_intersection(box, other);
        if (shared <= 0) continue;
        int part = crowd && crowd[g];
        group->near[group->n_near] = g;
        group->overlap[group->n_near] = shared / (part ? area : area + other[2] * other[3] - shared);
        group->covered[group->n_near++] = shared / area;
    }
}

static double lower(double threshold) { return threshold < 1 - 1e-10 ? threshold : 1 - 1e-10; }

/* The formula by which the official code turns an IoU into intersection over detection. It looks at the annotation's
 * own area, and is applied as it stands to values that are intersection over detection already. */
static double iod_by_iou(double iou, double gt_area, double dt_area) {
    return iou / (1 + iou) * (1 + gt_area / dt_area);
}

/* The free ground truth that counts and has the highest overlap, the later one on a tie; -1 if none reaches `best`. */
static int64_t best_counting(const Group *group, int64_t range, int bit, double best) {
    int64_t match = -1;
    for (int64_t i = 0; i < group->n_near; i++) {
        int64_t cell = group->near[i] * group->n_ranges + range;
        if (group->ignored[cell] || (group->taken[cell] >> bit & 1) || group->overlap[i] < best) continue;
        best = group->overlap[i];
        match = group->near[i];
    }
    return match;
}

/* The same among ignored ones, of which crowds are always free. */
static int64_t best_ignored(const Group *group, int64_t range, int bit, double best, const uint8_t *crowd) {
    int64_t match = -1;
    for (int64_t i = 0; i < group->n_near; i++) {
        int64_t g = group->near[i], cell = g * group->n_ranges + range;
        if (!group->ignored[cell] || group->overlap[i] < best) continue;
        if ((group->taken[cell] >> bit & 1) && !crowd[g]) continue;
        best = group->overlap[i];
        match = g;
    }
    return match;
}

/* The ignored ground truth, free or not, that covers the most of the detection: the first on a tie; -1 if none. */
static int64_t most_covering(const Group *group, int64_t range, double dt_area, double *most) {
    int64_t match = -1;
    *most = 0;
    for (int64_t i = 0; i < group->n_near; i++) {
        int64_t g = group->near[i];
        if (!group->ignored[g * group->n_ranges + range]) continue;
        double covered = iod_by_iou(group->overlap[i], group->area[g], dt_area);
        if (covered <= *most) continue;
        *most = covered;
        match = g;
    }
    return match;
}

/* Marks one detection in one size range; see tiny_match for the outputs. */
static void mark(Group *group, int64_t range, int64_t n_thresholds, const double *thresholds, double iod_area,
                 const uint8_t *crowd, int outside, uint16_t *positive, uint16_t *ignored) {
    uint16_t all = (uint16_t)((1u << n_thresholds) - 1), matched = 0, skipped = 0;
    double most = 0;
    int64_t covering = iod_area > 0 ? most_covering(group, range, iod_area, &most) : -1;
    for (int bit = 0; bit < n_thresholds && group->n_near; bit++) {
        double threshold = lower(thresholds[bit]);
        int64_t g = best_counting(group, range, bit, threshold);
        if (g < 0) g = best_ignored(group, range, bit, threshold, crowd);
        if (g < 0 && covering >= 0 && most >= threshold) g = covering;
        if (g < 0) continue;
        group->taken[g * group->n_ranges + range] |= (uint16_t)(1u << bit);
        /* The official match arrays hold annotation ids, so a match with id 0 reads as none. */
        if (!group->nameless[g]) matched |= (uint16_t)(1u << bit);
        if (group->ignored[g * group->n_ranges + range]) skipped |= (uint16_t)(1u << bit);
    }
    if (outside) skipped |= (uint16_t)(all & ~matched);
    *positive = matched & (uint16_t)~skipped;
    *ignored = skipped;
}

/* Matching for average precision: COCO's, and, where `use_iod` is set, for what is left unmatched another one with
 * ignored ground truths, by the part of the detection that they cover.
 *   thresholds (n_thresholds <= 16); dt_outside (n_dt, n_ranges): the detection's area is out of the range;
 *   gt_area (n_gt): the annotation's own area; gt_ignored (n_gt, n_ranges); gt_nameless (n_gt): the id is 0.
 * Writes for every detection and size range the thresholds, as bits, at which it is a true positive (`positive`) and at
 * which it does not count (`ignored`). Returns 0, or -1 without memory. */
API int64_t tiny_match(int64_t n_images, int64_t n_ranges, int64_t n_thresholds, const double *thresholds,
                       int64_t use_iod, const int64_t *dt_offsets, const int32_t *dt_category, const double *dt_boxes,
                       const uint8_t *dt_outside, const int64_t *gt_offsets, const int32_t *gt_category,
                       const double *gt_boxes, const double *gt_area, const uint8_t *gt_crowd,
                       const uint8_t *gt_nameless, const uint8_t *gt_ignored, uint16_t *positive, uint16_t *ignored) {
    Group group = {.n_ranges = n_ranges, .boxes = gt_boxes, .area = gt_area};
    group.nameless = gt_nameless, group.ignored = gt_ignored;
    int64_t done = allocate(&group, gt_offsets, n_images) ? 0 : -1;
    for (int64_t i = 0; done == 0 && i < n_images; i++) {
        group.last = gt_offsets[i];
        for (int64_t d = dt_offsets[i]; d < dt_offsets[i + 1]; d++) {
            if (d == dt_offsets[i] || dt_category[d] != dt_category[d - 1])
                enter(&group, gt_offsets[i + 1], gt_category, dt_category[d]);
            touch(&group, dt_boxes + 4 * d, gt_crowd);
            double iod_area = use_iod ? dt_boxes[4 * d + 2] * dt_boxes[4 * d + 3] : 0;
            for (int64_t range = 0; range < n_ranges; range++) {
                int64_t cell = d * n_ranges + range;
                mark(&group, range, n_thresholds, thresholds, iod_area, gt_crowd, dt_outside[cell], positive + cell,
                     ignored + cell);
            }
        }
    }
    release(&group);
    return done;
}

/* Whether an ignored ground truth excuses a detection: by the part that it covers at `threshold`, or by the formula at
 * a fixed 0.5. Officially the latter looks at the largest value alone, which comes to the same. */
static int excused(const Group *group, int64_t range, double threshold, double dt_area) {
    for (int64_t i = 0; i < group->n_near; i++) {
        int64_t g = group->near[i];
        if (!group->ignored[g * group->n_ranges + range]) continue;
        if (group->covered[i] >= threshold || iod_by_iou(group->covered[i], group->area[g], dt_area) > 0.5) return 1;
    }
    return 0;
}

/* Marks one detection in one set-up; a match with id 0 reads as none here, too. */
static void mark_miss(Group *group, int64_t range, int64_t n_thresholds, const double *thresholds, double dt_area,
                      uint16_t *positive, uint16_t *ignored) {
    *positive = *ignored = 0;
    for (int bit = 0; bit < n_thresholds && group->n_near; bit++) {
        double threshold = lower(thresholds[bit]);
        int64_t g = best_counting(group, range, bit, threshold);
        if (g >= 0) {
            group->taken[g * group->n_ranges + range] |= (uint16_t)(1u << bit);
            if (!group->nameless[g]) *positive |= (uint16_t)(1u << bit);
        } else if (excused(group, range, threshold, dt_area)) {
            *ignored |= (uint16_t)(1u << bit);
        }
    }
}

/* Matching for miss rates; arguments as for tiny_match, but `dt_kept` (n_dt, n_ranges) says which detections a set-up
 * looks at; the others are not written. The overlap with an ignored ground truth is the part of the detection that it
 * covers, and ignored ones are never taken. */
API int64_t tiny_miss_match(int64_t n_images, int64_t n_ranges, int64_t n_thresholds, const double *thresholds,
                            const int64_t *dt_offsets, const int32_t *dt_category, const double *dt_boxes,
                            const uint8_t *dt_kept, const int64_t *gt_offsets, const int32_t *gt_category,
                            const double *gt_boxes, const double *gt_area, const uint8_t *gt_nameless,
                            const uint8_t *gt_ignored, uint16_t *positive, uint16_t *ignored) {
    Group group = {.n_ranges = n_ranges, .boxes = gt_boxes, .area = gt_area};
    group.nameless = gt_nameless, group.ignored = gt_ignored;
    int64_t done = allocate(&group, gt_offsets, n_images) ? 0 : -1;
    for (int64_t i = 0; done == 0 && i < n_images; i++) {
        group.last = gt_offsets[i];
        for (int64_t d = dt_offsets[i]; d < dt_offsets[i + 1]; d++) {
            if (d == dt_offsets[i] || dt_category[d] != dt_category[d - 1])
                enter(&group, gt_offsets[i + 1], gt_category, dt_category[d]);
            const double *box = dt_boxes + 4 * d;
            touch(&group, box, NULL);
            for (int64_t cell = d * n_ranges; cell < (d + 1) * n_ranges; cell++)
                if (dt_kept[cell])
                    mark_miss(&group, cell - d * n_ranges, n_thresholds, thresholds, box[2] * box[3], positive + cell,
                              ignored + cell);
        }
    }
    release(&group);
    return done;
}
