#include "forward_choice.h"

#include <stdlib.h>

#include "../status.h"
#include "grid_memory.h"
#include "plan_kernel.h"

typedef struct forward {
    dcn_context *context;
    dcn_forward_shape shape;
    dcn_grid_memory *grid;
    dcn_forward_choice preferred;
    dcn_forward_choice fallback; /* for slices without the alignment that `preferred` needs */
    uint64_t alignment;          /* of value and output, bytes; 1: none beyond the element's */
    dcn_launch launch;
} forward;

static void forward_destroy(void *state)
{
    forward *f = state;
    if (!f)
        return;
    if (f->preferred.kernel)
        f->context->backend->kernel_destroy(f->context->device, f->preferred.kernel);
    if (f->fallback.kernel)
        f->context->backend->kernel_destroy(f->context->device, f->fallback.kernel);
    dcn_grid_memory_release(f->grid);
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
    f->shape.grid.levels.shapes = NULL; /* the caller's */
    f->alignment = path->pace == DCN_PACE_FAST ? 16 : 1;
    status = dcn_grid_memory_create(context, &shape->grid, &f->grid);
    if (status == DCN_SUCCESS)
        status = dcn_forward_choose(context, shape, &limits, path, &f->preferred);
    if (status == DCN_SUCCESS && path->pace == DCN_PACE_FAST) {
        const dcn_path general = dcn_path_general(path);
        status = dcn_forward_choose(context, shape, &limits, &general, &f->fallback);
    }
    if (status != DCN_SUCCESS) {
        forward_destroy(f);
        return status;
    }
    dcn_path_take_isa(context, f->preferred.kernel, path);
    *state = f;
    return DCN_SUCCESS;
}

static dcn_status forward_clone(const void *state, void **clone)
{
    const forward *f = state;
    forward *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("a forward plan", sizeof *made);
    *made = *f;
    made->preferred.kernel = made->fallback.kernel = NULL;
    dcn_grid_memory_retain(f->grid);
    dcn_status status = dcn_kernel_clone(f->context, &f->preferred.key, f->preferred.kernel, &made->preferred.kernel);
    if (status == DCN_SUCCESS)
        status = dcn_kernel_clone(f->context, &f->fallback.key, f->fallback.kernel, &made->fallback.kernel);
    if (status != DCN_SUCCESS) {
        forward_destroy(made);
        return status;
    }
    *clone = made;
    return DCN_SUCCESS;
}

static size_t forward_launches(void *state, const dcn_binding *bindings, const dcn_binding *workspace,
                               const dcn_launch **launches)
{
    (void)workspace;
    forward *f = state;
    const dcn_binding *value = &bindings[f->shape.value];
    const dcn_binding *offset = &bindings[f->shape.offset];
    const dcn_binding *mask = &bindings[f->shape.mask];
    const dcn_binding *output = &bindings[f->shape.output];
    if (f->shape.no_output)
        return 0;
    const bool aligned = value->alignment >= f->alignment && output->alignment >= f->alignment;
    dcn_forward_choice *c = aligned ? &f->preferred : &f->fallback;
    const int64_t element = (int64_t)dcn_dtype_size(f->shape.dtype);
    c->params.value_at = (int64_t)value->offset / element;
    c->params.offset_at = (int64_t)offset->offset / element;
    c->params.mask_at = (int64_t)mask->offset / element + f->shape.mask_first;
    c->params.output_at = (int64_t)output->offset / element;
    f->launch = (dcn_launch){
        .kernel = c->kernel,
        .bindings = {value, offset, mask, output, &f->grid->binding},
        .binding_count = 5,
        .params = &c->params,
        .params_size = sizeof c->params,
        .groups = c->groups,
        .local = c->local,
        .local_bytes = c->local_bytes,
    };
    *launches = &f->launch;
    return 1;
}

const dcn_operator dcn_forward_operator = {"forward", forward_launches, forward_clone, forward_destroy};
