#include "steps.h"

dcn_status make_queues(dcn_context *context)
{
    dcn_status status = DCN_SUCCESS;
    for (unsigned flags = 0; flags < 4; flags++) {
        dcn_queue *queue = NULL;
        TRY(status, dcn_queue_create(context, flags, &queue));
        TRY(status, dcn_queue_flush(queue));
        TRY(status, dcn_queue_finish(queue));
        dcn_queue_destroy(queue);
    }
    return status;
}

dcn_status transfer(dcn_context *context, dcn_queue *timed, dcn_buffer *buffer)
{
    float data[VALUES] = {0};
    dcn_event *events[2] = {NULL, NULL};
    dcn_buffer *own = NULL;
    double microseconds = 0;
    int complete = 0;
    dcn_status status = dcn_buffer_create(context, sizeof data, &own);
    TRY(status, dcn_event_create(context, &events[0]));
    TRY(status, dcn_event_create(context, &events[1]));
    const dcn_sync first = {NULL, 0, events[0]};
    const dcn_sync chained = {&events[0], 1, events[1]};
    const dcn_sync reused = {events, 2, events[0]};
    TRY(status, dcn_buffer_fill(timed, own, 0, sizeof data, 1, &first));
    TRY(status, dcn_buffer_write(timed, own, 0, sizeof data, data, &chained));
    TRY(status, dcn_buffer_copy(timed, buffer, 0, own, 0, sizeof data, &reused));
    TRY(status, dcn_buffer_copy(timed, buffer, 0, own, 0, 0, &reused));
    TRY(status, dcn_buffer_read(timed, buffer, 0, sizeof data, data, &reused));
    TRY(status, dcn_event_query(events[0], &complete));
    TRY(status, dcn_event_wait(events[0]));
    TRY(status, dcn_event_elapsed(events[1], events[0], &microseconds));
    dcn_event_destroy(events[0]);
    dcn_event_destroy(events[1]);
    dcn_buffer_destroy(own);
    return status;
}

dcn_status execute_twice(dcn_plan *plan, dcn_context *context, dcn_queue *first, dcn_queue *second,
                         const dcn_slice tensors[TENSORS])
{
    dcn_event *event = NULL;
    dcn_status status = dcn_event_create(context, &event);
    const dcn_sync marked = {NULL, 0, event};
    const dcn_sync behind = {&event, 1, event};
    TRY(status, dcn_execute(plan, first, tensors, TENSORS, &marked));
    TRY(status, dcn_execute(plan, second, tensors, TENSORS, &behind));
    TRY(status, dcn_event_wait(event));
    dcn_event_destroy(event);
    return status;
}
