#include "operator_call.h"

#include <math.h>
#include <stdio.h>

const uint64_t tensor_bytes[TENSORS] = {sizeof(float) * VALUES, sizeof(float) * OFFSETS, sizeof(float) * VALUES};
const char *const tensor_names[TENSORS] = {"value", "offset_mask", "output"};
const char *test_device;

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

void fill_inputs(inputs *in)
{
    for (int i = 0; i < VALUES; i++)
        in->value[i] = (float)((i * 37) % 101) / 50.0f - 1.0f;
    for (int i = 0; i < OFFSETS; i++)
        in->offset_mask[i] = (float)((i * 53) % 97) / 60.0f - 0.75f;
}

void reference_output(const inputs *in, float output[VALUES])
{
    const dcn_slice tensors[TENSORS] = {dcn_slice_host(in->value, tensor_bytes[0]),
                                        dcn_slice_host(in->offset_mask, tensor_bytes[1]),
                                        dcn_slice_host(output, tensor_bytes[2])};
    const dcn_dcnv4_desc desc = operator_desc();
    expect_success(dcn_dcnv4_run_host("cpu", &desc, tensors, TENSORS));
}

void expect_agreement(const float output[VALUES], const float reference[VALUES])
{
    for (size_t i = 0; i < VALUES; i++)
        if (!(fabsf(output[i] - reference[i]) <= 1e-5f))
            fail_msg("element %zu is %g, but should be %g", i, (double)output[i], (double)reference[i]);
}

int choose_device(int argc, char **argv, const char *usual)
{
    test_device = argc > 1 ? argv[1] : usual;
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
    dcn_device_info info = {.struct_size = sizeof info};
    dcn_context_device(context, &info);
    printf("device: %s, %s, %s %s\n", info.name, info.title, info.platform, info.driver);
    dcn_context_destroy(context);
    return 0;
}
