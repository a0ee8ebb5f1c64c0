/* Ranks of a query's good images among the gallery, for one type of distance: NUMBER and LARGEST (its largest finite
 * number) are defined by the file that includes this, and NAME(x), which makes names of their own. */

typedef struct {
    NUMBER distance;
    int64_t index;
} NAME(Good);

/* The good images of one query, ascending by (distance, gallery index). Those of one distance are a group. `before`
 * counts the images that come before a group and behind the one before it, `equal` those of a group's own distance,
 * `within` those of them that come before a good image and behind the one before it in its group. */
typedef struct {
    NAME(Good) * goods;
    NUMBER *values;        /* of the groups, filled up with LARGEST to a power of two */
    int64_t *starts;       /* of the groups in `goods` */
    int64_t *before, *equal, *within;
    int64_t n_goods, n_groups, half;
} NAME(Row);

static int NAME(compare)(const void *left, const void *right) {
    const NAME(Good) *a = left, *b = right;
    if (a->distance != b->distance) return a->distance < b->distance ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static void NAME(release)(NAME(Row) * row) {
    free(row->goods), free(row->values), free(row->starts), free(row->before), free(row->equal), free(row->within);
}

static int NAME(allocate)(NAME(Row) * row, int64_t most) {
    size_t n = (size_t)most + 1, power = 1;
    while (power < n) power *= 2;
    row->goods = malloc(n * sizeof *row->goods);
    row->values = malloc(2 * power * sizeof *row->values);
    row->starts = malloc((n + 1) * sizeof *row->starts);
    row->before = malloc((2 * power + 1) * sizeof *row->before);
    row->equal = malloc(n * sizeof *row->equal);
    row->within = malloc(n * sizeof *row->within);
    return row->goods && row->values && row->starts && row->before && row->equal && row->within;
}

/* Make a row of good images at the distances `given`, one for each. */
static void NAME(arrange)(NAME(Row) * row, const NUMBER *given, const int64_t *good, int64_t n_goods) {
    row->n_goods = n_goods, row->n_groups = 0;
    for (int64_t k = 0; k < n_goods; k++) row->goods[k] = (NAME(Good)){given[k], good[k]};
    qsort(row->goods, (size_t)n_goods, sizeof *row->goods, NAME(compare));
    for (int64_t k = 0; k < n_goods; k++) {
        row->within[k] = 0;
        if (k && row->goods[k].distance == row->goods[k - 1].distance) continue;
        row->starts[row->n_groups] = k;
        row->values[row->n_groups++] = row->goods[k].distance;
    }
    row->starts[row->n_groups] = n_goods;
    int64_t power = 1;
    while (power < row->n_groups + 1) power *= 2;
    row->half = power / 2;
    for (int64_t k = row->n_groups; k < power; k++) row->values[k] = LARGEST;
    for (int64_t k = 0; k <= power; k++) row->before[k] = 0;
    for (int64_t k = 0; k < row->n_groups; k++) row->equal[k] = 0;
}

/* How many groups are nearer than `distance`. */
static inline int64_t NAME(nearer)(const NAME(Row) * row, NUMBER distance) {
    const NUMBER *values = row->values;
    int64_t found = 0;
    for (int64_t half = row->half; half; half /= 2) found += values[found + half - 1] < distance ? half : 0;
    return found;
}

static void NAME(count)(NAME(Row) * row, NUMBER distance, int64_t index, int64_t times) {
    int64_t group = NAME(nearer)(row, distance);
    if (group == row->n_groups || row->values[group] != distance) {
        row->before[group] += times;
        return;
    }
    row->equal[group] += times;
    int64_t k = row->starts[group], end = row->starts[group + 1];
    for (int64_t high = end; k < high;) {
        int64_t middle = (k + high) / 2;
        if (row->goods[middle].index < index) k = middle + 1;
        else high = middle;
    }
    if (k < end && row->goods[k].index != index) row->within[k] += times;
}

/* The ranks from 0, nearest first: by (distance, index), and if all ties fell for or against the good images. */
static void NAME(ranks)(const NAME(Row) * row, int64_t *stable, int64_t *least, int64_t *most) {
    int64_t others = 0;
    for (int64_t group = 0; group < row->n_groups; group++) {
        others += row->before[group];
        int64_t within = 0;
        for (int64_t k = row->starts[group]; k < row->starts[group + 1]; k++) {
            within += row->within[k];
            stable[k] = others + within + k;
            least[k] = others + k;
            most[k] = others + row->equal[group] + k;
        }
        others += row->equal[group];
    }
}

/* The ranks of every query's good images (`good`, indices into the gallery from `good_starts[q]` to
 * `good_starts[q + 1]`), when the images listed in `skip` are not there. Images farther than the worst good one are only
 * compared with it; nothing is sorted but the good images. Returns 0, -1 without memory, or the number of the first query,
 * counted from 1, that has a distance which is not finite. */
API int64_t NAME(reid_ranks)(int64_t n_queries, int64_t n_gallery, const NUMBER *distances, const int64_t *good_starts,
                             const int64_t *good, const int64_t *skip_starts, const int64_t *skip, int64_t *stable,
                             int64_t *least, int64_t *most) {
    int64_t largest = 0, bad = 0;
    for (int64_t q = 0; q < n_queries; q++)
        if (good_starts[q + 1] - good_starts[q] > largest) largest = good_starts[q + 1] - good_starts[q];
    NAME(Row) row = {0};
    NUMBER *given = malloc((size_t)(largest + 1) * sizeof *given);
    if (!NAME(allocate)(&row, largest) || !given) {
        NAME(release)(&row), free(given);
        return -1;
    }
    for (int64_t q = 0; q < n_queries && !bad; q++, distances += n_gallery) {
        int64_t from = good_starts[q], n_goods = good_starts[q + 1] - from;
        for (int64_t k = 0; k < n_goods; k++) given[k] = distances[good[from + k]];
        NAME(arrange)(&row, given, good + from, n_goods);
        NUMBER worst = n_goods ? row.goods[n_goods - 1].distance : -LARGEST;
        for (int64_t g = 0; g < n_gallery; g++) {
            NUMBER distance = distances[g];
            if (distance > worst && distance <= LARGEST) continue;
            if (!(distance >= -LARGEST && distance <= LARGEST)) bad = q + 1;
            NAME(count)(&row, distance, g, 1);
        }
        for (int64_t k = from; k < good_starts[q + 1]; k++) NAME(count)(&row, distances[good[k]], good[k], -1);
        for (int64_t k = skip_starts[q]; k < skip_starts[q + 1]; k++)
            if (!(distances[skip[k]] > worst)) NAME(count)(&row, distances[skip[k]], skip[k], -1);
        NAME(ranks)(&row, stable + from, least + from, most + from);
    }
    NAME(release)(&row), free(given);
    return bad;
}
