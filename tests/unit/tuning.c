/* What every launch must satisfy, whatever shape and device it is chosen for. */
#include "harness.h"

#include "tuning.h"

typedef int64_t dcn_i64;
#include "dcn_params.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static dcn_device_limits limits_of(uint32_t units, uint64_t local_memory)
{
    return (dcn_device_limits){.type = DCN_DEVICE_GPU,
                               .compute_units = units,
                               .vector_width = 16,
                               .max_work_group = 1024,
                               .local_memory = local_memory};
}

typedef struct wide_case {
    uint64_t memory;
    dcn_wide_problem problem;
} wide_case;

static void check_launch(const wide_case *c, const dcn_wide_launch *w)
{
    const dcn_wide_problem *p = &c->problem;
    const int vector = 16 / (int)dcn_dtype_size(p->dtype);
    assert_true(w->tile_h >= 1 && w->tile_w >= 1 && w->tile_groups >= 1 && w->lanes >= 1);
    assert_true(w->local >= 1 && w->local <= p->work_items);
    assert_true(w->local == (uint32_t)(w->tile_h * w->tile_w * w->tile_groups * w->lanes));
    assert_true(w->local_bytes <= c->memory);
    assert_true(w->chunk >= 1 && w->chunk <= p->points);
    assert_true(w->pitch >= w->chunk && w->pitch < p->points + 16);
    /* Nothing of a tile lies beyond what there is, but for the last power of two. */
    assert_true(w->tile_groups <= p->group);
    assert_true(w->tile_h < 2 * p->out_height && w->tile_w < 2 * p->out_width);
    assert_true((w->lanes - 1) * vector < p->group_channels);
}

/* Teams fit their work-group and its memory, and a team what it does there. */
static void check_heavy(const dcn_device_limits *limits, int items, int lanes, dcn_dtype dtype)
{
    dcn_heavy_launch h;
    const int vector = 16 / (int)dcn_dtype_size(dtype);
    if (dcn_tune_heavy(limits, items, lanes, dtype, &h) != DCN_SUCCESS) {
        assert_true(lanes * 2 * vector * (int)sizeof(float) > (int)limits->local_memory);
        return;
    }
    assert_true(h.teams >= 1 && h.team_rows >= 1 && h.teams * h.team_rows * lanes <= items);
    assert_true(h.team_words % 4 == 0 && h.team_words >= 2 * DCN_SORTED + DCN_TEAM_WORDS);
    assert_true(h.team_words >= vector * (h.team_rows + 1) * lanes);
    assert_true(h.local_bytes == (uint64_t)h.teams * (uint64_t)h.team_words * 4 &&
                h.local_bytes <= limits->local_memory);
}

static void check_gather(const wide_case *c, double density)
{
    const dcn_device_limits limits = limits_of(8, c->memory);
    const dcn_gather_problem problem = {c->problem.work_items,
                                        c->problem.dtype,
                                        c->problem.index_bits,
                                        c->problem.group_channels,
                                        c->problem.out_height,
                                        c->problem.out_width,
                                        density};
    const uint64_t point = 4 * sizeof(float) + (uint64_t)problem.index_bits / 8 + sizeof(uint32_t);
    dcn_gather_launch g;
    expect_success(dcn_tune_gather(&limits, &problem, &g));
    assert_true(g.value_h >= 2 && g.value_h % 2 == 0 && g.value_h <= problem.height + 1);
    assert_true(g.value_w >= 1 && g.value_w <= problem.width && g.lanes >= 1);
    assert_true(g.local <= problem.work_items && (uint32_t)(g.value_h / 2 * g.value_w * g.lanes) <= g.local);
    assert_true(g.room >= (int)g.local && (uint64_t)g.room * point < g.local_bytes && g.local_bytes <= c->memory);
    check_heavy(&limits, (int)g.local, g.lanes, problem.dtype);
}

static void check_count(const wide_case *c)
{
    const dcn_device_limits limits = limits_of(8, c->memory);
    const dcn_wide_problem *p = &c->problem;
    for (int stride = 1; stride < 100000; stride *= 300) {
        const dcn_count_problem problem = {p->points, p->group, p->out_height, p->out_width, stride, stride, 3, 40};
        dcn_count_launch w;
        dcn_tune_count(&limits, &problem, &w);
        assert_true(w.tile_h >= 1 && w.tile_h <= p->out_height && w.tile_w >= 1 && w.tile_w <= p->out_width);
        assert_true(w.tile_groups >= 1 && w.tile_groups <= p->group && w.chunk >= 1 && w.chunk <= p->points);
        assert_true(w.chunk == p->points || w.tile_h * w.tile_w == 1);
        assert_true(w.local_bytes <= c->memory);
        /* A point and its cell share a word. */
        assert_true(w.tile_groups * w.tile_h * w.tile_w * w.chunk < 65536);
        assert_true(w.tile_groups * w.window_h * w.window_w < 65535);
    }
}

