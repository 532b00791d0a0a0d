#include "generate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "generate_attention.h"
#include "generate_table.h"
#include "random.h"

static const dcn_element storages[] = {DCN_ELEMENT_F32, DCN_ELEMENT_F16, DCN_ELEMENT_BF16};
#define STORAGES (sizeof storages / sizeof *storages)

/* The whole number of a recipe's field where 0 stands for 1. */
static int or_one(int field)
{
    return field ? field : 1;
}

/* A recipe with what follows from it. */
typedef struct plan {
    const dcn_recipe *recipe;
    dcn_random random;
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
    double place = places[dcn_random_bits(&p->random) % 4];
    double aside = dcn_random_chance(&p->random, 50) ? 0.0 : ldexp(1.0, -(int)(dcn_random_bits(&p->random) % 16) - 1);
    double target = place + (dcn_random_chance(&p->random, 50) ? aside : -aside);
    return (target - a.origin) / p->scale - a.grid;
}

static double draw_offset(plan *p, axis a)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, 1e30, -1e30, 3e38, -65504.0, 2147483648.0};
    dcn_random *random = &p->random;
    switch (p->recipe->offsets) {
    case DCN_OFFSETS_UNIT:
        return dcn_random_unit(random);
    case DCN_OFFSETS_ZERO:
        return 0.0;
    case DCN_OFFSETS_WIDE:
        return 8.0 * dcn_random_normal(random);
    case DCN_OFFSETS_FAR:
        return 100.0 * dcn_random_unit(random);
    case DCN_OFFSETS_INTEGER:
        return dcn_random_integer(random, 3);
    case DCN_OFFSETS_QUARTER:
        return dcn_random_integer(random, 12) / 4.0;
    case DCN_OFFSETS_FINE:
        return dcn_random_integer(random, 2) +
               dcn_random_integer(random, 1) * ldexp(1.0, -(int)(dcn_random_bits(random) % 24) - 1);
    case DCN_OFFSETS_EDGE:
        return edge_offset(p, a);
    case DCN_OFFSETS_ONE_PLACE:
        return ((double)(a.extent / 2) + 0.4 + 0.1 * dcn_random_unit(random) - a.origin) / p->scale - a.grid;
    case DCN_OFFSETS_NONFINITE:
        return dcn_random_chance(random, 15) ? odd[dcn_random_bits(random) % (sizeof odd / sizeof *odd)]
                                             : 2.0 * dcn_random_normal(random);
    }
    return 0.0;
}

