#include "forward_choice.h"

#include <inttypes.h>
#include <stddef.h>

#include "../status.h"
#include "../tuning.h"

/* Bytes of an image that 32-bit kernels can tell apart: two bits are flags, and a vector may reach beyond the end. */
#define MAX_BYTES_32 (((int64_t)1 << 30) - 64)

_Static_assert(offsetof(dcn_forward_params, no_gap) + sizeof(int) == sizeof(dcn_forward_params), "see dcn_params.h");

/* ---- the path --------------------------------------------------------------------------------- */

static dcn_status complete_pace(const dcn_forward_shape *s, dcn_path *path)
{
    const int64_t vector = 16 / (int64_t)dcn_dtype_size(s->dtype);
    const bool fits = path->shape == DCN_SHAPE_WIDE && s->group_channels % vector == 0;
    if (path->pace == DCN_PACE_FAST && !fits)
        return dcn_fail(DCN_ERROR_UNSUPPORTED,
                        "path fast: it needs the wide shape and group_channels (%" PRId64 ") a multiple of %" PRId64,
                        s->group_channels, vector);
    if (path->pace == DCN_PACE_ANY)
        path->pace = fits ? DCN_PACE_FAST : DCN_PACE_GENERAL;
    return DCN_SUCCESS;
}

static dcn_status complete_build(const dcn_device_limits *limits, dcn_path *path)
{
    const bool fits = path->pace == DCN_PACE_FAST && !limits->native;
    if (path->build == DCN_BUILD_SPECIAL && !fits)
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "path special: it needs a fast kernel that is built at run time");
    if (path->build == DCN_BUILD_ANY)
        path->build = fits && limits->specialises ? DCN_BUILD_SPECIAL : DCN_BUILD_PLAIN;
    return DCN_SUCCESS;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Elements of one image, of the tensor where it has most. */
static int64_t largest_image(const dcn_forward_shape *s)
{
    const int64_t channels = s->group * s->group_channels;
    const int64_t row = larger(channels, larger(s->offset_row, s->mask_row));
    return larger(s->height * s->width * channels, s->out_height * s->out_width * row);
}

dcn_status dcn_forward_complete_path(const dcn_forward_shape *s, const dcn_device_limits *limits, dcn_path *path)
{
    const int64_t image = largest_image(s);
    const bool small = image <= MAX_BYTES_32 / (int64_t)dcn_dtype_size(s->dtype);
    if (path->shape == DCN_SHAPE_ANY)
        path->shape = limits->type == DCN_DEVICE_CPU ? DCN_SHAPE_LONG : DCN_SHAPE_WIDE;
    if (path->shape == DCN_SHAPE_LONG && limits->vector_width == 0)
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "path long: this device has only the wide shape");
    if (path->index_bits == 0)
        path->index_bits = small ? 32 : 64;
    if (path->index_bits == 32 && !small)
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "path index32: an image of %" PRId64 " elements needs index64", image);
    if (path->isa[0] && !limits->native)
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "path %s: only the native CPU device has instruction sets to choose",
                        path->isa);
    dcn_status status = complete_pace(s, path);
    return status == DCN_SUCCESS ? complete_build(limits, path) : status;
}

/* ---- parameters ------------------------------------------------------------------------------- */

dcn_forward_params dcn_forward_common_params(const dcn_forward_shape *s)
{
    dcn_forward_params p = {0};
    const int64_t channels = s->group * s->group_channels;
    p.pixels = s->batch * s->out_height * s->out_width;
    p.image = s->height * s->width * channels;
    p.value_size = s->batch * p.image;
    p.offset_row = s->offset_row;
    p.mask_row = s->mask_row;
    p.offset_image = s->out_height * s->out_width * s->offset_row;
    p.mask_image = s->out_height * s->out_width * s->mask_row;
    p.output_image = s->out_height * s->out_width * channels;
    p.offset_size = p.pixels * s->offset_row;
    p.mask_size = p.pixels * s->mask_row - s->mask_first;
    p.offset_group = (int)s->offset_group;
    p.mask_group = (int)s->mask_group;
    p.height = (int)s->height;
    p.width = (int)s->width;
    p.out_height = (int)s->out_height;
    p.out_width = (int)s->out_width;
    p.channels = (int)channels;
    p.group = (int)s->group;
    p.group_channels = (int)s->group_channels;
    p.points = (int)dcn_grid_points(&s->grid);
    p.grid_plane = (int)dcn_grid_plane(&s->grid);
    p.stride_h = (int)s->stride_h;
    p.stride_w = (int)s->stride_w;
    p.origin_h = (int)(dcn_grid_center(s->grid.kernel_h, s->grid.dilation_h) - s->pad_h);
    p.origin_w = (int)(dcn_grid_center(s->grid.kernel_w, s->grid.dilation_w) - s->pad_w);
    p.scale.nearest = (float)s->grid.scale;
    p.scale.rest = (float)(s->grid.scale - (double)p.scale.nearest);
    p.softmax = s->softmax;
    p.level_points = (int)s->grid.levels.points;
    return p;
}

