/*
 * Runs calls on a device through nothing but the neutral API, and watches the memory around them: every tensor lies
 * inside a larger buffer, with guard bands around it that must come back untouched, as must the inputs.
 * Guards and padding columns hold bytes of 0xff, a NaN in every storage type: a stray read shows in the results.
 * Results hold a signalling NaN at first, which no arithmetic gives: an element that was never written shows too.
 */
#ifndef DCN_CONFORMANCE_RUNNER_H
#define DCN_CONFORMANCE_RUNNER_H

#include "operators.h"

typedef struct dcn_runner {
    dcn_context *context;
    dcn_queue *queue;
    dcn_device_info info;
} dcn_runner;

/* Opens a device by name; NULL or "auto" for the best. On failure the runner is empty. */
dcn_status dcn_runner_open(const char *device, dcn_runner *runner, dcn_message *message);
void dcn_runner_close(dcn_runner *runner);

/* Makes the call's plan and checks that its tensors are the call's. `path` as dcn_plan_options::path. */
dcn_status dcn_runner_plan(const dcn_runner *runner, const dcn_call *call, const char *path, dcn_plan **plan,
                           dcn_message *message);

/* Where tensors lie in their buffers. */
typedef enum dcn_placement {
    DCN_PLACED_ALIGNED, /* from a multiple of 256 bytes on */
    DCN_PLACED_ODD,     /* from an odd multiple of the element's size on */
    DCN_PLACED_TIGHT, /* aligned, and up to the buffer's last byte, so that memory checkers see the slightest overrun */
    DCN_PLACEMENTS,
} dcn_placement;

/* What came of a run. End it with dcn_run_free(). */
typedef struct dcn_run {
    void *results[DCN_CALL_MAX_RESULTS]; /* the results' bytes */
} dcn_run;

/* Executes the plan once; false and a message if the library refused, memory beside a tensor was written or an input
 * changed. */
bool dcn_runner_execute(const dcn_runner *runner, const dcn_call *call, dcn_plan *plan, dcn_placement placement,
                        dcn_run *run, dcn_message *message);
void dcn_run_free(dcn_run *run);

#endif
