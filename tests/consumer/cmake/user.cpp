// A C++ user of the installed library: every header's inline functions, and one call. Prints the library's version, and
// the mean of the pixels 2 and 3, which lies half a pixel to the right of the first.
#include <cstdio>

#include <dcnv4/dcnv4.h>
#include <dcnv4/opencl.h>

static bool inline_functions_work()
{
    const dcn_context_options context_options = dcn_context_options_default();
    const dcn_plan_options plan_options = dcn_plan_options_default();
    const dcn_slice slice = dcn_opencl_slice(nullptr, 0, 0);
    return context_options.struct_size == sizeof context_options && plan_options.struct_size == sizeof plan_options &&
           slice.kind == DCN_MEMORY_OPENCL && dcn_version() == DCNV4_VERSION;
}

int main()
{
    if (!inline_functions_work()) {
        std::fprintf(stderr, "headers and library do not fit together\n");
        return 1;
    }
    float value[2][4] = {{2.0f}, {3.0f}}, output[2][4];
    float offset_mask[2][3] = {{0.5f, 0.0f, 1.0f}, {0.0f, 0.0f, 0.0f}};
    dcn_dcnv4_desc desc = dcn_dcnv4_desc_default();
    desc.batch = desc.height = 1;
    desc.width = 2;
    desc.group = 1;
    desc.channels = desc.group_channels = 4;
    desc.kernel_h = desc.kernel_w = 1;
    desc.pad_h = desc.pad_w = 0;
    desc.offset_mask_row = 3;
    const dcn_slice tensors[] = {dcn_slice_host(value, sizeof value), dcn_slice_host(offset_mask, sizeof offset_mask),
                                 dcn_slice_host(output, sizeof output)};
    if (dcn_dcnv4_run_host("cpu", &desc, tensors, DCN_DCNV4_FORWARD_TENSORS) != DCN_SUCCESS) {
        std::fprintf(stderr, "%s\n", dcn_error_detail());
        return 1;
    }
    std::printf("%s: %.3f\n", dcn_version_string(), output[0][0]);
    return 0;
}
