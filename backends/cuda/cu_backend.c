#include "cu_internal.h"

static void get_limits(const dcn_device *device, dcn_device_limits *limits)
{
    *limits = device->facts.limits;
}

static void describe(const dcn_device *device, dcn_device_info *info)
{
    *info = device->facts.info;
}

const dcn_backend dcn_backend_cuda = {
    .name = "cuda",
    .list = dcn_cu_list,
    .open = dcn_cu_open,
    .close = dcn_cu_close,
    .limits = get_limits,
    .describe = describe,
    .memory_create = dcn_cu_memory_create,
    .memory_destroy = dcn_cu_memory_destroy,
    .bind = dcn_cu_bind,
    .queue_create = dcn_cu_queue_create,
    .queue_destroy = dcn_cu_queue_destroy,
    .queue_flush = dcn_cu_queue_flush,
    .queue_finish = dcn_cu_queue_finish,
    .event_create = dcn_cu_event_create,
    .event_destroy = dcn_cu_event_destroy,
    .event_wait = dcn_cu_event_wait,
    .event_query = dcn_cu_event_query,
    .event_elapsed = dcn_cu_event_elapsed,
    .write = dcn_cu_write,
    .read = dcn_cu_read,
    .copy = dcn_cu_copy,
    .fill = dcn_cu_fill,
    .kernel_create = dcn_cu_kernel_create,
    .kernel_destroy = dcn_cu_kernel_destroy,
    .kernel_work_group = dcn_cu_kernel_work_group,
    .kernel_isa = NULL,
    .submit = dcn_cu_submit,
};
