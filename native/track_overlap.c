/* Overlap of two regions in pixels, as the VOT toolkits count them: each region is rasterised row by row, and per row
 * only the spans of pixels are kept. A region is x, y, width, height or four corners x1, y1, ..., x4, y4.
 * The arithmetic, its types and its odd ends are those of votchallenge/trax, src/region.c (pysot carries a copy), and of
 * votchallenge/toolkit 0.9.0, vot/region/raster.py, because the last digit depends on them. */
#include <float.h>
#include <math.h>

#include "kernels.h"

enum { PYSOT = 0, LEGACY = 1, TOOLKIT = 2 };
enum { CORNERS = 4 };

typedef struct {
    float x[CORNERS], y[CORNERS];
} Polygon;

typedef struct {
    float left, top, right, bottom;
} Bounds;

/* Pixels of one row, both ends included; spans are in order and do not touch each other's pixels. */
typedef struct {
    int n;
    int64_t first[CORNERS / 2], last[CORNERS / 2];
} Row;

static float least(float a, float b) { return a < b ? a : b; }
static float most(float a, float b) { return a > b ? a : b; }

/* A number of a region in single precision. No frame reaches as far as the limit, past which pixels could not be counted in
 * whole numbers. */
static float coordinate(double value) { return least(most((float)value, -1e9f), 1e9f); }

static void add_span(Row *row, int64_t first, int64_t last) {
    if (row->n && first <= row->last[row->n - 1]) first = row->last[row->n - 1] + 1;
    if (first > last) return;
    row->first[row->n] = first;
    row->last[row->n++] = last;
}

static int64_t common_pixels(const Row *a, const Row *b) {
    int64_t sum = 0;
    for (int i = 0; i < a->n; i++)
        for (int j = 0; j < b->n; j++) {
            int64_t first = a->first[i] > b->first[j] ? a->first[i] : b->first[j];
            int64_t last = a->last[i] < b->last[j] ? a->last[i] : b->last[j];
            if (first <= last) sum += last - first + 1;
        }
    return sum;
}

static void sort_nodes(int64_t *nodes, int n) {
    for (int i = 1; i < n; i++)
        for (int j = i; j && nodes[j - 1] > nodes[j]; j--) {
            int64_t swapped = nodes[j];
            nodes[j] = nodes[j - 1];
            nodes[j - 1] = swapped;
        }
}

/* Whether the edge from a to b meets the row, its ends included. */
static int meets(double a, double b, int64_t row) {
    double y = (double)row;
    return (a <= y && b > y) || (b <= y && a > y) || (a < y && b >= y) || (b < y && a >= y) || (a == b && a == y);
}

/* `level` says whether edges along the row give a node too; then equal nodes are told apart at the end of the row. */
static void fill_row(const Polygon *p, int64_t row, int64_t width, int level, Row *out) {
    int64_t nodes[CORNERS];
    int n = 0, i = 0;
    out->n = 0;
    for (int k = 0, j = CORNERS - 1; k < CORNERS; j = k++) {
        if (!meets(p->y[k], p->y[j], row)) continue;
        double rise = (double)p->y[j] - p->y[k], run = (double)p->x[j] - p->x[k];
        if (rise != 0) nodes[n++] = (int64_t)(p->x[k] + ((double)row - p->y[k]) / rise * run);
        else if (level) nodes[n++] = (int64_t)p->x[k];
    }
    sort_nodes(nodes, n);
    while (i < n - 1) {
        if (level && nodes[i] >= width) break;
        if (nodes[i] == nodes[i + 1] && (!level || i < n - 2)) {
            i++;
            continue;
        }
        if (nodes[i] >= width) break;
        if (nodes[i + 1] >= 0)
            add_span(out, nodes[i] < 0 ? 0 : nodes[i], nodes[i + 1] >= width ? width - 1 : nodes[i + 1]);
        i += 2;
    }
}

