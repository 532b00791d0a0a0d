#include "grid_memory.h"

#include <stdlib.h>

#include "../status.h"

void dcn_grid_memory_retain(dcn_grid_memory *grid)
{
    atomic_fetch_add_explicit(&grid->references, 1, memory_order_relaxed);
}

void dcn_grid_memory_release(dcn_grid_memory *grid)
{
    if (!grid || atomic_fetch_sub_explicit(&grid->references, 1, memory_order_acq_rel) != 1)
        return;
    if (grid->memory)
        grid->context->backend->memory_destroy(grid->context->device, grid->memory);
    free(grid);
}

static dcn_status upload(dcn_grid_memory *grid, const int32_t *planes, uint64_t bytes)
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

dcn_status dcn_grid_memory_create(dcn_context *context, const dcn_grid *shape, dcn_grid_memory **grid)
{
    const uint64_t bytes = 4 * (uint64_t)dcn_grid_plane(shape) * sizeof(int32_t);
    dcn_grid_memory *made = calloc(1, sizeof *made);
    int32_t *planes = malloc((size_t)bytes);
    dcn_status status = made && planes ? DCN_SUCCESS : dcn_fail_memory("a sampling grid", bytes);
    if (status == DCN_SUCCESS) {
        atomic_init(&made->references, 1);
        made->context = context;
        status = dcn_grid_fill(shape, planes);
    }
    if (status == DCN_SUCCESS)
        status = upload(made, planes, bytes);
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
