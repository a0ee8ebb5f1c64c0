/* Matching of detections to ground truth, as the Pascal VOC evaluators in Python do it. */
#include "boxes.h"

enum { DEVKIT = 0, MMDET = 1 };

static float higherf(float a, float b) { return a > b ? a : b; }
static float lowerf(float a, float b) { return a < b ? a : b; }

/* IoU in single precision, of boxes that are moved to 0-based coordinates and have no extra pixel. */
static double overlap_single(const double *det, const double *gt) {
    float a[4], b[4];
    for (int i = 0; i < 4; i++) a[i] = (float)(det[i] - 1), b[i] = (float)(gt[i] - 1);
    float width = higherf(lowerf(a[2], b[2]) - higherf(a[0], b[0]), 0);
    float height = higherf(lowerf(a[3], b[3]) - higherf(a[1], b[1]), 0);
    float common = width * height;
    float together = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common;
    return common / higherf(together, 1e-6f);
}

/* Matches the detections of all images in the order of `ranked`, row numbers by descending score inside each category.
 *   det_image, det_category, det_boxes (n, 4): the detections' rows; boxes x1, y1, x2, y2, 1-based;
 *   gt_offsets (n_images + 1) delimits the images' ground truths, whose order decides between equal overlaps;
 *   taken (n_gt) is work space, all zero; style: how overlaps are computed, and whether the threshold itself is enough.
 * A detection looks at the ground truth that it overlaps most, and at no other. Writes for every row the thresholds, as
 * bits, at which it is a true positive (`hit`) and a false one (`miss`); at the others it does not count. Returns 0. */
API int64_t voc_match(int64_t n, int64_t n_thresholds, int64_t style, const double *thresholds, const int64_t *ranked,
                      const int32_t *det_image, const int32_t *det_category, const double *det_boxes,
                      const int64_t *gt_offsets, const int32_t *gt_category, const double *gt_boxes,
                      const uint8_t *gt_difficult, uint16_t *taken, uint16_t *hit, uint16_t *miss) {
    for (int64_t r = 0; r < n; r++) {
        int64_t d = ranked[r], best = -1;
        double overlap = -1;
        for (int64_t g = gt_offsets[det_image[d]]; g < gt_offsets[det_image[d] + 1]; g++) {
            if (gt_category[g] != det_category[d]) continue;
            double found = (style == MMDET ? overlap_single : box_overlap_inclusive)(det_boxes + 4 * d, gt_boxes + 4 * g);
            if (found > overlap) overlap = found, best = g;
        }
        hit[d] = miss[d] = 0;
        for (int bit = 0; bit < n_thresholds; bit++) {
            uint16_t flag = (uint16_t)(1u << bit);
            int enough = best >= 0 && (style == MMDET ? overlap >= thresholds[bit] : overlap > thresholds[bit]);
            if (!enough) miss[d] |= flag;
            else if (gt_difficult[best]) continue;
            else if (taken[best] & flag) miss[d] |= flag;
            else taken[best] |= flag, hit[d] |= flag;
        }
    }
    return 0;
}