static double draw_mask(plan *p, bool counts)
{
    dcn_random *random = &p->random;
    switch (p->recipe->masks) {
    case DCN_MASKS_UNIFORM:
        return dcn_random_unit(random);
    case DCN_MASKS_LARGE:
        return 1e4 * dcn_random_unit(random);
    case DCN_MASKS_POWERS:
        return dcn_random_chance(random, 10)
                   ? 0.0
                   : ldexp(dcn_random_chance(random, 50) ? 1.0 : -1.0, (int)(dcn_random_bits(random) % 3) - 1);
    case DCN_MASKS_LOGITS:
        return 2.0 * dcn_random_normal(random);
    case DCN_MASKS_LARGE_LOGITS:
        return 100.0 * dcn_random_normal(random);
    case DCN_MASKS_NONFINITE_OUTSIDE:
        return counts ? dcn_random_unit(random) : dcn_random_nonfinite(random);
    case DCN_MASKS_NONFINITE:
        return dcn_random_chance(random, 2) ? dcn_random_nonfinite(random) : dcn_random_unit(random);
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

/* Where the numbers of one output pixel's group go: into one tensor, or into two. */
typedef struct slot {
    void *offsets, *masks;
    uint64_t first_offset, first_mask;
} slot;

static void fill_group(plan *p, int64_t oy, int64_t ox, slot to)
{
    const dcn_recipe *recipe = p->recipe;
    uint64_t k = 0;
    for (int i = 0; i < recipe->kernel[1]; i++) {
        for (int j = 0; j < recipe->kernel[0]; j++) {
            bool center = i == recipe->kernel[1] / 2 && j == recipe->kernel[0] / 2;
            if (center && (recipe->flags & DCN_RECIPE_REMOVE_CENTER)) {
                continue;
            }
            bool inside_x = fill_coordinate(p, axis_of(p, 1, ox, i), to.offsets, to.first_offset + 2 * k);
            bool inside_y = fill_coordinate(p, axis_of(p, 0, oy, j), to.offsets, to.first_offset + 2 * k + 1);
            dcn_convert_store(p->storage, to.masks, to.first_mask + k, draw_mask(p, inside_x && inside_y));
            k++;
        }
    }
}

/* `masks` is NULL where offsets and masks share a tensor. */
static void fill_points(plan *p, void *offsets, void *masks)
{
    const int *shape = p->recipe->shape;
    uint64_t points = (uint64_t)p->points;
    uint64_t groups = (uint64_t)shape[3];
    uint64_t pixels = (uint64_t)(shape[0] * p->out_height * p->out_width);
    for (uint64_t head = 0; head < pixels * groups; head++) {
        uint64_t pixel = head / groups;
        uint64_t shared = pixel * (uint64_t)p->row + head % groups * points * 3;
        int64_t ox = (int64_t)pixel % p->out_width;
        int64_t oy = (int64_t)pixel / p->out_width % p->out_height;
        fill_group(p, oy, ox,
                   masks ? (slot){offsets, masks, head * points * 2, head * points}
                         : (slot){offsets, offsets, shared, shared + points * 2});
    }
}

static int64_t output_extent(const dcn_recipe *recipe, int which)
{
    int reach = or_one(recipe->dilation[which]) * (recipe->kernel[which] - 1) + 1;
    return (recipe->shape[1 + which] + 2 * recipe->kernel[2 + which] - reach) / or_one(recipe->stride[which]) + 1;
}

static plan plan_of(size_t index, uint64_t seed)
{
    const dcn_recipe *recipe = &dcn_recipes[index / STORAGES];
    plan p = {
        .recipe = recipe, .random = dcn_random_stream(seed, recipe->name, ""), .storage = storages[index % STORAGES]};
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
        {"softmax", recipe->flags & DCN_RECIPE_SOFTMAX ? 1 : 0}, /* unknown to DCNv3, and ignored there */
    };
    bool good = dcn_case_set(test, "op", recipe->flags & DCN_RECIPE_DCNV3 ? "dcnv3" : "dcnv4") &&
                dcn_case_set(test, "offset_scale", recipe->scale ? recipe->scale : "1");
    for (size_t i = 0; i < sizeof integers / sizeof *integers && good; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", integers[i].value);
        good = dcn_case_set(test, integers[i].key, text);
    }
    return good;
}

static bool add_points(dcn_case *test, plan *p)
{
    const int *shape = p->recipe->shape;
    const int64_t groups_points = shape[3] * p->points;
    const int64_t offset_mask[] = {shape[0], p->out_height, p->out_width, p->row};
    const int64_t offset[] = {shape[0], p->out_height, p->out_width, groups_points * 2};
    const int64_t mask[] = {shape[0], p->out_height, p->out_width, groups_points};
    if (!(p->recipe->flags & DCN_RECIPE_DCNV3)) {
        dcn_case_tensor *both = dcn_case_add(test, "offset_mask", p->storage, 4, offset_mask);
        if (both) {
            fill_points(p, both->data, NULL);
        }
        return both != NULL;
    }
    if (!dcn_case_add(test, "offset", p->storage, 4, offset) || !dcn_case_add(test, "mask", p->storage, 4, mask)) {
        return false;
    }
    dcn_case_tensor *last = &test->tensors[test->tensor_count - 1];
    fill_points(p, last[-1].data, last->data);
    return true;
}

bool dcn_generate_values(dcn_case *test, const char *name, dcn_element storage, size_t rank, const int64_t *extent,
                         dcn_random *random, dcn_values kind)
{
    dcn_case_tensor *tensor = dcn_case_add(test, name, storage, rank, extent);
    for (uint64_t i = 0; tensor && i < tensor->bytes / dcn_element_size(storage); i++) {
        dcn_convert_store(storage, tensor->data, i, dcn_random_value(random, kind));
    }
    return tensor != NULL;
}

static bool add_tensors(dcn_case *test, plan *p, uint64_t seed)
{
    const dcn_recipe *recipe = p->recipe;
    const int *shape = recipe->shape;
    const int64_t value[] = {shape[0], shape[1], shape[2], shape[3] * shape[4]};
    const int64_t output[] = {shape[0], p->out_height, p->out_width, shape[3] * shape[4]};
    const char *name = recipe->flags & DCN_RECIPE_DCNV3 ? "input" : "value";
    dcn_random random = dcn_random_stream(seed, recipe->name, "grad_output");
    dcn_values gradients = recipe->flags & DCN_RECIPE_EXACT ? DCN_VALUES_INTEGERS : recipe->gradients;
    return dcn_generate_values(test, name, p->storage, 4, value, &p->random, recipe->values) && add_points(test, p) &&
           dcn_generate_values(test, "grad_output", p->storage, 4, output, &random, gradients);
}

static bool generate_grid(size_t index, uint64_t seed, dcn_case *test)
{
    plan p = plan_of(index, seed);
    test->exact = (p.recipe->flags & DCN_RECIPE_EXACT) != 0;
    return set_parameters(test, p.recipe) && add_tensors(test, &p, seed);
}

size_t dcn_generate_count(void)
{
    return (dcn_recipe_count + dcn_attention_recipe_count) * STORAGES;
}

void dcn_generate_name(size_t index, char *name, size_t size)
{
    size_t row = index / STORAGES;
    const char *recipe =
        row < dcn_recipe_count ? dcn_recipes[row].name : dcn_attention_recipes[row - dcn_recipe_count].name;
    snprintf(name, size, "%s_%s", recipe, dcn_element_long_name(storages[index % STORAGES]));
}

bool dcn_generate(size_t index, uint64_t seed, dcn_case *test, dcn_message *message)
{
    char name[sizeof test->name];
    dcn_generate_name(index, name, sizeof name);
    dcn_case_init(test, name);
    size_t row = index / STORAGES;
    bool good = row < dcn_recipe_count ? generate_grid(index, seed, test)
                                       : dcn_generate_attention(&dcn_attention_recipes[row - dcn_recipe_count],
                                                                storages[index % STORAGES], seed, test);
    if (!good) {
        dcn_case_free(test);
        return dcn_message_set(message, "out of memory for case %s", name);
    }
    return true;
}
