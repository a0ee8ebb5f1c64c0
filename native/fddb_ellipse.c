/* The pixels of one ellipse, for comparison with OpenCV's. */
#include "fddb_raster.h"

/* Writes 1 to the pixels of `pixels` (height, width), zero before, that the ellipse of five numbers covers (centre x and
 * y, half axes, degrees). Returns 0. */
API int64_t fddb_ellipse(const float *sines, const int64_t *numbers, int64_t width, int64_t height, uint8_t *pixels) {
    Mask mask = {0};
    Ellipse ellipse = {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]};
    if (!draw_ellipse(sines, ellipse, width, height, &mask)) return -1;
    for (int64_t y = 0; y < mask.height; y++)
        for (int64_t x = 0; x < mask.width; x++)
            pixels[(mask.top + y) * width + mask.left + x] = mask.pixels[y * mask.width + x];
    free(mask.pixels);
    return 0;
}
