/* Steps of a program's life through the neutral API, for tests that let each native call in them fail in turn. A step
 * makes what it needs, works, destroys it again, and gives the first failure. */
#ifndef DCN_TEST_STEPS_H
#define DCN_TEST_STEPS_H

#include "operator_call.h"

/* Evaluates to the first failure of the calls in a step. */
#define TRY(status, call) ((status) = (status) == DCN_SUCCESS ? (call) : (status))

/* Queues with each combination of flags. */
dcn_status make_queues(dcn_context *context);

/* Every kind of copy, on a queue with times, between a buffer of its own and `buffer`, one after the other by events.
 */
dcn_status transfer(dcn_context *context, dcn_queue *timed, dcn_buffer *buffer);

/* Twice, on two queues, one after the other by an event. */
dcn_status execute_twice(dcn_plan *plan, dcn_context *context, dcn_queue *first, dcn_queue *second,
                         const dcn_slice tensors[TENSORS]);

#endif
