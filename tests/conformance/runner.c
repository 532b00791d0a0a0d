#include "runner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a guard band. */
#define GUARD 256u

/* What guards hold: a NaN in every type, so that a value read from one shows. */
#define GUARD_BYTE 0xff

/* What results hold before a run: a signalling NaN of their type, which no arithmetic gives, so that it tells an
 * element that was never written from one that is a NaN rightly. Devices do write quiet NaNs of all ones. */
static const unsigned char unwritten_f32[] = {0xa5, 0xa5, 0xa5, 0x7f}; /* as the bytes lie in memory */
static const unsigned char unwritten_f16[] = {0xa5, 0x7d};
static const unsigned char unwritten_bf16[] = {0xa5, 0x7f};

static const unsigned char *unwritten(dcn_element storage)
{
    return storage == DCN_ELEMENT_F32 ? unwritten_f32 : storage == DCN_ELEMENT_F16 ? unwritten_f16 : unwritten_bf16;
}

#define MAX_TENSORS (DCN_CALL_MAX_INPUTS + DCN_CALL_MAX_RESULTS)

/* A tensor in its buffer: guard, tensor, guard. */
typedef struct placed {
    const char *name;
    const void *input; /* what an input holds; NULL for a result */
    dcn_buffer *buffer;
    unsigned char *before; /* the whole buffer as it is before the run */
    unsigned char *after;  /* and after it */
    size_t start;
    size_t bytes;
    size_t total;
} placed;

static dcn_status library_failed(dcn_status status, const char *what, dcn_message *message)
{
    dcn_message_set(message, "%s: %s: %s", what, dcn_status_name(status), dcn_error_detail());
    return status;
}

dcn_status dcn_runner_open(const char *device, dcn_runner *runner, dcn_message *message)
{
    memset(runner, 0, sizeof *runner);
    runner->info.struct_size = sizeof runner->info;
    dcn_status status = dcn_context_create(device, NULL, &runner->context);
    if (status == DCN_SUCCESS) {
        status = dcn_context_device(runner->context, &runner->info);
    }
    if (status == DCN_SUCCESS) {
        status = dcn_queue_create(runner->context, DCN_QUEUE_DEFAULT, &runner->queue);
    }
    if (status != DCN_SUCCESS) {
        library_failed(status, device ? device : "auto", message);
        dcn_runner_close(runner);
    }
    return status;
}

void dcn_runner_close(dcn_runner *runner)
{
    dcn_queue_destroy(runner->queue);
    dcn_context_destroy(runner->context);
    memset(runner, 0, sizeof *runner);
}

static bool check_tensor(const dcn_plan *plan, size_t index, const char *name, size_t rank, const int64_t *extent,
                         uint64_t bytes, dcn_message *message)
{
    dcn_tensor_info info = {.struct_size = sizeof info};
    if (dcn_plan_tensor(plan, index, &info) != DCN_SUCCESS || strcmp(info.name, name) != 0) {
        return dcn_message_set(message, "tensor %zu of the plan is \"%s\"; \"%s\" was expected", index, info.name,
                               name);
    }
    bool same = info.rank == (int)rank && info.bytes == bytes;
    for (size_t i = 0; i < rank && same; i++) {
        same = info.extent[i] == extent[i];
    }
    if (!same) {
        char given[120];
        char needed[120];
        dcn_case_extents_text(given, sizeof given, rank, extent);
        dcn_case_extents_text(needed, sizeof needed, (size_t)info.rank, info.extent);
        return dcn_message_set(message, "\"%s\" is %s in the case; its parameters make it %s", name, given, needed);
    }
    return true;
}

static bool check_tensors(const dcn_plan *plan, const dcn_call *call, dcn_message *message)
{
    size_t count = dcn_plan_tensors(plan);
    if (count != call->input_count + call->result_count) {
        return dcn_message_set(message, "the plan has %zu tensors; %zu were expected", count,
                               call->input_count + call->result_count);
    }
    for (size_t i = 0; i < call->input_count; i++) {
        const dcn_case_tensor *t = call->inputs[i];
        if (!check_tensor(plan, i, t->name, t->rank, t->extent, t->bytes, message)) {
            return false;
        }
    }
    for (size_t i = 0; i < call->result_count; i++) {
        const dcn_call_result *r = &call->results[i];
        if (!check_tensor(plan, call->input_count + i, r->name, r->rank, r->extent, r->bytes, message)) {
            return false;
        }
    }
    return true;
}

dcn_status dcn_runner_plan(const dcn_runner *runner, const dcn_call *call, const char *path, dcn_plan **plan,
                           dcn_message *message)
{
    dcn_plan_options options = dcn_plan_options_default();
    options.path = path;
    *plan = NULL;
    if (!call->op->plan) {
        char title[48];
        dcn_operator_title(call->op, title, sizeof title);
        dcn_message_set(message, "the library has no plan for %s yet", title);
        return DCN_ERROR_UNSUPPORTED;
    }
    dcn_status status = call->op->plan(runner->context, call, &options, plan);
    if (status != DCN_SUCCESS) {
        return library_failed(status, "no plan", message);
    }
    if (!check_tensors(*plan, call, message)) {
        dcn_plan_destroy(*plan);
        *plan = NULL;
        return DCN_ERROR_INVALID_SHAPE;
    }
    return DCN_SUCCESS;
}

