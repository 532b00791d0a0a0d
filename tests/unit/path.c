/* The words that force a plan's choices. */
#include "harness.h"

#include "path.h"

static void test_words(void **state)
{
    (void)state;
    const struct {
        const char *words;
        dcn_path path;
    } rows[] = {
        {"wide", {DCN_SHAPE_WIDE, 0, DCN_PACE_ANY, DCN_BUILD_ANY, ""}},
        {"long", {DCN_SHAPE_LONG, 0, DCN_PACE_ANY, DCN_BUILD_ANY, ""}},
        {"index32", {DCN_SHAPE_ANY, 32, DCN_PACE_ANY, DCN_BUILD_ANY, ""}},
        {"index64", {DCN_SHAPE_ANY, 64, DCN_PACE_ANY, DCN_BUILD_ANY, ""}},
        {"fast", {DCN_SHAPE_ANY, 0, DCN_PACE_FAST, DCN_BUILD_ANY, ""}},
        {"general", {DCN_SHAPE_ANY, 0, DCN_PACE_GENERAL, DCN_BUILD_ANY, ""}},
        {"special", {DCN_SHAPE_ANY, 0, DCN_PACE_ANY, DCN_BUILD_SPECIAL, ""}},
        {"plain", {DCN_SHAPE_ANY, 0, DCN_PACE_ANY, DCN_BUILD_PLAIN, ""}},
        {"baseline", {DCN_SHAPE_ANY, 0, DCN_PACE_ANY, DCN_BUILD_ANY, "baseline"}},
        {"avx2", {DCN_SHAPE_ANY, 0, DCN_PACE_ANY, DCN_BUILD_ANY, "avx2"}},
        {"avx512", {DCN_SHAPE_ANY, 0, DCN_PACE_ANY, DCN_BUILD_ANY, "avx512"}},
        {"neon", {DCN_SHAPE_ANY, 0, DCN_PACE_ANY, DCN_BUILD_ANY, "neon"}},
        {"long,index64,general,avx2", {DCN_SHAPE_LONG, 64, DCN_PACE_GENERAL, DCN_BUILD_ANY, "avx2"}},
        {"avx2 fast index32 wide", {DCN_SHAPE_WIDE, 32, DCN_PACE_FAST, DCN_BUILD_ANY, "avx2"}},
        {"wide, wide\twide", {DCN_SHAPE_WIDE, 0, DCN_PACE_ANY, DCN_BUILD_ANY, ""}},
        {" , ", {DCN_SHAPE_ANY, 0, DCN_PACE_ANY, DCN_BUILD_ANY, ""}},
        {"", {DCN_SHAPE_ANY, 0, DCN_PACE_ANY, DCN_BUILD_ANY, ""}},
        {NULL, {DCN_SHAPE_ANY, 0, DCN_PACE_ANY, DCN_BUILD_ANY, ""}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dcn_path path;
        expect_success(dcn_path_parse(rows[i].words, &path));
        assert_int_equal(path.shape, rows[i].path.shape);
        assert_int_equal(path.index_bits, rows[i].path.index_bits);
        assert_int_equal(path.pace, rows[i].path.pace);
        assert_int_equal(path.build, rows[i].path.build);
        assert_string_equal(path.isa, rows[i].path.isa);
    }
}

static void test_refused(void **state)
{
    (void)state;
    const struct {
        const char *words;
        const char *in_detail;
    } rows[] = {
        {"quick", "dcn_plan_options.path|\"quick\"|wide, long"},
        {"wide,quick", "\"quick\""},
        {"wid", "\"wid\""},
        {"widen", "\"widen\""},
        {"WIDE", "\"WIDE\""},
        {"wide;long", "\"wide;long\""},
        {" ,\twide,, long ", "\"long\"|contradicts"},
        {"index32 index64", "\"index64\"|contradicts"},
        {"general,fast", "\"fast\"|contradicts"},
        {"special,plain", "\"plain\"|contradicts"},
        {"avx2,avx512", "\"avx512\"|contradicts"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dcn_path path;
        expect_refused(dcn_path_parse(rows[i].words, &path), DCN_ERROR_INVALID_ARGUMENT, rows[i].in_detail);
    }
}

static void test_environment(void **state)
{
    (void)state;
    dcn_path path;
    set_environment("DCNV4_PATH", "long,index64");
    expect_success(dcn_path_parse(NULL, &path));
    assert_int_equal(path.shape, DCN_SHAPE_LONG);
    assert_int_equal(path.index_bits, 64);
    expect_success(dcn_path_parse("", &path));
    assert_int_equal(path.index_bits, 64);
    expect_success(dcn_path_parse("wide", &path)); /* the option replaces the variable, word for word */
    assert_int_equal(path.shape, DCN_SHAPE_WIDE);
    assert_int_equal(path.index_bits, 0);
    set_environment("DCNV4_PATH", "nonsense");
    expect_refused(dcn_path_parse(NULL, &path), DCN_ERROR_INVALID_ARGUMENT, "DCNV4_PATH|\"nonsense\"");
    set_environment("DCNV4_PATH", NULL);
}

static void test_format(void **state)
{
    (void)state;
    const char *const texts[] = {"wide,index32,fast", "wide,index32,fast,special", "long,index64,general,avx512",
                                 "wide,index64,general,baseline"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        dcn_path path;
        char text[64];
        expect_success(dcn_path_parse(texts[i], &path));
        dcn_path_format(&path, text, sizeof text);
        assert_string_equal(text, texts[i]);
        dcn_path_set_isa(&path, NULL);
        dcn_path_format(&path, text, sizeof text);
        assert_string_equal(text, texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_format),
    };
    set_environment("DCNV4_PATH", NULL);
    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
