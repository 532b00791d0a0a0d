/* Status codes and the detail text. */
#include "harness.h"

#include <string.h>

#include "platform.h"
#include "status.h"

static void test_names(void **state)
{
    (void)state;
    const struct {
        dcn_status status;
        int value;
        const char *name;
        const char *message;
    } rows[] = {
#define ROW(name, value, message) {name, value, #name, message},
        DCN_STATUS_LIST(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal((int)rows[i].status, -(int)i);
        assert_int_equal((int)rows[i].status, rows[i].value);
        assert_string_equal(dcn_status_name(rows[i].status), rows[i].name);
        assert_string_equal(dcn_status_message(rows[i].status), rows[i].message);
    }
    assert_string_equal(dcn_status_name((dcn_status)-1000), "DCN_STATUS_UNKNOWN");
    assert_string_equal(dcn_status_name((dcn_status)1), "DCN_STATUS_UNKNOWN");
    assert_string_equal(dcn_status_message((dcn_status)-1000), "unknown status");
}

static void test_types(void **state)
{
    (void)state;
    assert_int_equal(dcn_dtype_size(DCN_FLOAT32), 4);
    assert_int_equal(dcn_dtype_size(DCN_FLOAT16), 2);
    assert_int_equal(dcn_dtype_size(DCN_BFLOAT16), 2);
    assert_int_equal(dcn_dtype_size((dcn_dtype)17), 0);
    assert_int_equal(dcn_version(), DCNV4_VERSION);
    assert_string_equal(dcn_version_string(), DCNV4_VERSION_STRING);
}

static void test_fail(void **state)
{
    (void)state;
    expect_refused(dcn_fail(DCN_ERROR_DEVICE, "call %d of %s", 7, "nine"), DCN_ERROR_DEVICE, "");
    assert_string_equal(dcn_error_detail(), "call 7 of nine");
    assert_int_equal(dcn_fail_context(DCN_ERROR_BUILD, "%s %d: ", "program", 3), DCN_ERROR_BUILD);
    assert_string_equal(dcn_error_detail(), "program 3: call 7 of nine");
    expect_refused(dcn_fail_memory("a pool", 4096), DCN_ERROR_OUT_OF_MEMORY, "a pool|4096");
    expect_refused(dcn_fail_null("dcn_f", "plan"), DCN_ERROR_INVALID_ARGUMENT, "dcn_f|plan|NULL");
    expect_success(dcn_check_struct_size("dcn_f", "dcn_t", 16, 16));
    expect_refused(dcn_check_struct_size("dcn_f", "dcn_t", 24, 16), DCN_ERROR_VERSION, "dcn_f|dcn_t.struct_size|24|16");
}

/* A compiler's log of any length is cut, never overrun, and what is put in front of it stays whole. */
static void test_long_detail(void **state)
{
    (void)state;
    static char log[20000];
    memset(log, 'x', sizeof log - 1);
    dcn_fail(DCN_ERROR_BUILD, "%s", log);
    const size_t kept = strlen(dcn_error_detail());
    assert_true(kept >= 4096 && kept < sizeof log - 1);
    dcn_fail_context(DCN_ERROR_BUILD, "in front: ");
    assert_int_equal(strlen(dcn_error_detail()), kept);
    assert_memory_equal(dcn_error_detail(), "in front: xxx", 13);
    dcn_fail_context(DCN_ERROR_BUILD, "%s", log);
    assert_int_equal(strlen(dcn_error_detail()), kept);
}

typedef struct other_thread {
    char before[64];
    char after[64];
} other_thread;

static void fail_there(void *argument)
{
    other_thread *other = argument;
    strncpy(other->before, dcn_error_detail(), sizeof other->before - 1);
    dcn_fail(DCN_ERROR_DEVICE, "of the other thread");
    strncpy(other->after, dcn_error_detail(), sizeof other->after - 1);
}

static void test_thread_local(void **state)
{
    (void)state;
    other_thread other = {"?", "?"};
    dcn_fail(DCN_ERROR_DEVICE, "of this thread");
    dcn_thread *thread = dcn_thread_start(fail_there, &other);
    assert_non_null(thread);
    dcn_thread_join(thread);
    assert_string_equal(other.before, "");
    assert_string_equal(other.after, "of the other thread");
    assert_string_equal(dcn_error_detail(), "of this thread");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),       cmocka_unit_test(test_types),        cmocka_unit_test(test_fail),
        cmocka_unit_test(test_long_detail), cmocka_unit_test(test_thread_local),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
