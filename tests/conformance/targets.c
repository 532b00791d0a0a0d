#include "targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dcn_tally_leave_out(dcn_tally *tally, const char *what, const char *reason, size_t count)
{
    tally->left_out += count;
    for (size_t i = 0; i < tally->reason_count; i++) {
        if (strcmp(tally->reasons[i].what, what) == 0) {
            tally->reasons[i].count += count;
            return;
        }
    }
    dcn_left_out *grown = realloc(tally->reasons, (tally->reason_count + 1) * sizeof *grown);
    if (!grown) {
        return;
    }
    tally->reasons = grown;
    dcn_left_out *entry = &grown[tally->reason_count++];
    snprintf(entry->what, sizeof entry->what, "%s", what);
    snprintf(entry->reason, sizeof entry->reason, "%s", reason);
    entry->count = count;
}

void dcn_tally_free(dcn_tally *tally)
{
    free(tally->reasons);
    memset(tally, 0, sizeof *tally);
}

static dcn_status open_one(dcn_targets *targets, const char *name, dcn_message *message)
{
    dcn_target *grown = realloc(targets->items, (targets->count + 1) * sizeof *grown);
    if (!grown) {
        dcn_message_memory(message, "the list of devices", (targets->count + 1) * sizeof *grown);
        return DCN_ERROR_OUT_OF_MEMORY;
    }
    targets->items = grown;
    dcn_target *target = &grown[targets->count];
    memset(target, 0, sizeof *target);
    dcn_status status = dcn_runner_open(name, &target->runner, message);
    targets->count += status == DCN_SUCCESS;
    return status;
}

static dcn_status open_listed(dcn_targets *targets, const dcn_device_list *list, dcn_message *message)
{
    for (size_t i = 0; i < dcn_device_list_backends(list); i++) {
        dcn_backend_info backend = {.struct_size = sizeof backend};
        dcn_status status = dcn_device_list_backend(list, i, &backend);
        if (status == DCN_SUCCESS && backend.devices == 0) {
            dcn_tally_leave_out(&targets->absent, backend.name, backend.reason, 1);
        }
    }
    for (size_t i = 0; i < dcn_device_list_size(list); i++) {
        dcn_device_info info = {.struct_size = sizeof info};
        dcn_status status = dcn_device_list_get(list, i, &info);
        if (status == DCN_SUCCESS && info.unusable[0]) {
            dcn_tally_leave_out(&targets->absent, info.name, info.unusable, 1);
        } else if (status == DCN_SUCCESS) {
            status = open_one(targets, info.name, message);
        }
        if (status != DCN_SUCCESS) {
            return status;
        }
    }
    return DCN_SUCCESS;
}

dcn_status dcn_targets_open(const char *const *names, size_t count, dcn_targets *targets, dcn_message *message)
{
    memset(targets, 0, sizeof *targets);
    dcn_status status = DCN_SUCCESS;
    if (count == 0) {
        dcn_device_list *list = NULL;
        status = dcn_device_list_create(&list);
        if (status != DCN_SUCCESS) {
            dcn_message_set(message, "cannot list the devices: %s", dcn_error_detail());
        } else {
            status = open_listed(targets, list, message);
        }
        dcn_device_list_destroy(list);
    }
    for (size_t i = 0; i < count && status == DCN_SUCCESS; i++) {
        status = open_one(targets, names[i], message);
    }
    if (status != DCN_SUCCESS) {
        dcn_targets_close(targets);
    }
    return status;
}

void dcn_targets_close(dcn_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++) {
        dcn_runner_close(&targets->items[i].runner);
        dcn_tally_free(&targets->items[i].tally);
    }
    free(targets->items);
    dcn_tally_free(&targets->absent);
    memset(targets, 0, sizeof *targets);
}

void dcn_targets_drop(dcn_targets *targets, const char *name)
{
    dcn_runner named;
    dcn_message message;
    if (dcn_runner_open(name, &named, &message) != DCN_SUCCESS) {
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < targets->count; i++) {
        dcn_target *target = &targets->items[i];
        if (strcmp(target->runner.info.name, named.info.name) == 0) {
            dcn_runner_close(&target->runner);
            dcn_tally_free(&target->tally);
        } else {
            targets->items[kept++] = *target;
        }
    }
    targets->count = kept;
    dcn_runner_close(&named);
}

static void add_path(dcn_target *target, const char *const words[4])
{
    if (target->path_count == DCN_MAX_PATHS) {
        return;
    }
    char *path = target->paths[target->path_count++];
    size_t used = 0;
    path[0] = '\0';
    for (size_t i = 0; i < 4; i++) {
        if (words[i][0] && used < DCN_PATH_TEXT) {
            int length = snprintf(path + used, DCN_PATH_TEXT - used, "%s%s", used ? "," : "", words[i]);
            used += length > 0 ? (size_t)length : 0;
        }
    }
}

/* Every index width, generality and build with one instruction set, "" for the device's own, of both shapes or of the
 * long one alone. Where kernels are built for one plan's numbers, that is the wide shape's own choice; "special" is not
 * forced on devices that compile slowly. */
static void add_combinations(dcn_target *target, const char *isa, bool both)
{
    static const char *const widths[] = {"", "index64"};
    static const char *const kinds[][2] = {
        {"long", ""}, {"wide", ""}, {"wide", "plain"}, {"long", "general"}, {"wide", "general"}};
    enum { PER_CASE = 1 };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!both && strcmp(kinds[i][0], "wide") == 0) {
            continue;
        }
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
            add_path(target, (const char *const[]){kinds[i][0], widths[w], kinds[i][1], isa});
            target->per_case[target->path_count - 1] = i == PER_CASE;
        }
    }
}

void dcn_target_choose_paths(dcn_target *target, const char *forced, bool every, const dcn_call *probe)
{
    static const char *const isas[] = {"baseline", "avx2", "avx512", "neon"};
    target->path_count = 0;
    add_path(target, (const char *const[]){forced ? forced : "", "", "", ""});
    if (forced || !every) {
        return;
    }
    size_t accepted = 0;
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        dcn_plan *plan = NULL;
        dcn_message message;
        dcn_status status = dcn_runner_plan(&target->runner, probe, isas[i], &plan, &message);
        dcn_plan_destroy(plan);
        if (status == DCN_ERROR_UNSUPPORTED) {
            char what[48];
            snprintf(what, sizeof what, "path %s", isas[i]);
            dcn_tally_leave_out(&target->tally, what, message.text, 1);
        } else {
            add_combinations(target, isas[i], accepted == 0); /* wide kernels have no vectors */
            accepted++;
        }
    }
    if (!accepted) {
        add_combinations(target, "", true);
    }
}
