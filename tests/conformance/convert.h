/* Element types of tensors, and correctly rounded conversions between them and double. Written from the formats'
 * definitions with integer arithmetic, and on purpose apart from what kernels use. */
#ifndef DCN_CONFORMANCE_CONVERT_H
#define DCN_CONFORMANCE_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum dcn_element {
    DCN_ELEMENT_F32,
    DCN_ELEMENT_F16,
    DCN_ELEMENT_BF16,
    DCN_ELEMENT_F64,
    DCN_ELEMENT_I64,
    DCN_ELEMENT_OTHER, /* a type that no operator takes: carried along unread */
} dcn_element;

/* Bytes of one element; 0 for DCN_ELEMENT_OTHER. */
size_t dcn_element_size(dcn_element element);

/* The name that case files use: "F32", "F16", "BF16", "F64", "I64". */
const char *dcn_element_name(dcn_element element);

/* The element of that name, or DCN_ELEMENT_OTHER. */
dcn_element dcn_element_from_name(const char *name);

/* The long name of a storage type, as in the names of cases: "float32", "float16", "bfloat16". */
const char *dcn_element_long_name(dcn_element element);

/* isfinite() and isnan() without the warnings about conversions to float that some headers' macros give. */
bool dcn_is_finite(double value);
bool dcn_is_nan(double value);

/* The bits that `value` rounds to (to nearest, ties to even; overflow gives infinity, NaN stays NaN) in F32, F16 or
 * BF16. */
uint32_t dcn_convert_to_bits(dcn_element element, double value);

/* What those bits stand for. Exact. */
double dcn_convert_from_bits(dcn_element element, uint32_t bits);

/* `value` rounded to the type and back. */
double dcn_convert_round(dcn_element element, double value);

/* Element `index` of an array of F32, F16, BF16 or F64; `data` may be unaligned. */
double dcn_convert_load(dcn_element element, const void *data, uint64_t index);

/* Rounds and stores. F32, F16 and BF16 only. */
void dcn_convert_store(dcn_element element, void *data, uint64_t index, double value);

#endif