/* Corners are not rounded and spans end before their second node; past the right border one pixel more is lost. */
static void fill_row_legacy(const Polygon *p, int64_t row, int64_t width, Row *out) {
    int64_t nodes[CORNERS];
    int n = 0;
    double y = (double)row;
    out->n = 0;
    for (int k = 0, j = CORNERS - 1; k < CORNERS; j = k++)
        if ((p->y[k] < y && p->y[j] >= y) || (p->y[j] < y && p->y[k] >= y))
            nodes[n++] = (int64_t)(p->x[k] + ((float)row - p->y[k]) / (p->y[j] - p->y[k]) * (p->x[j] - p->x[k]));
    sort_nodes(nodes, n);
    for (int i = 0; i + 1 < n && nodes[i] < width; i += 2)
        if (nodes[i + 1] > 0)
            add_span(out, nodes[i] < 0 ? 0 : nodes[i], (nodes[i + 1] > width ? width - 1 : nodes[i + 1]) - 1);
}

static Bounds bounds_of(const Polygon *p, int rounded) {
    Bounds b = {FLT_MAX, FLT_MAX, -FLT_MAX, -FLT_MAX};
    for (int i = 0; i < CORNERS; i++) {
        b.top = least(b.top, p->y[i]), b.bottom = most(b.bottom, p->y[i]);
        b.left = least(b.left, p->x[i]), b.right = most(b.right, p->x[i]);
    }
    if (rounded) b = (Bounds){floorf(b.left), floorf(b.top), ceilf(b.right), ceilf(b.bottom)};
    return b;
}

static Bounds common_bounds(Bounds a, Bounds b) {
    return (Bounds){most(a.left, b.left), most(a.top, b.top), least(a.right, b.right), least(a.bottom, b.bottom)};
}

/* Two sides that are both negative give a positive area, as in the original. */
static float area_of(Bounds b) { return (b.right - b.left) * (b.bottom - b.top); }

static float overlap_of_bounds(Bounds a, Bounds b) {
    float common = area_of(common_bounds(a, b));
    float ratio = common / (area_of(a) + area_of(b) - common);
    return 0 > ratio ? 0 : ratio;
}

static void move(Polygon *p, float x, float y, int rounded) {
    for (int i = 0; i < CORNERS; i++) {
        p->x[i] += x, p->y[i] += y;
        if (rounded) p->x[i] = roundf(p->x[i]), p->y[i] = roundf(p->y[i]);
    }
}

static double pysot_overlap(Polygon a, Polygon b, Bounds frame, int legacy) {
    Bounds in_a = common_bounds(bounds_of(&a, !legacy), frame), in_b = common_bounds(bounds_of(&b, !legacy), frame);
    float x = least(in_a.left, in_b.left), y = least(in_a.top, in_b.top);
    int64_t width = (int64_t)(most(in_a.right, in_b.right) - x) + 1;
    int64_t height = (int64_t)(most(in_a.bottom, in_b.bottom) - y) + 1, common = 0, either = 0;
    double area_a = area_of(in_a), area_b = area_of(in_b);
    if (area_a / area_b < 1e-10 || area_b / area_a < 1e-10 || width < 1 || height < 1) return 0;
    if (overlap_of_bounds(in_a, in_b) == 0) return 0;
    move(&a, -x, -y, !legacy);
    move(&b, -x, -y, !legacy);
    for (int64_t row = 0; row < height; row++) {
        Row of_a, of_b;
        if (legacy) fill_row_legacy(&a, row, width, &of_a), fill_row_legacy(&b, row, width, &of_b);
        else fill_row(&a, row, width, 0, &of_a), fill_row(&b, row, width, 0, &of_b);
        int64_t both = common_pixels(&of_a, &of_b);
        common += both;
        either += common_pixels(&of_a, &of_a) + common_pixels(&of_b, &of_b) - both;
    }
    return (float)common / (float)either;
}

/* A region with whole coordinates: a box keeps its kind, because it is filled by other rules than a polygon. */
typedef struct {
    int box;
    double left, top, right, bottom;
    Polygon polygon;
} Region;

