#include "forward.h"

#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../status.h"
#include "../tuning.h"

typedef int64_t dcn_i64;
#include "dcn_params.h"

/* The sampling grid in device memory, shared by a plan and its clones. */
typedef struct grid_memory {
    atomic_size_t references;
    dcn_context *context;
    dcn_memory *memory;
    dcn_binding binding;
} grid_memory;

/* A kernel with the launch that fits it. */
typedef struct choice {
    dcn_kernel *kernel;
    dcn_kernel_key key;
    dcn_forward_params params;
    uint64_t groups;
    uint32_t local;
    uint64_t local_bytes;
} choice;

typedef struct forward {
    dcn_context *context;
    dcn_forward_shape shape;
    grid_memory *grid;
    choice preferred;
    choice fallback;    /* for slices without the alignment that `preferred` needs */
    uint64_t alignment; /* of value and output, bytes; 1: none beyond the element's */
} forward;

/* ---- the grid --------------------------------------------------------------------------------- */

static void grid_release(grid_memory *grid)
{
    if (!grid || atomic_fetch_sub_explicit(&grid->references, 1, memory_order_acq_rel) != 1)
        return;
    if (grid->memory)
        grid->context->backend->memory_destroy(grid->context->device, grid->memory);
    free(grid);
}

static dcn_status grid_upload(grid_memory *grid, const int32_t *planes, uint64_t bytes)
{
    const dcn_backend *backend = grid->context->backend;
    dcn_device *device = grid->context->device;
    const dcn_native_sync none = {NULL, 0, NULL};
    dcn_native_queue *queue = NULL;
    dcn_status status = backend->memory_create(device, bytes, &grid->memory);
    if (status == DCN_SUCCESS)
        status = backend->queue_create(device, DCN_QUEUE_DEFAULT, &queue);
    if (status != DCN_SUCCESS)
        return status;
    status = backend->write(device, queue, grid->memory, 0, bytes, planes, &none);
    backend->queue_destroy(device, queue);
    const dcn_slice slice = {DCN_MEMORY_BUFFER, NULL, 0, bytes};
    return status == DCN_SUCCESS ? backend->bind(device, &slice, grid->memory, "grid", &grid->binding) : status;
}

static dcn_status grid_create(dcn_context *context, const dcn_grid *shape, grid_memory **grid)
{
    const uint64_t bytes = 4 * (uint64_t)dcn_grid_plane(shape) * sizeof(int32_t);
    grid_memory *made = calloc(1, sizeof *made);
    int32_t *planes = malloc((size_t)bytes);
    dcn_status status = made && planes ? DCN_SUCCESS : dcn_fail_memory("a sampling grid", bytes);
    if (status == DCN_SUCCESS) {
        atomic_init(&made->references, 1);
        made->context = context;
        status = dcn_grid_fill(shape, planes);
    }
    if (status == DCN_SUCCESS)
        status = grid_upload(made, planes, bytes);
    free(planes);
    if (status == DCN_SUCCESS) {
        *grid = made;
        return status;
    }
    if (made && made->memory)
        context->backend->memory_destroy(context->device, made->memory);
    free(made);
    return status;
}

/* ---- choosing --------------------------------------------------------------------------------- */

static dcn_forward_params common_params(const dcn_forward_shape *s)
{
    dcn_forward_params p = {0};
    const int64_t channels = s->group * s->group_channels;
    p.pixels = s->batch * s->out_height * s->out_width;
    p.image = s->height * s->width * channels;
    p.value_size = s->batch * p.image;
    p.offset_row = s->offset_row;
    p.mask_row = s->mask_row;
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
    p.scale = (float)s->grid.scale;
    p.softmax = s->softmax;
    return p;
}

