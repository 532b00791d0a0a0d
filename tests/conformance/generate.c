#include "generate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "generate_table.h"

static const dcn_element storages[] = {DCN_ELEMENT_F32, DCN_ELEMENT_F16, DCN_ELEMENT_BF16};
#define STORAGES (sizeof storages / sizeof *storages)

/* splitmix64: small, portable, and good enough to draw test data. */
typedef struct stream {
    uint64_t state;
} stream;

static uint64_t draw(stream *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Uniform in [-1, 1). */
static double draw_unit(stream *random)
{
    return (double)(draw(random) >> 11) * 0x1p-52 - 1.0;
}

/* Close to normal, sigma 1: twelve uniform numbers of variance 1/3, so that no library's log or cos matters. */
static double draw_normal(stream *random)
{
    double sum = 0.0;
    for (int i = 0; i < 12; i++) {
        sum += draw_unit(random);
    }
    return sum / 2.0;
}

/* An integer from -limit to limit. */
static double draw_integer(stream *random, int limit)
{
    return (double)(int)(draw(random) % (2 * (unsigned)limit + 1)) - limit;
}

static bool draw_chance(stream *random, unsigned percent)
{
    return draw(random) % 100 < percent;
}

static double draw_nonfinite(stream *random)
{
    const double choices[] = {NAN, INFINITY, -INFINITY};
    return choices[draw(random) % 3];
}

/* The whole number of a recipe's field where 0 stands for 1. */
static int or_one(int field)
{
    return field ? field : 1;
}

/* A recipe with what follows from it. */
typedef struct plan {
    const dcn_recipe *recipe;
    stream random;
    dcn_element storage;
    int64_t out_height, out_width, points, row;
    double scale;
} plan;

/* One axis of a sampling point: where it lies without its offset. */
typedef struct axis {
    double origin; /* the output pixel's centre in the image */
    double grid;   /* the point's place in the kernel grid, before the scale */
    int extent;
} axis;

/* `which` is 0 for the vertical axis and 1 for the horizontal one, as in a recipe's arrays. */
static axis axis_of(const plan *p, int which, int64_t out, int64_t index)
{
    const dcn_recipe *recipe = p->recipe;
    int dilation = or_one(recipe->dilation[which]);
    int center = dilation * (recipe->kernel[which] - 1) / 2;
    return (axis){
        .origin = (double)(out * or_one(recipe->stride[which]) - recipe->kernel[2 + which] + center),
        .grid = (double)(index * dilation - center),
        .extent = recipe->shape[1 + which],
    };
}

/* The offset that puts the point on or just beside a place where something changes. */
static double edge_offset(plan *p, axis a)
{
    const double places[] = {-1.0, 0.0, (double)a.extent - 1.0, (double)a.extent};
    double place = places[draw(&p->random) % 4];
    double aside = draw_chance(&p->random, 50) ? 0.0 : ldexp(1.0, -(int)(draw(&p->random) % 16) - 1);
    double target = place + (draw_chance(&p->random, 50) ? aside : -aside);
    return (target - a.origin) / p->scale - a.grid;
}

static double draw_offset(plan *p, axis a)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, 1e30, -1e30, 3e38, -65504.0, 2147483648.0};
    stream *random = &p->random;
    switch (p->recipe->offsets) {
    case DCN_OFFSETS_UNIT:
        return draw_unit(random);
    case DCN_OFFSETS_ZERO:
        return 0.0;
    case DCN_OFFSETS_WIDE:
        return 8.0 * draw_normal(random);
    case DCN_OFFSETS_FAR:
        return 100.0 * draw_unit(random);
    case DCN_OFFSETS_INTEGER:
        return draw_integer(random, 3);
    case DCN_OFFSETS_QUARTER:
        return draw_integer(random, 12) / 4.0;
    case DCN_OFFSETS_FINE:
        return draw_integer(random, 2) + draw_integer(random, 1) * ldexp(1.0, -(int)(draw(random) % 24) - 1);
    case DCN_OFFSETS_EDGE:
        return edge_offset(p, a);
    case DCN_OFFSETS_NONFINITE:
        return draw_chance(random, 15) ? odd[draw(random) % (sizeof odd / sizeof *odd)] : 2.0 * draw_normal(random);
    }
    return 0.0;
}

