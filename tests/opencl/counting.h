/*
 * A counting layer between the library and the OpenCL loader: counting_install() replaces every entry of the backend's
 * function table with one that counts the objects made, retained and released, and that can be told to fail.
 */
#ifndef DCN_TEST_COUNTING_H
#define DCN_TEST_COUNTING_H

#include <stdbool.h>
#include <stdint.h>

/* The kinds of object that OpenCL counts references of. */
#define COUNTED_KINDS(X)                                                                                               \
    X(DEVICE, "devices")                                                                                               \
    X(CONTEXT, "contexts")                                                                                             \
    X(QUEUE, "queues")                                                                                                 \
    X(MEMORY, "memory objects")                                                                                        \
    X(PROGRAM, "programs")                                                                                             \
    X(KERNEL, "kernels")                                                                                               \
    X(EVENT, "events")

#define COUNTED_KIND(name, text) COUNTED_##name,
typedef enum counted_kind { COUNTED_KINDS(COUNTED_KIND) COUNTED_NONE } counted_kind;
#undef COUNTED_KIND

/* Call once, after dcn_cl_load() has succeeded and before anything else is called. */
void counting_install(void);

/* References held now; all kinds together with COUNTED_NONE. */
long counting_live(counted_kind kind);

/* What is held, such as "1 queues, 2 events"; "nothing" when all is released. */
const char *counting_describe(void);

/* How often the function was called since counting_install(). */
long counting_calls(const char *function);

/* Lets the call after the next `skipped` ones fail with `code`, once. Releases are not counted and never fail. */
void counting_fail_after(long skipped, int32_t code);

/* Ends that. Returns the function that was made to fail since, or NULL. */
const char *counting_disarm(void);

#endif
