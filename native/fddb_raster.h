/* Filled ellipses, pixel by pixel as OpenCV draws them (cvEllipse and cv::ellipse: filled, 8-connected, whole turn).
 *
 * The rules, as observed in OpenCV 2.4 to 5.0 (drawing.cpp): the ellipse is a polygon with a vertex every 90, 30, 18 or
 * 5 degrees, its sines rounded to seven decimals and to single precision; the polygon is filled by rows, and its edges
 * are drawn as lines on top. All in fixed point with 16 fractional bits. */
#ifndef VISION_HARNESS_FDDB_RASTER_H
#define VISION_HARNESS_FDDB_RASTER_H

#include <stdlib.h>
#include <string.h>

#include "kernels.h"

enum { SHIFT = 16, ONE = 1 << SHIFT, HALF = ONE / 2, MOST_POINTS = 80 };

typedef struct {
    int64_t x, y;
} Point;

/* Vertices in 1/65536 pixel, in order; the last one repeats the first. */
typedef struct {
    Point at[MOST_POINTS];
    int64_t n;
} Polygon;

/* A part of an image, 1 where a region covers the pixel. */
typedef struct {
    int64_t left, top, width, height;
    uint8_t *pixels;
    int64_t capacity;
} Mask;

typedef struct {
    int64_t x, y, a, b, angle; /* centre, half axes in pixels, whole degrees */
} Ellipse;

/* The nearest whole number, the even one of two; for values below 2^51. */
static int64_t nearest(double value) { return (int64_t)(value + 6755399441055744.0 - 6755399441055744.0); }

/* `sines` holds those of 0 to 90 degrees as OpenCV's table does. */
static float sine(const float *sines, int64_t degrees) {
    int64_t k = degrees % 360;
    if (k > 180) return k > 270 ? -sines[360 - k] : -sines[k - 180];
    return k > 90 ? sines[180 - k] : sines[k];
}

static void ellipse_polygon(const float *sines, Ellipse e, Polygon *polygon) {
    int64_t longest = e.a > e.b ? e.a : e.b, angle = e.angle % 360;
    int64_t step = longest < 3 ? 90 : longest < 10 ? 30 : longest < 15 ? 18 : 5;
    if (angle < 0) angle += 360;
    float cosine_turn = sine(sines, angle + 90), sine_turn = sine(sines, angle);
    double centre_x = (double)(e.x * ONE), centre_y = (double)(e.y * ONE);
    polygon->n = 0;
    for (int64_t at = 0; at <= 360; at += step) {
        double x = (double)(e.a * ONE) * sine(sines, at + 90), y = (double)(e.b * ONE) * sine(sines, at);
        Point point = {nearest(centre_x + x * cosine_turn - y * sine_turn),
                       nearest(centre_y + x * sine_turn + y * cosine_turn)};
        const Point *last = polygon->at + polygon->n - 1;
        if (polygon->n && last->x == point.x && last->y == point.y) continue;
        polygon->at[polygon->n++] = point;
    }
    if (polygon->n == 1) polygon->at[polygon->n++] = polygon->at[0];
}

/* Sets the mask to the part of the image that the polygon may touch, empty; returns whether memory was enough. */
static int mask_around(Mask *mask, const Polygon *polygon, int64_t width, int64_t height) {
    Point low = polygon->at[0], high = polygon->at[0];
    for (int64_t i = 1; i < polygon->n; i++) {
        Point p = polygon->at[i];
        if (p.x < low.x) low.x = p.x;
        if (p.y < low.y) low.y = p.y;
        if (p.x > high.x) high.x = p.x;
        if (p.y > high.y) high.y = p.y;
    }
    int64_t left = (low.x >> SHIFT) - 1, top = (low.y >> SHIFT) - 1;
    int64_t right = (high.x >> SHIFT) + 3, bottom = (high.y >> SHIFT) + 3;
    mask->left = left < 0 ? 0 : left, mask->top = top < 0 ? 0 : top;
    if (right > width) right = width;
    if (bottom > height) bottom = height;
    mask->width = right > mask->left ? right - mask->left : 0;
    mask->height = bottom > mask->top ? bottom - mask->top : 0;
    int64_t size = mask->width * mask->height;
    if (size > mask->capacity) {
        free(mask->pixels);
        mask->pixels = malloc((size_t)size);
        mask->capacity = mask->pixels ? size : 0;
        if (!mask->pixels) return 0;
    }
    if (size) memset(mask->pixels, 0, (size_t)size);
    return 1;
}

static void cover_pixel(const Mask *mask, int64_t x, int64_t y) {
    x -= mask->left, y -= mask->top;
    if (x >= 0 && x < mask->width && y >= 0 && y < mask->height) mask->pixels[y * mask->width + x] = 1;
}

static void cover_row(const Mask *mask, int64_t from, int64_t to, int64_t y) {
    from -= mask->left, to -= mask->left, y -= mask->top;
    if (from < 0) from = 0;
    if (to >= mask->width) to = mask->width - 1;
    if (y < 0 || y >= mask->height || to < from) return;
    memset(mask->pixels + y * mask->width + from, 1, (size_t)(to - from + 1));
}

/* On which sides a coordinate lies outside 0..last: 1 below, 2 above. */
static int outside(int64_t at, int64_t last) { return at < 0 ? 1 : at > last ? 2 : 0; }

