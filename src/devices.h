/* Listing devices and choosing one by name. */
#ifndef DCN_DEVICES_H
#define DCN_DEVICES_H

#include "backend.h"

/* A listed device: its description, and what its backend opens it with. */
typedef struct dcn_listed_device {
    const dcn_backend *backend;
    char index[16];
    dcn_device_info info;
} dcn_listed_device;

struct dcn_device_list {
    dcn_listed_device *devices;
    size_t size;
    size_t capacity;
    dcn_backend_info *backends;
    size_t backend_count;
    bool out_of_memory;
};

/* The device that a name as of dcn_context_create() stands for. The pointer is into the list. */
dcn_status dcn_device_choose(const dcn_device_list *list, const char *name, const dcn_listed_device **chosen);

/* Lists devices and chooses one. Opening "cpu" does not load every driver of the machine: where the name names a
 * backend the others are asked only to say in the message what there is instead. `list` is the caller's to destroy,
 * also on failure (then perhaps NULL). */
dcn_status dcn_device_find(const char *name, dcn_device_list **list, const dcn_listed_device **chosen);

#endif
