#include "cl_internal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "status.h"

dcn_status dcn_cl_memory_create(dcn_device *device, uint64_t bytes, dcn_memory **memory)
{
    if (bytes > SIZE_MAX)
        return dcn_fail_memory("a buffer, more than this process can address", bytes);
    dcn_memory *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("an OpenCL buffer", sizeof *made);
    int32_t error = DCN_CL_SUCCESS;
    made->handle = dcn_cl.clCreateBuffer(device->context, DCN_CL_MEM_READ_WRITE, (size_t)bytes, NULL, &error);
    if (error != DCN_CL_SUCCESS) {
        free(made);
        return dcn_fail_context(dcn_cl_check("clCreateBuffer", error), "a buffer of %" PRIu64 " bytes: ", bytes);
    }
    *memory = made;
    return DCN_SUCCESS;
}

void dcn_cl_memory_destroy(dcn_device *device, dcn_memory *memory)
{
    (void)device;
    if (!memory)
        return;
    dcn_cl.clReleaseMemObject(memory->handle);
    free(memory);
}

/* What an application's cl_mem says about itself. */
typedef struct memory_facts {
    cl_context context;
    uint32_t type;
    uint64_t flags;
    size_t size;
    void *host;    /* with CL_MEM_USE_HOST_PTR: where the application put it, or its parent */
    cl_mem parent; /* of a sub-buffer, else NULL */
    size_t origin; /* of a sub-buffer within its parent, else 0 */
} memory_facts;

static dcn_status ask_memory(cl_mem memory, memory_facts *facts)
{
    const struct {
        uint32_t what;
        size_t size;
        void *value;
    } questions[] = {
        {DCN_CL_MEM_CONTEXT, sizeof facts->context, &facts->context},
        {DCN_CL_MEM_TYPE, sizeof facts->type, &facts->type},
        {DCN_CL_MEM_FLAGS, sizeof facts->flags, &facts->flags},
        {DCN_CL_MEM_SIZE, sizeof facts->size, &facts->size},
        {DCN_CL_MEM_HOST_PTR, sizeof facts->host, &facts->host},
        {DCN_CL_MEM_ASSOCIATED_MEMOBJECT, sizeof facts->parent, &facts->parent},
        {DCN_CL_MEM_OFFSET, sizeof facts->origin, &facts->origin},
    };
    dcn_status status = DCN_SUCCESS;
    for (size_t i = 0; i < sizeof questions / sizeof questions[0] && status == DCN_SUCCESS; i++)
        status =
            dcn_cl_check("clGetMemObjectInfo", dcn_cl.clGetMemObjectInfo(memory, questions[i].what, questions[i].size,
                                                                         questions[i].value, NULL));
    return status;
}

/* A slice of `memory`, which starts `origin` bytes into the object `root`; `base` is as dcn_alignment() takes it. */
static void fill_binding(cl_mem memory, cl_mem root, uint64_t origin, uint64_t base, const dcn_slice *slice,
                         dcn_binding *binding)
{
    binding->handle = memory;
    binding->offset = slice->offset;
    binding->alignment = dcn_alignment(base | (origin + slice->offset));
    binding->identity = (uint64_t)(uintptr_t)root;
    binding->first = origin + slice->offset;
    binding->size = slice->size;
}

static dcn_status bind_foreign(const dcn_device *device, const dcn_slice *slice, const char *name, dcn_binding *binding)
{
    if (!slice->handle)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: the cl_mem is NULL", name);
    cl_mem memory = slice->handle;
    memory_facts facts = {.context = NULL};
    dcn_status status = ask_memory(memory, &facts);
    if (status != DCN_SUCCESS)
        return dcn_fail_context(status, "%s: ", name);
    if (facts.context != device->context)
        return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "%s: the cl_mem belongs to another cl_context", name);
    if (facts.type != DCN_CL_MEM_OBJECT_BUFFER)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT,
                        "%s: the cl_mem is of type 0x%" PRIx32 ", but must be a buffer (0x%x)", name, facts.type,
                        (unsigned)DCN_CL_MEM_OBJECT_BUFFER);
    if (slice->offset > facts.size || slice->size > facts.size - slice->offset)
        return dcn_fail(DCN_ERROR_BUFFER_TOO_SMALL,
                        "%s: the cl_mem has %zu bytes, but offset %" PRIu64 " + size %" PRIu64 " were given", name,
                        facts.size, slice->offset, slice->size);
    uint64_t base = device->facts.base_alignment;
    if (facts.flags & DCN_CL_MEM_USE_HOST_PTR) /* a CPU's driver uses the application's memory in place */
        base |= (uint64_t)(uintptr_t)facts.host | facts.origin;
    fill_binding(memory, facts.parent ? facts.parent : memory, facts.origin, base, slice, binding);
    return DCN_SUCCESS;
}

dcn_status dcn_cl_bind(dcn_device *device, const dcn_slice *slice, dcn_memory *memory, const char *name,
                       dcn_binding *binding)
{
    switch (slice->kind) {
    case DCN_MEMORY_BUFFER:
        fill_binding(memory->handle, memory->handle, 0, device->facts.base_alignment, slice, binding);
        return DCN_SUCCESS;
    case DCN_MEMORY_OPENCL:
        return bind_foreign(device, slice, name, binding);
    case DCN_MEMORY_HOST:
    case DCN_MEMORY_CUDA:
        return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "%s: %s memory, but %s takes buffers", name,
                        slice->kind == DCN_MEMORY_HOST ? "host" : "CUDA", device->facts.info.name);
    case DCN_MEMORY_NONE:
        break;
    }
    return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: memory of kind %d is none that an OpenCL device takes", name,
                    (int)slice->kind);
}
