/* The kernel cache under the CUDA backend: what it holds is not compiled again; what it cannot hold is. */
#include <stdlib.h>
#include <string.h>

#include "cache_folder.h"
#include "fixture.h"
#include "kernel_cache.h"
#include "status.h"

/* Compilations that a plan, in a context of its own, asks for. */
static long compile_plan(void)
{
    const dcn_dcnv4_desc desc = operator_desc();
    const long before = atomic_load(&compiler->compiled);
    dcn_context *context = NULL;
    dcn_plan *plan = NULL;
    expect_success(dcn_context_create("cuda:0", NULL, &context));
    expect_success(dcn_dcnv4_plan_create(context, &desc, NULL, &plan));
    dcn_plan_destroy(plan);
    dcn_context_destroy(context);
    assert_int_equal(live(FAKE_ALL), 0);
    return atomic_load(&compiler->compiled) - before;
}

static void test_compiled_once(void **state)
{
    (void)state;
    const char *folder = new_cache();
    const long cold = compile_plan();
    assert_true(cold > 0);
    assert_int_equal(count_files(folder, ENTRY_SUFFIX), cold);
    assert_int_equal(compile_plan(), 0);
    set_environment("DCNV4_CACHE", "off");
    assert_int_equal(compile_plan(), cold);
    set_environment("DCNV4_CACHE", NULL);
    assert_int_equal(compile_plan(), 0);
}

/* Another architecture is another program, and has entries of its own. */
static void test_architectures(void **state)
{
    (void)state;
    const char *folder = new_cache();
    const long cold = compile_plan();
    atomic_store(&driver->capability, 80);
    assert_int_equal(compile_plan(), cold);
    assert_int_equal(count_files(folder, ENTRY_SUFFIX), 2 * cold);
    assert_int_equal(compile_plan(), 0);
    atomic_store(&driver->capability, 90);
    assert_int_equal(compile_plan(), 0);
}

static void flip_byte(const char *path, size_t at)
{
    size_t size = 0;
    unsigned char *file = read_whole(path, &size);
    file[at % size] ^= 1;
    write_whole(path, file, size);
    free(file);
}

static void cut_half(const char *path)
{
    size_t size = 0;
    unsigned char *file = read_whole(path, &size);
    write_whole(path, file, size / 2);
    free(file);
}

static void test_damage(void **state)
{
    (void)state;
    const char *folder = new_cache();
    const long cold = compile_plan();
    file_list files;
    for (size_t at = 0; at < 400; at += 57) {
        list_files(folder, ENTRY_SUFFIX, &files);
        flip_byte(files.paths[0], at);
        assert_int_equal(compile_plan(), 1);
        assert_int_equal(compile_plan(), 0);
    }
    list_files(folder, ENTRY_SUFFIX, &files);
    for (size_t i = 0; i < files.count; i++)
        cut_half(files.paths[i]);
    assert_int_equal(compile_plan(), cold);
}

/* A whole entry that the driver does not take is compiled again and replaced. */
static void test_refused_by_driver(void **state)
{
    (void)state;
    new_cache();
    compile_plan();
    fail_after(&driver->calls, "cuModuleLoadDataEx", 0, DCN_CU_ERROR_INVALID_IMAGE);
    assert_int_equal(compile_plan(), 1);
    assert_string_equal(disarm(&driver->calls), "cuModuleLoadDataEx");
    assert_int_equal(compile_plan(), 0);
}

/* Code that no driver took is not kept. */
static void test_failure_is_not_kept(void **state)
{
    (void)state;
    const char *folder = new_cache();
    const dcn_dcnv4_desc desc = operator_desc();
    dcn_context *context = NULL;
    dcn_plan *plan = NULL;
    expect_success(dcn_context_create("cuda:0", NULL, &context));
    fail_after(&driver->calls, "cuModuleLoadDataEx", 0, DCN_CU_ERROR_INVALID_IMAGE);
    expect_refused(dcn_dcnv4_plan_create(context, &desc, NULL, &plan), DCN_ERROR_BUILD, "CUDA_ERROR_INVALID_IMAGE");
    disarm(&driver->calls);
    dcn_context_destroy(context);
    assert_int_equal(count_files(folder, ENTRY_SUFFIX), 0);
}

static int remove_all(void **state)
{
    (void)state;
    remove_paths();
    return 0;
}

int main(void)
{
    if (open_driver() || open_compiler())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compiled_once),
        cmocka_unit_test(test_architectures),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_refused_by_driver),
        cmocka_unit_test(test_failure_is_not_kept),
    };
    return cmocka_run_group_tests_name("cache", tests, NULL, remove_all);
}