static void check_wide(const wide_case *c)
{
    dcn_device_limits limits = limits_of(8, c->memory);
    dcn_wide_launch w;
    expect_success(dcn_tune_wide(&limits, &c->problem, &w));
    check_launch(c, &w);
    expect_success(dcn_tune_points(&limits, &c->problem, false, &w));
    check_launch(c, &w);
    limits.specialises = true;
    limits.subgroup = 32;
    expect_success(dcn_tune_points(&limits, &c->problem, true, &w));
    check_launch(c, &w);
    check_gather(c, c->problem.points);
    check_count(c);
}

static void sweep_images(wide_case *c)
{
    const int images[][2] = {{1, 1}, {1, 7}, {7, 1}, {20, 20}, {3, 4000}};
    const int points[] = {1, 8, 9, 25, 49, 441};
    const int groups[] = {1, 2, 3, 10, 64};
    const int channels[] = {1, 4, 5, 8, 16, 48, 64, 1000, 4096};
    for (size_t i = 0; i < COUNT(images) * COUNT(points) * COUNT(groups) * COUNT(channels); i++) {
        size_t rest = i;
        c->problem.out_height = images[rest % COUNT(images)][0];
        c->problem.out_width = images[rest % COUNT(images)][1];
        rest /= COUNT(images);
        c->problem.points = points[rest % COUNT(points)];
        rest /= COUNT(points);
        c->problem.group = groups[rest % COUNT(groups)];
        c->problem.group_channels = channels[rest / COUNT(groups)];
        check_wide(c);
    }
}

static void test_wide(void **state)
{
    (void)state;
    const uint64_t memories[] = {16384, 32768, 49152, 65536, 262144};
    const uint32_t work_items[] = {1, 8, 100, 256, 1024};
    for (size_t m = 0; m < COUNT(memories); m++)
        for (size_t w = 0; w < COUNT(work_items); w++)
            for (int dtype = DCN_FLOAT32; dtype <= DCN_BFLOAT16; dtype++)
                for (int bits = 32; bits <= 64; bits += 32) {
                    wide_case c = {
                        .memory = memories[m],
                        .problem = {.work_items = work_items[w], .dtype = (dcn_dtype)dtype, .index_bits = bits}};
                    sweep_images(&c);
                }
}

static void test_wide_without_memory(void **state)
{
    (void)state;
    const dcn_device_limits limits = limits_of(8, 40);
    const dcn_wide_problem wide = {256, DCN_FLOAT32, 32, 9, 4, 16, 20, 20, false};
    const dcn_gather_problem gather = {256, DCN_FLOAT32, 32, 16, 20, 20, 9.0};
    dcn_wide_launch w;
    dcn_gather_launch g;
    expect_refused(dcn_tune_wide(&limits, &wide, &w), DCN_ERROR_UNSUPPORTED, "work-group memory|40 bytes");
    expect_refused(dcn_tune_points(&limits, &wide, false, &w), DCN_ERROR_UNSUPPORTED, "work-group memory|40 bytes");
    expect_refused(dcn_tune_gather(&limits, &gather, &g), DCN_ERROR_UNSUPPORTED, "work-group memory|40 bytes");
}

static void test_level_count(void **state)
{
    (void)state;
    const int queries[] = {1, 7, 900, 22323, 1 << 28};
    const int points[] = {1, 16, 40, 5000};
    const int64_t planes[] = {1, 8, 4096};
    for (size_t q = 0; q < COUNT(queries); q++)
        for (size_t k = 0; k < COUNT(points); k++)
            for (size_t n = 0; n < COUNT(planes); n++) {
                const dcn_device_limits limits = limits_of(132, 49152);
                const dcn_level_count_problem problem = {128, points[k], queries[q], planes[n]};
                const dcn_level_count_launch l = dcn_tune_level_count(&limits, &problem);
                assert_true(l.queries >= 1 && l.queries <= queries[q]);
                assert_true(l.queries == 1 || l.queries * points[k] <= 4096);
                assert_true(l.window > 0 && (uint64_t)l.window * sizeof(uint32_t) <= limits.local_memory);
            }
}

