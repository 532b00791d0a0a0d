/* The JSON header of a case file, apart from the file itself: casefile_json.c where there is a JSON library,
 * casefile_nojson.c where there is none. */
#ifndef DCN_CONFORMANCE_CASEFILE_HEADER_H
#define DCN_CONFORMANCE_CASEFILE_HEADER_H

#include "case.h"

/* A tensor as the header describes it. */
typedef struct dcn_header_entry {
    const char *name; /* lives as long as the header */
    dcn_case_tensor tensor;
    uint64_t begin; /* bytes from the start of the data */
    uint64_t end;
} dcn_header_entry;

typedef struct dcn_header {
    void *json;
    dcn_header_entry *entries;
    size_t count;
} dcn_header;

/* Checks everything that can be checked without the data, and copies the metadata into the case. On success end the
 * header with dcn_header_free(). */
bool dcn_header_parse(const char *text, size_t size, dcn_header *header, dcn_case *test, dcn_message *message);
void dcn_header_free(dcn_header *header);

/* The header for a case's parameters and tensors, from malloc; NULL and a message on failure. */
char *dcn_header_format(const dcn_case *test, dcn_message *message);

#endif
