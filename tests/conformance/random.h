/* Test data drawn from a portable generator: the same on every machine. */
#ifndef DCN_CONFORMANCE_RANDOM_H
#define DCN_CONFORMANCE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

#include "generate_table.h"

/* splitmix64: small, portable, and good enough to draw test data. */
typedef struct dcn_random {
    uint64_t state;
} dcn_random;

/* A stream that depends on the seed and these texts alone; `purpose` may be "". */
dcn_random dcn_random_stream(uint64_t seed, const char *name, const char *purpose);

uint64_t dcn_random_bits(dcn_random *random);

/* Uniform in [-1, 1). */
double dcn_random_unit(dcn_random *random);

/* Close to normal, sigma 1. */
double dcn_random_normal(dcn_random *random);

/* An integer from -limit to limit. */
double dcn_random_integer(dcn_random *random, int limit);

bool dcn_random_chance(dcn_random *random, unsigned percent);

/* NaN or an infinity. */
double dcn_random_nonfinite(dcn_random *random);

double dcn_random_value(dcn_random *random, dcn_values kind);

#endif
