#include "fixture.h"

#include <stdlib.h>
#include <string.h>

void slices_of(const fixture *f, dcn_slice tensors[TENSORS])
{
    for (int i = 0; i < TENSORS; i++)
        tensors[i] = dcn_slice_buffer(f->buffers[i]);
}

void expect_untouched(fixture *f)
{
    unsigned char bytes[sizeof(float) * VALUES + SPARE];
    expect_success(dcn_buffer_read(f->queue, f->buffers[DCN_DCNV4_OUTPUT], 0, sizeof bytes, bytes, NULL));
    for (size_t i = 0; i < sizeof bytes; i++)
        if (bytes[i] != PATTERN)
            fail_msg("byte %zu of the output is 0x%02x after a refusal", i, bytes[i]);
}

static void fill_output(fixture *f)
{
    expect_success(dcn_buffer_fill(f->queue, f->buffers[DCN_DCNV4_OUTPUT], 0, tensor_bytes[DCN_DCNV4_OUTPUT] + SPARE,
                                   PATTERN, NULL));
    expect_success(dcn_queue_finish(f->queue));
}

void expect_working(fixture *f)
{
    dcn_slice tensors[TENSORS];
    float output[VALUES];
    slices_of(f, tensors);
    expect_success(dcn_execute(f->plan, f->queue, tensors, TENSORS, NULL));
    expect_success(dcn_buffer_read(f->queue, f->buffers[DCN_DCNV4_OUTPUT], 0, sizeof output, output, NULL));
    expect_agreement(output, f->reference);
    fill_output(f);
}

static void make_objects(fixture *f)
{
    const dcn_dcnv4_desc desc = operator_desc();
    expect_success(dcn_context_create(test_device, NULL, &f->context));
    expect_success(dcn_context_create(test_device, NULL, &f->other_context));
    expect_success(dcn_queue_create(f->context, DCN_QUEUE_DEFAULT, &f->queue));
    expect_success(dcn_queue_create(f->other_context, DCN_QUEUE_DEFAULT, &f->other_queue));
    expect_success(dcn_event_create(f->context, &f->event));
    expect_success(dcn_event_create(f->other_context, &f->other_event));
    expect_success(dcn_dcnv4_plan_create(f->context, &desc, NULL, &f->plan));
    expect_success(dcn_dcnv4_plan_create(f->other_context, &desc, NULL, &f->other_plan));
    expect_success(dcn_buffer_create(f->other_context, tensor_bytes[1] + SPARE, &f->other_buffer));
    for (int i = 0; i < TENSORS; i++)
        expect_success(dcn_buffer_create(f->context, tensor_bytes[i] + SPARE, &f->buffers[i]));
}

int make_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    *state = f;
    fill_inputs(&f->in);
    reference_output(&f->in, f->reference);
    make_objects(f);
    dcn_device_info info = {.struct_size = sizeof info};
    expect_success(dcn_context_device(f->context, &info));
    f->native = strcmp(info.backend, "cpu") == 0;
    expect_success(dcn_buffer_write(f->queue, f->buffers[0], 0, tensor_bytes[0], f->in.value, NULL));
    expect_success(dcn_buffer_write(f->queue, f->buffers[1], 0, tensor_bytes[1], f->in.offset_mask, NULL));
    fill_output(f);
    return 0;
}

int end_fixture(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < TENSORS; i++)
        dcn_buffer_destroy(f->buffers[i]);
    dcn_buffer_destroy(f->other_buffer);
    dcn_plan_destroy(f->plan);
    dcn_plan_destroy(f->other_plan);
    dcn_event_destroy(f->event);
    dcn_event_destroy(f->other_event);
    dcn_queue_destroy(f->queue);
    dcn_queue_destroy(f->other_queue);
    dcn_context_destroy(f->context);
    dcn_context_destroy(f->other_context);
    free(f);
    return 0;
}
