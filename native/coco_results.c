/* Reads COCO's detection results, [{"image_id": 1, "category_id": 1, "bbox": [x, y, w, h], "score": s}, ...], into
 * columns. It takes the plain case only: whatever it does not know at sight (nested values in other fields, escapes,
 * any error) it leaves to a full JSON parser. */
#include <stdlib.h>

#include "number.h"

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

static const char *skip_sign(const Text *text, Number *number) {
    number->negative = text->at < text->end && *text->at == '-';
    return text->at + number->negative;
}

/* JSON's grammar of a number, which is narrower than Python's; says whether it was written as an integer. */
static int take_number(Text *text, Number *number, int *integer) {
    skip_space(text);
    *number = (Number){0};
    *integer = 1;
    const char *at = skip_sign(text, number), *end = text->end;
    if (!is_digit(at, end)) return 0;
    at = *at == '0' ? at + 1 : number_digits(number, at, end, 0);
    if (is_digit(at, end)) return 0;
    if (at < end && *at == '.') {
        *integer = 0;
        if (!is_digit(++at, end)) return 0;
        at = number_digits(number, at, end, -1);
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        *integer = 0;
        if (!(at = number_exponent(number, at + 1, end))) return 0;
    }
    text->at = at;
    return 1;
}

static int take_double(Text *text, double *value) {
    Number number;
    int integer;
    char copy[64];
    skip_space(text);
    const char *start = text->at;
    if (!take_number(text, &number, &integer)) return 0;
    if (number_value(&number, value)) return 1;
    size_t length = (size_t)(text->at - start);
    if (length >= sizeof copy || number.exponent > 290 || number.exponent < -290) return 0;
    memcpy(copy, start, length);
    copy[length] = '\0';
    *value = strtod(copy, NULL);
    return 1;
}

static int take_integer(Text *text, int64_t *value) {
    Number number;
    int integer;
    if (!take_number(text, &number, &integer) || !integer || number.n_digits > 18) return 0;
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
    int integer;
    const char *start;
    size_t length;
    skip_space(text);
    if (text->at < text->end && *text->at == '"') return take_string(text, &start, &length);
    return take_number(text, &number, &integer);
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
