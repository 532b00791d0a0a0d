#include "compare.h"

#include <math.h>
#include <string.h>

#define ROUNDOFF 0x1p-24

double dcn_compare_slack(double magnitude, double terms, double drift, double softness, double underflow)
{
    double roundings = (terms + 5.0) * ROUNDOFF;
    return 1.001 * (roundings / (1.0 - roundings) * magnitude + drift + softness) + underflow;
}

static bool lies_within(double value, double slack, dcn_element storage, double result)
{
    return result >= dcn_convert_round(storage, value - slack) && result <= dcn_convert_round(storage, value + slack);
}

/* NULL if the element is right, else what is wrong; `excess` orders failures. */
static const char *judge(const dcn_expected *e, dcn_element storage, double result, bool exact, double *excess)
{
    *excess = INFINITY;
    if (e->must_be_nonfinite) {
        return dcn_is_finite(result) ? "finite, though a NaN or infinity has a clear weight in it" : NULL;
    }
    if (e->may_be_nonfinite) {
        return NULL;
    }
    if (dcn_is_nan(result)) {
        return "NaN";
    }
    double slack = exact ? 0.0 : e->slack;
    if (lies_within(e->value, slack, storage, result) ||
        (e->jump != 0.0 && lies_within(e->value + e->jump, slack, storage, result))) {
        return NULL;
    }
    if (!dcn_is_finite(result)) {
        return "infinite";
    }
    *excess = fabs(result - e->value) / (slack + 0x1p-149);
    return exact ? "not the rounded float64 value" : "outside the bound";
}

dcn_verdict dcn_compare_elements(const dcn_expected *expected, dcn_element storage, const void *result, uint64_t count,
                                 bool exact)
{
    dcn_verdict verdict = {0};
    double worst = -1.0;
    for (uint64_t i = 0; i < count; i++) {
        double value = dcn_convert_load(storage, result, i);
        double excess;
        const char *what = judge(&expected[i], storage, value, exact, &excess);
        verdict.wrong += what != NULL;
        if (what && excess > worst) {
            worst = excess;
            verdict.worst = i;
            verdict.result = value;
            verdict.expected = expected[i].value;
            verdict.allowed = exact ? 0.0 : expected[i].slack;
            verdict.what = what;
        }
    }
    return verdict;
}

static double difference(double reference, dcn_element storage, double result)
{
    double rounded = dcn_convert_round(storage, reference);
    if (!dcn_is_finite(rounded) || !dcn_is_finite(result)) {
        bool same = result == rounded || (dcn_is_nan(result) && dcn_is_nan(rounded));
        return same ? 0.0 : INFINITY;
    }
    return fabs(result - reference);
}

dcn_norm dcn_compare_norm(const double *reference, dcn_element storage, const void *result, uint64_t count)
{
    dcn_norm norm = {0};
    double squares = 0.0;
    double reference_squares = 0.0;
    for (uint64_t i = 0; i < count; i++) {
        double off = difference(reference[i], storage, dcn_convert_load(storage, result, i));
        if (off > norm.largest) {
            norm.largest = off;
            norm.index = i;
        }
        squares += off * off;
        if (dcn_is_finite(reference[i])) {
            reference_squares += reference[i] * reference[i];
        }
    }
    norm.reference = sqrt(reference_squares);
    norm.relative = squares == 0.0 ? 0.0 : sqrt(squares) / norm.reference;
    return norm;
}

double dcn_compare_limit_of(dcn_tolerance tolerance, dcn_element storage)
{
    static const double half[] = {2.4e-4, 2.5e-4, 3e-4};
    static const double brain[] = {1.9e-3, 2e-3, 2e-3};
    return storage == DCN_ELEMENT_F32 ? 3e-7 : storage == DCN_ELEMENT_F16 ? half[tolerance] : brain[tolerance];
}

double dcn_compare_limit(dcn_element storage)
{
    return dcn_compare_limit_of(DCN_TOLERANCE_OUTPUT, storage);
}

void dcn_compare_take_sides(const dcn_expected *expected, dcn_element storage, const void *result, uint64_t count,
                            double *reference)
{
    for (uint64_t i = 0; i < count; i++) {
        double value = expected[i].jump != 0.0 ? dcn_convert_load(storage, result, i) : 0.0;
        if (fabs(value - (reference[i] + expected[i].jump)) < fabs(value - reference[i])) {
            reference[i] += expected[i].jump;
        }
    }
}

uint64_t dcn_compare_bits(dcn_element storage, const void *left, const void *right, uint64_t count)
{
    size_t size = dcn_element_size(storage);
    const unsigned char *a = left;
    const unsigned char *b = right;
    uint64_t differing = 0;
    for (uint64_t i = 0; i < count; i++) {
        differing += memcmp(a + i * size, b + i * size, size) != 0;
    }
    return differing;
}
