/* Shared between the neutral runtime and the plans. */
#ifndef DCN_RUNTIME_H
#define DCN_RUNTIME_H

#include "backend.h"

/* Checks a dcn_sync against a context and turns it into native events; `wait` is the caller's room for the list. */
dcn_status dcn_sync_unpack(const char *function, const dcn_context *context, const dcn_sync *sync,
                           dcn_native_event *wait[DCN_WAIT_LIST_MAX], dcn_native_sync *native);

#endif