/* Moves `p` along the line to `q` onto the side of 0..last that it lies beyond; `on` is the coordinate clipped.
 * In doubles, as OpenCV: the product of two distances far outside the image does not fit in 64 bits. */
static void onto_side(int64_t *on, int64_t *other, int64_t q_on, int64_t q_other, int64_t side) {
    *other += (int64_t)((double)(side - *on) * (double)(q_other - *other) / (double)(q_on - *on));
    *on = side;
}

/* Clips a line to 0..right, 0..bottom, rows first; returns whether anything is left. */
static int clip_line(int64_t right, int64_t bottom, Point *p, Point *q) {
    int px = outside(p->x, right), py = outside(p->y, bottom), qx = outside(q->x, right), qy = outside(q->y, bottom);
    if ((px & qx) || (py & qy)) return 0;
    if (py) onto_side(&p->y, &p->x, q->y, q->x, py == 1 ? 0 : bottom), px = outside(p->x, right);
    if (qy) onto_side(&q->y, &q->x, p->y, p->x, qy == 1 ? 0 : bottom), qx = outside(q->x, right);
    if (px & qx) return 0;
    if (px) onto_side(&p->x, &p->y, q->x, q->y, px == 1 ? 0 : right);
    if (qx) onto_side(&q->x, &q->y, p->x, p->y, qx == 1 ? 0 : right);
    return 1;
}

static void swap_points(Point *p, Point *q) {
    Point kept = *p;
    *p = *q, *q = kept;
}

/* Covers the pixels of an edge: one a column, or one a row where it is steep. */
static void cover_line(const Mask *mask, int64_t width, int64_t height, Point p, Point q) {
    if (!clip_line(width * ONE - 1, height * ONE - 1, &p, &q)) return;
    int64_t dx = q.x - p.x, dy = q.y - p.y;
    int flat = llabs(dx) > llabs(dy);
    if (flat ? dx < 0 : dy < 0) swap_points(&p, &q), dx = -dx, dy = -dy;
    int64_t slope = flat ? dy * ONE / (dx | 1) : dx * ONE / (dy | 1);
    int64_t count = (flat ? dx : dy) >> SHIFT;
    cover_pixel(mask, (q.x + HALF) >> SHIFT, (q.y + HALF) >> SHIFT);
    int64_t along = ((flat ? p.x : p.y) + HALF) >> SHIFT, across = (flat ? p.y : p.x) + HALF;
    for (; count >= 0; count--, along++, across += slope) {
        if (flat)
            cover_pixel(mask, along, across >> SHIFT);
        else
            cover_pixel(mask, across >> SHIFT, along);
    }
}

static int64_t nearest_row(Point point) { return (point.y + HALF) >> SHIFT; }

/* One of the two chains of edges that run down from the polygon's top. */
typedef struct {
    int64_t vertex, direction, x, dx, end_row;
} Chain;

/* Moves the chain to the edge that crosses `row`; `edges` counts those that neither chain has passed. */
static void advance(Chain *chain, const Polygon *polygon, int64_t row, int64_t *edges) {
    int64_t from = chain->vertex, to = (from + chain->direction) % polygon->n;
    for (; (*edges)-- > 0; from = to, to = (to + chain->direction) % polygon->n) {
        int64_t end_row = nearest_row(polygon->at[to]), rows = end_row - row;
        if (rows <= 0) continue;
        chain->x = polygon->at[from].x;
        chain->dx = ((polygon->at[to].x - chain->x) * 2 + rows) / (2 * rows);
        chain->end_row = end_row;
        chain->vertex = to;
        return;
    }
}

static void cover_inside(const Mask *mask, int64_t height, const Polygon *polygon) {
    int64_t top = 0, last_row = nearest_row(polygon->at[0]), edges = polygon->n;
    for (int64_t i = 1; i < polygon->n; i++) {
        if (polygon->at[i].y < polygon->at[top].y) top = i;
        if (nearest_row(polygon->at[i]) > last_row) last_row = nearest_row(polygon->at[i]);
    }
    if (last_row >= height) last_row = height - 1;
    int64_t row = nearest_row(polygon->at[top]);
    Chain chains[2] = {{top, 1, -ONE, 0, row}, {top, polygon->n - 1, -ONE, 0, row}};
    for (; row <= last_row; row++) {
        for (int k = 0; k < 2; k++)
            if (row >= chains[k].end_row) advance(chains + k, polygon, row, &edges);
        if (edges < 0) return;
        int64_t one = (chains[0].x + HALF) >> SHIFT, other = (chains[1].x + HALF) >> SHIFT;
        if (one <= other)
            cover_row(mask, one, other, row);
        else
            cover_row(mask, other, one, row);
        chains[0].x += chains[0].dx, chains[1].x += chains[1].dx;
    }
}

/* Draws the ellipse on an image of `width` x `height` pixels; returns whether memory was enough. */
static int draw_ellipse(const float *sines, Ellipse ellipse, int64_t width, int64_t height, Mask *mask) {
    Polygon polygon;
    ellipse_polygon(sines, ellipse, &polygon);
    if (!mask_around(mask, &polygon, width, height)) return 0;
    if (!mask->width || !mask->height) return 1;
    for (int64_t i = 0; i < polygon.n; i++)
        cover_line(mask, width, height, polygon.at[(i ? i : polygon.n) - 1], polygon.at[i]);
    if (polygon.n > 2) cover_inside(mask, height, &polygon);
    return 1;
}

#endif
