/* The native CPU device, as the files of this folder share it. */
#ifndef DCN_CPU_DEVICE_H
#define DCN_CPU_DEVICE_H

#include "backend.h"
#include "cpu_pool.h"
#include "kernels.h"

/* Work-group memory that a wide launch may use. */
#define DCN_CPU_LOCAL_MEMORY 65536

struct dcn_device {
    dcn_pool *pool;
    char *local; /* DCN_CPU_LOCAL_MEMORY bytes for each thread of the pool */
};

/* Whether this processor runs an instruction set, by its name in the kernel tables. */
bool dcn_cpu_has(const char *isa);

dcn_status dcn_cpu_list(dcn_device_visitor visit, void *user, dcn_backend_info *info);
dcn_status dcn_cpu_open(const char *index, const dcn_context_options *options, dcn_device **device);
void dcn_cpu_close(dcn_device *device);
void dcn_cpu_limits(const dcn_device *device, dcn_device_limits *limits);
void dcn_cpu_describe(const dcn_device *device, dcn_device_info *info);

#endif