/* Makes the buffer and its contents before the run. */
static bool place(const dcn_runner *runner, const dcn_call *call, size_t index, dcn_placement placement, placed *p,
                  dcn_message *message)
{
    bool is_input = index < call->input_count;
    const dcn_call_result *result = &call->results[is_input ? 0 : index - call->input_count];
    const size_t element = dcn_element_size(call->storage);
    size_t odd = placement == DCN_PLACED_ODD ? (2 * index + 1) * element : 0;
    p->name = is_input ? call->inputs[index]->name : result->name;
    p->input = is_input ? call->inputs[index]->data : NULL;
    p->bytes = (size_t)(is_input ? call->inputs[index]->bytes : result->bytes);
    p->start = GUARD + odd;
    p->total = p->start + p->bytes + (placement == DCN_PLACED_TIGHT ? 0 : GUARD);
    p->before = malloc(p->total);
    p->after = malloc(p->total);
    if (!p->before || !p->after) {
        return dcn_message_memory(message, p->name, 2 * (unsigned long long)p->total);
    }
    memset(p->before, GUARD_BYTE, p->total);
    if (is_input && p->bytes) {
        memcpy(p->before + p->start, p->input, p->bytes);
    } else {
        for (size_t at = 0; at < p->bytes; at += element) {
            memcpy(p->before + p->start + at, unwritten(call->storage), element);
        }
    }
    dcn_status status = dcn_buffer_create(runner->context, p->total, &p->buffer);
    if (status == DCN_SUCCESS) {
        status = dcn_buffer_write(runner->queue, p->buffer, 0, p->total, p->before, NULL);
    }
    return status == DCN_SUCCESS || (library_failed(status, p->name, message), false);
}

static bool check_untouched(const placed *p, size_t from, size_t to, const char *what, dcn_message *message)
{
    for (size_t i = from; i < to; i++) {
        if (p->before[i] != p->after[i]) {
            return dcn_message_set(message,
                                   "%s %s was written, at byte %" PRId64 " from the tensor's start; it has %zu", what,
                                   p->name, (int64_t)i - (int64_t)p->start, p->bytes);
        }
    }
    return true;
}

static bool check_written(const placed *p, dcn_element storage, dcn_message *message)
{
    const size_t element = dcn_element_size(storage);
    size_t left = 0;
    size_t first = 0;
    for (size_t at = 0; at < p->bytes; at += element) {
        if (memcmp(p->after + p->start + at, unwritten(storage), element) == 0) {
            first = left == 0 ? at / element : first;
            left++;
        }
    }
    return left == 0 || dcn_message_set(message, "%zu of the %zu elements of %s were never written; the first is %zu",
                                        left, p->bytes / element, p->name, first);
}

static bool check_after(const dcn_runner *runner, placed *p, dcn_element storage, dcn_message *message)
{
    dcn_status status = dcn_buffer_read(runner->queue, p->buffer, 0, p->total, p->after, NULL);
    if (status != DCN_SUCCESS) {
        library_failed(status, p->name, message);
        return false;
    }
    size_t end = p->start + p->bytes;
    return check_untouched(p, 0, p->start, "memory before", message) &&
           check_untouched(p, end, p->total, "memory behind", message) &&
           (p->input ? check_untouched(p, p->start, end, "the input", message) : check_written(p, storage, message));
}

static bool execute(const dcn_runner *runner, const dcn_call *call, dcn_plan *plan, placed *tensors, size_t count,
                    dcn_message *message)
{
    dcn_slice slices[MAX_TENSORS];
    for (size_t i = 0; i < count; i++) {
        slices[i] = dcn_slice_range(tensors[i].buffer, tensors[i].start, tensors[i].bytes);
    }
    dcn_status status = dcn_execute(plan, runner->queue, slices, count, NULL);
    if (status == DCN_SUCCESS) {
        status = dcn_queue_finish(runner->queue);
    }
    if (status != DCN_SUCCESS) {
        library_failed(status, "execute", message);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!check_after(runner, &tensors[i], call->storage, message)) {
            return false;
        }
    }
    return true;
}

/* Moves the results' bytes to the front of what was read back, which the run then owns. */
static void take_results(const dcn_call *call, placed *tensors, dcn_run *run)
{
    for (size_t i = 0; i < call->result_count; i++) {
        placed *p = &tensors[call->input_count + i];
        memmove(p->after, p->after + p->start, p->bytes);
        run->results[i] = p->after;
        p->after = NULL;
    }
}

bool dcn_runner_execute(const dcn_runner *runner, const dcn_call *call, dcn_plan *plan, dcn_placement placement,
                        dcn_run *run, dcn_message *message)
{
    placed tensors[MAX_TENSORS] = {0};
    size_t count = call->input_count + call->result_count;
    memset(run, 0, sizeof *run);
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        good = place(runner, call, i, placement, &tensors[i], message);
    }
    good = good && execute(runner, call, plan, tensors, count, message);
    if (good) {
        take_results(call, tensors, run);
    }
    for (size_t i = 0; i < count; i++) {
        dcn_buffer_destroy(tensors[i].buffer);
        free(tensors[i].before);
        free(tensors[i].after);
    }
    return good;
}

void dcn_run_free(dcn_run *run)
{
    for (size_t i = 0; i < DCN_CALL_MAX_RESULTS; i++) {
        free(run->results[i]);
    }
    memset(run, 0, sizeof *run);
}
