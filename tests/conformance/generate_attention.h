/* What generate.c and generate_attention.c need of each other. */
#ifndef DCN_CONFORMANCE_GENERATE_ATTENTION_H
#define DCN_CONFORMANCE_GENERATE_ATTENTION_H

#include "case.h"
#include "random.h"

/* Fills an empty case by a recipe; false when there is no memory. */
bool dcn_generate_attention(const dcn_attention_recipe *recipe, dcn_element storage, uint64_t seed, dcn_case *test);

/* Adds a tensor of drawn values; false when there is no memory. */
bool dcn_generate_values(dcn_case *test, const char *name, dcn_element storage, size_t rank, const int64_t *extent,
                         dcn_random *random, dcn_values kind);

#endif
