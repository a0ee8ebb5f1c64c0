/* Counts of one image at every score: detections kept, faces found, and the sum of IoUs, as FDDB's evaluation has them. */
#include "fddb_assign.h"
#include "fddb_raster.h"

enum { RECTANGLE = 0, NUMBERS = 5 };

/* A face's pixels, and how many of them lie above and left of each corner: (height + 1, width + 1). */
typedef struct {
    Mask mask;
    int32_t *sums;
    int64_t area;
} Face;

typedef struct {
    const float *sines;
    int64_t width, height, n_faces;
    Face *faces;
    Mask drawn; /* the detection at hand, where it is an ellipse */
    Assignment assignment;
    double *iou;       /* (n_faces): of the detection at hand */
    uint8_t *touched;  /* (n_faces): whether any detection so far overlaps the face */
    int64_t n_touched, n_overlapping;
} Image;

/* What an image's detections down to some score amount to. */
typedef struct {
    int32_t false_positives, hits;
    double iou_sum;
} Counts;

static int64_t lower(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t higher(int64_t a, int64_t b) { return a > b ? a : b; }

static Ellipse to_ellipse(const int64_t *n) { return (Ellipse){n[0], n[1], n[2], n[3], n[4]}; }

static int sum_face(Face *face) {
    const Mask *m = &face->mask;
    int64_t stride = m->width + 1;
    face->sums = calloc((size_t)(stride * (m->height + 1)), sizeof *face->sums);
    if (!face->sums) return 0;
    for (int64_t y = 0; y < m->height; y++) {
        int32_t row = 0, *above = face->sums + y * stride, *here = above + stride;
        for (int64_t x = 0; x < m->width; x++) row += m->pixels[y * m->width + x], here[x + 1] = above[x + 1] + row;
    }
    face->area = face->sums[stride * (m->height + 1) - 1];
    return 1;
}

static void close_image(Image *image) {
    for (int64_t i = 0; i < image->n_faces && image->faces; i++)
        free(image->faces[i].mask.pixels), free(image->faces[i].sums);
    free(image->faces), free(image->drawn.pixels), free(image->iou), free(image->touched);
    free_assignment(&image->assignment);
}

/* Draws the faces, (n_faces, 5); returns whether memory was enough. */
static int open_image(Image *image, const int64_t *faces) {
    size_t n = (size_t)image->n_faces;
    if (!n) return 1;
    image->faces = calloc(n, sizeof *image->faces);
    image->iou = calloc(n, sizeof *image->iou), image->touched = calloc(n, 1);
    if (!image->faces || !image->iou || !image->touched || !start_assignment(&image->assignment, image->n_faces)) return 0;
    for (int64_t i = 0; i < image->n_faces; i++) {
        Ellipse ellipse = to_ellipse(faces + NUMBERS * i);
        Face *face = image->faces + i;
        if (!draw_ellipse(image->sines, ellipse, image->width, image->height, &face->mask) || !sum_face(face)) return 0;
    }
    return 1;
}

static int64_t shared_with_rectangle(const Face *face, int64_t left, int64_t top, int64_t right, int64_t bottom) {
    const Mask *m = &face->mask;
    left = higher(left - m->left, 0), right = lower(right + 1 - m->left, m->width);
    top = higher(top - m->top, 0), bottom = lower(bottom + 1 - m->top, m->height);
    if (left >= right || top >= bottom) return 0;
    const int32_t *high = face->sums + top * (m->width + 1), *low = face->sums + bottom * (m->width + 1);
    return low[right] - low[left] - high[right] + high[left];
}

static int64_t shared_with_mask(const Face *face, const Mask *other) {
    const Mask *m = &face->mask;
    int64_t left = higher(m->left, other->left), right = lower(m->left + m->width, other->left + other->width);
    int64_t top = higher(m->top, other->top), bottom = lower(m->top + m->height, other->top + other->height);
    int64_t shared = 0;
    for (int64_t y = top; y < bottom; y++) {
        const uint8_t *a = m->pixels + (y - m->top) * m->width - m->left;
        const uint8_t *b = other->pixels + (y - other->top) * other->width - other->left;
        for (int64_t x = left; x < right; x++) shared += a[x] & b[x];
    }
    return shared;
}

static void set_iou(Image *image, int64_t i, int64_t shared, int64_t area) {
    image->iou[i] = shared ? (double)shared / (double)(image->faces[i].area + area - shared) : 0.0;
}

/* IoUs with a rectangle from one corner pixel to another, both inside it. */
static void rectangle_ious(Image *image, const int64_t *numbers) {
    int64_t left = higher(numbers[0], 0), right = lower(numbers[2], image->width - 1);
    int64_t top = higher(numbers[1], 0), bottom = lower(numbers[3], image->height - 1);
    int64_t area = left <= right && top <= bottom ? (right - left + 1) * (bottom - top + 1) : 0;
    for (int64_t i = 0; i < image->n_faces; i++) {
        int64_t shared = area ? shared_with_rectangle(image->faces + i, left, top, right, bottom) : 0;
        set_iou(image, i, shared, area);
    }
}

static int ellipse_ious(Image *image, const int64_t *numbers) {
    int64_t reach = higher(numbers[2], numbers[3]) + 2, near = 0, area = 0;
    for (int64_t i = 0; i < image->n_faces; i++) {
        const Mask *m = &image->faces[i].mask;
        near |= numbers[0] + reach >= m->left && numbers[0] - reach < m->left + m->width &&
                numbers[1] + reach >= m->top && numbers[1] - reach < m->top + m->height;
        image->iou[i] = 0.0;
    }
    if (!near) return 1;
    if (!draw_ellipse(image->sines, to_ellipse(numbers), image->width, image->height, &image->drawn)) return 0;
    for (int64_t k = 0; k < image->drawn.width * image->drawn.height; k++) area += image->drawn.pixels[k];
    for (int64_t i = 0; i < image->n_faces; i++)
        set_iou(image, i, shared_with_mask(image->faces + i, &image->drawn), area);
    return 1;
}

/* Adds the detection whose IoUs are at hand to the assignment, if it overlaps any face. */
static void count_detection(Image *image, int64_t detection) {
    int64_t overlaps = 0;
    for (int64_t i = 0; i < image->n_faces; i++) {
        if (image->iou[i] == 0.0) continue;
        overlaps = 1;
        image->n_touched += !image->touched[i];
        image->touched[i] = 1;
    }
    if (!overlaps) return;
    image->n_overlapping++;
    add_detection(&image->assignment, detection, image->iou);
}

/* The face whose detection comes next in the file after `detection`; -1 if there is none. */
static int64_t next_in_file(const Assignment *a, int64_t detection) {
    int64_t best = -1;
    for (int64_t face = 0; face < a->n_faces; face++)
        if (a->detection[face] > detection && (best < 0 || a->detection[face] < a->detection[best])) best = face;
    return best;
}

/* IoUs are added in the order in which FDDB's code adds them: that of the faces, unless more faces than detections
 * overlap anything; then that of the detections. */
static void count_pairs(const Image *image, int64_t kept, Counts *counts) {
    const Assignment *a = &image->assignment;
    int by_face = image->n_touched <= image->n_overlapping;
    *counts = (Counts){0, 0, 0.0};
    int64_t face = by_face ? 0 : a->n_faces ? next_in_file(a, -1) : -1;
    while (by_face ? face < image->n_faces : face >= 0) {
        int64_t detection = a->detection[face];
        double iou = detection < 0 ? 0.0 : a->iou[face * a->n_faces + face];
        counts->iou_sum += iou;
        counts->hits += iou > HIT;
        face = by_face ? face + 1 : next_in_file(a, detection);
    }
    counts->false_positives = (int32_t)(kept - counts->hits);
}

/* Goes through the image's `n` detections by `order`; writes counts at each score's last one. Returns how many scores
 * there are, or -1. */
static int64_t count_image(Image *image, int64_t kind, int64_t n, const int64_t *numbers, const double *scores,
                           const int64_t *order, double *step_scores, int32_t *false_positives, int32_t *hits,
                           double *iou_sums) {
    int64_t n_steps = 0;
    for (int64_t k = 0; k < n; k++) {
        const int64_t *detection = numbers + NUMBERS * order[k];
        if (kind == RECTANGLE)
            rectangle_ious(image, detection);
        else if (!ellipse_ious(image, detection))
            return -1;
        count_detection(image, order[k]);
        if (k + 1 < n && scores[order[k + 1]] == scores[order[k]]) continue;
        Counts counts;
        count_pairs(image, k + 1, &counts);
        step_scores[n_steps] = scores[order[k]];
        false_positives[n_steps] = counts.false_positives, hits[n_steps] = counts.hits;
        iou_sums[n_steps++] = counts.iou_sum;
    }
    return n_steps;
}

/* For every image, with sizes (n, 2), width first: what its detections amount to at each of their scores, from the
 * highest to the lowest. Faces are ellipses (5 numbers: centre, half axes, degrees); detections are rectangles (`kind` 0:
 * first and last corner pixel, and one unused) or ellipses (`kind` 1). `order` sorts an image's detections by descending
 * score, counted from its first one. Steps of all images are written one after the other, their counts to `n_steps`.
 * Returns the number of steps, or -1. */
API int64_t fddb_match(const float *sines, int64_t n_images, const int64_t *sizes, const int64_t *face_offsets,
                       const int64_t *faces, int64_t kind, const int64_t *offsets, const int64_t *numbers,
                       const double *scores, const int64_t *order, int64_t *n_steps, double *step_scores,
                       int32_t *false_positives, int32_t *hits, double *iou_sums) {
    int64_t total = 0;
    for (int64_t i = 0; i < n_images; i++) {
        int64_t first = offsets[i];
        Image image = {.sines = sines, .width = sizes[2 * i], .height = sizes[2 * i + 1]};
        image.n_faces = face_offsets[i + 1] - face_offsets[i];
        int64_t found = -1;
        if (open_image(&image, faces + NUMBERS * face_offsets[i]))
            found = count_image(&image, kind, offsets[i + 1] - first, numbers + NUMBERS * first, scores + first,
                                order + first, step_scores + total, false_positives + total, hits + total,
                                iou_sums + total);
        close_image(&image);
        if (found < 0) return -1;
        n_steps[i] = found;
        total += found;
    }
    return total;
}
