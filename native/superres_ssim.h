/* The rows of a map of structural similarity, WIDE columns at a time. Included once for each width of vectors: define
 * WIDE (2 or 4), SPREAD (a number in every place), NAME (of the function) and TARGET (its attributes) first.
 *
 * Every pixel's sums are taken in the order of the window's taps, rows of the image first, so that the digits are those of
 * the plain formula whatever the width. */

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define WIDE_TYPE JOIN(NAME, _wide)
#define LOAD JOIN(NAME, _load)
#define DOWN JOIN(NAME, _down)
#define ALONG JOIN(NAME, _along)

typedef double WIDE_TYPE __attribute__((vector_size(WIDE * sizeof(double))));

TARGET static inline WIDE_TYPE LOAD(const double *from)
{
    WIDE_TYPE value;
    memcpy(&value, from, sizeof value);
    return value;
}

/* Down the image: weighted sums of one output row for WIDE columns. */
TARGET static inline void DOWN(const double *x, const double *y, int64_t width, const double *window, double *rows,
                               int64_t stride)
{
    WIDE_TYPE sum_x = {0}, sum_y = {0}, sum_xx = {0}, sum_yy = {0}, sum_xy = {0};
    for (int64_t tap = 0; tap < TAPS; tap++) {
        const WIDE_TYPE weight = SPREAD(window[tap]), a = LOAD(x + tap * width), b = LOAD(y + tap * width);
        sum_x += weight * a;
        sum_y += weight * b;
        sum_xx += weight * (a * a);
        sum_yy += weight * (b * b);
        sum_xy += weight * (a * b);
    }
    memcpy(rows, &sum_x, sizeof sum_x);
    memcpy(rows + stride, &sum_y, sizeof sum_y);
    memcpy(rows + 2 * stride, &sum_xx, sizeof sum_xx);
    memcpy(rows + 3 * stride, &sum_yy, sizeof sum_yy);
    memcpy(rows + 4 * stride, &sum_xy, sizeof sum_xy);
}

/* Along the row that DOWN made: the similarity of WIDE pixels. */
TARGET static inline void ALONG(const double *rows, int64_t stride, const double *window, const double *constants,
                                double *similarity, int64_t count)
{
    WIDE_TYPE mean_x = {0}, mean_y = {0}, mean_xx = {0}, mean_yy = {0}, mean_xy = {0};
    for (int64_t tap = 0; tap < TAPS; tap++) {
        const WIDE_TYPE weight = SPREAD(window[tap]);
        mean_x += weight * LOAD(rows + tap);
        mean_y += weight * LOAD(rows + stride + tap);
        mean_xx += weight * LOAD(rows + 2 * stride + tap);
        mean_yy += weight * LOAD(rows + 3 * stride + tap);
        mean_xy += weight * LOAD(rows + 4 * stride + tap);
    }
    const WIDE_TYPE luminance = SPREAD(constants[0]), contrast = SPREAD(constants[1]);
    const WIDE_TYPE squares = mean_x * mean_x + mean_y * mean_y, product = mean_x * mean_y;
    const WIDE_TYPE variances = (mean_xx + mean_yy) - squares, covariance = mean_xy - product;
    WIDE_TYPE value = (2.0 * product + luminance) * (2.0 * covariance + contrast);
    value /= (squares + luminance) * (variances + contrast);
    memcpy(similarity, &value, (size_t)count * sizeof *similarity);
}

/* One row of the map; `rows` holds MAPS rows of `stride` and behind them space for the last columns. */
TARGET static void NAME(const double *x, const double *y, int64_t width, const double *window, const double *constants,
                        double *rows, int64_t stride, double *similarity)
{
    const int64_t whole = width - width % WIDE, out_width = width - TAPS + 1;
    for (int64_t column = 0; column < whole; column += WIDE)
        DOWN(x + column, y + column, width, window, rows + column, stride);
    if (whole < width) {
        /* The last columns are taken from copies, so that no vector reads behind the planes. */
        double *edge_x = rows + MAPS * stride, *edge_y = edge_x + TAPS * WIDE;
        for (int64_t tap = 0; tap < TAPS; tap++) {
            memcpy(edge_x + tap * WIDE, x + tap * width + whole, (size_t)(width - whole) * sizeof *x);
            memcpy(edge_y + tap * WIDE, y + tap * width + whole, (size_t)(width - whole) * sizeof *y);
        }
        DOWN(edge_x, edge_y, WIDE, window, rows + whole, stride);
    }
    for (int64_t column = 0; column < out_width; column += WIDE) {
        const int64_t count = out_width - column < WIDE ? out_width - column : WIDE;
        ALONG(rows + column, stride, window, constants, similarity + column, count);
    }
}

#undef JOIN_
#undef JOIN
#undef WIDE_TYPE
#undef LOAD
#undef DOWN
#undef ALONG
#undef WIDE
#undef SPREAD
#undef NAME
#undef TARGET
