/* Reads tracking text: lines of one to eight numbers, separated by commas, semicolons or blanks. */
#include <math.h>

#include "number.h"

enum { MOST = 8, HARD = -2 };

static int separates(char c) { return c == ',' || c == ';' || c == ' ' || c == '\t' || c == '\r'; }

static int is_nan(const char *at, const char *end) {
    return end - at == 3 && (at[0] | 0x20) == 'n' && (at[1] | 0x20) == 'a' && (at[2] | 0x20) == 'n';
}

/* Returns whether the field is a plain decimal number or NaN. */
static int plain(const char *at, const char *end, double *value) {
    Number number = {0};
    if (is_nan(at, end)) {
        *value = NAN;
        return 1;
    }
    if (at < end && *at == '-') number.negative = 1, at++;
    const char *start = at;
    at = number_digits(&number, at, end, 0);
    int any = at > start;
    if (at < end && *at == '.') {
        start = ++at;
        at = number_digits(&number, at, end, -1);
        any |= at > start;
    }
    if (at < end && (*at == 'e' || *at == 'E') && any && !(at = number_exponent(&number, at + 1, end))) return 0;
    return any && at == end && number_value(&number, value);
}

/* Writes every line's numbers into a row of 8 (the rest 0), how many there are, and the line's number from 1; lines of
 * blanks are passed over. Fields stand between single commas or semicolons, or any blanks.
 * Returns the number of rows, or -2 where a line needs the slower reader, which also words what is wrong with it. */
API int64_t track_rows(const uint8_t *bytes, int64_t length, double *values, uint8_t *counts, int64_t *lines) {
    const char *at = (const char *)bytes, *end = at + length;
    int64_t n = 0;
    for (int64_t line = 1; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        double *row = values + n * MOST;
        int count = 0, commas = 0;
        while (at < stop) {
            if (separates(*at)) {
                commas += *at == ',' || *at == ';';
                at++;
                continue;
            }
            if (count == MOST || commas > (count > 0)) return HARD;
            const char *field = at;
            while (at < stop && !separates(*at)) at++;
            if (!plain(field, at, row + count)) return HARD;
            count++, commas = 0;
        }
        if (commas) return HARD;
        for (int i = count; i < MOST && count; i++) row[i] = 0;
        counts[n] = (uint8_t)count, lines[n] = line;
        n += count > 0;
        at = stop + 1;
    }
    return n;
}