/* Completes the path; refuses what this device or shape does not have. */
static dcn_status complete_path(const dcn_forward_shape *s, const dcn_device_limits *limits, dcn_path *path)
{
    const int64_t image = s->height * s->width * s->group * s->group_channels;
    const bool small = image <= INT_MAX / 2; /* room for a vector beyond the last element */
    if (path->shape == DCN_SHAPE_ANY)
        path->shape = limits->type == DCN_DEVICE_CPU ? DCN_SHAPE_LONG : DCN_SHAPE_WIDE;
    if (path->shape == DCN_SHAPE_LONG && limits->vector_width == 0)
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "path long: this device has only the wide shape");
    if (path->index_bits == 0)
        path->index_bits = small ? 32 : 64;
    if (path->index_bits == 32 && !small)
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "path index32: an image of %" PRId64 " elements needs index64", image);
    const int64_t vector = 16 / (int64_t)dcn_dtype_size(s->dtype);
    const bool fits = path->shape == DCN_SHAPE_WIDE && s->group_channels % vector == 0;
    if (path->pace == DCN_PACE_FAST && !fits)
        return dcn_fail(DCN_ERROR_UNSUPPORTED,
                        "path fast: it needs the wide shape and group_channels (%" PRId64 ") a multiple of %" PRId64,
                        s->group_channels, vector);
    if (path->pace == DCN_PACE_ANY)
        path->pace = fits ? DCN_PACE_FAST : DCN_PACE_GENERAL;
    if (path->isa[0] && !limits->native)
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "path %s: only the native CPU device has instruction sets to choose",
                        path->isa);
    return DCN_SUCCESS;
}

/* The kernel for a complete path, and its launch. */
static dcn_status choose(dcn_context *context, const dcn_forward_shape *s, const dcn_device_limits *limits,
                         const dcn_path *path, choice *c)
{
    const bool wide = path->shape == DCN_SHAPE_WIDE;
    c->key.program = wide ? "forward_wide" : "forward_long";
    c->key.entry = !wide                         ? "dcn_forward_long"
                   : path->pace == DCN_PACE_FAST ? "dcn_forward_wide_fast"
                                                 : "dcn_forward_wide";
    c->key.storage = s->dtype;
    c->key.index_bits = path->index_bits;
    c->key.lanes = wide ? 1 : dcn_tune_lanes(limits, s->group_channels);
    c->key.isa = path->isa[0] ? path->isa : wide ? NULL : dcn_tune_isa(limits, s->group_channels);
    c->params = common_params(s);
    dcn_status status = context->backend->kernel_create(context->device, &c->key, &c->kernel);
    if (status != DCN_SUCCESS)
        return status;
    c->key.isa = NULL; /* points into the caller's path; clones ask the kernel instead */
    if (!wide) {
        const dcn_long_launch launch =
            dcn_tune_long(limits, c->params.pixels, (int64_t)c->params.channels * c->params.points);
        c->params.run = (int)launch.run;
        c->groups = (uint64_t)launch.items;
        c->local = 1;
        return DCN_SUCCESS;
    }
    uint32_t work_items = 0;
    status = context->backend->kernel_work_group(context->device, c->kernel, &work_items);
    if (status != DCN_SUCCESS)
        return status;
    dcn_wide_launch launch;
    status = dcn_tune_wide(limits, work_items, s->dtype, path->index_bits, c->params.points, c->params.group,
                           c->params.group_channels, c->params.out_height, c->params.out_width, &launch);
    if (status != DCN_SUCCESS)
        return status;
    c->params.tile_h = launch.tile_h;
    c->params.tile_w = launch.tile_w;
    c->params.tile_groups = launch.tile_groups;
    c->params.lanes = launch.lanes;
    c->params.chunk = launch.chunk;
    c->params.tiles_h = (c->params.out_height + launch.tile_h - 1) / launch.tile_h;
    c->params.tiles_w = (c->params.out_width + launch.tile_w - 1) / launch.tile_w;
    c->params.group_blocks = (c->params.group + launch.tile_groups - 1) / launch.tile_groups;
    c->groups = (uint64_t)s->batch * (uint64_t)c->params.tiles_h * (uint64_t)c->params.tiles_w *
                (uint64_t)c->params.group_blocks;
    c->local = launch.local;
    c->local_bytes = launch.local_bytes;
    return DCN_SUCCESS;
}

/* ---- the operator's table --------------------------------------------------------------------- */

