/*
 * Opening the driver's library and NVRTC, which happens once in a process: the argument says what there is, and
 * meson.build sees to it.
 */
#include <stdio.h>
#include <string.h>

#include "cuda/cu_nvrtc.h"
#include "fixture.h"
#include "kernels.h"

/* A plan is made, and so a program was compiled. */
static void make_plan(void)
{
    dcn_context *context = NULL;
    dcn_plan *plan = NULL;
    const dcn_dcnv4_desc desc = operator_desc();
    expect_success(dcn_context_create("cuda:0", NULL, &context));
    expect_success(dcn_dcnv4_plan_create(context, &desc, NULL, &plan));
    dcn_plan_destroy(plan);
    dcn_context_destroy(context);
    assert_int_equal(live(FAKE_ALL), 0);
}

/* NVRTC has compiled with its built-in functions open, which the fake looks for among open libraries alone. */
static void expect_compiled(void)
{
    assert_int_equal(open_driver(), 0);
    make_plan();
    assert_null(dcn_nvrtc_load());
    assert_int_equal(dcn_nvrtc_version(), 13000);
    assert_memory_equal(driver->image, "cubin\nforward_wide\n", strlen("cubin\nforward_wide\n"));
}

/* The same where nothing compiles: the embedded kernels, or the reason why there are none. */
static void expect_not_compiled(const char *in_detail)
{
    dcn_context *context = NULL;
    assert_non_null(dcn_nvrtc_load());
    if (dcn_fatbins[0].program) {
        make_plan();
        return;
    }
    expect_refused(dcn_context_create("cuda:0", NULL, &context), DCN_ERROR_UNSUPPORTED, in_detail);
    expect_detail("no compiler|no embedded kernels");
    assert_null(context);
}

static void lacks_function(void **state)
{
    (void)state;
    dcn_context *context = NULL;
    expect_refused(dcn_context_create("cuda", NULL, &context), DCN_ERROR_NO_DEVICE,
                   "no cuda: libcuda.so.1 lacks cuStreamGetCtx, which CUDA 11.0 has");
    expect_refused(dcn_cuda_context_adopt((CUcontext)(uintptr_t)16, &context), DCN_ERROR_NO_DEVICE, "cuStreamGetCtx");
    assert_null(context);
}

/* Of such a driver the version can still be told; what is newer than CUDA 11.0 may be missing. */
static void old_driver(void **state)
{
    (void)state;
    dcn_context *context = NULL;
    assert_int_equal(open_driver(), 0);
    assert_null(dcn_cu.cuFuncLoad);
    atomic_store(&driver->version, 10020);
    expect_refused(dcn_context_create("cuda", NULL, &context), DCN_ERROR_UNSUPPORTED,
                   "cuda:0 (Fake 100)|CUDA 10.2, but 11.0 is needed");
    assert_null(context);
}

static void no_compiler(void **state)
{
    (void)state;
    assert_int_equal(open_driver(), 0);
    expect_not_compiled("NVRTC was not found|DCNV4_NVRTC");
}

static void compiler_off(void **state)
{
    (void)state;
    assert_int_equal(open_driver(), 0);
    expect_not_compiled("switched off|DCNV4_NVRTC");
}

static void compiler_there(void **state)
{
    (void)state;
    expect_compiled();
}

/* A compiler of a later major version is passed over, since its code need not load. */
static void compiler_too_new(void **state)
{
    (void)state;
    assert_int_equal(open_driver(), 0);
    atomic_store(&driver->version, 12040);
    if (dcn_nvrtc_load() && !strstr(dcn_nvrtc_load(), "libnvrtc.so.13"))
        fail_msg("%s", dcn_nvrtc_load());
    if (!dcn_nvrtc_load())
        assert_true(dcn_nvrtc_version() < 13000); /* this machine has an older one */
    else
        expect_not_compiled("libnvrtc.so.13 is NVRTC 13.0, but the driver supports CUDA 12.4");
}

int main(int argc, char **argv)
{
    const struct {
        const char *name;
        struct CMUnitTest test;
    } scenarios[] = {
        {"lacks-function", cmocka_unit_test(lacks_function)},
        {"old-driver", cmocka_unit_test(old_driver)},
        {"no-compiler", cmocka_unit_test(no_compiler)},
        {"compiler-off", cmocka_unit_test(compiler_off)},
        {"compiler-file", cmocka_unit_test(compiler_there)},
        {"compiler-by-name", cmocka_unit_test(compiler_there)},
        {"compiler-too-new", cmocka_unit_test(compiler_too_new)},
    };
    set_environment("DCNV4_DEVICE", NULL);
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        if (argc > 1 && strcmp(argv[1], scenarios[i].name) == 0) {
            const struct CMUnitTest tests[] = {scenarios[i].test};
            return cmocka_run_group_tests_name("loading", tests, NULL, NULL);
        }
    fprintf(stderr, "usage: loading SCENARIO\n");
    return 2;
}
