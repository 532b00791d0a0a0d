/* Without NVRTC: what the build has compiled is loaded as it is. This program brings its own table of that. */
#include <string.h>

#include "fixture.h"
#include "kernels.h"
#include "objects.h"

static const char wide_code[] = "embedded wide";

/* In place of the library's, whose file is then not linked. */
const dcn_fatbin dcn_fatbins[] = {
    {"forward_long", DCN_FLOAT32, 32, "embedded long", sizeof "embedded long"},
    {"forward_wide", DCN_FLOAT16, 32, "embedded half", sizeof "embedded half"},
    {"forward_wide", DCN_FLOAT32, 32, wide_code, sizeof wide_code},
    {.program = NULL},
};

static void test_embedded(void **state)
{
    setting *given = *state;
    dcn_device_info info = {.struct_size = sizeof info};
    expect_success(dcn_context_device(given->context, &info));
    assert_string_equal(info.features, "sm_90 embedded");
    assert_ptr_equal(driver->image_at, wide_code);
    assert_int_equal(live(FAKE_MODULE), 1); /* both kernels of the plan are of it */
    expect_success(dcn_execute(given->plan, given->queue, given->tensors, TENSORS, NULL));
    assert_string_equal(driver->launch.function, "dcn_forward_wide_fast");
}

/* The kernels of the table take every parameter at run time: macros make no other program. */
static void test_macros_are_ignored(void **state)
{
    setting *given = *state;
    const dcn_kernel_key key = {.program = "forward_wide",
                                .entry = "dcn_forward_wide",
                                .index_bits = 32,
                                .lanes = 1,
                                .defines = {{"DCN_ONE", 1}},
                                .define_count = 1};
    dcn_kernel *kernel = NULL;
    expect_success(dcn_backend_cuda.kernel_create(given->context->device, &key, &kernel));
    assert_int_equal(live(FAKE_MODULE), 1);
    dcn_backend_cuda.kernel_destroy(given->context->device, kernel);
}

static void test_not_embedded(void **state)
{
    setting *given = *state;
    dcn_dcnv4_desc desc = operator_desc();
    dcn_plan *plan = NULL;
    desc.dtype = DCN_BFLOAT16;
    expect_refused(dcn_dcnv4_plan_create(given->context, &desc, NULL, &plan), DCN_ERROR_UNSUPPORTED,
                   "DCNV4_NVRTC|no embedded program \"forward_wide\" for storage type 2 and index32");
    assert_null(plan);
}

int main(void)
{
    if (open_driver())
        return 1;
    const struct CMUnitTest tests[] = {
        WITH_SETTING(test_embedded),
        WITH_SETTING(test_macros_are_ignored),
        WITH_SETTING(test_not_embedded),
    };
    return cmocka_run_group_tests_name("embedded", tests, NULL, NULL);
}