dcn_divisor dcn_divisor_of(int d)
{
    int shift = 0;
    while ((int64_t)1 << shift < d)
        shift++;
    const uint64_t multiplier = ((((uint64_t)1 << shift) - (uint64_t)d) << 32) / (uint64_t)d + 1;
    return (dcn_divisor){(int)(uint32_t)multiplier, shift};
}

static int blocks_of(int extent, int block)
{
    return (extent + block - 1) / block;
}

uint64_t dcn_forward_set_tile(int tile_h, int tile_w, int tile_groups, int64_t batch, dcn_forward_params *p)
{
    p->tile_h = tile_h;
    p->tile_w = tile_w;
    p->tile_groups = tile_groups;
    p->tiles_h = blocks_of(p->out_height, p->tile_h);
    p->tiles_w = blocks_of(p->out_width, p->tile_w);
    p->group_blocks = blocks_of(p->group, p->tile_groups);
    p->by_tiles_h = dcn_divisor_of(p->tiles_h);
    p->by_tiles_w = dcn_divisor_of(p->tiles_w);
    p->by_group_blocks = dcn_divisor_of(p->group_blocks);
    return (uint64_t)batch * (uint64_t)p->tiles_h * (uint64_t)p->tiles_w * (uint64_t)p->group_blocks;
}

static void set_wide_launch(const dcn_wide_launch *launch, int64_t batch, dcn_forward_choice *c)
{
    dcn_forward_params *p = &c->params;
    p->lanes = launch->lanes;
    p->chunk = launch->chunk;
    p->pitch = launch->pitch;
    c->groups = dcn_forward_set_tile(launch->tile_h, launch->tile_w, launch->tile_groups, batch, p);
    c->local = launch->local;
    c->local_bytes = launch->local_bytes;
}

/* ---- kernels built for one plan (dcn_special.h) ------------------------------------------------ */

void dcn_define_macro(dcn_kernel_key *key, const char *name, int64_t value)
{
    key->defines[key->define_count++] = (dcn_define){name, value};
}

static void define_grid(const dcn_grid *grid, dcn_kernel_key *key)
{
    const int64_t removed = (grid->kernel_w / 2) * grid->kernel_h + grid->kernel_h / 2;
    dcn_define_macro(key, "DCN_KERNEL_H", grid->kernel_h);
    dcn_define_macro(key, "DCN_DILATION_H", grid->dilation_h);
    dcn_define_macro(key, "DCN_DILATION_W", grid->dilation_w);
    dcn_define_macro(key, "DCN_CENTER_H", dcn_grid_center(grid->kernel_h, grid->dilation_h));
    dcn_define_macro(key, "DCN_CENTER_W", dcn_grid_center(grid->kernel_w, grid->dilation_w));
    dcn_define_macro(key, "DCN_REMOVED", grid->remove_center ? removed : dcn_grid_points(grid));
}

void dcn_forward_define(const dcn_forward_shape *s, const dcn_forward_params *p, uint32_t local, dcn_kernel_key *key)
{
    dcn_define_macro(key, "DCN_SPECIAL", 1);
    dcn_define_macro(key, "DCN_POINTS", p->points);
    dcn_define_macro(key, "DCN_GROUPS", s->group);
    dcn_define_macro(key, "DCN_GROUP_CHANNELS", s->group_channels);
    dcn_define_macro(key, "DCN_SLOT_LANES", p->lanes);
    dcn_define_macro(key, "DCN_PITCH", p->pitch);
    dcn_define_macro(key, "DCN_TILE_H", p->tile_h);
    dcn_define_macro(key, "DCN_TILE_W", p->tile_w);
    dcn_define_macro(key, "DCN_TILE_GROUPS", p->tile_groups);
    dcn_define_macro(key, "DCN_USES_SOFTMAX", p->softmax);
    dcn_define_macro(key, "DCN_WORK_ITEMS", local);
    if (s->offset == s->mask && s->offset_row == s->mask_row && s->offset_group == s->mask_group &&
        s->mask_first == 2 * dcn_grid_points(&s->grid))
        dcn_define_macro(key, "DCN_JOINT", 1);
    if (s->grid.levels.count > 0)
        dcn_define_macro(key, "DCN_LEVEL_POINTS", s->grid.levels.points);
    else if (s->grid.scale == 1.0)
        define_grid(&s->grid, key);
    key->registers = DCN_WIDE_REGISTERS;
}

