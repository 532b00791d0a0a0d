#include "random.h"

#include <math.h>

/* The texts' FNV-1a hash takes part, so that a new case leaves the numbers of the others as they are. */
dcn_random dcn_random_stream(uint64_t seed, const char *name, const char *purpose)
{
    const char *const texts[] = {name, purpose};
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < 2; i++) {
        for (const char *at = texts[i]; *at; at++) {
            hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
        }
    }
    dcn_random random = {seed};
    random.state = dcn_random_bits(&random) ^ hash;
    return random;
}

uint64_t dcn_random_bits(dcn_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double dcn_random_unit(dcn_random *random)
{
    return (double)(dcn_random_bits(random) >> 11) * 0x1p-52 - 1.0;
}

/* Twelve uniform numbers of variance 1/3, so that no library's log or cos matters. */
double dcn_random_normal(dcn_random *random)
{
    double sum = 0.0;
    for (int i = 0; i < 12; i++) {
        sum += dcn_random_unit(random);
    }
    return sum / 2.0;
}

double dcn_random_integer(dcn_random *random, int limit)
{
    return (double)(int)(dcn_random_bits(random) % (2 * (unsigned)limit + 1)) - limit;
}

bool dcn_random_chance(dcn_random *random, unsigned percent)
{
    return dcn_random_bits(random) % 100 < percent;
}

double dcn_random_nonfinite(dcn_random *random)
{
    const double choices[] = {NAN, INFINITY, -INFINITY};
    return choices[dcn_random_bits(random) % 3];
}

double dcn_random_value(dcn_random *random, dcn_values kind)
{
    switch (kind) {
    case DCN_VALUES_NORMAL:
        return dcn_random_normal(random);
    case DCN_VALUES_INTEGERS:
        return dcn_random_integer(random, 8);
    case DCN_VALUES_LARGE:
        return 3e4 * dcn_random_unit(random);
    case DCN_VALUES_TINY:
        return 0x1p-20 * dcn_random_unit(random);
    case DCN_VALUES_NONFINITE:
        return dcn_random_chance(random, 2) ? dcn_random_nonfinite(random) : dcn_random_normal(random);
    }
    return 0.0;
}
