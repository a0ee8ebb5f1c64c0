/* k-reciprocal re-ranking (Zhong et al., CVPR 2017) on lists of neighbours, so that no matrix of all images by all is kept. */
#include <stdlib.h>

#include "kernels.h"

/* For each row of `distances` (n_rows, n): the k nearest, ascending by (distance, index), as int32 (n_rows, k), k <= n. */
API int64_t reid_nearest(int64_t n_rows, int64_t n, const float *distances, int64_t k, int32_t *nearest) {
    for (int64_t row = 0; row < n_rows; row++, distances += n, nearest += k) {
        int64_t kept = 0;
        for (int64_t i = 0; i < n; i++) {
            float distance = distances[i];
            if (kept == k && !(distance < distances[nearest[k - 1]])) continue;
            int64_t at = kept < k ? kept++ : k - 1;
            for (; at && distances[nearest[at - 1]] > distance; at--) nearest[at] = nearest[at - 1];
            nearest[at] = (int32_t)i;
        }
    }
    return 0;
}

static int contains(const int32_t *list, int64_t length, int32_t value) {
    for (int64_t i = 0; i < length; i++)
        if (list[i] == value) return 1;
    return 0;
}

/* Those of the first `k` neighbours of `image` that have it among their own first k. */
static int64_t reciprocal(const int32_t *nearest, int64_t width, int64_t k, int32_t image, int32_t *found) {
    int64_t count = 0;
    for (int64_t j = 0; j < k; j++) {
        int32_t other = nearest[image * width + j];
        if (contains(nearest + other * width, k, image)) found[count++] = other;
    }
    return count;
}

static int ascending(const void *left, const void *right) {
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return a < b ? -1 : a > b;
}

/* The expanded k-reciprocal neighbours of the images `start` .. `stop` - 1, ascending and each once: `counts` of them,
 * one image's behind the other's in `members`, which has room for k + k * half an image. `nearest` is (n, width);
 * k and half <= width count the image itself. Returns how many there are, -1 without memory. */
API int64_t reid_reciprocal(int64_t start, int64_t stop, int64_t width, int64_t k, int64_t half, const int32_t *nearest,
                            int64_t *counts, int32_t *members) {
    int32_t *own = malloc((size_t)k * sizeof *own), *others = malloc((size_t)half * sizeof *others);
    int64_t total = 0;
    for (int64_t image = start; image < stop && own && others; image++) {
        int64_t n_own = reciprocal(nearest, width, k, (int32_t)image, own), n = 0;
        int32_t *list = members + total;
        for (int64_t j = 0; j < n_own; j++) list[n++] = own[j];
        for (int64_t j = 0; j < n_own; j++) {
            int64_t n_others = reciprocal(nearest, width, half, own[j], others), common = 0;
            for (int64_t i = 0; i < n_others; i++) common += contains(own, n_own, others[i]);
            if ((double)common > 2.0 / 3.0 * (double)n_others)
                for (int64_t i = 0; i < n_others; i++) list[n++] = others[i];
        }
        qsort(list, (size_t)n, sizeof *list, ascending);
        int64_t kept = 0;
        for (int64_t i = 0; i < n; i++)
            if (!kept || list[kept - 1] != list[i]) list[kept++] = list[i];
        counts[image - start] = kept;
        total += kept;
    }
    int failed = !own || !others;
    free(own), free(others);
    return failed ? -1 : total;
}

/* The mean of the sparse rows of each image's first k neighbours. A row's members are ascending; `starts` (n + 1). The means
 * of the images `start` .. `stop` - 1 go to `counts`, `members`, `values`, which have room for all members that they are
 * made from. Returns how many there are, -1 without memory. */
API int64_t reid_expand(int64_t n, int64_t start, int64_t stop, int64_t width, int64_t k, const int32_t *nearest,
                        const int64_t *starts, const int32_t *row_members, const float *row_values, int64_t *counts,
                        int32_t *members, float *values) {
    float *sums = calloc((size_t)n + 1, sizeof *sums);
    uint8_t *there = calloc((size_t)n + 1, 1);
    int64_t total = 0;
    for (int64_t image = start; image < stop && sums && there; image++) {
        int64_t count = 0;
        int32_t *list = members + total;
        for (int64_t j = 0; j < k; j++) {
            int32_t other = nearest[image * width + j];
            for (int64_t i = starts[other]; i < starts[other + 1]; i++) {
                int32_t member = row_members[i];
                if (!there[member]) there[member] = 1, list[count++] = member;
                sums[member] += row_values[i];
            }
        }
        qsort(list, (size_t)count, sizeof *list, ascending);
        for (int64_t i = 0; i < count; i++) {
            values[total + i] = sums[list[i]] / (float)k;
            sums[list[i]] = 0, there[list[i]] = 0;
        }
        counts[image - start] = count;
        total += count;
    }
    int failed = !sums || !there;
    free(sums), free(there);
    return failed ? -1 : total;
}

/* For each of n_rows sparse rows: the sums over its members of the smaller of its value and that of each of n_columns
 * images, given by member (`holders` of a member, ascending, and what they have there), as (n_rows, n_columns). */
API int64_t reid_overlap(int64_t n_rows, int64_t n_columns, const int64_t *starts, const int32_t *members,
                         const float *values, const int64_t *holder_starts, const int32_t *holders,
                         const float *holder_values, float *sums) {
    for (int64_t row = 0; row < n_rows; row++, sums += n_columns) {
        for (int64_t c = 0; c < n_columns; c++) sums[c] = 0;
        for (int64_t i = starts[row]; i < starts[row + 1]; i++)
            for (int64_t h = holder_starts[members[i]]; h < holder_starts[members[i] + 1]; h++)
                sums[holders[h]] += values[i] < holder_values[h] ? values[i] : holder_values[h];
    }
    return 0;
}
