#include "fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint64_t tensor_bytes[TENSORS] = {sizeof(float) * VALUES, sizeof(float) * OFFSETS, sizeof(float) * VALUES};
const char *const tensor_names[TENSORS] = {"value", "offset_mask", "output"};
const char *test_device = "cpu";

dcn_dcnv4_desc operator_desc(void)
{
    dcn_dcnv4_desc desc = dcn_dcnv4_desc_default();
    desc.batch = 1;
    desc.height = HEIGHT;
    desc.width = WIDTH;
    desc.channels = CHANNELS;
    desc.group = GROUP;
    desc.group_channels = DEPTH;
    desc.offset_mask_row = ROW;
    return desc;
}

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
    for (size_t i = 0; i < VALUES; i++)
        if (!(fabsf(output[i] - f->reference[i]) <= 1e-5f))
            fail_msg("element %zu is %g, but should be %g", i, (double)output[i], (double)f->reference[i]);
    fill_output(f);
}

static void make_inputs(fixture *f)
{
    const dcn_dcnv4_desc desc = operator_desc();
    for (int i = 0; i < VALUES; i++)
        f->value[i] = (float)((i * 37) % 101) / 50.0f - 1.0f;
    for (int i = 0; i < OFFSETS; i++)
        f->offset_mask[i] = (float)((i * 53) % 97) / 60.0f - 0.75f;
    const dcn_slice tensors[TENSORS] = {dcn_slice_host(f->value, tensor_bytes[0]),
                                        dcn_slice_host(f->offset_mask, tensor_bytes[1]),
                                        dcn_slice_host(f->reference, tensor_bytes[2])};
    expect_success(dcn_dcnv4_run_host("cpu", &desc, tensors, TENSORS));
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
    make_inputs(f);
    make_objects(f);
    dcn_device_info info = {.struct_size = sizeof info};
    expect_success(dcn_context_device(f->context, &info));
    f->native = strcmp(info.backend, "cpu") == 0;
    expect_success(dcn_buffer_write(f->queue, f->buffers[0], 0, tensor_bytes[0], f->value, NULL));
    expect_success(dcn_buffer_write(f->queue, f->buffers[1], 0, tensor_bytes[1], f->offset_mask, NULL));
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

int choose_device(int argc, char **argv)
{
    if (argc > 1)
        test_device = argv[1];
    set_environment("DCNV4_DEVICE", NULL);
    set_environment("DCNV4_PATH", NULL);
    set_environment("DCNV4_THREADS", NULL);
    dcn_context *context = NULL;
    dcn_status status = dcn_context_create(test_device, NULL, &context);
    if (status == DCN_ERROR_NO_DEVICE || status == DCN_ERROR_UNSUPPORTED) {
        printf("skipped: %s\n0 passed, 0 failed, 1 skipped\n", dcn_error_detail());
        return 77;
    }
    if (status != DCN_SUCCESS) {
        fprintf(stderr, "%s: %s\n", test_device, dcn_error_detail());
        return 1;
    }
    dcn_context_destroy(context);
    return 0;
}
