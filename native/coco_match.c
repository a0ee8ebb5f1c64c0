/* Matching of detections to ground truth, as pycocotools' COCOeval.evaluateImg does it. */
#include <stdlib.h>

#include "coco_box.h"

static int precedes(int64_t a, int64_t b, const int32_t *category, const double *score) {
    if (category[a] != category[b]) return category[a] < category[b];
    return score[a] >= score[b]; /* on a tie the earlier one stays first */
}

static void merge_sort(int64_t *items, int64_t *spare, int64_t n, const int32_t *category, const double *score) {
    if (n < 12) {
        for (int64_t i = 1; i < n; i++) {
            int64_t item = items[i], j = i;
            for (; j > 0 && !precedes(items[j - 1], item, category, score); j--) items[j] = items[j - 1];
            items[j] = item;
        }
        return;
    }
    int64_t half = n / 2, left = 0, right = half;
    merge_sort(items, spare, half, category, score);
    merge_sort(items + half, spare, n - half, category, score);
    for (int64_t i = 0; i < half; i++) spare[i] = items[i];
    for (int64_t i = 0; left < half; i++) {
        int take_left = right == n || precedes(spare[left], items[right], category, score);
        items[i] = take_left ? spare[left++] : items[right++];
    }
}

/* For every image, the order of its rows by (category, descending score, position), without those whose rank inside
 * their (image, category) is `limit` or more. `offsets` (n_images + 1) delimits the images' rows.
 * Writes the kept rows to `order`, their ranks to `rank`, and their images' limits to `kept_offsets` (n_images + 1).
 * Returns the number of rows kept, or -1 without memory. */
API int64_t coco_order(int64_t n_images, int64_t limit, const int64_t *offsets, const int32_t *category,
                       const double *score, int64_t *order, int32_t *rank, int64_t *kept_offsets) {
    int64_t longest = 1, kept = 0;
    for (int64_t i = 0; i < n_images; i++) {
        int64_t length = offsets[i + 1] - offsets[i];
        if (length > longest) longest = length;
    }
    int64_t *items = malloc(2 * (size_t)longest * sizeof *items);
    if (!items) return -1;
    for (int64_t i = 0; i < n_images; i++) {
        int64_t start = offsets[i], n = offsets[i + 1] - start, position = 0;
        kept_offsets[i] = kept;
        for (int64_t j = 0; j < n; j++) items[j] = start + j;
        merge_sort(items, items + longest, n, category, score);
        for (int64_t j = 0; j < n; j++, position++) {
            if (j > 0 && category[items[j]] != category[items[j - 1]]) position = 0;
            if (position >= limit) continue;
            order[kept] = items[j];
            rank[kept++] = (int32_t)position;
        }
    }
    kept_offsets[n_images] = kept;
    free(items);
    return kept;
}

/* The ground truths of one (image, category), in file order. Row g of `ignored` holds a flag for each area range. */
typedef struct {
    int64_t n, n_areas;
    const uint8_t *crowd, *ignored;
    uint16_t *taken; /* (n, n_areas): bit t is set when the ground truth is matched at threshold t */
    int64_t *near;   /* the ground truths that reach the lowest threshold */
    int64_t n_near;
    const double *iou;
} Group;

/* The ground truth that a detection takes at one threshold and area range; -1 if none.
 * Ground truths that count are looked at before ignored ones, and on an equal IoU the later one wins. */
static int64_t best_match(const Group *group, int64_t area, int bit, double threshold) {
    int64_t match = -1;
    double best = threshold < 1 - 1e-10 ? threshold : 1 - 1e-10;
    for (uint8_t ignored = 0; ignored < 2 && match < 0; ignored++) {
        for (int64_t i = 0; i < group->n_near; i++) {
            int64_t g = group->near[i], cell = g * group->n_areas + area;
            if (!group->ignored[cell] != !ignored) continue;
            if ((group->taken[cell] >> bit & 1) && !group->crowd[g]) continue;
            if (group->iou[g] < best) continue;
            best = group->iou[g];
            match = g;
        }
    }
    return match;
}

