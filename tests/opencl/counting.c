#include "counting.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "opencl/cl_api.h"

static dcn_cl_api real;
static atomic_long live[COUNTED_NONE];

/* Calls until the failure; below 0 when none is wanted. */
static atomic_long countdown = -1;
static int32_t failure_code;
static const char *failed_function;

/* One counter for each function of the table. */
#define FUNCTION_INDEX(type, name, ...) INDEX_##name,
enum { DCN_CL_REQUIRED(FUNCTION_INDEX) DCN_CL_OPTIONAL(FUNCTION_INDEX) FUNCTIONS };
#define FUNCTION_NAME(type, name, ...) #name,
static const char *const names[FUNCTIONS] = {DCN_CL_REQUIRED(FUNCTION_NAME) DCN_CL_OPTIONAL(FUNCTION_NAME)};
static atomic_long calls[FUNCTIONS];

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Counts a call and says whether it is the one to fail. */
static bool enter(int function)
{
    atomic_fetch_add(&calls[function], 1);
    if (starts_with(names[function], "clRelease") || atomic_load(&countdown) < 0 ||
        atomic_fetch_sub(&countdown, 1) != 0)
        return false;
    failed_function = names[function];
    return true;
}

/* A call has succeeded: `kind` is that of its first argument, `event` where it may have left a new event. */
static void leave(int function, counted_kind kind, cl_event *event)
{
    if (starts_with(names[function], "clRetain"))
        atomic_fetch_add(&live[kind], 1);
    else if (starts_with(names[function], "clRelease"))
        atomic_fetch_sub(&live[kind], 1);
    else if (event)
        atomic_fetch_add(&live[COUNTED_EVENT], 1);
}

/* ---- one wrapper for each function, made from the list of parameter types ------------------------------- */

#define JOIN_(a, b)                                  a##b
#define JOIN(a, b)                                   JOIN_(a, b)
#define PICK(a, b, c, d, e, f, g, h, i, number, ...) number
#define ARITY(...)                                   PICK(__VA_ARGS__, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)

#define PARAMETERS(...)                         JOIN(PARAMETERS_, ARITY(__VA_ARGS__))(__VA_ARGS__)
#define PARAMETERS_1(a)                         a p1
#define PARAMETERS_2(a, b)                      PARAMETERS_1(a), b p2
#define PARAMETERS_3(a, b, c)                   PARAMETERS_2(a, b), c p3
#define PARAMETERS_4(a, b, c, d)                PARAMETERS_3(a, b, c), d p4
#define PARAMETERS_5(a, b, c, d, e)             PARAMETERS_4(a, b, c, d), e p5
#define PARAMETERS_6(a, b, c, d, e, f)          PARAMETERS_5(a, b, c, d, e), f p6
#define PARAMETERS_7(a, b, c, d, e, f, g)       PARAMETERS_6(a, b, c, d, e, f), g p7
#define PARAMETERS_8(a, b, c, d, e, f, g, h)    PARAMETERS_7(a, b, c, d, e, f, g), h p8
#define PARAMETERS_9(a, b, c, d, e, f, g, h, i) PARAMETERS_8(a, b, c, d, e, f, g, h), i p9

#define ARGUMENTS_1 p1
#define ARGUMENTS_2 ARGUMENTS_1, p2
#define ARGUMENTS_3 ARGUMENTS_2, p3
#define ARGUMENTS_4 ARGUMENTS_3, p4
#define ARGUMENTS_5 ARGUMENTS_4, p5
#define ARGUMENTS_6 ARGUMENTS_5, p6
#define ARGUMENTS_7 ARGUMENTS_6, p7
#define ARGUMENTS_8 ARGUMENTS_7, p8
#define ARGUMENTS_9 ARGUMENTS_8, p9

