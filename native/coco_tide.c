/* What kind of error each detection is that finds nothing, after Bolya et al., TIDE, ECCV 2020 (arXiv 2008.08115). */
#include <stdlib.h>

#include "coco_box.h"

enum { FOUND, CLASSIFICATION, LOCALISATION, BOTH, DUPLICATE, BACKGROUND };
enum { UNUSED, USED, CORRECTABLE };

/* The ground truths of one image, and the IoUs of its detections with them, (detections, n). */
typedef struct {
    int64_t n;
    const int32_t *category;
    const uint8_t *crowd;
    double *iou;
    uint8_t *state;
} Image;

/* The highest IoU of a detection among some ground truths, the first one on a tie; -1 where there are none. */
typedef struct {
    double iou;
    int64_t g;
} Best;

static void better(Best *best, double iou, int64_t g) {
    if (best->g < 0 || iou > best->iou) *best = (Best){iou, g};
}

/* A detection takes the free ground truth of its category with the highest IoU, if that reaches `found`. */
static int take(Image *image, const double *iou, int32_t category, double found) {
    Best best = {0, -1};
    for (int64_t g = 0; g < image->n; g++)
        if (!image->crowd[g] && image->category[g] == category && image->state[g] == UNUSED) better(&best, iou[g], g);
    if (best.g < 0 || best.iou < found) return 0;
    image->state[best.g] = USED;
    return 1;
}

/* Whether the detection lies in a crowd of its category. */
static uint8_t in_crowd(const Image *image, const double *iou, int32_t category, double found) {
    for (int64_t g = 0; g < image->n; g++)
        if (image->crowd[g] && image->category[g] == category && iou[g] > found) return 1;
    return 0;
}

/* The kind of a detection that found nothing, and the ground truth that it would have found (-1 if none is meant). */
static uint8_t kind_of(const Image *image, const double *iou, int32_t category, double found, double background,
                       int64_t *meant) {
    Best same = {0, -1}, other = {0, -1}, used = {0, -1};
    *meant = -1;
    for (int64_t g = 0; g < image->n; g++) {
        if (image->crowd[g]) continue;
        if (image->category[g] != category) better(&other, iou[g], g);
        else better(&same, iou[g], g);
        if (image->category[g] == category && image->state[g] == USED) better(&used, iou[g], g);
    }
    if (same.g < 0 && other.g < 0) return BACKGROUND;
    if (same.iou >= background && same.iou <= found) return *meant = same.g, LOCALISATION;
    if (other.iou >= found) return *meant = other.g, CLASSIFICATION;
    if (used.iou >= found) return DUPLICATE;
    return same.iou <= background && other.iou <= background ? BACKGROUND : BOTH;
}

/* Sorts the detections of all images into kinds; rows of either side stand image after image, detections by descending
 * score. `given`: whether `given_iou` holds each detection's IoUs with all ground truths of its image; else they are those of
 * the boxes. Writes for each detection its kind, whether it lies in a crowd without having found anything, and the category
 * under which it is right once its error is mended (-1: it is left out then); for each ground truth whether it is unused,
 * used, or what an error could have found. Returns 0, or -1 without memory. */
API int64_t coco_tide(int64_t n_images, double found, double background, const int64_t *dt_offsets,
                      const int32_t *dt_category, const double *dt_boxes, const int64_t *gt_offsets,
                      const int32_t *gt_category, const double *gt_boxes, const uint8_t *gt_crowd, int64_t given,
                      const double *given_iou, uint8_t *kind, uint8_t *ignored, int32_t *mended, uint8_t *state) {
    int64_t most = 1;
    for (int64_t i = 0; i < n_images; i++) {
        int64_t pairs = (dt_offsets[i + 1] - dt_offsets[i]) * (gt_offsets[i + 1] - gt_offsets[i]);
        if (pairs > most) most = pairs;
    }
    double *iou = malloc((size_t)most * sizeof *iou);
    if (!iou) return -1;
    for (int64_t i = 0; i < n_images; i++) {
        int64_t first = gt_offsets[i], start = dt_offsets[i], end = dt_offsets[i + 1];
        Image image = {gt_offsets[i + 1] - first, gt_category + first, gt_crowd + first, iou, state + first};
        for (int64_t g = 0; g < image.n; g++) image.state[g] = UNUSED;
        for (int64_t d = start; d < end; d++) {
            double *row = iou + (d - start) * image.n;
            if (!given) box_iou_row(dt_boxes + 4 * d, image.n, gt_boxes + 4 * first, image.crowd, row);
            else
                for (int64_t g = 0; g < image.n; g++) row[g] = *given_iou++;
            kind[d] = take(&image, row, dt_category[d], found) ? FOUND : BACKGROUND;
        }
        for (int64_t d = start; d < end; d++) {
            const double *row = iou + (d - start) * image.n;
            int64_t meant = -1;
            mended[d] = -1;
            ignored[d] = 0;
            if (kind[d] == FOUND) continue;
            ignored[d] = in_crowd(&image, row, dt_category[d], found);
            kind[d] = kind_of(&image, row, dt_category[d], found, background, &meant);
            /* Of several errors at one ground truth only the first, which scores highest, is mended. */
            if (meant < 0 || image.state[meant] != UNUSED) continue;
            image.state[meant] = CORRECTABLE;
            mended[d] = image.category[meant];
        }
    }
    free(iou);
    return 0;
}
