#include "cu_internal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "status.h"

dcn_status dcn_cu_memory_create(dcn_device *device, uint64_t bytes, dcn_memory **memory)
{
    if (bytes > SIZE_MAX)
        return dcn_fail_memory("a buffer, more than this process can address", bytes);
    dcn_memory *made = malloc(sizeof *made);
    if (!made)
        return dcn_fail_memory("a CUDA buffer", sizeof *made);
    dcn_status status = dcn_cu_enter(device);
    if (status == DCN_SUCCESS) {
        status = dcn_cu_check("cuMemAlloc", dcn_cu.cuMemAlloc(&made->address, (size_t)bytes));
        dcn_cu_leave();
    }
    if (status != DCN_SUCCESS) {
        free(made);
        return dcn_fail_context(status, "a buffer of %" PRIu64 " bytes: ", bytes);
    }
    *memory = made;
    return DCN_SUCCESS;
}

void dcn_cu_memory_destroy(dcn_device *device, dcn_memory *memory)
{
    if (!memory)
        return;
    if (dcn_cu_enter_quietly(device)) {
        dcn_cu.cuMemFree(memory->address); /* which waits for what uses it */
        dcn_cu_leave();
    }
    free(memory);
}

/* What the driver knows of the memory behind an application's pointer: all 0 for host memory that it does not know. */
typedef struct memory_facts {
    unsigned type;
    unsigned managed;
    int ordinal;
    CUcontext context;   /* NULL for memory that belongs to no context, such as a pool's */
    CUdeviceptr address; /* where the current context's kernels find it; 0: nowhere */
    CUdeviceptr start;   /* of the whole allocation … */
    size_t size;         /* … and its bytes; 0: unknown */
} memory_facts;

static dcn_status ask_memory(const dcn_device *device, CUdeviceptr pointer, memory_facts *facts)
{
    unsigned questions[] = {DCN_CU_POINTER_ATTRIBUTE_MEMORY_TYPE,    DCN_CU_POINTER_ATTRIBUTE_IS_MANAGED,
                            DCN_CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, DCN_CU_POINTER_ATTRIBUTE_CONTEXT,
                            DCN_CU_POINTER_ATTRIBUTE_DEVICE_POINTER, DCN_CU_POINTER_ATTRIBUTE_RANGE_START_ADDR,
                            DCN_CU_POINTER_ATTRIBUTE_RANGE_SIZE};
    void *answers[] = {&facts->type,    &facts->managed, &facts->ordinal, &facts->context,
                       &facts->address, &facts->start,   &facts->size};
    dcn_status status = dcn_cu_enter(device);
    if (status != DCN_SUCCESS)
        return status;
    status =
        dcn_cu_check("cuPointerGetAttributes", dcn_cu.cuPointerGetAttributes(sizeof questions / sizeof questions[0],
                                                                             questions, answers, pointer));
    dcn_cu_leave();
    return status;
}

/* Whether the device's kernels may use the memory. */
static dcn_status check_memory(const dcn_device *device, CUdeviceptr pointer, const memory_facts *facts,
                               const char *name)
{
    if (facts->type == 0 && !facts->managed)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: 0x%llx is no device pointer", name, pointer);
    if (facts->managed)
        return DCN_SUCCESS; /* every device's */
    if (facts->type == DCN_CU_MEMORYTYPE_DEVICE && facts->ordinal != device->ordinal)
        return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "%s: 0x%llx is memory of CUDA device %d, but the plan is of device %d",
                        name, pointer, facts->ordinal, device->ordinal);
    if (facts->type == DCN_CU_MEMORYTYPE_DEVICE && facts->context && facts->context != device->context)
        return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "%s: 0x%llx is memory of another CUcontext", name, pointer);
    if (!facts->address)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: 0x%llx is memory that %s cannot address", name, pointer,
                        device->facts.info.name);
    return DCN_SUCCESS;
}

static dcn_status check_range(CUdeviceptr pointer, const memory_facts *facts, const dcn_slice *slice, const char *name)
{
    if (facts->size == 0)
        return DCN_SUCCESS;
    const uint64_t before = pointer - facts->start;
    const uint64_t size = facts->size - before;
    if (slice->offset > size || slice->size > size - slice->offset)
        return dcn_fail(DCN_ERROR_BUFFER_TOO_SMALL,
                        "%s: the allocation has %" PRIu64 " bytes from the pointer on, but offset %" PRIu64
                        " + size %" PRIu64 " were given",
                        name, size, slice->offset, slice->size);
    return DCN_SUCCESS;
}

static void fill_binding(CUdeviceptr start, const dcn_slice *slice, dcn_binding *binding)
{
    const uint64_t address = start + slice->offset;
    binding->handle = (void *)(uintptr_t)address;
    binding->offset = 0;
    binding->alignment = dcn_alignment(address);
    binding->identity = 0; /* one address space */
    binding->first = address;
    binding->size = slice->size;
}

static dcn_status bind_foreign(const dcn_device *device, const dcn_slice *slice, const char *name, dcn_binding *binding)
{
    const CUdeviceptr pointer = (CUdeviceptr)(uintptr_t)slice->handle;
    memory_facts facts = {.type = 0};
    dcn_status status = ask_memory(device, pointer, &facts);
    if (status != DCN_SUCCESS)
        return dcn_fail_context(status, "%s: ", name);
    status = check_memory(device, pointer, &facts, name);
    if (status == DCN_SUCCESS)
        status = check_range(pointer, &facts, slice, name);
    if (status == DCN_SUCCESS)
        fill_binding(facts.address ? facts.address : pointer, slice, binding);
    return status;
}

dcn_status dcn_cu_bind(dcn_device *device, const dcn_slice *slice, dcn_memory *memory, const char *name,
                       dcn_binding *binding)
{
    switch (slice->kind) {
    case DCN_MEMORY_BUFFER:
        fill_binding(memory->address, slice, binding);
        return DCN_SUCCESS;
    case DCN_MEMORY_CUDA:
        return bind_foreign(device, slice, name, binding);
    case DCN_MEMORY_HOST:
    case DCN_MEMORY_OPENCL:
        return dcn_fail(DCN_ERROR_WRONG_CONTEXT, "%s: %s memory, but %s takes buffers and device pointers", name,
                        slice->kind == DCN_MEMORY_HOST ? "host" : "OpenCL", device->facts.info.name);
    case DCN_MEMORY_NONE:
        break;
    }
    return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: memory of kind %d is none that a CUDA device takes", name,
                    (int)slice->kind);
}