static void test_long(void **state)
{
    (void)state;
    const uint32_t units[] = {1, 3, 16, 256};
    const int64_t pixels[] = {1, 2, 63, 400, 100000, (int64_t)1 << 40, (int64_t)1 << 56};
    const int64_t work[] = {1, 9, 1000, (int64_t)1 << 40};
    for (size_t u = 0; u < COUNT(units); u++)
        for (size_t p = 0; p < COUNT(pixels); p++)
            for (size_t k = 0; k < COUNT(work); k++) {
                const dcn_device_limits limits = limits_of(units[u], 0);
                const dcn_long_launch l = dcn_tune_long(&limits, pixels[p], work[k]);
                assert_true(l.run >= 1 && l.run <= INT32_MAX && l.items >= 1);
                assert_true((l.items - 1) * l.run < pixels[p]);          /* every item has a pixel … */
                assert_true(l.items >= (pixels[p] + l.run - 1) / l.run); /* … and every pixel an item */
            }
    const dcn_device_limits limits = limits_of(8, 0);
    assert_int_equal(dcn_tune_long(&limits, 0, 100).items, 0);
}

/* Blocks have every channel once, and no two bands of one turn reach the same row. */
static void check_cut(const dcn_backward_call *call, int64_t most)
{
    const dcn_backward_cut cut = dcn_tune_backward_long(call, most);
    const int64_t channels = call->group * call->group_channels;
    assert_true(cut.block_groups >= 1 && cut.block_parts >= 1 && (cut.block_groups == 1 || cut.block_parts == 1));
    if (cut.block_parts > 1) {
        const int64_t last = call->group_channels - (cut.block_parts - 1) * cut.part_channels;
        assert_true(cut.part_channels >= 16 && last >= 16 && cut.block_channels >= last);
        assert_true(cut.block_channels >= cut.part_channels && cut.blocks == call->group * cut.block_parts);
    } else {
        assert_true(cut.block_channels == cut.block_groups * call->group_channels && cut.block_groups <= call->group);
        assert_true((int64_t)cut.blocks * cut.block_channels >= channels);
        assert_true((int64_t)(cut.blocks - 1) * cut.block_channels < channels);
    }
    assert_true(cut.bands >= 1 && cut.bands <= call->out_height);
    for (int64_t b = 0; b + 2 < cut.bands; b++) {
        const int64_t last = ((b + 1) * call->out_height / cut.bands - 1) * call->stride_h + cut.reach_h + 1;
        const int64_t next = ((b + 2) * call->out_height / cut.bands) * call->stride_h - cut.reach_h;
        assert_true(last < next);
    }
}

static void test_backward_long(void **state)
{
    (void)state;
    const int64_t groups[] = {1, 2, 7, 64};
    const int64_t depths[] = {1, 5, 15, 16, 33, 64, 320};
    const int64_t heights[] = {1, 9, 35, 36, 57, 1000};
    const int64_t reaches[] = {0, 1, 6, 500, (int64_t)1 << 28};
    const int64_t most[] = {0, 1, 16, 40, 1000};
    for (size_t g = 0; g < COUNT(groups); g++)
        for (size_t d = 0; d < COUNT(depths); d++)
            for (size_t h = 0; h < COUNT(heights); h++)
                for (size_t r = 0; r < COUNT(reaches); r++)
                    for (size_t m = 0; m < COUNT(most); m++)
                        for (int64_t stride = 1; stride <= 5; stride += 2)
                            for (int64_t batch = 0; batch <= 40; batch += 20)
                                check_cut(&(dcn_backward_call){batch, heights[h] + 1, groups[g], depths[d], heights[h],
                                                               stride, reaches[r], reaches[r]},
                                          most[m]);
}

static void test_lanes(void **state)
{
    (void)state;
    for (uint32_t width = 4; width <= 16; width *= 2)
        for (int64_t channels = 1; channels <= 100; channels++) {
            dcn_device_limits limits = limits_of(8, 0);
            limits.vector_width = width;
            const uint32_t lanes = dcn_tune_lanes(&limits, channels);
            assert_true(lanes >= 4 && lanes <= width && (lanes & (lanes - 1)) == 0);
            assert_true(lanes == 4 || lanes < 2 * channels);
        }
}

static void test_isa(void **state)
{
    (void)state;
    dcn_device_limits limits = limits_of(8, 0);
    assert_null(dcn_tune_isa(&limits, 4)); /* not a native device */
    limits.native = true;
    assert_null(dcn_tune_isa(&limits, 64));
    assert_string_equal(dcn_tune_isa(&limits, 4), "avx2");
    limits.vector_width = 8;
    assert_null(dcn_tune_isa(&limits, 4)); /* nothing shorter to choose */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wide),          cmocka_unit_test(test_wide_without_memory),
        cmocka_unit_test(test_level_count),   cmocka_unit_test(test_long),
        cmocka_unit_test(test_lanes),         cmocka_unit_test(test_isa),
        cmocka_unit_test(test_backward_long),
    };
    return cmocka_run_group_tests_name("tuning", tests, NULL, NULL);
}
