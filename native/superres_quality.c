/* Luma and structural similarity of super-resolved images. */
#include "kernels.h"

#include <stdlib.h>
#include <string.h>

enum { TAPS = 11, MAPS = 5, WIDEST = 4 };
#define ROUNDER 0x1.8p52

#define WIDE 2
#define SPREAD(value) {(value), (value)}
#define NAME similarity_row
#define TARGET
#include "superres_ssim.h"

/* Wider registers where the processor has them; they are asked for without fused multiply-adds, so the digits stay. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define HAS_WIDER 1
#define WIDE 4
#define SPREAD(value) {(value), (value), (value), (value)}
#define NAME similarity_row_wider
#define TARGET __attribute__((target("avx2")))
#include "superres_ssim.h"
#endif

/* The similarity of two planes float64 (height, width), both sides at least TAPS: float64 (height - 10, width - 10).
 * `constants` are those of luminance and contrast. */
API int64_t superres_ssim(const double *x, const double *y, int64_t height, int64_t width, const double *window,
                          const double *constants, double *similarity)
{
    const int64_t stride = width + TAPS + WIDEST;
    double *rows = calloc((size_t)(stride * MAPS + 2 * TAPS * WIDEST), sizeof *rows);
    if (!rows)
        return -1;
    void (*make_row)(const double *, const double *, int64_t, const double *, const double *, double *, int64_t, double *) =
        similarity_row;
#ifdef HAS_WIDER
    if (__builtin_cpu_supports("avx2"))
        make_row = similarity_row_wider;
#endif
    for (int64_t row = 0; row + TAPS <= height; row++)
        make_row(x + row * width, y + row * width, width, window, constants, rows, stride,
                 similarity + row * (width - TAPS + 1));
    free(rows);
    return 0;
}

/* Luma of `count` RGB pixels: what `tables` (float64, 3 x 256) has for red, green and blue, added in that order, and
 * `offset`; then cast to single and times 255. */
API int64_t superres_single_luma(const uint8_t *rgb, int64_t count, const double *tables, double offset, double *luma)
{
    for (int64_t i = 0; i < count; i++, rgb += 3) {
        const double sum = tables[rgb[0]] + tables[256 + rgb[1]] + tables[512 + rgb[2]] + offset;
        luma[i] = (float)sum * 255.0f;
    }
    return 0;
}

/* The same with the sum divided by 255 before `offset` is added, rounded to whole numbers, halves to even: what a number
 * of this size has behind the point is lost when ROUNDER is added. */
API int64_t superres_rounded_luma(const uint8_t *rgb, int64_t count, const double *tables, double offset, double *luma)
{
    for (int64_t i = 0; i < count; i++, rgb += 3)
        luma[i] = ((tables[rgb[0]] + tables[256 + rgb[1]] + tables[512 + rgb[2]]) / 255.0 + offset + ROUNDER) - ROUNDER;
    return 0;
}