/* clang-format off */
#define KIND_OF(handle)                                                                                                \
    _Generic((handle),                                                                                                 \
        cl_device_id: COUNTED_DEVICE,                                                                                  \
        cl_context: COUNTED_CONTEXT,                                                                                   \
        cl_command_queue: COUNTED_QUEUE,                                                                               \
        cl_mem: COUNTED_MEMORY,                                                                                        \
        cl_program: COUNTED_PROGRAM,                                                                                   \
        cl_kernel: COUNTED_KERNEL,                                                                                     \
        cl_event: COUNTED_EVENT,                                                                                       \
        default: COUNTED_NONE)

/* The last parameter where that is a place for an event, else NULL. */
#define EVENT_OF(last) _Generic((last), cl_event *: (cl_event *)(uintptr_t)(last), default: (cl_event *)NULL)
/* clang-format on */

#define CALL(type, name, arguments, last)                                                                              \
    if (enter(INDEX_##name))                                                                                           \
        return failure_code;                                                                                           \
    type error = real.name(arguments);                                                                                 \
    if (error == DCN_CL_SUCCESS)                                                                                       \
        leave(INDEX_##name, KIND_OF(p1), EVENT_OF(last));                                                              \
    return error;

/* A function that makes an object; its last parameter receives the code. */
#define CREATE(type, name, arguments, last)                                                                            \
    if (enter(INDEX_##name)) {                                                                                         \
        *last = failure_code;                                                                                          \
        return NULL;                                                                                                   \
    }                                                                                                                  \
    type object = real.name(arguments);                                                                                \
    if (*last == DCN_CL_SUCCESS)                                                                                       \
        atomic_fetch_add(&live[KIND_OF(object)], 1);                                                                   \
    return object;

#define BODY_int32_t          CALL
#define BODY_cl_context       CREATE
#define BODY_cl_command_queue CREATE
#define BODY_cl_mem           CREATE
#define BODY_cl_program       CREATE
#define BODY_cl_kernel        CREATE

#define WRAP(type, name, ...)                                                                                          \
    static type DCN_CL_CALL counted_##name(PARAMETERS(__VA_ARGS__))                                                    \
    {                                                                                                                  \
        BODY_##type(type, name, JOIN(ARGUMENTS_, ARITY(__VA_ARGS__)), JOIN(p, ARITY(__VA_ARGS__)))                     \
    }
DCN_CL_REQUIRED(WRAP)
DCN_CL_OPTIONAL(WRAP)

/* ---- for the tests -------------------------------------------------------------------------------------- */

void counting_install(void)
{
    real = dcn_cl;
#define INSTALL(type, name, ...) dcn_cl.name = real.name ? counted_##name : NULL;
    DCN_CL_REQUIRED(INSTALL)
    DCN_CL_OPTIONAL(INSTALL)
}

long counting_live(counted_kind kind)
{
    if (kind != COUNTED_NONE)
        return atomic_load(&live[kind]);
    long sum = 0;
    for (int i = 0; i < COUNTED_NONE; i++)
        sum += atomic_load(&live[i]);
    return sum;
}

const char *counting_describe(void)
{
    static char text[256];
    size_t used = 0;
#define KIND_TEXT(name, plural) plural,
    static const char *const kinds[] = {COUNTED_KINDS(KIND_TEXT)};
    snprintf(text, sizeof text, "nothing");
    for (int i = 0; i < COUNTED_NONE; i++)
        if (atomic_load(&live[i]) != 0)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%ld %s", used ? ", " : "",
                                     atomic_load(&live[i]), kinds[i]);
    return text;
}

long counting_calls(const char *function)
{
    for (int i = 0; i < FUNCTIONS; i++)
        if (strcmp(names[i], function) == 0)
            return atomic_load(&calls[i]);
    return -1;
}

void counting_fail_after(long skipped, int32_t code)
{
    failure_code = code;
    failed_function = NULL;
    atomic_store(&countdown, skipped);
}

const char *counting_disarm(void)
{
    atomic_store(&countdown, -1);
    return failed_function;
}
