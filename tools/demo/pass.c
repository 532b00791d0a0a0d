#include "pass.h"

#include "lens.h"

int64_t dcn_pass_row(void)
{
    return dcn_dcnv4_default_row(DCN_LENS_COLOURS, DCN_LENS_POINTS);
}

static dcn_status make_plan(dcn_pass *pass, int64_t width, int64_t height)
{
    dcn_dcnv4_desc desc = dcn_dcnv4_desc_default();
    desc.batch = 1;
    desc.height = height;
    desc.width = width;
    desc.channels = DCN_LENS_COLOURS;
    desc.group = DCN_LENS_COLOURS;
    desc.group_channels = 1;
    return dcn_dcnv4_plan_create(pass->context, &desc, NULL, &pass->plan);
}

static dcn_status make_buffers(dcn_pass *pass)
{
    dcn_status status = dcn_queue_create(pass->context, DCN_QUEUE_DEFAULT, &pass->queue);
    for (size_t i = 0; i < DCN_DCNV4_FORWARD_TENSORS && status == DCN_SUCCESS; i++) {
        dcn_tensor_info info = {.struct_size = sizeof info};
        status = dcn_plan_tensor(pass->plan, i, &info);
        if (status == DCN_SUCCESS)
            status = dcn_buffer_create(pass->context, info.bytes, &pass->buffers[i]);
        pass->bytes += info.bytes;
    }
    return status;
}

dcn_status dcn_pass_open(dcn_pass *pass, dcn_context *context, dcn_bench *bench, int64_t width, int64_t height)
{
    *pass = (dcn_pass){.context = context, .bench = bench};
    dcn_status status = dcn_bench_open(bench, context);
    if (status == DCN_SUCCESS)
        status = make_plan(pass, width, height);
    return status == DCN_SUCCESS ? make_buffers(pass) : status;
}

void dcn_pass_close(dcn_pass *pass)
{
    for (size_t i = 0; i < DCN_DCNV4_FORWARD_TENSORS; i++)
        dcn_buffer_destroy(pass->buffers[i]);
    dcn_queue_destroy(pass->queue);
    dcn_plan_destroy(pass->plan);
    dcn_bench_destroy(pass->bench);
    *pass = (dcn_pass){0};
}

static void get_slices(const dcn_pass *pass, dcn_slice *slices)
{
    for (size_t i = 0; i < DCN_DCNV4_FORWARD_TENSORS; i++)
        slices[i] = dcn_slice_buffer(pass->buffers[i]);
}

dcn_status dcn_pass_run(dcn_pass *pass, const float *value, const float *offset_mask, float *output)
{
    dcn_buffer *const *buffers = pass->buffers;
    dcn_slice slices[DCN_DCNV4_FORWARD_TENSORS];
    get_slices(pass, slices);
    dcn_status status =
        dcn_buffer_write(pass->queue, buffers[DCN_DCNV4_VALUE], 0, slices[DCN_DCNV4_VALUE].size, value, NULL);
    if (status == DCN_SUCCESS)
        status = dcn_buffer_write(pass->queue, buffers[DCN_DCNV4_OFFSET_MASK], 0, slices[DCN_DCNV4_OFFSET_MASK].size,
                                  offset_mask, NULL);
    if (status == DCN_SUCCESS)
        status = dcn_execute(pass->plan, pass->queue, slices, DCN_DCNV4_FORWARD_TENSORS, NULL);
    if (status == DCN_SUCCESS)
        status =
            dcn_buffer_read(pass->queue, buffers[DCN_DCNV4_OUTPUT], 0, slices[DCN_DCNV4_OUTPUT].size, output, NULL);
    return status;
}

dcn_status dcn_pass_time(dcn_pass *pass, dcn_bench_timing *timing)
{
    dcn_slice slices[DCN_DCNV4_FORWARD_TENSORS];
    get_slices(pass, slices);
    return dcn_bench_time(pass->bench, pass->plan, slices, DCN_DCNV4_FORWARD_TENSORS, 0, timing);
}
