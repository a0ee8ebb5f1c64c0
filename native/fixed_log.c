/* A natural logarithm and an exponential with the same digits on every machine.
 *
 * NumPy's depend in the last digit on its version and on the processor, and what is made of them with it. These two take
 * the steps, the constants and the roundings of those in NumPy 1.22 to 1.26 on processors with AVX-512: numbers published
 * with it come out the same. One step differs in its means: the reciprocal is rounded from the quotient, not from the
 * processor's estimate, which can only matter where the estimate lies between two entries of the table. */
#include <math.h>
#include <string.h>

#include "kernels.h"

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double from_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* a + b without error: `*low` is what the rounded sum leaves out. */
static double two_sum(double a, double b, double *low) {
    double sum = a + b, part = sum - a;
    *low = (a - (sum - part)) + (b - part);
    return sum;
}

/* a * b without error. */
static double two_product(double a, double b, double *low) {
    double split_a = 0x1.0000002p27 * a, split_b = 0x1.0000002p27 * b, product = a * b;
    double high_a = split_a - (split_a - a), high_b = split_b - (split_b - b);
    double low_a = a - high_a, low_b = b - high_b;
    *low = ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b;
    return product;
}

/* a * b + c, rounded once, on processors without the instruction too: the part that a rounding may tip over is rounded
 * to odd first (Boldo and Melquiond, IEEE Transactions on Computers 57, 2008). For numbers far from the ends of the
 * range. */
static double fused(double a, double b, double c) {
    double product_low, sum_low, high_low, odd_low;
    double product = two_product(a, b, &product_low);
    double sum = two_sum(c, product_low, &sum_low);
    double high = two_sum(product, sum, &high_low);
    double odd = two_sum(sum_low, high_low, &odd_low);
    uint64_t bits = bits_of(odd);
    if (odd_low != 0 && !(bits & 1)) odd = from_bits((odd_low > 0) == (odd > 0) ? bits + 1 : bits - 1);
    return high + odd;
}

static double fixed_log_of(double x) {
    /* -log of the reciprocal's rounded value, 16/32 to 31/32, without the power of two below 24/32. */
    static const double table[16] = {0x0.0p+0,
                                     -0x1.f0a30c01162a6p-5,
                                     -0x1.e27076e2af2e6p-4,
                                     -0x1.5ff3070a793d4p-3,
                                     -0x1.c8ff7c79a9a22p-3,
                                     -0x1.1675cababa60ep-2,
                                     -0x1.4618bc21c5ec2p-2,
                                     -0x1.739d7f6bbd007p-2,
                                     0x1.269621134db92p-2,
                                     0x1.f991c6cb3b379p-3,
                                     0x1.a93ed3c8ad9e3p-3,
                                     0x1.5bf406b543db2p-3,
                                     0x1.1178e8227e47cp-3,
                                     0x1.9335e5d594989p-4,
                                     0x1.08598b59e3a07p-4,
                                     0x1.0415d89e74444p-5};
    if (x == 0) return -INFINITY;
    uint64_t bits = bits_of(x);
    double exponent = (double)((int64_t)(bits >> 52) - 1023);
    double mantissa = from_bits((bits & 0xfffffffffffffu) | (uint64_t)1023 << 52);
    double reciprocal = ((32 / mantissa + 0x1.8p52) - 0x1.8p52) / 32;
    double r = fused(reciprocal, mantissa, -1), r2 = r * r, r4 = r2 * r2;
    if (reciprocal < 0.75) exponent += 1;
    double a = fused(r, 0x1.249229cee81efp-3, -0x1.55553fb28db06p-3);
    double b = fused(r, 0x1.c81cd309d7c70p-4, -0x1.007357e93af62p-3);
    double c = fused(r, 0x1.9999999cc9f5cp-3, -0x1.00000000c05bdp-2);
    double d = fused(r, 0x1.5555555555466p-2, -0x1.fffffffffffc6p-2);
    double series = fused(r4, fused(r2, b, a), fused(r2, c, d));
    double part = table[bits_of(reciprocal) >> 48 & 15] + fused(r2, series, r);
    return fused(0x1.62e42fefa39efp-1, exponent, part);
}

static double fixed_exp_of(double x) {
    static const double powers[16] = {0x1.0000000000000p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0,
                                      0x1.2387a6e756238p+0, 0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0,
                                      0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0, 0x1.6a09e667f3bcdp+0,
                                      0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
                                      0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0,
                                      0x1.ea4afa2a490dap+0};
    if (x != x) return x;
    if (x < -700) return 0;
    /* The sixteenth of a power of two below x, of the exact product. */
    double sixteenths = (double)(int64_t)(x * 0x1.71547652b82fep+4);
    while (fused(x, 0x1.71547652b82fep+4, -sixteenths) < 0) sixteenths -= 1;
    double n = sixteenths / 16;
    double r = fused(-n, 0x1.abc9e3b39803fp-56, fused(-n, 0x1.62e42fefa39efp-1, x)), r2 = r * r;
    double a = fused(r, 0x1.72eb5ef0d213dp-10, 0x1.1106603d97c00p-7);
    double b = fused(r, 0x1.555564bb4f5f0p-5, 0x1.5555554b508a2p-3);
    double series = fused(r2 * r, fused(r2, a, b), fused(r2, 0x1.0000000002622p-1, r));
    int64_t whole = (int64_t)sixteenths;
    double power = powers[whole & 15];
    return fused(power, series, power) * from_bits((uint64_t)((whole >> 4) + 1023) << 52);
}

/* The natural logarithms of n normal numbers or zeros, none negative; -infinity for zero. Returns 0. */
API int64_t fixed_log(int64_t n, const double *x, double *out) {
    for (int64_t i = 0; i < n; i++) out[i] = fixed_log_of(x[i]);
    return 0;
}

/* The exponentials of n numbers below 700; 0 below -700, NaN of NaN. Returns 0. */
API int64_t fixed_exp(int64_t n, const double *x, double *out) {
    for (int64_t i = 0; i < n; i++) out[i] = fixed_exp_of(x[i]);
    return 0;
}