static void forward_destroy(void *state)
{
    forward *f = state;
    if (!f)
        return;
    if (f->preferred.kernel)
        f->context->backend->kernel_destroy(f->context->device, f->preferred.kernel);
    if (f->fallback.kernel)
        f->context->backend->kernel_destroy(f->context->device, f->fallback.kernel);
    grid_release(f->grid);
    free(f);
}

dcn_status dcn_forward_create(dcn_context *context, const dcn_forward_shape *shape, dcn_path *path, void **state)
{
    dcn_device_limits limits;
    context->backend->limits(context->device, &limits);
    dcn_status status = complete_path(shape, &limits, path);
    if (status != DCN_SUCCESS)
        return status;
    forward *f = calloc(1, sizeof *f);
    if (!f)
        return dcn_fail_memory("a forward plan", sizeof *f);
    f->context = context;
    f->shape = *shape;
    f->alignment = path->pace == DCN_PACE_FAST ? 16 : 1;
    status = grid_create(context, &shape->grid, &f->grid);
    if (status == DCN_SUCCESS)
        status = choose(context, shape, &limits, path, &f->preferred);
    if (status == DCN_SUCCESS && path->pace == DCN_PACE_FAST) {
        dcn_path general = *path;
        general.pace = DCN_PACE_GENERAL;
        status = choose(context, shape, &limits, &general, &f->fallback);
    }
    if (status != DCN_SUCCESS) {
        forward_destroy(f);
        return status;
    }
    if (context->backend->kernel_isa)
        dcn_path_set_isa(path, context->backend->kernel_isa(f->preferred.kernel));
    *state = f;
    return DCN_SUCCESS;
}

static dcn_status clone_choice(const forward *f, const choice *original, choice *clone)
{
    if (!original->kernel)
        return DCN_SUCCESS;
    dcn_kernel_key key = original->key;
    if (f->context->backend->kernel_isa)
        key.isa = f->context->backend->kernel_isa(original->kernel);
    return f->context->backend->kernel_create(f->context->device, &key, &clone->kernel);
}

static dcn_status forward_clone(const void *state, void **clone)
{
    const forward *f = state;
    forward *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("a forward plan", sizeof *made);
    *made = *f;
    made->preferred.kernel = made->fallback.kernel = NULL;
    atomic_fetch_add_explicit(&f->grid->references, 1, memory_order_relaxed);
    dcn_status status = clone_choice(f, &f->preferred, &made->preferred);
    if (status == DCN_SUCCESS)
        status = clone_choice(f, &f->fallback, &made->fallback);
    if (status != DCN_SUCCESS) {
        forward_destroy(made);
        return status;
    }
    *clone = made;
    return DCN_SUCCESS;
}

static size_t forward_launches(void *state, const dcn_binding *bindings, dcn_launch launches[DCN_MAX_LAUNCHES])
{
    forward *f = state;
    const dcn_binding *value = &bindings[f->shape.value];
    const dcn_binding *offset = &bindings[f->shape.offset];
    const dcn_binding *mask = &bindings[f->shape.mask];
    const dcn_binding *output = &bindings[f->shape.output];
    const bool aligned = value->alignment >= f->alignment && output->alignment >= f->alignment;
    choice *c = aligned ? &f->preferred : &f->fallback;
    const int64_t element = (int64_t)dcn_dtype_size(f->shape.dtype);
    c->params.value_at = (int64_t)value->offset / element;
    c->params.offset_at = (int64_t)offset->offset / element;
    c->params.mask_at = (int64_t)mask->offset / element + f->shape.mask_first;
    c->params.output_at = (int64_t)output->offset / element;
    launches[0] = (dcn_launch){
        .kernel = c->kernel,
        .bindings = {value, offset, mask, output, &f->grid->binding},
        .binding_count = 5,
        .params = &c->params,
        .params_size = sizeof c->params,
        .groups = c->groups,
        .local = c->local,
        .local_bytes = c->local_bytes,
    };
    return 1;
}

const dcn_operator dcn_forward_operator = {"dcnv4", forward_launches, forward_clone, forward_destroy};
