/* Reads COCO's detection results, [{"image_id": 1, "category_id": 1, "bbox": [x, y, w, h], "score": s}, ...], into
 * columns. It takes the plain case only: whatever it does not know at sight (nested values in other fields, escapes,
 * any error) it leaves to a full JSON parser. */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

enum { IRREGULAR = -2 };

typedef struct {
    const char *at, *end;
} Text;

static void skip_space(Text *text) {
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\n' || *text->at == '\t' || *text->at == '\r'))
        text->at++;
}

static int take(Text *text, char wanted) {
    skip_space(text);
    if (text->at == text->end || *text->at != wanted) return 0;
    text->at++;
    return 1;
}

/* A string without escapes, control characters or bytes beyond ASCII. */
static int take_string(Text *text, const char **start, size_t *length) {
    if (!take(text, '"')) return 0;
    *start = text->at;
    while (text->at < text->end && *text->at >= ' ' && *text->at < 127 && *text->at != '"' && *text->at != '\\') text->at++;
    *length = (size_t)(text->at - *start);
    if (text->at == text->end || *text->at != '"') return 0;
    text->at++;
    return 1;
}

static int digit(const Text *text) { return text->at < text->end && *text->at >= '0' && *text->at <= '9'; }

/* A number's digits without the point, and where the point stands. */
typedef struct {
    const char *start;
    uint64_t digits;
    int n_digits, exponent, negative, integer;
} Number;

static void take_digits(Text *text, Number *number, int step) {
    for (; digit(text); text->at++) {
        number->exponent += step;
        /* Leading zeros are no digits; beyond 19 digits the value is read again, by strtod. */
        if (number->n_digits == 0 && *text->at == '0') continue;
        if (number->n_digits++ < 19) number->digits = 10 * number->digits + (uint64_t)(*text->at - '0');
    }
}

static int take_number(Text *text, Number *number) {
    skip_space(text);
    *number = (Number){.start = text->at, .integer = 1};
    if (text->at < text->end && *text->at == '-') number->negative = 1, text->at++;
    if (!digit(text)) return 0;
    if (*text->at == '0') text->at++;
    else take_digits(text, number, 0);
    if (digit(text)) return 0;
    if (text->at < text->end && *text->at == '.') {
        number->integer = 0;
        text->at++;
        if (!digit(text)) return 0;
        take_digits(text, number, -1);
    }
    if (text->at < text->end && (*text->at == 'e' || *text->at == 'E')) {
        int sign = 1, exponent = 0;
        number->integer = 0;
        text->at++;
        if (text->at < text->end && (*text->at == '+' || *text->at == '-')) sign = *text->at++ == '-' ? -1 : 1;
        if (!digit(text)) return 0;
        for (; digit(text); text->at++) exponent = exponent < 1000 ? 10 * exponent + (*text->at - '0') : exponent;
        number->exponent += sign * exponent;
    }
    return 1;
}

/* The double nearest to digits / 10^places, if it is certain; both arguments are exact in a 64-bit significand. */
static int divide_by_power(uint64_t digits, int places, double *value) {
#if LDBL_MANT_DIG == 64
    static const long double powers[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,
                                         1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L,
                                         1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
    if (places > 27) return 0;
    long double quotient = (long double)digits / powers[places];
    uint64_t significand;
    memcpy(&significand, &quotient, sizeof significand);
    /* Rounded once to 64 bits; rounding again to 53 errs only if the first came to lie halfway between two doubles. */
    if ((significand & 0x7ff) == 0x400) return 0;
    *value = (double)quotient;
    return 1;
#else
    (void)digits, (void)places, (void)value;
    return 0;
#endif
}

static int to_double(const Text *text, const Number *number, double *value) {
    char copy[64];
    size_t length = (size_t)(text->at - number->start);
    if (number->n_digits == 0) *value = 0;
    else if (number->n_digits > 19 || number->exponent > 0 || !divide_by_power(number->digits, -number->exponent, value)) {
        if (length >= sizeof copy || number->exponent > 290 || number->exponent < -290) return 0;
        memcpy(copy, number->start, length);
        copy[length] = '\0';
        *value = strtod(copy, NULL);
        return 1;
    }
    if (number->negative) *value = -*value;
    return 1;
}

static int take_double(Text *text, double *value) {
    Number number;
    return take_number(text, &number) && to_double(text, &number, value);
}

static int take_integer(Text *text, int64_t *value) {
    Number number;
    if (!take_number(text, &number) || !number.integer || number.n_digits > 18) return 0;
    *value = number.negative ? -(int64_t)number.digits : (int64_t)number.digits;
    return 1;
}

static int take_box(Text *text, double *box) {
    return take(text, '[') && take_double(text, box) && take(text, ',') && take_double(text, box + 1) &&
           take(text, ',') && take_double(text, box + 2) && take(text, ',') && take_double(text, box + 3) &&
           take(text, ']');
}

static int skip_scalar(Text *text) {
    Number number;
    const char *start;
    size_t length;
    skip_space(text);
    if (text->at < text->end && *text->at == '"') return take_string(text, &start, &length);
    return take_number(text, &number);
}

/* One entry, after its opening brace. */
static int take_entry(Text *text, int64_t *image, int64_t *category, double *box, double *score) {
    int seen = 0;
    do {
        const char *name;
        size_t length;
        if (!take_string(text, &name, &length) || !take(text, ':')) return 0;
        int done;
        if (length == 8 && !memcmp(name, "image_id", 8)) seen |= 1, done = take_integer(text, image);
        else if (length == 11 && !memcmp(name, "category_id", 11)) seen |= 2, done = take_integer(text, category);
        else if (length == 4 && !memcmp(name, "bbox", 4)) seen |= 4, done = take_box(text, box);
        else if (length == 5 && !memcmp(name, "score", 5)) seen |= 8, done = take_double(text, score);
        else done = skip_scalar(text);
        if (!done) return 0;
    } while (take(text, ','));
    return take(text, '}') && seen == 15;
}

/* Writes up to `capacity` entries. Returns their number, or -2 where the text is not of the plain form. */
API int64_t coco_results(const uint8_t *bytes, int64_t length, int64_t capacity, int64_t *image, int64_t *category,
                         double *boxes, double *scores) {
    Text text = {(const char *)bytes, (const char *)bytes + length};
    int64_t n = 0;
    /* strtod reads the locale's decimal point. */
    if (strtod("0.5", NULL) != 0.5 || !take(&text, '[')) return IRREGULAR;
    if (!take(&text, ']')) {
        do {
            if (n == capacity || !take(&text, '{')) return IRREGULAR;
            if (!take_entry(&text, image + n, category + n, boxes + 4 * n, scores + n)) return IRREGULAR;
            n++;
        } while (take(&text, ','));
        if (!take(&text, ']')) return IRREGULAR;
    }
    skip_space(&text);
    return text.at == text.end ? n : IRREGULAR;
}
