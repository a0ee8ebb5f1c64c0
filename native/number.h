/* Decimal numbers to doubles, exactly: the readers of text share it, each with a grammar of its own. */
#ifndef VISION_HARNESS_NUMBER_H
#define VISION_HARNESS_NUMBER_H

#include <float.h>
#include <string.h>

#include "kernels.h"

/* A number's digits without the point, and the power of ten that they are multiplied by. */
typedef struct {
    uint64_t digits;
    int n_digits, exponent, negative;
} Number;

static inline int is_digit(const char *at, const char *end) { return at < end && *at >= '0' && *at <= '9'; }

/* Takes digits that each move the exponent by `step` (-1 behind the point); returns where they end. */
static inline const char *number_digits(Number *number, const char *at, const char *end, int step) {
    for (; is_digit(at, end); at++) {
        number->exponent += step;
        /* Leading zeros are no digits; beyond 19 digits the value has to be read by other means. */
        if (number->n_digits == 0 && *at == '0') continue;
        if (number->n_digits++ < 19) number->digits = 10 * number->digits + (uint64_t)(*at - '0');
    }
    return at;
}

/* Takes an exponent's sign and digits; returns where they end, or NULL if there is no digit. */
static inline const char *number_exponent(Number *number, const char *at, const char *end) {
    int sign = 1, exponent = 0;
    if (at < end && (*at == '+' || *at == '-')) sign = *at++ == '-' ? -1 : 1;
    if (!is_digit(at, end)) return NULL;
    for (; is_digit(at, end); at++) exponent = exponent < 1000000 ? 10 * exponent + (*at - '0') : exponent;
    number->exponent += sign * exponent;
    return at;
}

/* The double nearest to digits / 10^places, if it is certain; both arguments are exact in what they are divided in. */
static inline int number_quotient(uint64_t digits, int places, double *value) {
    static const double small_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                          1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#if FLT_EVAL_METHOD == 0
    if (places <= 22 && digits <= (uint64_t)1 << 53) {
        *value = (double)digits / small_powers[places];
        return 1;
    }
#endif
    (void)small_powers;
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
    return 0;
#endif
}

/* Returns whether the nearest double is certain, and writes it. */
static inline int number_value(const Number *number, double *value) {
    if (number->n_digits == 0) *value = 0;
    else if (number->n_digits > 19 || number->exponent > 0 || !number_quotient(number->digits, -number->exponent, value))
        return 0;
    if (number->negative) *value = -*value;
    return 1;
}

#endif