/* Marks one detection at all thresholds and area ranges; see coco_match for the outputs. */
static void mark(Group *group, int64_t n_thresholds, const double *thresholds, const uint8_t *nameless,
                 const uint8_t *outside, uint16_t *positive, uint16_t *ignored) {
    uint16_t all = (uint16_t)((1u << n_thresholds) - 1);
    for (int64_t a = 0; a < group->n_areas; a++) {
        uint16_t matched = 0, skipped = 0;
        for (int bit = 0; bit < n_thresholds && group->n_near; bit++) {
            int64_t g = best_match(group, a, bit, thresholds[bit]);
            if (g < 0) continue;
            group->taken[g * group->n_areas + a] |= (uint16_t)(1u << bit);
            /* The official match arrays hold annotation ids, so a match with id 0 reads as none. */
            if (!nameless[g]) matched |= (uint16_t)(1u << bit);
            if (group->ignored[g * group->n_areas + a]) skipped |= (uint16_t)(1u << bit);
        }
        if (outside[a]) skipped |= (uint16_t)(all & ~matched);
        positive[a] = matched & (uint16_t)~skipped;
        ignored[a] = skipped;
    }
}

/* Matches the detections of all images; rows of either side are in the order that coco_order gives.
 *   thresholds (n_thresholds <= 16) ascending; dt_outside (n_dt, n_areas): the detection's area is out of the range;
 *   gt_ignored (n_gt, n_areas); gt_nameless (n_gt): the annotation's id is 0;
 *   given: whether `given_iou` holds the IoUs, as coco_mask_ious writes them; else they are those of the boxes.
 * Writes for every detection and area range the thresholds, as bits, at which it is a true positive (`positive`) and
 * at which it does not count (`ignored`). Returns 0, or -1 without memory. */
API int64_t coco_match(int64_t n_images, int64_t n_areas, int64_t n_thresholds, const double *thresholds,
                       const int64_t *dt_offsets, const int32_t *dt_category, const double *dt_boxes,
                       const uint8_t *dt_outside, const int64_t *gt_offsets, const int32_t *gt_category,
                       const double *gt_boxes, const uint8_t *gt_crowd, const uint8_t *gt_nameless,
                       const uint8_t *gt_ignored, int64_t given, const double *given_iou, uint16_t *positive,
                       uint16_t *ignored) {
    size_t longest = 1;
    for (int64_t i = 0; i < n_images; i++) {
        size_t length = (size_t)(gt_offsets[i + 1] - gt_offsets[i]);
        if (length > longest) longest = length;
    }
    int64_t *near = malloc(longest * sizeof *near);
    double *iou = malloc(longest * sizeof *iou);
    uint16_t *taken = calloc((size_t)gt_offsets[n_images] * (size_t)n_areas + 1, sizeof *taken);
    if (!near || !iou || !taken) {
        free(near), free(iou), free(taken);
        return -1;
    }
    for (int64_t i = 0; i < n_images; i++) {
        int64_t first = gt_offsets[i], last = first, end = gt_offsets[i + 1];
        for (int64_t d = dt_offsets[i]; d < dt_offsets[i + 1]; d++) {
            int new_group = d == dt_offsets[i] || dt_category[d] != dt_category[d - 1];
            if (new_group) {
                for (first = last; first < end && gt_category[first] < dt_category[d];) first++;
                for (last = first; last < end && gt_category[last] == dt_category[d];) last++;
            }
            Group group = {last - first, n_areas, gt_crowd + first, gt_ignored + first * n_areas,
                           taken + first * n_areas, near, 0, given ? given_iou : iou};
            if (given) given_iou += group.n;
            else box_iou_row(dt_boxes + 4 * d, group.n, gt_boxes + 4 * first, group.crowd, iou);
            for (int64_t g = 0; g < group.n; g++)
                if (!(group.iou[g] < thresholds[0] && group.iou[g] < 1 - 1e-10)) near[group.n_near++] = g;
            mark(&group, n_thresholds, thresholds, gt_nameless + first, dt_outside + d * n_areas,
                 positive + d * n_areas, ignored + d * n_areas);
        }
    }
    free(near), free(iou), free(taken);
    return 0;
}
