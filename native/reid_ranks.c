/* Ranking a gallery for person re-identification without sorting it: by distances in single or double precision, or by
 * features whose distances were approximated in single precision. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

#define NUMBER float
#define LARGEST FLT_MAX
#define NAME(x) x##_f32
#include "reid_rank.h"
#undef NUMBER
#undef LARGEST
#undef NAME

#define NUMBER double
#define LARGEST DBL_MAX
#define NAME(x) x##_f64
#include "reid_rank.h"

/* The features that distances come from: float32 (queries, length) and (n_gallery, length), and |g|^2 of the gallery. */
typedef struct {
    const float *query, *gallery;
    const double *squares;
    int64_t length;
} Features;

/* Pairs of numbers, an extension that GCC and Clang share; their machine code may differ, their sums may not. */
typedef float Singles __attribute__((vector_size(8)));
typedef double Doubles __attribute__((vector_size(16)));

static inline Doubles pair(const float *numbers) {
    Singles two;
    memcpy(&two, numbers, sizeof two);
    return __builtin_convertvector(two, Doubles);
}

/* The product of two single-precision vectors in double precision, added in one order on every machine: eight sums. */
static double product(const float *a, const float *b, int64_t length) {
    Doubles s0 = {0, 0}, s1 = {0, 0}, s2 = {0, 0}, s3 = {0, 0};
    int64_t i = 0;
    for (; i + 8 <= length; i += 8) {
        s0 += pair(a + i) * pair(b + i), s1 += pair(a + i + 2) * pair(b + i + 2);
        s2 += pair(a + i + 4) * pair(b + i + 4), s3 += pair(a + i + 6) * pair(b + i + 6);
    }
    Doubles sums = (s0 + s1) + (s2 + s3);
    double rest = 0;
    for (; i < length; i++) rest += (double)a[i] * b[i];
    return (sums[0] + sums[1]) + rest;
}

/* |g|^2 - 2 q.g, which ranks as the Euclidean distance does. */
static double exact(const Features *features, int64_t index) {
    return features->squares[index] - 2 * product(features->query, features->gallery + index * features->length, features->length);
}

/* Count one image, by its approximate distance where that is farther than `margin` from every good image's. */
static void count_near(Row_f64 *row, const Features *features, double distance, double margin, int64_t index) {
    if (isfinite(distance)) {
        int64_t group = nearer_f64(row, distance);
        int above = group == row->n_groups || row->values[group] - distance > margin;
        int below = group == 0 || distance - row->values[group - 1] > margin;
        if (above && below) {
            row->before[group]++;
            return;
        }
    }
    count_f64(row, exact(features, index), index, 1);
}

/* Four numbers at once. */
typedef float Lanes __attribute__((vector_size(16)));
typedef int32_t Marks __attribute__((vector_size(16)));
enum { LANES = 4 };

/* Whether all of four images are farther than `far`, which is more than rounding beyond the worst good image. */
static inline int all_far(const float *squares, const float *products, float far) {
    Lanes square, near, limit = far - (Lanes){0}, largest = FLT_MAX - (Lanes){0};
    memcpy(&square, squares, sizeof square), memcpy(&near, products, sizeof near);
    Lanes distance = square - 2 * near;
    Marks marks = (distance > limit) & (distance <= largest);
    uint64_t words[2];
    memcpy(words, &marks, sizeof words);
    return (words[0] & words[1]) == UINT64_MAX;
}

/* Count the images from `start` to `end`. `rounded` are the squares in single precision. */
static void count_range(Row_f64 *row, const Features *features, const float *rounded, const float *products, double margin,
                        double worst, int64_t start, int64_t end) {
    /* Single precision errs by some 2^-22 of |q| |g| + |g|^2, and a margin is more. */
    float far = (float)(worst + margin);
    for (int64_t g = start; g < end;) {
        if (g + LANES <= end && all_far(rounded + g, products + g, far)) {
            g += LANES;
            continue;
        }
        int64_t stop = g + LANES < end ? g + LANES : end;
        for (; g < stop; g++) {
            double distance = features->squares[g] - 2 * (double)products[g];
            if (!(distance > worst && distance <= FLT_MAX)) count_near(row, features, distance, margin, g);
        }
    }
}

/* The smaller next index of two ascending lists, which is taken off its list; `end` where both are at their ends. */
static int64_t next_index(const int64_t **a, const int64_t *a_end, const int64_t **b, const int64_t *b_end, int64_t end) {
    if (*a < a_end && (*b == b_end || **a < **b)) return *(*a)++;
    return *b < b_end ? *(*b)++ : end;
}

/* The squared lengths of `n` vectors in double precision. */
API int64_t reid_squares(int64_t n, int64_t length, const float *features, double *squares) {
    for (int64_t i = 0; i < n; i++) squares[i] = product(features + i * length, features + i * length, length);
    return 0;
}

/* As reid_ranks, by |g|^2 - 2 q.g in double precision. `products` (n_queries, n_gallery) approximate q.g, so that the
 * distances made of them are right to within `margins[q]` where they are finite: images farther than a margin from all good
 * ones are not looked at again, so that neither the order in which a library adds nor its blocks can change a rank. */
API int64_t reid_ranks_features(int64_t n_queries, int64_t n_gallery, int64_t length, const float *products,
                                const double *margins, const float *queries, const float *gallery, const double *squares,
                                const int64_t *good_starts, const int64_t *good, const int64_t *skip_starts,
                                const int64_t *skip, int64_t *stable, int64_t *least, int64_t *most) {
    int64_t largest = 0, bad = 0;
    for (int64_t q = 0; q < n_queries; q++)
        if (good_starts[q + 1] - good_starts[q] > largest) largest = good_starts[q + 1] - good_starts[q];
    Row_f64 row = {0};
    double *wanted = malloc((size_t)(largest + 1) * sizeof *wanted);
    float *rounded = malloc((size_t)(n_gallery + 1) * sizeof *rounded);
    if (!allocate_f64(&row, largest) || !wanted || !rounded) {
        release_f64(&row), free(wanted), free(rounded);
        return -1;
    }
    for (int64_t g = 0; g < n_gallery; g++) rounded[g] = (float)squares[g];
    for (int64_t q = 0; q < n_queries && !bad; q++, products += n_gallery) {
        Features features = {queries + q * length, gallery, squares, length};
        int64_t from = good_starts[q], n_goods = good_starts[q + 1] - from;
        for (int64_t k = 0; k < n_goods; k++) {
            wanted[k] = exact(&features, good[from + k]);
            if (!isfinite(wanted[k])) bad = q + 1;
        }
        arrange_f64(&row, wanted, good + from, n_goods);
        double margin = margins[q], worst = n_goods ? row.goods[n_goods - 1].distance + margin : -DBL_MAX;
        const int64_t *next_good = good + from, *next_skip = skip + skip_starts[q];
        for (int64_t start = 0; start <= n_gallery;) {
            int64_t end = next_index(&next_good, good + good_starts[q + 1], &next_skip, skip + skip_starts[q + 1], n_gallery);
            count_range(&row, &features, rounded, products, margin, worst, start, end);
            start = end + 1;
        }
        ranks_f64(&row, stable + from, least + from, most + from);
    }
    release_f64(&row), free(wanted), free(rounded);
    return bad;
}
