/* Shapes and the sampling grid. */
#include "harness.h"

#include <math.h>
#include <string.h>

#include "geometry.h"

/* Room for the planes of every grid here. */
enum { MOST_PLANE = 1024 };
static int32_t planes[4 * MOST_PLANE];

static void test_output_extent(void **state)
{
    (void)state;
    const struct {
        int64_t input, kernel, stride, pad, dilation, output;
    } rows[] = {
        {7, 3, 1, 1, 1, 7}, {7, 3, 2, 1, 1, 4}, {8, 3, 2, 1, 1, 4}, {5, 3, 2, 0, 2, 1}, {4, 3, 2, 0, 2, 0},
        {1, 3, 1, 0, 1, 0}, {1, 1, 1, 0, 1, 1}, {9, 2, 3, 2, 3, 4}, {1, 7, 1, 3, 1, 1}, {2, 9, 5, 0, 1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(
            dcn_output_extent(rows[i].input, rows[i].kernel, rows[i].stride, rows[i].pad, rows[i].dilation),
            rows[i].output);
}

static void test_multiply(void **state)
{
    (void)state;
    const struct {
        int64_t a, b;
        int fits;
    } rows[] = {
        {3, 4, 1},
        {0, INT64_MAX, 1},
        {INT64_MAX, 0, 1},
        {INT64_MAX, 1, 1},
        {INT64_MAX, 2, 0},
        {(int64_t)1 << 62, 2, 0},
        {(int64_t)1 << 31, ((int64_t)1 << 32) - 1, 1},
        {(int64_t)1 << 31, (int64_t)1 << 32, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t product = rows[i].a;
        assert_int_equal(dcn_multiply(&product, rows[i].b) != 0, rows[i].fits);
        assert_int_equal(product, rows[i].fits ? rows[i].a * rows[i].b : rows[i].a);
    }
}

static void test_default_row(void **state)
{
    (void)state;
    assert_int_equal(dcn_dcnv4_default_row(4, 9), 112);
    assert_int_equal(dcn_dcnv4_default_row(8, 9), 216);
    assert_int_equal(dcn_dcnv4_default_row(1, 1), 8);
    assert_int_equal(dcn_dcnv4_default_row(0, 9), 0);
    assert_int_equal(dcn_dcnv4_default_row(-1, 9), 0);
    assert_int_equal(dcn_dcnv4_default_row(INT64_MAX, 9), 0);
    assert_int_equal(dcn_dcnv4_default_row((int64_t)1 << 32, (int64_t)1 << 32), 0);
}

/* Integer plus fraction of point k in plane 0 (x) or 1 (y); checks the fraction's range. */
static double position(int64_t plane, int axis, int64_t k)
{
    float fraction;
    memcpy(&fraction, &planes[(2 + axis) * plane + k], sizeof fraction);
    assert_true(fraction >= 0.0f && fraction < 1.0f);
    return (double)planes[axis * plane + k] + (double)fraction;
}

/* Fills `planes`; returns the length of one. */
static int64_t fill(const dcn_grid *grid)
{
    const int64_t plane = dcn_grid_plane(grid);
    assert_true(plane >= dcn_grid_points(grid) && plane <= MOST_PLANE);
    expect_success(dcn_grid_fill(grid, planes));
    return plane;
}

/* Every point against the definition, in float64. */
static void check_grid(const dcn_grid *grid)
{
    const int64_t plane = fill(grid);
    const int64_t center_x = grid->dilation_w * (grid->kernel_w - 1) / 2;
    const int64_t center_y = grid->dilation_h * (grid->kernel_h - 1) / 2;
    int64_t k = 0;
    for (int64_t i = 0; i < grid->kernel_w; i++) {
        for (int64_t j = 0; j < grid->kernel_h; j++) {
            if (grid->remove_center && i == grid->kernel_w / 2 && j == grid->kernel_h / 2)
                continue;
            const double x = grid->scale * (double)(i * grid->dilation_w - center_x);
            const double y = grid->scale * (double)(j * grid->dilation_h - center_y);
            assert_true(fabs(position(plane, 0, k) - x) < 1e-7);
            assert_true(fabs(position(plane, 1, k) - y) < 1e-7);
            k++;
        }
    }
    assert_int_equal(k, dcn_grid_points(grid));
    for (; k < plane; k++) /* the points repeat over the rest */
        for (int axis = 0; axis < 2; axis++)
            assert_true(position(plane, axis, k) == position(plane, axis, k - dcn_grid_points(grid)));
}

static void test_grid_split(void **state)
{
    (void)state;
    const double scales[] = {1.0, 0.5, 0.7, -2.0, 0.0, -0.3, 1e-12};
    const dcn_grid shapes[] = {
        {3, 3, 1, 1, 0, 0, {0}}, {3, 3, 2, 1, 0, 1, {0}}, {1, 1, 1, 1, 0, 0, {0}}, {2, 2, 1, 1, 0, 0, {0}},
        {3, 5, 1, 2, 0, 0, {0}}, {5, 5, 3, 3, 0, 1, {0}}, {4, 2, 3, 1, 0, 0, {0}}, {7, 7, 1, 1, 0, 1, {0}},
    };
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            dcn_grid grid = shapes[i];
            grid.scale = scales[s];
            check_grid(&grid);
        }
    }
}

/* Known numbers, so that the definition above cannot be wrong in the same way. */
static void test_grid_order(void **state)
{
    (void)state;
    const dcn_grid grid = {3, 3, 2, 1, 1.0, 1, {0}};
    const int32_t x[] = {-1, -1, -1, 0, 0, 1, 1, 1};
    const int32_t y[] = {-2, 0, 2, -2, 2, -2, 0, 2};
    const int64_t plane = fill(&grid);
    assert_int_equal(dcn_grid_points(&grid), 8);
    assert_memory_equal(planes, x, sizeof x);
    assert_memory_equal(planes + plane, y, sizeof y);
}

static void test_grid_negative_fraction(void **state)
{
    (void)state;
    const dcn_grid grid = {1, 3, 1, 1, 0.25, 0, {0}};
    const int64_t plane = fill(&grid);
    const int32_t whole[] = {-1, 0, 0};
    const float fraction[] = {0.75f, 0.0f, 0.25f};
    assert_memory_equal(planes, whole, sizeof whole);
    assert_memory_equal(planes + 2 * plane, fraction, sizeof fraction);
}

static void test_grid_too_far(void **state)
{
    (void)state;
    const double edge = (double)DCN_MAX_EXTENT;
    dcn_grid grid = {3, 3, 1, 1, edge, 0, {0}};
    fill(&grid);
    const double scales[] = {edge + 1.0, -1e9, HUGE_VAL};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        grid.scale = scales[i];
        expect_refused(dcn_grid_fill(&grid, planes), DCN_ERROR_INVALID_SHAPE, "offset_scale|(-1, -1)|268435456");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output_extent), cmocka_unit_test(test_multiply),
        cmocka_unit_test(test_default_row),   cmocka_unit_test(test_grid_split),
        cmocka_unit_test(test_grid_order),    cmocka_unit_test(test_grid_negative_fraction),
        cmocka_unit_test(test_grid_too_far),
    };
    return cmocka_run_group_tests_name("geometry", tests, NULL, NULL);
}
