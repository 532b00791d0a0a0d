/* What a plan's descriptor, options and path are refused for: the code, the argument's name and the numbers. */
#include "fixture.h"

#include <math.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Tries to make a plan; a refusal leaves the out parameter alone. */
static void refuse(fixture *f, const dcn_dcnv4_desc *desc, const dcn_plan_options *options, dcn_status wanted,
                   const char *in_detail)
{
    dcn_plan *const before = f->plan;
    dcn_plan *plan = before;
    const dcn_status status = dcn_dcnv4_plan_create(f->context, desc, options, &plan);
    expect_refused(status, wanted, in_detail);
    assert_ptr_equal(plan, before);
}

/* Up to three 64-bit members that make the descriptor wrong. */
typedef struct member {
    size_t offset;
    int64_t value;
} member;

typedef struct refusal {
    member members[3];
    dcn_status status;
    const char *in_detail;
} refusal;

#define SET(name, value)                                                                                               \
    {                                                                                                                  \
        offsetof(dcn_dcnv4_desc, name), value                                                                          \
    }
#define INVALID(name, value)                                                                                           \
    {                                                                                                                  \
        {SET(name, value)}, DCN_ERROR_INVALID_ARGUMENT, #name "|" #value                                               \
    }
#define SHAPE(name, value, text)                                                                                       \
    {                                                                                                                  \
        {SET(name, value)}, DCN_ERROR_INVALID_SHAPE, text                                                              \
    }

static const refusal alone[] = {
    INVALID(batch, -1),
    INVALID(height, 0),
    INVALID(height, -3),
    INVALID(height, 1099511627776), /* 2^40 */
    INVALID(height, 9223372036854775807),
    INVALID(width, 0),
    INVALID(width, -1),
    INVALID(width, 268435457), /* 2^28 + 1 */
    INVALID(channels, 0),
    INVALID(channels, -8),
    INVALID(group, 0),
    INVALID(group, -2),
    INVALID(group, 2147483648),
    INVALID(group_channels, 0),
    INVALID(group_channels, -4),
    INVALID(kernel_h, 0),
    INVALID(kernel_w, -1),
    INVALID(kernel_w, 4611686018427387904),
    INVALID(stride_h, 0),
    INVALID(stride_w, -1),
    INVALID(pad_h, -1),
    INVALID(pad_w, 9223372036854775807),
    INVALID(dilation_h, 0),
    INVALID(dilation_w, -2),
    INVALID(offset_mask_row, -1),
};

static const refusal together[] = {
    SHAPE(channels, 9, "channels|9|2 * 4"),
    SHAPE(group, 3, "channels|8|3 * 4"),
    SHAPE(group_channels, 5, "channels|8|2 * 5"),
    SHAPE(offset_mask_row, 53, "offset_mask_row|53|54"),
    SHAPE(kernel_h, 9, "height|no output|9|7"),
    SHAPE(kernel_w, 11, "width|no output|11|8"),
    SHAPE(dilation_h, 4, "height|no output|9|7"),
    SHAPE(pad_w, 268435456, "width|536870918|268435456"),
    SHAPE(kernel_h, 268435456, "kernel_h|268435456|1073741824"),
    SHAPE(batch, 4611686018427387904, "value|4611686018427387904|2^63"),
    SHAPE(offset_mask_row, 4611686018427387904, "offset_mask|4611686018427387904|2^63"),
    {{SET(batch, 0), SET(offset_mask_row, INT64_MAX)}, DCN_ERROR_INVALID_SHAPE, "offset_mask|2^63"},
    {{SET(height, 268435456), SET(pad_h, 0), SET(batch, 4294967296)}, DCN_ERROR_INVALID_SHAPE, "value|268435456|2^63"},
    {{SET(kernel_h, 65536), SET(kernel_w, 65536)}, DCN_ERROR_INVALID_SHAPE, "kernel_w|2 * 65536 * 65536"},
};

/* The same with remove_center. */
static const refusal centers[] = {
    {{SET(kernel_h, 2), SET(kernel_w, 2)}, DCN_ERROR_INVALID_SHAPE, "remove_center|2 x 2"},
    {{SET(kernel_h, 4), SET(kernel_w, 4)}, DCN_ERROR_INVALID_SHAPE, "remove_center|4 x 4"},
    {{SET(kernel_h, 3), SET(kernel_w, 5)}, DCN_ERROR_INVALID_SHAPE, "remove_center|3 x 5"},
    {{SET(kernel_h, 1), SET(kernel_w, 1)}, DCN_ERROR_INVALID_SHAPE, "remove_center|1 x 1|no sampling point"},
};

static void refuse_all(fixture *f, dcn_dcnv4_desc base, const refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        dcn_dcnv4_desc desc = base;
        /* Offset 0 is struct_size, so an unused member says so. */
        for (size_t m = 0; m < COUNT(rows[i].members) && rows[i].members[m].offset != 0; m++)
            memcpy((char *)&desc + rows[i].members[m].offset, &rows[i].members[m].value, sizeof(int64_t));
        refuse(f, &desc, NULL, rows[i].status, rows[i].in_detail);
    }
    expect_working(f);
}

static void test_ranges(void **state)
{
    refuse_all(*state, operator_desc(), alone, COUNT(alone));
}

static void test_shapes(void **state)
{
    refuse_all(*state, operator_desc(), together, COUNT(together));
}

static void test_remove_center(void **state)
{
    dcn_dcnv4_desc desc = operator_desc();
    desc.remove_center = 1;
    refuse_all(*state, desc, centers, COUNT(centers));
}

