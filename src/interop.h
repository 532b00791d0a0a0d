/* What the functions that take a driver's own handles check alike. */
#ifndef DCN_INTEROP_H
#define DCN_INTEROP_H

#include "objects.h"

/* Whether a context is of that backend; `wanted` says it in words, `what` names the argument that the context is of. */
dcn_status dcn_interop_check_backend(const char *function, const char *what, const dcn_context *context,
                                     const dcn_backend *backend, const char *wanted);

/* Whether a list of `count` handles, pointers of any type, is there and has no NULL in it. */
dcn_status dcn_interop_check_wait_list(const char *function, uint32_t count, const void *list);

#endif
