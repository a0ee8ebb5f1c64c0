/* FDDB's true-positive rates when every image counts as often as a resample drew it. */
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

enum { MOST_LIMITS = 16 };

typedef struct {
    int64_t n_images, n_limits, n_places, n_changes;
    const int64_t *limits;        /* (n_limits), ascending: the false positives allowed */
    const int64_t *step_starts;   /* (n_images + 1) */
    const int32_t *place, *hits;  /* (n_steps): where a step's score stands among all scores, the highest first */
    const double *iou_sums;       /* (n_steps) */
    const int32_t *change_place;  /* (n_changes), ascending: the steps at which an image's false positives change */
    const int32_t *change_image, *change;
    const int64_t *fall;          /* (n_changes + 1): the sum of the negative changes from here on */
    const int32_t *n_faces;       /* (n_images) */
} Steps;

/* Finds, for each limit, the last place with at most that many false positives (-1: before all), and whether there ever
 * are that many. */
static void find_places(const Steps *s, const uint16_t *weights, int64_t heaviest, int64_t *last, uint8_t *reached) {
    int64_t found = 0, most = 0, highest = s->limits[s->n_limits - 1], e = 0;
    for (int64_t k = 0; k < s->n_limits; k++) last[k] = -1;
    for (;;) {
        int64_t until = e < s->n_changes ? s->change_place[e] - 1 : s->n_places - 1;
        for (int64_t k = s->n_limits - 1; k >= 0 && found <= s->limits[k]; k--) last[k] = until;
        if (found > most) most = found;
        if (e == s->n_changes || found + heaviest * s->fall[e] > highest) break;
        for (int32_t at = s->change_place[e]; e < s->n_changes && s->change_place[e] == at; e++)
            found += (int64_t)weights[s->change_image[e]] * s->change[e];
    }
    for (int64_t k = 0; k < s->n_limits; k++) reached[k] = most >= s->limits[k];
}

/* Moves `cursor` to the number of the image's steps that stand at `place` or before it. */
static int64_t move_cursor(const int32_t *places, int64_t n, int64_t cursor, int64_t place) {
    while (cursor < n && places[cursor] <= place) cursor++;
    while (cursor > 0 && places[cursor - 1] > place) cursor--;
    return cursor;
}

/* Sums over the images in their order, an image drawn several times counting as several images side by side. */
static void add_up(const Steps *s, const uint16_t *weights, int64_t place, int32_t *cursors, int64_t *hits, double *sum) {
    *hits = 0, *sum = 0.0;
    for (int64_t i = 0; i < s->n_images; i++) {
        int64_t start = s->step_starts[i], n = s->step_starts[i + 1] - start;
        if (!weights[i] || !n) continue;
        cursors[i] = (int32_t)move_cursor(s->place + start, n, cursors[i], place);
        if (!cursors[i]) continue;
        int64_t step = start + cursors[i] - 1;
        *hits += (int64_t)weights[i] * s->hits[step];
        for (int copies = weights[i]; copies > 0; copies--) *sum += s->iou_sums[step];
    }
}

/* For each of `n_draws` rows of `weights`, (n_draws, n_images): the numbers of faces, and at each limit of false
 * positives the hits, the sum of IoUs and whether that many false positives are reached, (n_draws, n_limits).
 * Returns 0, or -1. */
API int64_t fddb_replicate(int64_t n_draws, int64_t n_images, const uint16_t *weights, int64_t n_limits,
                           const int64_t *limits, const int64_t *step_starts, const int32_t *place, const int32_t *hits,
                           const double *iou_sums, int64_t n_places, int64_t n_changes, const int32_t *change_place,
                           const int32_t *change_image, const int32_t *change, const int64_t *fall,
                           const int32_t *n_faces, int64_t *faces_out, int64_t *hits_out, double *sums_out,
                           uint8_t *reached_out) {
    Steps s = {n_images, n_limits, n_places,     n_changes,    limits, step_starts, place,
               hits,     iou_sums, change_place, change_image, change, fall,        n_faces};
    int64_t last[MOST_LIMITS];
    int32_t *cursors = calloc((size_t)(n_images * n_limits) + 1, sizeof *cursors);
    if (!cursors) return -1;
    for (int64_t b = 0; b < n_draws; b++) {
        const uint16_t *row = weights + b * n_images;
        int64_t heaviest = 0;
        faces_out[b] = 0;
        for (int64_t i = 0; i < n_images; i++) {
            faces_out[b] += (int64_t)row[i] * n_faces[i];
            if (row[i] > heaviest) heaviest = row[i];
        }
        find_places(&s, row, heaviest, last, reached_out + b * n_limits);
        for (int64_t k = 0; k < n_limits; k++)
            add_up(&s, row, last[k], cursors + k * n_images, hits_out + b * n_limits + k, sums_out + b * n_limits + k);
    }
    free(cursors);
    return 0;
}