/* ---- choosing --------------------------------------------------------------------------------- */

static dcn_status choose_long(dcn_context *context, const dcn_device_limits *limits, dcn_forward_choice *c)
{
    dcn_status status = context->backend->kernel_create(context->device, &c->key, &c->kernel);
    if (status != DCN_SUCCESS)
        return status;
    const dcn_long_launch launch =
        dcn_tune_long(limits, c->params.pixels, (int64_t)c->params.channels * c->params.points);
    c->params.run = (int)launch.run;
    c->groups = (uint64_t)launch.items;
    c->local = 1;
    return DCN_SUCCESS;
}

/* A launch for at most `work_items` work-items, and a kernel for it unless there is one that takes any launch. */
static dcn_status fit_wide(dcn_context *context, const dcn_forward_shape *s, const dcn_device_limits *limits,
                           bool special, uint32_t work_items, dcn_forward_choice *c)
{
    const dcn_wide_problem problem = {.work_items = work_items,
                                      .dtype = s->dtype,
                                      .index_bits = c->key.index_bits,
                                      .points = c->params.points,
                                      .group = c->params.group,
                                      .group_channels = c->params.group_channels,
                                      .out_height = c->params.out_height,
                                      .out_width = c->params.out_width};
    dcn_wide_launch launch;
    dcn_status status = dcn_tune_wide(limits, &problem, &launch);
    if (status != DCN_SUCCESS)
        return status;
    set_wide_launch(&launch, s->batch, c);
    c->key.define_count = 0;
    const bool whole = launch.chunk == c->params.points &&
                       (int64_t)launch.lanes * (16 / (int64_t)dcn_dtype_size(s->dtype)) >= s->group_channels;
    if (special && whole)
        dcn_forward_define(s, &c->params, c->local, &c->key);
    else if (c->kernel && !special)
        return DCN_SUCCESS;
    if (c->kernel)
        context->backend->kernel_destroy(context->device, c->kernel);
    c->kernel = NULL;
    return context->backend->kernel_create(context->device, &c->key, &c->kernel);
}

static dcn_status choose_wide(dcn_context *context, const dcn_forward_shape *s, const dcn_device_limits *limits,
                              bool special, dcn_forward_choice *c)
{
    uint32_t work_items = limits->max_work_group;
    dcn_status status = fit_wide(context, s, limits, special, work_items, c);
    if (status == DCN_SUCCESS)
        status = context->backend->kernel_work_group(context->device, c->kernel, &work_items);
    /* A compiler may need so many registers that fewer work-items fit than the device allows. */
    if (status == DCN_SUCCESS && work_items < c->local)
        status = fit_wide(context, s, limits, special, work_items, c);
    return status;
}

dcn_status dcn_forward_choose(dcn_context *context, const dcn_forward_shape *s, const dcn_device_limits *limits,
                              const dcn_path *path, dcn_forward_choice *c)
{
    const bool wide = path->shape == DCN_SHAPE_WIDE;
    if (s->grid.levels.count > 0)
        c->key.program = wide ? "attention_wide" : "attention_long";
    else
        c->key.program = wide ? "forward_wide" : "forward_long";
    c->key.entry = !wide                         ? "dcn_forward_long"
                   : path->pace == DCN_PACE_FAST ? "dcn_forward_wide_fast"
                                                 : "dcn_forward_wide";
    c->key.storage = s->dtype;
    c->key.index_bits = path->index_bits;
    c->key.lanes = wide ? 1 : dcn_tune_lanes(limits, s->group_channels);
    c->key.isa = path->isa[0] ? path->isa : wide ? NULL : dcn_tune_isa(limits, s->group_channels);
    c->params = dcn_forward_common_params(s);
    dcn_status status =
        wide ? choose_wide(context, s, limits, path->build == DCN_BUILD_SPECIAL, c) : choose_long(context, limits, c);
    c->key.isa = NULL; /* points into the caller's path; clones ask the kernel instead */
    return status;
}