static double draw_mask(plan *p, bool counts)
{
    stream *random = &p->random;
    switch (p->recipe->masks) {
    case DCN_MASKS_UNIFORM:
        return draw_unit(random);
    case DCN_MASKS_LARGE:
        return 1e4 * draw_unit(random);
    case DCN_MASKS_POWERS:
        return draw_chance(random, 10) ? 0.0 : ldexp(draw_chance(random, 50) ? 1.0 : -1.0, (int)(draw(random) % 3) - 1);
    case DCN_MASKS_LOGITS:
        return 2.0 * draw_normal(random);
    case DCN_MASKS_LARGE_LOGITS:
        return 100.0 * draw_normal(random);
    case DCN_MASKS_NONFINITE_OUTSIDE:
        return counts ? draw_unit(random) : draw_nonfinite(random);
    case DCN_MASKS_NONFINITE:
        return draw_chance(random, 2) ? draw_nonfinite(random) : draw_unit(random);
    }
    return 0.0;
}

static double draw_value(plan *p)
{
    stream *random = &p->random;
    switch (p->recipe->values) {
    case DCN_VALUES_NORMAL:
        return draw_normal(random);
    case DCN_VALUES_INTEGERS:
        return draw_integer(random, 8);
    case DCN_VALUES_LARGE:
        return 3e4 * draw_unit(random);
    case DCN_VALUES_TINY:
        return 0x1p-20 * draw_unit(random);
    case DCN_VALUES_NONFINITE:
        return draw_chance(random, 2) ? draw_nonfinite(random) : draw_normal(random);
    }
    return 0.0;
}

/* Draws one coordinate, stores it, and says whether the stored one lies inside. */
static bool fill_coordinate(plan *p, axis a, void *data, uint64_t at)
{
    double offset = draw_offset(p, a);
    dcn_convert_store(p->storage, data, at, offset);
    double position = a.origin + p->scale * (a.grid + dcn_convert_load(p->storage, data, at));
    return position > -1.0 && position < (double)a.extent;
}

/* One group's slice of one output pixel's row. */
static void fill_group(plan *p, int64_t oy, int64_t ox, void *data, uint64_t start)
{
    const dcn_recipe *recipe = p->recipe;
    uint64_t k = 0;
    for (int i = 0; i < recipe->kernel[1]; i++) {
        for (int j = 0; j < recipe->kernel[0]; j++) {
            bool center = i == recipe->kernel[1] / 2 && j == recipe->kernel[0] / 2;
            if (center && (recipe->flags & DCN_RECIPE_REMOVE_CENTER)) {
                continue;
            }
            bool inside_x = fill_coordinate(p, axis_of(p, 1, ox, i), data, start + 2 * k);
            bool inside_y = fill_coordinate(p, axis_of(p, 0, oy, j), data, start + 2 * k + 1);
            double mask = draw_mask(p, inside_x && inside_y);
            dcn_convert_store(p->storage, data, start + 2 * (uint64_t)p->points + k, mask);
            k++;
        }
    }
}

static void fill_offset_mask(plan *p, void *data)
{
    const int *shape = p->recipe->shape;
    uint64_t row = 0;
    for (int n = 0; n < shape[0]; n++) {
        for (int64_t oy = 0; oy < p->out_height; oy++) {
            for (int64_t ox = 0; ox < p->out_width; ox++) {
                for (int g = 0; g < shape[3]; g++) {
                    fill_group(p, oy, ox, data, row + (uint64_t)(g * p->points * 3));
                }
                row += (uint64_t)p->row;
            }
        }
    }
}

static int64_t output_extent(const dcn_recipe *recipe, int which)
{
    int reach = or_one(recipe->dilation[which]) * (recipe->kernel[which] - 1) + 1;
    return (recipe->shape[1 + which] + 2 * recipe->kernel[2 + which] - reach) / or_one(recipe->stride[which]) + 1;
}

