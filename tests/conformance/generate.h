/*
 * Generated cases: a table of shapes and distributions (generate_table.c), each in every storage type. Numbers come
 * from a portable generator whose stream depends on the seed and the case alone, so that a case is the same everywhere
 * and whichever others run.
 */
#ifndef DCN_CONFORMANCE_GENERATE_H
#define DCN_CONFORMANCE_GENERATE_H

#include "case.h"

#define DCN_GENERATE_DEFAULT_SEED UINT64_C(20240611)

/* How many cases there are. */
size_t dcn_generate_count(void);

/* The name of case `index`, such as "k3_d32_unit_float16". */
void dcn_generate_name(size_t index, char *name, size_t size);

/* Makes case `index`; end it with dcn_case_free(). */
bool dcn_generate(size_t index, uint64_t seed, dcn_case *test, dcn_message *message);

#endif
