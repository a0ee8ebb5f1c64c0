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

/* The characters of a run-length code; a backslash is the only one that JSON escapes. */
static int take_code(Text *text, uint8_t *code, int64_t *length) {
    if (!take(text, '"')) return 0;
    for (*length = 0; text->at < text->end && *text->at != '"'; text->at++) {
        if (*text->at < ' ' || *text->at >= 127) return 0;
        if (*text->at == '\\' && (++text->at == text->end || *text->at != '\\')) return 0;
        code[(*length)++] = (uint8_t)*text->at;
    }
    return take(text, '"');
}

/* {"size": [height, width], "counts": "..."} */
static int take_mask(Text *text, int64_t *size, uint8_t *code, int64_t *length) {
    int seen = 0;
    if (!take(text, '{')) return 0;
    do {
        const char *name;
        size_t n;
        if (!take_string(text, &name, &n) || !take(text, ':')) return 0;
        if (n == 4 && !memcmp(name, "size", 4)) {
            seen |= 1;
            if (!take(text, '[') || !take_integer(text, size) || !take(text, ',') || !take_integer(text, size + 1) ||
                !take(text, ']'))
                return 0;
        } else if (n == 6 && !memcmp(name, "counts", 6)) {
            seen |= 2;
            if (!take_code(text, code, length)) return 0;
        } else return 0;
    } while (take(text, ','));
    return take(text, '}') && seen == 3;
}

enum { IMAGE = 1, CATEGORY = 2, BOX = 4, SCORE = 8, MASK = 16 };

/* Where one entry goes; `size` is NULL where masks are not read. */
typedef struct {
    int64_t *image, *category;
    double *box, *score;
    int64_t *size;
    uint8_t *code;
    int64_t length;
} Entry;

/* One entry, after its opening brace. Returns which fields it has, 0 where it is not of the plain form. */
static int take_entry(Text *text, Entry *entry) {
    int seen = 0;
    do {
        const char *name;
        size_t length;
        if (!take_string(text, &name, &length) || !take(text, ':')) return 0;
        int done;
        if (length == 8 && !memcmp(name, "image_id", 8)) seen |= IMAGE, done = take_integer(text, entry->image);
        else if (length == 11 && !memcmp(name, "category_id", 11)) seen |= CATEGORY, done = take_integer(text, entry->category);
        else if (length == 4 && !memcmp(name, "bbox", 4)) seen |= BOX, done = take_box(text, entry->box);
        else if (length == 5 && !memcmp(name, "score", 5)) seen |= SCORE, done = take_double(text, entry->score);
        else if (entry->size && length == 12 && !memcmp(name, "segmentation", 12))
            seen |= MASK, done = take_mask(text, entry->size, entry->code, &entry->length);
        else done = skip_scalar(text);
        if (!done) return 0;
    } while (take(text, ','));
    return take(text, '}') ? seen : 0;
}

static int opens(Text *text) {
    /* strtod reads the locale's decimal point. */
    return strtod("0.5", NULL) == 0.5 && take(text, '[');
}

static int64_t closed(Text *text, int64_t n) {
    if (!take(text, ']')) return IRREGULAR;
    skip_space(text);
    return text->at == text->end ? n : IRREGULAR;
}

static int is_empty(Text *text) {
    skip_space(text);
    return text->at < text->end && *text->at == ']';
}

/* Writes up to `capacity` entries. Returns their number, or -2 where the text is not of the plain form. */
API int64_t coco_results(const uint8_t *bytes, int64_t length, int64_t capacity, int64_t *image, int64_t *category,
                         double *boxes, double *scores) {
    Text text = {(const char *)bytes, (const char *)bytes + length};
    int64_t n = 0;
    if (!opens(&text)) return IRREGULAR;
    if (is_empty(&text)) return closed(&text, 0);
    do {
        if (n == capacity || !take(&text, '{')) return IRREGULAR;
        Entry entry = {image + n, category + n, boxes + 4 * n, scores + n, NULL, NULL, 0};
        if (take_entry(&text, &entry) != (IMAGE | CATEGORY | BOX | SCORE)) return IRREGULAR;
        n++;
    } while (take(&text, ','));
    return closed(&text, n);
}

/* The same for results with masks in compressed run-length code. Mask i has height and width sizes[2 * i] and
 * sizes[2 * i + 1] and the characters starts[i] to starts[i + 1] of `codes`, which holds `length`; `boxed` says which
 * entries have a box. */
API int64_t coco_mask_results(const uint8_t *bytes, int64_t length, int64_t capacity, int64_t *image, int64_t *category,
                              double *boxes, uint8_t *boxed, double *scores, int64_t *sizes, int64_t *starts,
                              uint8_t *codes) {
    Text text = {(const char *)bytes, (const char *)bytes + length};
    int64_t n = 0;
    starts[0] = 0;
    if (!opens(&text)) return IRREGULAR;
    if (is_empty(&text)) return closed(&text, 0);
    do {
        if (n == capacity || !take(&text, '{')) return IRREGULAR;
        Entry entry = {image + n, category + n, boxes + 4 * n, scores + n, sizes + 2 * n, codes + starts[n], 0};
        int seen = take_entry(&text, &entry);
        if ((seen | BOX) != (IMAGE | CATEGORY | BOX | SCORE | MASK)) return IRREGULAR;
        boxed[n] = (seen & BOX) != 0;
        starts[n + 1] = starts[n] + entry.length;
        n++;
    } while (take(&text, ','));
    return closed(&text, n);
}
