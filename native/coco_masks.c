/* Masks of annotations and detections: whether their codes are sound, their areas and boxes, their IoUs. */
#include <stdlib.h>

#include "coco_mask.h"

/* Masks one after another; mask i has the characters starts[i] to starts[i + 1] of `codes`. */
typedef struct {
    const int64_t *starts;
    const uint8_t *codes;
} Codes;

static int decode(Mask *mask, const Codes *codes, int64_t i, int64_t height, int64_t width) {
    return mask_decode(mask, codes->codes + codes->starts[i], codes->starts[i + 1] - codes->starts[i], height, width);
}

/* Measures `n` masks; `sizes` (n, 2) are their heights and widths. Writes areas (n) and boxes x, y, width, height (n, 4).
 * Returns the index of the first mask whose code is unsound, `n` if all are sound, -1 without memory. */
API int64_t coco_mask_measure(int64_t n, const int64_t *starts, const uint8_t *bytes, const int64_t *sizes, double *area,
                              double *boxes) {
    int64_t longest = 1, i = 0;
    for (int64_t j = 0; j < n; j++)
        if (starts[j + 1] - starts[j] > longest) longest = starts[j + 1] - starts[j];
    int64_t *intervals = malloc(2 * (size_t)longest * sizeof *intervals);
    if (!intervals) return -1;
    Codes codes = {starts, bytes};
    Mask mask = {.from = intervals, .to = intervals + longest};
    for (; i < n && decode(&mask, &codes, i, sizes[2 * i], sizes[2 * i + 1]); i++) {
        area[i] = (double)mask.area;
        boxes[4 * i] = (double)mask.left;
        boxes[4 * i + 1] = (double)mask.top;
        boxes[4 * i + 2] = mask.n ? (double)(mask.right - mask.left + 1) : 0;
        boxes[4 * i + 3] = mask.n ? (double)(mask.bottom - mask.top + 1) : 0;
    }
    free(intervals);
    return i;
}

/* One side of the matching: rows in the order of coco_order, `mask[row]` says which mask a row has. */
typedef struct {
    const int64_t *offsets;
    const int32_t *category;
    const int64_t *mask;
    Codes codes;
} Side;

/* The first and the end of the ground truths that a detection is compared with. */
static void group_of(const Side *gt, int64_t image, int32_t category, int same_category, int64_t *first, int64_t *last) {
    int64_t end = gt->offsets[image + 1];
    if (!same_category) {
        *first = gt->offsets[image], *last = end;
        return;
    }
    while (*first < end && gt->category[*first] < category) (*first)++;
    if (*last < *first) *last = *first;
    while (*last < end && gt->category[*last] == category) (*last)++;
}

static int64_t count_pairs(int64_t n_images, int same_category, const Side *dt, const Side *gt) {
    int64_t pairs = 0;
    for (int64_t i = 0; i < n_images; i++) {
        int64_t first = gt->offsets[i], last = first;
        for (int64_t d = dt->offsets[i]; d < dt->offsets[i + 1]; d++) {
            group_of(gt, i, dt->category[d], same_category, &first, &last);
            pairs += last - first;
        }
    }
    return pairs;
}

static int64_t most_bytes(int64_t n_images, const Side *side, int per_image) {
    int64_t most = 1;
    for (int64_t i = 0; i < n_images; i++) {
        int64_t bytes = 0;
        for (int64_t r = side->offsets[i]; r < side->offsets[i + 1]; r++) {
            int64_t length = side->codes.starts[side->mask[r] + 1] - side->codes.starts[side->mask[r]];
            bytes = per_image ? bytes + length : length;
            if (bytes > most) most = bytes;
        }
    }
    return most;
}

static int64_t most_rows(int64_t n_images, const int64_t *offsets) {
    int64_t most = 1;
    for (int64_t i = 0; i < n_images; i++)
        if (offsets[i + 1] - offsets[i] > most) most = offsets[i + 1] - offsets[i];
    return most;
}

/* Decodes the masks of one image's ground truths, their intervals one after another in `intervals`. */
static void decode_image(Mask *masks, int64_t *intervals, const Side *gt, int64_t image, const int64_t *size) {
    for (int64_t g = gt->offsets[image]; g < gt->offsets[image + 1]; g++, masks++) {
        int64_t length = gt->codes.starts[gt->mask[g] + 1] - gt->codes.starts[gt->mask[g]];
        masks->from = intervals;
        masks->to = intervals + length;
        decode(masks, &gt->codes, gt->mask[g], size[0], size[1]);
        intervals += 2 * length;
    }
}

/* The IoUs of every detection with the ground truths of its image, of its category only where `same_category`: for
 * each detection in turn, for each of its ground truths in turn. Codes are sound; `sizes` (n_images, 2) are heights and
 * widths. Returns their number and writes them if it is not more than `capacity`; -1 without memory. */
API int64_t coco_mask_ious(int64_t n_images, int64_t same_category, const int64_t *sizes, const int64_t *dt_offsets,
                           const int32_t *dt_category, const int64_t *dt_mask, const int64_t *dt_starts,
                           const uint8_t *dt_bytes, const int64_t *gt_offsets, const int32_t *gt_category,
                           const int64_t *gt_mask, const int64_t *gt_starts, const uint8_t *gt_bytes,
                           const uint8_t *gt_crowd, int64_t capacity, double *iou) {
    Side dt = {dt_offsets, dt_category, dt_mask, {dt_starts, dt_bytes}};
    Side gt = {gt_offsets, gt_category, gt_mask, {gt_starts, gt_bytes}};
    int64_t pairs = count_pairs(n_images, same_category != 0, &dt, &gt), longest = most_bytes(n_images, &dt, 0);
    if (pairs > capacity) return pairs;
    int64_t *intervals = malloc(2 * (size_t)(longest + most_bytes(n_images, &gt, 1)) * sizeof *intervals);
    Mask *truths = malloc((size_t)most_rows(n_images, gt_offsets) * sizeof *truths);
    if (!intervals || !truths) {
        free(intervals), free(truths);
        return -1;
    }
    Mask mask = {.from = intervals, .to = intervals + longest};
    for (int64_t i = 0; i < n_images; i++) {
        int64_t start = gt_offsets[i], first = start, last = start;
        if (dt_offsets[i] == dt_offsets[i + 1]) continue;
        decode_image(truths, intervals + 2 * longest, &gt, i, sizes + 2 * i);
        for (int64_t d = dt_offsets[i]; d < dt_offsets[i + 1]; d++) {
            group_of(&gt, i, dt_category[d], same_category != 0, &first, &last);
            if (first == last) continue;
            decode(&mask, &dt.codes, dt_mask[d], sizes[2 * i], sizes[2 * i + 1]);
            for (int64_t g = first; g < last; g++) *iou++ = mask_iou(&mask, truths + (g - start), gt_crowd[g]);
        }
    }
    free(intervals), free(truths);
    return pairs;
}