static void test_words(void **state)
{
    const int wrong[] = {-1, 2, 1000};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        dcn_dcnv4_desc desc = operator_desc();
        desc.remove_center = wrong[i];
        refuse(*state, &desc, NULL, DCN_ERROR_INVALID_ARGUMENT, "remove_center|0 or 1");
        desc.remove_center = 0;
        desc.softmax = wrong[i];
        refuse(*state, &desc, NULL, DCN_ERROR_INVALID_ARGUMENT, "softmax|0 or 1");
    }
    dcn_dcnv4_desc desc = operator_desc();
    desc.dtype = (dcn_dtype)3;
    refuse(*state, &desc, NULL, DCN_ERROR_INVALID_ARGUMENT, "dtype|3");
    desc = operator_desc();
    desc.direction = (dcn_direction)77;
    refuse(*state, &desc, NULL, DCN_ERROR_INVALID_ARGUMENT, "direction|77");
}

static void test_offset_scale(void **state)
{
    const double scales[] = {NAN, HUGE_VAL, -HUGE_VAL, 2e9, -2e9};
    dcn_dcnv4_desc desc = operator_desc();
    for (size_t i = 0; i < COUNT(scales); i++) {
        desc.offset_scale = scales[i];
        refuse(*state, &desc, NULL, DCN_ERROR_INVALID_ARGUMENT, "offset_scale|finite");
    }
    desc.offset_scale = 3e8;
    refuse(*state, &desc, NULL, DCN_ERROR_INVALID_SHAPE, "offset_scale|3e+08|268435456");
}

static void test_versions(void **state)
{
    fixture *f = *state;
    const size_t wrong[] = {0, 8, SIZE_MAX};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        dcn_dcnv4_desc desc = operator_desc();
        desc.struct_size = wrong[i];
        refuse(f, &desc, NULL, DCN_ERROR_VERSION, "dcn_dcnv4_desc.struct_size");
        desc = operator_desc();
        desc.struct_size += wrong[i] ? 8 : (size_t)-8;
        refuse(f, &desc, NULL, DCN_ERROR_VERSION, "dcn_dcnv4_desc.struct_size");
        dcn_plan_options options = dcn_plan_options_default();
        options.struct_size = wrong[i];
        desc = operator_desc();
        refuse(f, &desc, &options, DCN_ERROR_VERSION, "dcn_plan_options.struct_size");
    }
}

static void test_null(void **state)
{
    fixture *f = *state;
    const dcn_dcnv4_desc desc = operator_desc();
    dcn_plan *plan = NULL;
    expect_refused(dcn_dcnv4_plan_create(NULL, &desc, NULL, &plan), DCN_ERROR_INVALID_ARGUMENT, "context|NULL");
    expect_refused(dcn_dcnv4_plan_create(f->context, NULL, NULL, &plan), DCN_ERROR_INVALID_ARGUMENT, "desc|NULL");
    expect_refused(dcn_dcnv4_plan_create(f->context, &desc, NULL, NULL), DCN_ERROR_INVALID_ARGUMENT, "plan|NULL");
    assert_null(plan);
}

static void refuse_path(fixture *f, const dcn_dcnv4_desc *desc, const char *path, dcn_status wanted,
                        const char *in_detail)
{
    dcn_plan_options options = dcn_plan_options_default();
    options.path = path;
    refuse(f, desc, &options, wanted, in_detail);
}

static void test_paths(void **state)
{
    fixture *f = *state;
    dcn_dcnv4_desc desc = operator_desc();
    refuse_path(f, &desc, "widest", DCN_ERROR_INVALID_ARGUMENT, "dcn_plan_options.path|\"widest\"");
    refuse_path(f, &desc, "wide,long", DCN_ERROR_INVALID_ARGUMENT, "dcn_plan_options.path|\"long\"|contradicts");
    set_environment("DCNV4_PATH", "nonsense");
    refuse(f, &desc, NULL, DCN_ERROR_INVALID_ARGUMENT, "DCNV4_PATH|\"nonsense\"");
    set_environment("DCNV4_PATH", NULL);
    /* Choices that this device or shape does not have. */
    if (!f->native)
        refuse_path(f, &desc, "baseline", DCN_ERROR_UNSUPPORTED, "baseline|native CPU");
#if defined(__x86_64__) || defined(__i386__)
    refuse_path(f, &desc, "neon", DCN_ERROR_UNSUPPORTED, "neon");
#elif defined(__aarch64__)
    refuse_path(f, &desc, "avx2", DCN_ERROR_UNSUPPORTED, "avx2");
#endif
    desc.group_channels = 5;
    desc.channels = 10;
    refuse_path(f, &desc, "wide,fast", DCN_ERROR_UNSUPPORTED, "fast|group_channels|5|4");
    desc = operator_desc();
    desc.height = desc.width = 1 << 20;
    refuse_path(f, &desc, "index32", DCN_ERROR_UNSUPPORTED, "index32|index64");
    expect_working(f);
}

int main(int argc, char **argv)
{
    const int missing = choose_device(argc, argv, "cpu");
    if (missing)
        return missing;
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_ranges),       WITH_FIXTURE(test_shapes),   WITH_FIXTURE(test_remove_center),
        WITH_FIXTURE(test_words),        WITH_FIXTURE(test_versions), WITH_FIXTURE(test_null),
        WITH_FIXTURE(test_offset_scale), WITH_FIXTURE(test_paths),
    };
    return cmocka_run_group_tests_name("descriptors", tests, NULL, NULL);
}
