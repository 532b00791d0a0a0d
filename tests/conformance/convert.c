#include "convert.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef struct format {
    dcn_element element;
    const char *name;
    const char *long_name;
    size_t size;
    unsigned exponent_bits;
    unsigned fraction_bits;
} format;

static const format formats[] = {
    {DCN_ELEMENT_F32, "F32", "float32", 4, 8, 23},   {DCN_ELEMENT_F16, "F16", "float16", 2, 5, 10},
    {DCN_ELEMENT_BF16, "BF16", "bfloat16", 2, 8, 7}, {DCN_ELEMENT_F64, "F64", "float64", 8, 11, 52},
    {DCN_ELEMENT_I64, "I64", "int64", 8, 0, 0},      {DCN_ELEMENT_OTHER, "", "", 0, 0, 0},
};

static const format *find(dcn_element element)
{
    const format *f = formats;
    while (f->element != element && f->element != DCN_ELEMENT_OTHER) {
        f++;
    }
    return f;
}

size_t dcn_element_size(dcn_element element)
{
    return find(element)->size;
}

const char *dcn_element_name(dcn_element element)
{
    return find(element)->name;
}

const char *dcn_element_long_name(dcn_element element)
{
    return find(element)->long_name;
}

dcn_element dcn_element_from_name(const char *name)
{
    const format *f = formats;
    while (f->element != DCN_ELEMENT_OTHER && strcmp(f->name, name) != 0) {
        f++;
    }
    return f->element;
}

bool dcn_is_finite(double value)
{
    return fabs(value) <= DBL_MAX;
}

bool dcn_is_nan(double value)
{
    return value != value;
}

/* The significand shifted right with rounding to nearest, ties to even. */
static uint64_t shift_rounding(uint64_t significand, unsigned shift)
{
    if (shift > 54) {
        return 0; /* less than half of the last place, since a significand has 53 bits */
    }
    uint64_t kept = significand >> shift;
    uint64_t rest = significand & ((UINT64_C(1) << shift) - 1);
    uint64_t half = UINT64_C(1) << (shift - 1);
    return kept + (rest > half || (rest == half && (kept & 1)) ? 1 : 0);
}

uint32_t dcn_convert_to_bits(dcn_element element, double value)
{
    const format *f = find(element);
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t sign = (bits >> 63) << (f->exponent_bits + f->fraction_bits);
    int exponent = (int)((bits >> 52) & 0x7ff) - 1023;
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    uint64_t infinity = ((UINT64_C(1) << f->exponent_bits) - 1) << f->fraction_bits;
    int bias = (1 << (f->exponent_bits - 1)) - 1;

    if (dcn_is_nan(value)) {
        return (uint32_t)(sign | infinity | (UINT64_C(1) << (f->fraction_bits - 1)));
    }
    if (exponent > bias) {
        return (uint32_t)(sign | infinity);
    }
    if (exponent == -1023) {
        return (uint32_t)sign; /* zero, or far below every format's smallest number */
    }
    unsigned shift = 52 - f->fraction_bits;
    int lowest = 1 - bias;
    uint64_t significand = fraction | (UINT64_C(1) << 52);
    uint64_t magnitude;
    if (exponent < lowest) {
        magnitude = shift_rounding(significand, shift + (unsigned)(lowest - exponent));
    } else {
        /* The significand's leading one adds 1 to the exponent field, and so does a carry out of the fraction. */
        magnitude = ((uint64_t)(exponent + bias - 1) << f->fraction_bits) + shift_rounding(significand, shift);
    }
    return (uint32_t)(sign | magnitude);
}

double dcn_convert_from_bits(dcn_element element, uint32_t bits)
{
    const format *f = find(element);
    uint32_t fraction = bits & ((1u << f->fraction_bits) - 1);
    uint32_t top = (1u << f->exponent_bits) - 1;
    uint32_t field = (bits >> f->fraction_bits) & top;
    int bias = (1 << (f->exponent_bits - 1)) - 1;
    double magnitude;
    if (field == top) {
        magnitude = fraction ? (double)NAN : (double)INFINITY;
    } else if (field == 0) {
        magnitude = ldexp((double)fraction, 1 - bias - (int)f->fraction_bits);
    } else {
        magnitude = ldexp((double)(fraction | (1u << f->fraction_bits)), (int)field - bias - (int)f->fraction_bits);
    }
    return (bits >> (f->exponent_bits + f->fraction_bits)) & 1 ? -magnitude : magnitude;
}

double dcn_convert_round(dcn_element element, double value)
{
    return dcn_convert_from_bits(element, dcn_convert_to_bits(element, value));
}

double dcn_convert_load(dcn_element element, const void *data, uint64_t index)
{
    const unsigned char *at = (const unsigned char *)data + index * dcn_element_size(element);
    if (element == DCN_ELEMENT_F64) {
        double value;
        memcpy(&value, at, sizeof value);
        return value;
    }
    if (element == DCN_ELEMENT_F32) {
        uint32_t bits;
        memcpy(&bits, at, sizeof bits);
        return dcn_convert_from_bits(element, bits);
    }
    uint16_t bits;
    memcpy(&bits, at, sizeof bits);
    return dcn_convert_from_bits(element, bits);
}

void dcn_convert_store(dcn_element element, void *data, uint64_t index, double value)
{
    unsigned char *at = (unsigned char *)data + index * dcn_element_size(element);
    uint32_t bits = dcn_convert_to_bits(element, value);
    if (element == DCN_ELEMENT_F32) {
        memcpy(at, &bits, sizeof bits);
    } else {
        uint16_t half = (uint16_t)bits;
        memcpy(at, &half, sizeof half);
    }
}
