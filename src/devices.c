#include "devices.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"
#include "status.h"

typedef struct visit {
    dcn_device_list *list;
    const dcn_backend *backend;
    dcn_backend_info *info;
} visit;

static void add_device(void *user, const char *index, const dcn_device_info *info)
{
    visit *visited = user;
    dcn_device_list *list = visited->list;
    if (list->size == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 8;
        dcn_listed_device *devices = realloc(list->devices, capacity * sizeof *devices);
        if (!devices) {
            list->out_of_memory = true;
            return;
        }
        list->devices = devices;
        list->capacity = capacity;
    }
    dcn_listed_device *device = &list->devices[list->size++];
    device->backend = visited->backend;
    snprintf(device->index, sizeof device->index, "%s", index);
    device->info = *info;
    visited->info->devices++;
}

void dcn_device_list_destroy(dcn_device_list *list)
{
    if (!list)
        return;
    free(list->devices);
    free(list->backends);
    free(list);
}

size_t dcn_device_list_size(const dcn_device_list *list)
{
    return list ? list->size : 0;
}

size_t dcn_device_list_backends(const dcn_device_list *list)
{
    return list ? list->backend_count : 0;
}

static dcn_status check_get(const char *function, const dcn_device_list *list, const void *info, size_t index,
                            size_t size)
{
    if (!list)
        return dcn_fail_null(function, "list");
    if (!info)
        return dcn_fail_null(function, "info");
    if (index >= size)
        return dcn_fail(DCN_ERROR_INVALID_ARGUMENT, "%s: index is %zu, but the list has %zu", function, index, size);
    return DCN_SUCCESS;
}

dcn_status dcn_device_list_get(const dcn_device_list *list, size_t index, dcn_device_info *info)
{
    static const char function[] = "dcn_device_list_get";
    dcn_status status = check_get(function, list, info, index, dcn_device_list_size(list));
    if (status == DCN_SUCCESS)
        status = dcn_check_struct_size(function, "dcn_device_info", info->struct_size, sizeof *info);
    if (status == DCN_SUCCESS)
        *info = list->devices[index].info;
    return status;
}

dcn_status dcn_device_list_backend(const dcn_device_list *list, size_t index, dcn_backend_info *info)
{
    static const char function[] = "dcn_device_list_backend";
    dcn_status status = check_get(function, list, info, index, dcn_device_list_backends(list));
    if (status == DCN_SUCCESS)
        status = dcn_check_struct_size(function, "dcn_backend_info", info->struct_size, sizeof *info);
    if (status == DCN_SUCCESS)
        *info = list->backends[index];
    return status;
}

static int lower(char c)
{
    return tolower((unsigned char)c);
}

