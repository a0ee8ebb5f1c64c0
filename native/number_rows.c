/* Reads lines of tokens and numbers, separated by blanks, into columns: detection and ground truth text files. */
#include <math.h>

#include "number.h"

enum { BAD_LINE = -2 };
enum { TOO_FEW = 1, TOO_MANY = 2, NO_NUMBER = 3, NOT_FINITE = 4 };

typedef struct {
    const char *at, *end;
} Line;

static int is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

/* Moves to the next field; returns whether there is one. */
static int next_field(Line *line) {
    while (line->at < line->end && is_blank(*line->at)) line->at++;
    return line->at < line->end;
}

static const char *field_end(const Line *line) {
    const char *at = line->at;
    while (at < line->end && !is_blank(*at)) at++;
    return at;
}

static int spells(const char *at, const char *end, const char *word) {
    for (; at < end && *word; at++, word++)
        if ((*at | 0x20) != *word) return 0;
    return at == end && !*word;
}

/* What Python's float() reads, without underscores. Writes NaN where the nearest double is not certain.
 * Returns 0, NO_NUMBER or NOT_FINITE. */
static int32_t read_number(const char *at, const char *end, double *value) {
    Number number = {0};
    if (*at == '-' || *at == '+') number.negative = *at++ == '-';
    if (spells(at, end, "nan") || spells(at, end, "inf") || spells(at, end, "infinity")) return NOT_FINITE;
    const char *start = at;
    at = number_digits(&number, at, end, 0);
    /* Digits before the point count in full beyond the nineteenth too, but then the value is not certain anyway. */
    int any = at > start;
    if (at < end && *at == '.') {
        start = ++at;
        at = number_digits(&number, at, end, -1);
        any |= at > start;
    }
    if (!any) return NO_NUMBER;
    if (at < end && (*at == 'e' || *at == 'E') && !(at = number_exponent(&number, at + 1, end))) return NO_NUMBER;
    if (at < end) return NO_NUMBER;
    if (!number_value(&number, value)) *value = NAN;
    return 0;
}

/* Reads `length` bytes from `start` on: at most `n_lines` lines, of `n_tokens` fields of any text and `n_columns`
 * numbers; further fields are an error unless `more` is set. Lines of blanks are passed over.
 * Writes, for each row, its numbers, the places and lengths of its tokens (n_rows, n_tokens), the number of its line
 * (1 is the first) and where it starts; to `end`, where reading ended. Returns the number of rows, or -2 for a bad line:
 * then `bad` holds its number, what is wrong, how many fields it has, and the place and length of the bad one. */
API int64_t number_rows(const uint8_t *bytes, int64_t start, int64_t length, int64_t n_lines, int64_t n_tokens,
                        int64_t n_columns, int64_t more, double *values, int64_t *token_starts, int64_t *token_lengths,
                        int64_t *line_numbers, int64_t *line_starts, int64_t *end, int64_t *bad) {
    const char *text = (const char *)bytes, *at = text + start, *stop = text + length;
    int64_t n = 0;
    for (int64_t number = 1; number <= n_lines && at < stop; number++) {
        const char *newline = memchr(at, '\n', (size_t)(stop - at));
        Line line = {at, newline ? newline : stop};
        int64_t field = 0, problem = 0;
        line_starts[n] = at - text;
        line_numbers[n] = number;
        for (; next_field(&line); field++) {
            const char *here = line.at, *after = field_end(&line);
            line.at = after;
            if (field < n_tokens) {
                token_starts[n * n_tokens + field] = here - text;
                token_lengths[n * n_tokens + field] = after - here;
            } else if (field < n_tokens + n_columns && !problem) {
                problem = read_number(here, after, values + n * n_columns + field - n_tokens);
                if (problem) bad[3] = here - text, bad[4] = after - here;
            }
        }
        if (field && !problem && field < n_tokens + n_columns) problem = TOO_FEW;
        if (field > n_tokens + n_columns && !problem && !more) problem = TOO_MANY;
        if (problem) {
            bad[0] = number, bad[1] = problem, bad[2] = field;
            return BAD_LINE;
        }
        n += field > 0;
        at = newline ? newline + 1 : stop;
    }
    *end = at - text;
    return n;
}
