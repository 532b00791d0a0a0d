#include "cl_internal.h"

static void get_limits(const dcn_device *device, dcn_device_limits *limits)
{
    *limits = device->facts.limits;
}

static void describe(const dcn_device *device, dcn_device_info *info)
{
    *info = device->facts.info;
}

const dcn_backend dcn_backend_opencl = {
    .name = "opencl",
    .list = dcn_cl_list,
    .open = dcn_cl_open,
    .close = dcn_cl_close,
    .limits = get_limits,
    .describe = describe,
    .memory_create = dcn_cl_memory_create,
    .memory_destroy = dcn_cl_memory_destroy,
    .bind = dcn_cl_bind,
    .queue_create = dcn_cl_queue_create,
    .queue_destroy = dcn_cl_queue_destroy,
    .queue_flush = dcn_cl_queue_flush,
    .queue_finish = dcn_cl_queue_finish,
    .event_create = dcn_cl_event_create,
    .event_destroy = dcn_cl_event_destroy,
    .event_wait = dcn_cl_event_wait,
    .event_query = dcn_cl_event_query,
    .event_elapsed = dcn_cl_event_elapsed,
    .write = dcn_cl_write,
    .read = dcn_cl_read,
    .copy = dcn_cl_copy,
    .fill = dcn_cl_fill,
    .kernel_create = dcn_cl_kernel_create,
    .kernel_destroy = dcn_cl_kernel_destroy,
    .kernel_work_group = dcn_cl_kernel_work_group,
    .kernel_isa = NULL,
    .submit = dcn_cl_submit,
};
