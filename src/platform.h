/* What the library needs from the operating system: libraries, threads, time, memory, environment. The implementations
 * are platform_posix.c and platform_windows.c; nothing else includes a system header for these. */
#ifndef DCN_PLATFORM_H
#define DCN_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens the first of the NULL-terminated names that loads; NULL and a reason otherwise. Never closed again: drivers do
 * not survive that. `found` receives the name that loaded. */
void *dcn_library_open(const char *const *names, const char **found, char *reason, size_t reason_size);

/* A function of an open library, or NULL. */
typedef void (*dcn_function)(void);
dcn_function dcn_library_symbol(void *library, const char *symbol);

/* The folder, with the separator behind it, of the library that a function is from; false where that is unknown. */
bool dcn_library_folder(dcn_function function, char *folder, size_t size);

typedef struct dcn_mutex dcn_mutex;
typedef struct dcn_condition dcn_condition;
typedef struct dcn_thread dcn_thread;

dcn_mutex *dcn_mutex_create(void);
void dcn_mutex_destroy(dcn_mutex *mutex);
void dcn_mutex_lock(dcn_mutex *mutex);
void dcn_mutex_unlock(dcn_mutex *mutex);

dcn_condition *dcn_condition_create(void);
void dcn_condition_destroy(dcn_condition *condition);
void dcn_condition_wait(dcn_condition *condition, dcn_mutex *mutex);
void dcn_condition_wake_all(dcn_condition *condition);

/* Starts a thread; NULL when the system refuses. */
dcn_thread *dcn_thread_start(void (*run)(void *), void *argument);
void dcn_thread_join(dcn_thread *thread);

/* Binds the calling thread to the `index`-th CPU of the process's mask; false where that cannot be done. */
bool dcn_thread_pin(uint32_t index);

/* A hint to the processor that this thread spins. */
void dcn_spin_hint(void);

/* Runs `initialize` exactly once for `once`, which starts as DCN_ONCE_INIT; every caller returns after it ran. */
typedef struct dcn_once {
    int state;
} dcn_once;
#define DCN_ONCE_INIT                                                                                                  \
    {                                                                                                                  \
        0                                                                                                              \
    }
void dcn_call_once(dcn_once *once, void (*initialize)(void));

/* CPUs that this process may run on, at least 1. */
uint32_t dcn_cpu_count(void);

/* The processor's marketing name, or a plain description. */
void dcn_cpu_name(char *name, size_t size);

/* Bytes of physical memory; 0 if unknown. */
uint64_t dcn_physical_memory(void);

/* Monotonic time in nanoseconds. */
uint64_t dcn_time_ns(void);

/* An environment variable, or NULL when unset or empty. */
const char *dcn_environment(const char *name);

/* Memory aligned to `alignment` (a power of two), freed with dcn_aligned_free(). NULL when there is none. */
void *dcn_aligned_alloc(size_t alignment, uint64_t bytes);
void dcn_aligned_free(void *memory);

#endif
