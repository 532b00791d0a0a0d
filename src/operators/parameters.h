/* Parameters that every operator has, or checks alike. `function` is for messages. */
#ifndef DCN_PARAMETERS_H
#define DCN_PARAMETERS_H

#include <stddef.h>

#include <dcnv4/dcnv4.h>

/* A parameter and the range it must lie in by itself. */
typedef struct dcn_range {
    const char *name;
    int64_t value;
    int64_t least;
    int64_t most;
} dcn_range;

dcn_status dcn_check_ranges(const char *function, const dcn_range *ranges, size_t count);
dcn_status dcn_check_flag(const char *function, const char *name, int value);

/* Storage type and direction. */
dcn_status dcn_check_kind(const char *function, dcn_dtype dtype, dcn_direction direction);

/* Refuses a limit that no piece of the work fits into, which needs `least` bytes. */
dcn_status dcn_refuse_workspace_limit(uint64_t workspace_limit, uint64_t least);

#endif
