/* Multi-scale deformable attention: what its descriptor is refused for, with the numbers; its tensors; its levels are
 * read when the plan is made and not after. */
#include "fixture.h"

#include <math.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { QUERIES = 3, HEADS = 2, LEVELS = 2, POINTS = 2, PIXELS = 4 * 5 + 2 * 3 };
enum { IN = PIXELS * HEADS * DEPTH, LOCATIONS = QUERIES * HEADS * LEVELS * POINTS * 3, OUT = QUERIES * HEADS * DEPTH };

static const int64_t shapes[2 * LEVELS] = {4, 5, 2, 3};
static const int64_t starts[LEVELS] = {0, 20};

static dcn_flash_deform_attn_desc attention_desc(void)
{
    dcn_flash_deform_attn_desc desc = dcn_flash_deform_attn_desc_default();
    desc.batch = 1;
    desc.queries = QUERIES;
    desc.group = HEADS;
    desc.group_channels = DEPTH;
    desc.levels = LEVELS;
    desc.points = POINTS;
    desc.pixels = PIXELS;
    desc.spatial_shapes = shapes;
    desc.level_start_index = starts;
    return desc;
}

static void refuse(fixture *f, const dcn_flash_deform_attn_desc *desc, dcn_status wanted, const char *in_detail)
{
    dcn_plan *plan = NULL;
    expect_refused(dcn_flash_deform_attn_plan_create(f->context, desc, NULL, &plan), wanted, in_detail);
    assert_null(plan);
}

/* A 64-bit member that makes the descriptor wrong. */
typedef struct refusal {
    size_t offset;
    int64_t value;
    dcn_status status;
    const char *in_detail;
} refusal;

#define INVALID(name, value)                                                                                           \
    {                                                                                                                  \
        offsetof(dcn_flash_deform_attn_desc, name), value, DCN_ERROR_INVALID_ARGUMENT, #name "|" #value                \
    }
#define SHAPE(name, value, text)                                                                                       \
    {                                                                                                                  \
        offsetof(dcn_flash_deform_attn_desc, name), value, DCN_ERROR_INVALID_SHAPE, text                               \
    }

static const refusal refusals[] = {
    INVALID(batch, -1),
    INVALID(queries, -1),
    INVALID(queries, 1073741825), /* 2^30 + 1 */
    INVALID(group, 0),
    INVALID(group, 9223372036854775807),
    INVALID(group_channels, 0),
    INVALID(group_channels, -4),
    INVALID(levels, 0),
    INVALID(levels, -2),
    INVALID(points, 0),
    INVALID(points, 4611686018427387904),
    INVALID(pixels, 0),
    INVALID(pixels, 2147483648),
    SHAPE(pixels, 25, "pixels|25|26"),
    SHAPE(pixels, 27, "pixels|27|26"),
    SHAPE(levels, 1, "pixels|26|20"),
    SHAPE(group, 536870912, "group * group_channels|536870912 * 4|1073741824"),
    SHAPE(points, 134217728, "group * levels * points|2 * 2 * 134217728|1073741824"),
    SHAPE(batch, 4611686018427387904, "value|4611686018427387904|2^63"),
};

static void test_ranges(void **state)
{
    for (size_t i = 0; i < COUNT(refusals); i++) {
        dcn_flash_deform_attn_desc desc = attention_desc();
        memcpy((char *)&desc + refusals[i].offset, &refusals[i].value, sizeof(int64_t));
        refuse(*state, &desc, refusals[i].status, refusals[i].in_detail);
    }
    expect_working(*state);
}