static bool equal_without_case(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

static bool contains_without_case(const char *text, const char *part)
{
    for (; *text; text++) {
        size_t i = 0;
        while (part[i] && lower(text[i]) == lower(part[i]))
            i++;
        if (!part[i])
            return true;
    }
    return false;
}

/* "auto": GPUs, then other accelerators, then CPUs; in each, the order of the backends. */
static int automatic_rank(const dcn_device_info *info)
{
    return info->type == DCN_DEVICE_GPU ? 0 : info->type == DCN_DEVICE_ACCELERATOR ? 1 : 2;
}

static const dcn_listed_device *choose_automatically(const dcn_device_list *list)
{
    const dcn_listed_device *best = NULL;
    for (size_t i = 0; i < list->size; i++) {
        const dcn_listed_device *device = &list->devices[i];
        if (!device->info.unusable[0] && (!best || automatic_rank(&device->info) < automatic_rank(&best->info)))
            best = device;
    }
    return best;
}

/* Whether `name` is BACKEND or BACKEND:rest; `rest` is then NULL or what follows the colon. */
static bool names_backend(const char *name, const char *backend, const char **rest)
{
    size_t length = strlen(backend);
    for (size_t i = 0; i < length; i++)
        if (lower(name[i]) != backend[i])
            return false;
    if (name[length] != '\0' && name[length] != ':')
        return false;
    *rest = name[length] == ':' ? name + length + 1 : NULL;
    return true;
}

/* The backend that a device's name begins with, or NULL. */
static const dcn_backend *named_backend(const char *name)
{
    const char *rest;
    for (size_t i = 0; dcn_backends[i]; i++)
        if (names_backend(name, dcn_backends[i]->name, &rest))
            return dcn_backends[i];
    return NULL;
}

/* Asks every backend for its devices or, where `name` names one, only that. */
static dcn_status make_list(const char *name, dcn_device_list **list)
{
    size_t backend_count = 0;
    while (dcn_backends[backend_count])
        backend_count++;
    dcn_device_list *made = calloc(1, sizeof *made);
    dcn_backend_info *backends = calloc(backend_count + 1, sizeof *backends);
    if (!made || !backends) {
        free(made);
        free(backends);
        return dcn_fail_memory("a device list", sizeof *made + (backend_count + 1) * sizeof *backends);
    }
    made->backends = backends;
    made->backend_count = backend_count;
    const dcn_backend *only = named_backend(name);
    for (size_t i = 0; i < backend_count; i++) {
        dcn_backend_info *info = &made->backends[i];
        info->struct_size = sizeof *info;
        snprintf(info->name, sizeof info->name, "%s", dcn_backends[i]->name);
        if (only && only != dcn_backends[i])
            continue;
        visit visited = {made, dcn_backends[i], info};
        dcn_status status = dcn_backends[i]->list(add_device, &visited, info);
        if (status == DCN_SUCCESS && made->out_of_memory)
            status = dcn_fail_memory("a device list", (made->size + 1) * sizeof *made->devices);
        if (status != DCN_SUCCESS) {
            dcn_device_list_destroy(made);
            return status;
        }
    }
    *list = made;
    return DCN_SUCCESS;
}

dcn_status dcn_device_list_create(dcn_device_list **list)
{
    return list ? make_list("", list) : dcn_fail_null("dcn_device_list_create", "list");
}

/* Whether `text` is a number, or numbers with dots between, as `index` is: a place in a driver's list, which no name is
 * searched for. */
static bool is_like_index(const char *text, const char *index)
{
    static const char digits[] = "0123456789";
    for (;;) {
        const size_t here = strspn(text, digits);
        const size_t there = strspn(index, digits);
        if ((here == 0) != (there == 0) || text[here] != index[there])
            return false;
        if (text[here] == '\0')
            return true;
        text += here + 1;
        index += there + 1;
    }
}

static const dcn_listed_device *choose_by_name(const dcn_device_list *list, const char *name)
{
    const dcn_listed_device *unusable = NULL;
    /* A device's own name first: another's title may happen to hold the same text, as a version number does. */
    for (size_t i = 0; i < list->size; i++)
        if (equal_without_case(name, list->devices[i].info.name))
            return &list->devices[i];
    for (size_t i = 0; i < list->size; i++) {
        const dcn_listed_device *device = &list->devices[i];
        const char *rest = NULL;
        if (!names_backend(name, device->backend->name, &rest))
            continue;
        bool fits =
            !rest ||
            (*rest && !is_like_index(rest, device->index) &&
             (contains_without_case(device->info.platform, rest) || contains_without_case(device->info.title, rest)));
        if (fits && !device->info.unusable[0])
            return device;
        if (fits && !unusable)
            unusable = device;
    }
    return unusable;
}

/* What there is, for the message about a name that fits nothing. */
static void describe_all(const dcn_device_list *list, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < list->size && used < size; i++) {
        const dcn_device_info *info = &list->devices[i].info;
        used += (size_t)snprintf(text + used, size - used, "; %s (%s, %s%s%s)", info->name, info->title, info->platform,
                                 info->unusable[0] ? ", unusable: " : "", info->unusable);
    }
    for (size_t i = 0; i < list->backend_count && used < size; i++)
        if (list->backends[i].devices == 0)
            used += (size_t)snprintf(text + used, size - used, "; no %s: %s", list->backends[i].name,
                                     list->backends[i].reason);
}

/* What a caller's name stands for before devices are looked at. */
static const char *asked_name(const char *name, bool *from_environment)
{
    const char *preferred = dcn_environment("DCNV4_DEVICE");
    *from_environment = preferred && (!name || equal_without_case(name, "auto"));
    return *from_environment ? preferred : name ? name : "auto";
}

dcn_status dcn_device_choose(const dcn_device_list *list, const char *name, const dcn_listed_device **chosen)
{
    bool from_environment;
    const char *asked = asked_name(name, &from_environment);
    const dcn_listed_device *device =
        equal_without_case(asked, "auto") ? choose_automatically(list) : choose_by_name(list, asked);
    if (!device) {
        char there[2048];
        describe_all(list, there, sizeof there);
        return dcn_fail(DCN_ERROR_NO_DEVICE, "no device fits \"%s\"%s; there is%s", asked,
                        from_environment ? " (from DCNV4_DEVICE)" : "", there + (*there == ';'));
    }
    if (device->info.unusable[0])
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "%s (%s) cannot be used: %s", device->info.name, device->info.title,
                        device->info.unusable);
    *chosen = device;
    return DCN_SUCCESS;
}

dcn_status dcn_device_find(const char *name, dcn_device_list **list, const dcn_listed_device **chosen)
{
    bool from_environment;
    const char *asked = asked_name(name, &from_environment);
    dcn_status status = make_list(asked, list);
    if (status != DCN_SUCCESS)
        return status;
    status = dcn_device_choose(*list, name, chosen);
    if (status != DCN_ERROR_NO_DEVICE || !named_backend(asked))
        return status;
    /* The message says what there is on every backend. */
    dcn_device_list_destroy(*list);
    *list = NULL;
    status = make_list("", list);
    return status == DCN_SUCCESS ? dcn_device_choose(*list, name, chosen) : status;
}
