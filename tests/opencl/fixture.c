#include "fixture.h"

#include <math.h>
#include <stdio.h>

#include "platform.h"

const uint64_t tensor_bytes[TENSORS] = {sizeof(float) * VALUES, sizeof(float) * OFFSETS, sizeof(float) * VALUES};
const char *test_device = "opencl";

void fill_inputs(inputs *in)
{
    for (int i = 0; i < VALUES; i++)
        in->value[i] = (float)((i * 37) % 101) / 50.0f - 1.0f;
    for (int i = 0; i < OFFSETS; i++)
        in->offset_mask[i] = (float)((i * 53) % 97) / 60.0f - 0.75f;
}

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

int reference_output(const inputs *in, float output[VALUES])
{
    const dcn_slice tensors[TENSORS] = {dcn_slice_host(in->value, tensor_bytes[0]),
                                        dcn_slice_host(in->offset_mask, tensor_bytes[1]),
                                        dcn_slice_host(output, tensor_bytes[2])};
    const dcn_dcnv4_desc desc = operator_desc();
    return dcn_dcnv4_run_host("cpu", &desc, tensors, TENSORS) == DCN_SUCCESS;
}

int outputs_agree(const float *output, const float *reference)
{
    for (int i = 0; i < VALUES; i++) {
        float difference = fabsf(output[i] - reference[i]);
        if (!(difference <= 1e-5f)) {
            fprintf(stderr, "element %d is %g, but should be %g\n", i, (double)output[i], (double)reference[i]);
            return 0;
        }
    }
    return 1;
}

int choose_device(int argc, char **argv)
{
    if (argc > 1)
        test_device = argv[1];
    dcn_context *context = NULL;
    dcn_status status = dcn_context_create(test_device, NULL, &context);
    if (status == DCN_ERROR_NO_DEVICE || status == DCN_ERROR_UNSUPPORTED) {
        printf("skipped: %s\n", dcn_error_detail());
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

loader_function find_in_loader(const char *name)
{
    const char *const names[] = {dcn_cl_library(), NULL};
    const char *found = NULL;
    char reason[128];
    void *library = dcn_library_open(names, &found, reason, sizeof reason);
    return library ? dcn_library_symbol(library, name) : NULL;
}