/* The name's FNV-1a hash takes part, so that a new row leaves the numbers of the others as they are. */
static stream stream_of(const dcn_recipe *recipe, uint64_t seed)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *at = recipe->name; *at; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    }
    stream random = {seed};
    random.state = draw(&random) ^ hash;
    return random;
}

static plan plan_of(size_t index, uint64_t seed)
{
    const dcn_recipe *recipe = &dcn_recipes[index / STORAGES];
    plan p = {.recipe = recipe, .random = stream_of(recipe, seed), .storage = storages[index % STORAGES]};
    p.out_height = output_extent(recipe, 0);
    p.out_width = output_extent(recipe, 1);
    p.points = recipe->kernel[0] * recipe->kernel[1] - (recipe->flags & DCN_RECIPE_REMOVE_CENTER ? 1 : 0);
    p.scale = recipe->scale ? strtod(recipe->scale, NULL) : 1.0;
    int64_t needed = recipe->shape[3] * p.points * 3;
    p.row = recipe->row == DCN_ROW_DEFAULT ? (needed + 7) / 8 * 8
            : recipe->row == DCN_ROW_TIGHT ? needed
                                           : needed + recipe->row;
    return p;
}

static bool set_parameters(dcn_case *test, const dcn_recipe *recipe)
{
    const struct {
        const char *key;
        int value;
    } integers[] = {
        {"group", recipe->shape[3]},
        {"group_channels", recipe->shape[4]},
        {"kernel_h", recipe->kernel[0]},
        {"kernel_w", recipe->kernel[1]},
        {"pad_h", recipe->kernel[2]},
        {"pad_w", recipe->kernel[3]},
        {"stride_h", or_one(recipe->stride[0])},
        {"stride_w", or_one(recipe->stride[1])},
        {"dilation_h", or_one(recipe->dilation[0])},
        {"dilation_w", or_one(recipe->dilation[1])},
        {"remove_center", recipe->flags & DCN_RECIPE_REMOVE_CENTER ? 1 : 0},
        {"softmax", recipe->flags & DCN_RECIPE_SOFTMAX ? 1 : 0},
    };
    bool good =
        dcn_case_set(test, "op", "dcnv4") && dcn_case_set(test, "offset_scale", recipe->scale ? recipe->scale : "1");
    for (size_t i = 0; i < sizeof integers / sizeof *integers && good; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", integers[i].value);
        good = dcn_case_set(test, integers[i].key, text);
    }
    return good;
}

static bool add_tensors(dcn_case *test, plan *p)
{
    const int *shape = p->recipe->shape;
    const int64_t value[] = {shape[0], shape[1], shape[2], shape[3] * shape[4]};
    const int64_t offset_mask[] = {shape[0], p->out_height, p->out_width, p->row};
    dcn_case_tensor *tensor = dcn_case_add(test, "value", p->storage, 4, value);
    if (!tensor) {
        return false;
    }
    for (uint64_t i = 0; i < tensor->bytes / dcn_element_size(p->storage); i++) {
        dcn_convert_store(p->storage, tensor->data, i, draw_value(p));
    }
    tensor = dcn_case_add(test, "offset_mask", p->storage, 4, offset_mask);
    if (!tensor) {
        return false;
    }
    fill_offset_mask(p, tensor->data);
    return true;
}

size_t dcn_generate_count(void)
{
    return dcn_recipe_count * STORAGES;
}

void dcn_generate_name(size_t index, char *name, size_t size)
{
    snprintf(name, size, "%s_%s", dcn_recipes[index / STORAGES].name,
             dcn_element_long_name(storages[index % STORAGES]));
}

bool dcn_generate(size_t index, uint64_t seed, dcn_case *test, dcn_message *message)
{
    char name[sizeof test->name];
    dcn_generate_name(index, name, sizeof name);
    dcn_case_init(test, name);
    plan p = plan_of(index, seed);
    test->exact = (p.recipe->flags & DCN_RECIPE_EXACT) != 0;
    if (!set_parameters(test, p.recipe) || !add_tensors(test, &p)) {
        dcn_case_free(test);
        return dcn_message_set(message, "out of memory for case %s", name);
    }
    return true;
}
