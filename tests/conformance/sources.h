/* Where the suite's cases come from: the generator, and a folder of case files. */
#ifndef DCN_CONFORMANCE_SOURCES_H
#define DCN_CONFORMANCE_SOURCES_H

#include "case.h"

typedef struct dcn_source {
    char name[96];
    char *file;   /* NULL for a generated case */
    size_t index; /* of a generated case */
} dcn_source;

typedef struct dcn_sources {
    dcn_source *items;
    size_t count;
    size_t unreadable; /* case files that this build cannot read, since it has no JSON library */
} dcn_sources;

/* Every case whose name contains `filter`, or one of its texts between commas (NULL: every case): generated ones first,
 * then the files of `folder` (NULL: none) by name. A folder that cannot be read or has no case file is an error. End it
 * with dcn_sources_free(). */
bool dcn_sources_collect(const char *filter, const char *folder, dcn_sources *sources, dcn_message *message);
/* Keeps every case whose place in the list is `part` - 1 more than a multiple of `parts`. */
void dcn_sources_keep_part(dcn_sources *sources, size_t part, size_t parts);
void dcn_sources_free(dcn_sources *sources);

/* Makes or reads the case; end it with dcn_case_free(). */
bool dcn_source_load(const dcn_source *source, uint64_t seed, dcn_case *test, dcn_message *message);

#endif
