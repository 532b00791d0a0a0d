#include "forward_choice.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "../status.h"

/* The sampling grid in device memory, shared by a plan and its clones. */
typedef struct grid_memory {
    atomic_size_t references;
    dcn_context *context;
    dcn_memory *memory;
    dcn_binding binding;
} grid_memory;

typedef struct forward {
    dcn_context *context;
    dcn_forward_shape shape;
    grid_memory *grid;
    dcn_forward_choice preferred;
    dcn_forward_choice fallback; /* for slices without the alignment that `preferred` needs */
    uint64_t alignment;          /* of value and output, bytes; 1: none beyond the element's */
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

static dcn_status grid_create(dcn_context *context, const dcn_forward_shape *shape, grid_memory **grid)
{
    const int64_t plane = dcn_grid_plane(&shape->grid);
    const uint64_t bytes = 4 * (uint64_t)plane * sizeof(int32_t);
    grid_memory *made = calloc(1, sizeof *made);
    int32_t *planes = malloc((size_t)bytes);
    dcn_status status = made && planes ? DCN_SUCCESS : dcn_fail_memory("a sampling grid", bytes);
    if (status == DCN_SUCCESS) {
        atomic_init(&made->references, 1);
        made->context = context;
        if (shape->levels.count > 0)
            dcn_levels_fill(&shape->levels, plane, planes);
        else
            status = dcn_grid_fill(&shape->grid, planes);
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
    dcn_status status = dcn_forward_complete_path(shape, &limits, path);
    if (status != DCN_SUCCESS)
        return status;
    forward *f = calloc(1, sizeof *f);
    if (!f)
        return dcn_fail_memory("a forward plan", sizeof *f);
    f->context = context;
    f->shape = *shape;
    f->shape.levels.shapes = NULL; /* the caller's */
    f->alignment = path->pace == DCN_PACE_FAST ? 16 : 1;
    status = grid_create(context, shape, &f->grid);
    if (status == DCN_SUCCESS)
        status = dcn_forward_choose(context, shape, &limits, path, &f->preferred);
    if (status == DCN_SUCCESS && path->pace == DCN_PACE_FAST) {
        dcn_path general = *path;
        general.pace = DCN_PACE_GENERAL;
        general.build = DCN_BUILD_PLAIN;
        status = dcn_forward_choose(context, shape, &limits, &general, &f->fallback);
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

static dcn_status clone_choice(const forward *f, const dcn_forward_choice *original, dcn_forward_choice *clone)
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
    if (f->preferred.groups == 0)
        return 0;
    const bool aligned = value->alignment >= f->alignment && output->alignment >= f->alignment;
    dcn_forward_choice *c = aligned ? &f->preferred : &f->fallback;
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