static Region whole(const double *values, int box) {
    Region r = {.box = box};
    if (box) {
        float v[4];
        for (int i = 0; i < 4; i++) v[i] = rintf(coordinate(values[i]));
        r.left = v[0], r.top = v[1];
        r.right = rintf(v[0] + v[2] - 1), r.bottom = rintf(v[1] + v[3] - 1);
        return r;
    }
    for (int i = 0; i < CORNERS; i++)
        r.polygon.x[i] = rintf(coordinate(values[2 * i])), r.polygon.y[i] = rintf(coordinate(values[2 * i + 1]));
    Bounds b = bounds_of(&r.polygon, 0);
    r.left = b.left, r.top = b.top, r.right = b.right, r.bottom = b.bottom;
    return r;
}

static void fill_region_row(const Region *r, double left, double top, double right, int64_t row, Row *out) {
    int64_t width = (int64_t)(right - left) + 1;
    if (!r->box) {
        fill_row(&r->polygon, row, width, 1, out);
        return;
    }
    out->n = 0;
    if (r->left > right || r->right < left || row + top < r->top || row + top > r->bottom) return;
    add_span(out, r->left < left ? 0 : (int64_t)(r->left - left), (int64_t)((r->right < right ? r->right : right) - left));
}

static double toolkit_overlap(Region a, Region b, double frame_width, double frame_height) {
    double left = fmin(a.left, b.left), top = fmin(a.top, b.top);
    double right = fmax(a.right, b.right), bottom = fmax(a.bottom, b.bottom);
    int64_t common = 0, either = 0;
    if (left >= right || top >= bottom) return 1;
    left = fmax(0, left), top = fmax(0, top);
    right = fmin(frame_width - 1, right), bottom = fmin(frame_height - 1, bottom);
    if (left >= right || top >= bottom) return 0;
    if (!a.box) move(&a.polygon, (float)-left, (float)-top, 0);
    if (!b.box) move(&b.polygon, (float)-left, (float)-top, 0);
    for (int64_t row = 0; row <= (int64_t)(bottom - top); row++) {
        Row of_a, of_b;
        fill_region_row(&a, left, top, right, row, &of_a);
        fill_region_row(&b, left, top, right, row, &of_b);
        int64_t both = common_pixels(&of_a, &of_b);
        common += both;
        either += common_pixels(&of_a, &of_a) + common_pixels(&of_b, &of_b) - both;
    }
    return either ? (double)common / (double)either : 0;
}

static Polygon polygon_of(const double *v, int box) {
    Polygon p;
    for (int i = 0; i < CORNERS; i++) {
        p.x[i] = coordinate(box ? v[0] + (i == 1 || i == 2 ? v[2] : 0) : v[2 * i]);
        p.y[i] = coordinate(box ? v[1] + (i >= 2 ? v[3] : 0) : v[2 * i + 1]);
    }
    return p;
}

/* Overlaps of `n` pairs, rows of 8 numbers of which the first 4 or 8 count, in a frame of `width` x `height` pixels;
 * NaN where either has another count (no region). */
API int64_t track_overlap(int64_t mode, int64_t n, const uint8_t *count_a, const double *a, const uint8_t *count_b,
                          const double *b, double width, double height, double *overlaps) {
    Bounds frame = {0, 0, (float)width, (float)height};
    for (int64_t i = 0; i < n; i++, a += 8, b += 8) {
        int box_a = count_a[i] == 4, box_b = count_b[i] == 4;
        if ((!box_a && count_a[i] != 8) || (!box_b && count_b[i] != 8)) overlaps[i] = NAN;
        else if (mode == TOOLKIT) overlaps[i] = toolkit_overlap(whole(a, box_a), whole(b, box_b), width, height);
        else overlaps[i] = pysot_overlap(polygon_of(a, box_a), polygon_of(b, box_b), frame, mode == LEGACY);
    }
    return 0;
}
