#include "generate_attention.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A position in pixels that a location stands for. */
static double location_of(double position, int extent)
{
    return (position + 0.5) / (double)extent;
}

static double draw_edge(dcn_random *random, int extent)
{
    const double places[] = {-1.0, 0.0, (double)extent - 1.0, (double)extent};
    double place = places[dcn_random_bits(random) % 4];
    double aside = dcn_random_chance(random, 50) ? 0.0 : ldexp(1.0, -(int)(dcn_random_bits(random) % 16) - 1);
    return place + (dcn_random_chance(random, 50) ? aside : -aside);
}

static double draw_location(dcn_random *random, dcn_locations kind, int extent)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, 1e30, -1e30, 3e38, -65504.0, 2147483648.0};
    switch (kind) {
    case DCN_LOCATIONS_INSIDE:
        return 0.5 + 0.5 * dcn_random_unit(random);
    case DCN_LOCATIONS_AROUND:
        return 0.5 + 0.8 * dcn_random_unit(random);
    case DCN_LOCATIONS_FAR:
        return 20.0 * dcn_random_unit(random);
    case DCN_LOCATIONS_EDGE:
        return location_of(draw_edge(random, extent), extent);
    case DCN_LOCATIONS_QUARTER:
        return location_of((double)(dcn_random_bits(random) % (4 * (uint64_t)extent + 13)) / 4.0 - 2.0, extent);
    case DCN_LOCATIONS_NONFINITE:
        return dcn_random_chance(random, 10) ? odd[dcn_random_bits(random) % (sizeof odd / sizeof *odd)]
                                             : 0.5 + 0.8 * dcn_random_unit(random);
    }
    return 0.0;
}

static double draw_logit(dcn_random *random, dcn_masks kind)
{
    switch (kind) {
    case DCN_MASKS_LARGE_LOGITS:
        return 100.0 * dcn_random_normal(random);
    case DCN_MASKS_NONFINITE:
        return dcn_random_chance(random, 1) ? dcn_random_nonfinite(random) : dcn_random_normal(random);
    default:
        return 2.0 * dcn_random_normal(random);
    }
}

static int levels_of(const dcn_attention_recipe *recipe)
{
    int levels = 0;
    while (levels < DCN_RECIPE_MAX_LEVELS && recipe->levels[levels][0]) {
        levels++;
    }
    return levels;
}

/* Returns how many pixels all levels have; 0 when there is no memory. */
static int64_t add_levels(const dcn_attention_recipe *recipe, dcn_case *test)
{
    const int64_t extent[] = {levels_of(recipe), 2};
    int64_t shapes[DCN_RECIPE_MAX_LEVELS * 2];
    int64_t starts[DCN_RECIPE_MAX_LEVELS];
    int64_t pixels = 0;
    for (int level = 0; level < levels_of(recipe); level++) {
        shapes[2 * level] = recipe->levels[level][0];
        shapes[2 * level + 1] = recipe->levels[level][1];
        starts[level] = pixels;
        pixels += shapes[2 * level] * shapes[2 * level + 1];
    }
    dcn_case_tensor *tensor = dcn_case_add(test, "spatial_shapes", DCN_ELEMENT_I64, 2, extent);
    if (!tensor) {
        return 0;
    }
    memcpy(tensor->data, shapes, (size_t)tensor->bytes);
    tensor = dcn_case_add(test, "level_start_index", DCN_ELEMENT_I64, 1, extent);
    if (!tensor) {
        return 0;
    }
    memcpy(tensor->data, starts, (size_t)tensor->bytes);
    return pixels;
}

static bool add_sampling(const dcn_attention_recipe *recipe, dcn_element storage, dcn_random *random, dcn_case *test)
{
    const int *shape = recipe->shape;
    const int count = levels_of(recipe) * recipe->points;
    const int64_t extent[] = {shape[0], shape[1], shape[2], count * 3};
    dcn_case_tensor *tensor = dcn_case_add(test, "sampling_loc_attn", storage, 4, extent);
    if (!tensor) {
        return false;
    }
    uint64_t at = 0;
    for (int head = 0; head < shape[0] * shape[1] * shape[2]; head++) {
        for (int k = 0; k < count; k++) {
            const int *level = recipe->levels[k / recipe->points];
            dcn_convert_store(storage, tensor->data, at++, draw_location(random, recipe->locations, level[1]));
            dcn_convert_store(storage, tensor->data, at++, draw_location(random, recipe->locations, level[0]));
        }
        for (int k = 0; k < count; k++) {
            dcn_convert_store(storage, tensor->data, at++, draw_logit(random, recipe->logits));
        }
    }
    return true;
}

bool dcn_generate_attention(const dcn_attention_recipe *recipe, dcn_element storage, uint64_t seed, dcn_case *test)
{
    dcn_random random = dcn_random_stream(seed, recipe->name, "");
    dcn_random gradients = dcn_random_stream(seed, recipe->name, "grad_output");
    const int *shape = recipe->shape;
    char points[16];
    snprintf(points, sizeof points, "%d", recipe->points);
    if (!dcn_case_set(test, "op", "flash_deform_attn") || !dcn_case_set(test, "points", points)) {
        return false;
    }
    const int64_t pixels = add_levels(recipe, test);
    const int64_t value[] = {shape[0], pixels, shape[2], shape[3]};
    const int64_t output[] = {shape[0], shape[1], shape[2] * shape[3]};
    return pixels && dcn_generate_values(test, "value", storage, 4, value, &random, recipe->values) &&
           add_sampling(recipe, storage, &random, test) &&
           dcn_generate_values(test, "grad_output", storage, 3, output, &gradients, recipe->gradients);
}
