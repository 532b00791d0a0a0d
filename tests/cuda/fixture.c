#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/cu_nvrtc.h"
#include "dcn_params_host.h"
#include "platform.h"

fake_driver *driver;
fake_compiler *compiler;
long left_behind;

typedef fake_driver *(*get_driver)(void);
typedef fake_compiler *(*get_compiler)(void);

static dcn_function find(const char *const *names, const char *symbol)
{
    const char *found = NULL;
    char reason[256] = "";
    void *library = dcn_library_open(names, &found, reason, sizeof reason);
    dcn_function function = library ? dcn_library_symbol(library, symbol) : NULL;
    if (!function)
        fprintf(stderr, "%s is no fake: %s\n", names[0] ? names[0] : "(nothing)", reason);
    return function;
}

int open_driver(void)
{
    const char *missing = dcn_cu_load();
    const char *const names[] = {dcn_cu_library(), NULL};
    if (missing)
        fprintf(stderr, "%s\n", missing);
    get_driver get = (get_driver)find(names, "fake_driver_state");
    driver = get ? get() : NULL;
    if (driver)
        driver->params_size = sizeof(dcn_forward_params);
    set_environment("DCNV4_DEVICE", NULL);
    set_environment("DCNV4_PATH", NULL);
    return driver ? 0 : 1;
}

int open_compiler(void)
{
    char file[1024];
    const char *given = dcn_environment("DCNV4_NVRTC");
    snprintf(file, sizeof file, "%s/libnvrtc.so.13", given ? given : "");
    const char *const names[] = {given ? file : "libnvrtc.so.13", given, NULL};
    get_compiler get = (get_compiler)find(names, "fake_compiler_state");
    compiler = get ? get() : NULL;
    return compiler ? 0 : 1;
}

/* ---- the fakes' counts ---------------------------------------------------------------------------------- */

long live(fake_kind kind)
{
    if (kind != FAKE_ALL)
        return atomic_load(&driver->live[kind]);
    long sum = (compiler ? atomic_load(&compiler->programs) : 0) - left_behind;
    for (int i = 0; i < FAKE_ALL; i++)
        sum += atomic_load(&driver->live[i]);
    return sum;
}

const char *describe_live(void)
{
    static char text[256];
    size_t used = 0;
#define KIND_TEXT(name, plural) plural,
    static const char *const kinds[] = {FAKE_KINDS(KIND_TEXT)};
    snprintf(text, sizeof text, "nothing of the driver");
    for (int i = 0; i < FAKE_ALL; i++)
        if (atomic_load(&driver->live[i]) != 0)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%ld %s", used ? ", " : "",
                                     atomic_load(&driver->live[i]), kinds[i]);
    return text;
}

void fail_after(fake_calls *calls, const char *only, long skipped, unsigned code)
{
    atomic_store(&calls->code, code);
    atomic_store(&calls->only, only);
    atomic_store(&calls->failed, NULL);
    atomic_store(&calls->countdown, skipped);
}

const char *disarm(fake_calls *calls)
{
    atomic_store(&calls->countdown, -1);
    return atomic_load(&calls->failed);
}

void clear_steps(void)
{
    atomic_store(&driver->step_count, 0);
}

void expect_steps(const char *functions)
{
    char text[1024] = "";
    size_t used = 0;
    const size_t count = atomic_load(&driver->step_count);
    assert_true(count <= FAKE_STEPS);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? "|" : "", driver->steps[i].function);
    assert_string_equal(text, functions);
}

/* ---- the setting ---------------------------------------------------------------------------------------- */

int make_setting(void **state)
{
    setting *made = calloc(1, sizeof *made);
    const dcn_dcnv4_desc desc = operator_desc();
    assert_non_null(made);
    *state = made;
    made->application = driver->context_create(0);
    assert_int_equal(dcn_cu.cuCtxPushCurrent(made->application), DCN_CU_SUCCESS);
    expect_success(dcn_context_create("cuda:0", NULL, &made->context));
    expect_success(dcn_queue_create(made->context, DCN_QUEUE_DEFAULT, &made->queue));
    expect_success(dcn_queue_create(made->context, DCN_QUEUE_TIMING, &made->timed));
    expect_success(dcn_dcnv4_plan_create(made->context, &desc, NULL, &made->plan));
    for (int i = 0; i < 2; i++)
        expect_success(dcn_event_create(made->context, &made->events[i]));
    for (int i = 0; i < TENSORS; i++) {
        expect_success(dcn_buffer_create(made->context, tensor_bytes[i] + 64, &made->buffers[i]));
        made->tensors[i] = dcn_slice_range(made->buffers[i], 0, tensor_bytes[i]);
    }
    clear_steps();
    return 0;
}

int end_setting(void **state)
{
    setting *made = *state;
    CUcontext popped = NULL;
    dcn_plan_destroy(made->plan);
    dcn_queue_destroy(made->queue);
    dcn_queue_destroy(made->timed);
    for (int i = 0; i < 2; i++)
        dcn_event_destroy(made->events[i]);
    for (int i = 0; i < TENSORS; i++)
        dcn_buffer_destroy(made->buffers[i]);
    dcn_context_destroy(made->context);
    assert_ptr_equal(driver->current(), made->application);
    assert_int_equal(dcn_cu.cuCtxPopCurrent(&popped), DCN_CU_SUCCESS);
    assert_null(driver->current());
    if (live(FAKE_ALL) != 0)
        fail_msg("there is left: %s", describe_live());
    driver->context_destroy(made->application);
    free(made);
    return 0;
}
