// A C++ user of the installed headers: prints the library's version, and uses every header's inline functions.
#include <cstdio>

#include <dcnv4/dcnv4.h>
#include <dcnv4/opencl.h>

int main()
{
    const dcn_dcnv4_desc desc = dcn_dcnv4_desc_default();
    const dcn_context_options context_options = dcn_context_options_default();
    const dcn_plan_options plan_options = dcn_plan_options_default();
    const dcn_slice slice = dcn_opencl_slice(nullptr, 0, 0);
    if (desc.struct_size != sizeof desc || context_options.struct_size != sizeof context_options ||
        plan_options.struct_size != sizeof plan_options || slice.kind != DCN_MEMORY_OPENCL ||
        dcn_version() != DCNV4_VERSION) {
        return 1;
    }
    std::puts(dcn_version_string());
    return 0;
}