static void test_levels(void **state)
{
    static const struct {
        int64_t shapes[2 * LEVELS];
        int64_t starts[LEVELS];
        dcn_status status;
        const char *in_detail;
    } wrong[] = {
        {{4, 5, 2, 3}, {0, 19}, DCN_ERROR_INVALID_SHAPE, "level_start_index|level 1|19|20"},
        {{4, 5, 2, 3}, {1, 21}, DCN_ERROR_INVALID_SHAPE, "level_start_index|level 0|starts at 1|0 pixels"},
        {{4, 5, 2, 3}, {0, -20}, DCN_ERROR_INVALID_SHAPE, "level_start_index|level 1|-20|20"},
        {{4, 5, 3, 3}, {0, 20}, DCN_ERROR_INVALID_SHAPE, "pixels|26|29"},
        {{4, 5, 0, 3}, {0, 20}, DCN_ERROR_INVALID_ARGUMENT, "spatial_shapes|level 1|0 x 3"},
        {{4, -5, 2, 3}, {0, 20}, DCN_ERROR_INVALID_ARGUMENT, "spatial_shapes|level 0|4 x -5"},
        {{16777217, 1, 2, 3},
         {0, 16777217},
         DCN_ERROR_INVALID_ARGUMENT,
         "spatial_shapes|level 0|16777217 x 1|16777216"},
        {{65536, 65536, 2, 3}, {0, 0}, DCN_ERROR_INVALID_SHAPE, "spatial_shapes|4294967296|1073741824"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        dcn_flash_deform_attn_desc desc = attention_desc();
        desc.spatial_shapes = wrong[i].shapes;
        desc.level_start_index = wrong[i].starts;
        refuse(*state, &desc, wrong[i].status, wrong[i].in_detail);
    }
    dcn_flash_deform_attn_desc desc = attention_desc();
    desc.spatial_shapes = NULL;
    refuse(*state, &desc, DCN_ERROR_INVALID_ARGUMENT, "spatial_shapes|NULL");
}

static void test_words(void **state)
{
    fixture *f = *state;
    dcn_plan *plan = NULL;
    dcn_flash_deform_attn_desc desc = attention_desc();
    desc.dtype = (dcn_dtype)3;
    refuse(f, &desc, DCN_ERROR_INVALID_ARGUMENT, "dtype|3");
    desc = attention_desc();
    desc.direction = (dcn_direction)2;
    refuse(f, &desc, DCN_ERROR_INVALID_ARGUMENT, "direction|2");
    desc = attention_desc();
    desc.float32_gradients = 2;
    refuse(f, &desc, DCN_ERROR_INVALID_ARGUMENT, "float32_gradients|0 or 1");
    desc = attention_desc();
    desc.struct_size -= 8;
    refuse(f, &desc, DCN_ERROR_VERSION, "dcn_flash_deform_attn_desc.struct_size");
    desc = attention_desc();
    expect_refused(dcn_flash_deform_attn_plan_create(NULL, &desc, NULL, &plan), DCN_ERROR_INVALID_ARGUMENT,
                   "context|NULL");
    expect_refused(dcn_flash_deform_attn_plan_create(f->context, NULL, NULL, &plan), DCN_ERROR_INVALID_ARGUMENT,
                   "desc|NULL");
    expect_refused(dcn_flash_deform_attn_plan_create(f->context, &desc, NULL, NULL), DCN_ERROR_INVALID_ARGUMENT,
                   "plan|NULL");
}

static void expect_tensors(const dcn_plan *plan, const char *const *names, const uint64_t *bytes, size_t count)
{
    assert_int_equal(dcn_plan_tensors(plan), count);
    for (size_t i = 0; i < count; i++) {
        dcn_tensor_info info = {.struct_size = sizeof info};
        expect_success(dcn_plan_tensor(plan, i, &info));
        assert_string_equal(info.name, names[i]);
        assert_int_equal(info.bytes, bytes[i]);
        assert_int_equal(info.is_output, i > 2 || count == 3 ? i >= 2 : 0);
        assert_int_equal(info.is_optional, i > 2);
    }
}

static void test_tensors(void **state)
{
    fixture *f = *state;
    static const char *const forward[] = {"value", "sampling_loc_attn", "output"};
    static const char *const backward[] = {"value", "sampling_loc_attn", "grad_output", "grad_value",
                                           "grad_sampling_loc_attn"};
    static const uint64_t bytes[] = {2 * IN, 2 * LOCATIONS, 2 * OUT, 4 * IN, 4 * LOCATIONS};
    dcn_flash_deform_attn_desc desc = attention_desc();
    desc.dtype = DCN_FLOAT16;
    desc.level_start_index = NULL;
    dcn_plan *plan = NULL;
    expect_success(dcn_flash_deform_attn_plan_create(f->context, &desc, NULL, &plan));
    expect_tensors(plan, forward, bytes, COUNT(forward));
    dcn_plan_destroy(plan);
    desc.direction = DCN_BACKWARD;
    desc.float32_gradients = 1;
    expect_success(dcn_flash_deform_attn_plan_create(f->context, &desc, NULL, &plan));
    expect_tensors(plan, backward, bytes, COUNT(backward));
    dcn_plan_destroy(plan);
}

/* Every pixel holds its level's number plus 1, every location lies well inside. */
static void test_levels_are_kept(void **state)
{
    fixture *f = *state;
    float value[IN], sampling[LOCATIONS], output[OUT];
    int64_t own_shapes[2 * LEVELS], own_starts[LEVELS];
    for (int i = 0; i < IN; i++)
        value[i] = i < 20 * HEADS * DEPTH ? 1.0f : 2.0f;
    for (int i = 0; i < LOCATIONS; i++)
        sampling[i] = i % (3 * LEVELS * POINTS) < 2 * LEVELS * POINTS ? 0.5f : 0.0f;
    memcpy(own_shapes, shapes, sizeof shapes);
    memcpy(own_starts, starts, sizeof starts);
    dcn_flash_deform_attn_desc desc = attention_desc();
    desc.spatial_shapes = own_shapes;
    desc.level_start_index = own_starts;
    dcn_plan *plan = NULL;
    dcn_plan *clone = NULL;
    expect_success(dcn_flash_deform_attn_plan_create(f->context, &desc, NULL, &plan));
    memset(own_shapes, 0xff, sizeof own_shapes);
    memset(own_starts, 0xff, sizeof own_starts);
    expect_success(dcn_plan_clone(plan, &clone));
    const dcn_slice tensors[] = {dcn_slice_host(value, sizeof value), dcn_slice_host(sampling, sizeof sampling),
                                 dcn_slice_host(output, sizeof output)};
    dcn_plan *const plans[] = {plan, clone};
    for (size_t p = 0; p < COUNT(plans); p++) {
        memset(output, PATTERN, sizeof output);
        expect_success(dcn_execute_host(plans[p], tensors, COUNT(tensors)));
        for (int i = 0; i < OUT; i++)
            assert_true(fabsf(output[i] - 1.5f) < 1e-6f); /* half the weight in each level */
        dcn_plan_destroy(plans[p]);
    }
    memset(output, PATTERN, sizeof output);
    desc = attention_desc();
    expect_success(dcn_flash_deform_attn_run_host(test_device, &desc, tensors, COUNT(tensors)));
    assert_true(fabsf(output[OUT - 1] - 1.5f) < 1e-6f);
}

int main(int argc, char **argv)
{
    const int missing = choose_device(argc, argv, "cpu");
    if (missing)
        return missing;
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_ranges), WITH_FIXTURE(test_levels),  WITH_FIXTURE(test_levels_are_kept),
        WITH_FIXTURE(test_words),  WITH_FIXTURE(test_tensors),
    };
    return cmocka_run_group_tests_name("attention", tests, NULL, NULL);
}
