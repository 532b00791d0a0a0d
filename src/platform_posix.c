#if defined(__linux__)
#define _GNU_SOURCE /* CPU affinity, dladdr */
#endif

#include "platform.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif

struct dcn_mutex {
    pthread_mutex_t native;
};

struct dcn_condition {
    pthread_cond_t native;
};

struct dcn_thread {
    pthread_t native;
    void (*run)(void *);
    void *argument;
};

void *dcn_library_open(const char *const *names, const char **found, char *reason, size_t reason_size)
{
    for (size_t i = 0; names[i]; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (library) {
            *found = names[i];
            return library;
        }
        if (i == 0) {
            const char *text = dlerror();
            snprintf(reason, reason_size, "%s", text ? text : "the library does not load");
        }
    }
    return NULL;
}

dcn_function dcn_library_symbol(void *library, const char *symbol)
{
    void *address = dlsym(library, symbol);
    dcn_function function = NULL;
    memcpy(&function, &address, sizeof function); /* ISO C has no cast from object to function pointer */
    return function;
}

bool dcn_library_folder(dcn_function function, char *folder, size_t size)
{
#if defined(__linux__)
    void *address = NULL;
    Dl_info found;
    memcpy(&address, &function, sizeof address);
    if (!dladdr(address, &found) || !found.dli_fname)
        return false;
    const char *name = strrchr(found.dli_fname, '/');
    const size_t length = name ? (size_t)(name - found.dli_fname) + 1 : 0;
    if (length == 0 || length >= size)
        return false;
    memcpy(folder, found.dli_fname, length);
    folder[length] = '\0';
    return true;
#else
    (void)function;
    (void)folder;
    (void)size;
    return false;
#endif
}

dcn_mutex *dcn_mutex_create(void)
{
    dcn_mutex *mutex = malloc(sizeof *mutex);
    if (mutex && pthread_mutex_init(&mutex->native, NULL) != 0) {
        free(mutex);
        return NULL;
    }
    return mutex;
}

void dcn_mutex_destroy(dcn_mutex *mutex)
{
    if (!mutex)
        return;
    pthread_mutex_destroy(&mutex->native);
    free(mutex);
}

void dcn_mutex_lock(dcn_mutex *mutex)
{
    pthread_mutex_lock(&mutex->native);
}

void dcn_mutex_unlock(dcn_mutex *mutex)
{
    pthread_mutex_unlock(&mutex->native);
}

dcn_condition *dcn_condition_create(void)
{
    dcn_condition *condition = malloc(sizeof *condition);
    if (condition && pthread_cond_init(&condition->native, NULL) != 0) {
        free(condition);
        return NULL;
    }
    return condition;
}

void dcn_condition_destroy(dcn_condition *condition)
{
    if (!condition)
        return;
    pthread_cond_destroy(&condition->native);
    free(condition);
}

void dcn_condition_wait(dcn_condition *condition, dcn_mutex *mutex)
{
    pthread_cond_wait(&condition->native, &mutex->native);
}

void dcn_condition_wake_all(dcn_condition *condition)
{
    pthread_cond_broadcast(&condition->native);
}

static void *thread_main(void *argument)
{
    dcn_thread *thread = argument;
    thread->run(thread->argument);
    return NULL;
}

dcn_thread *dcn_thread_start(void (*run)(void *), void *argument)
{
    dcn_thread *thread = malloc(sizeof *thread);
    if (!thread)
        return NULL;
    thread->run = run;
    thread->argument = argument;
    if (pthread_create(&thread->native, NULL, thread_main, thread) != 0) {
        free(thread);
        return NULL;
    }
    return thread;
}

void dcn_thread_join(dcn_thread *thread)
{
    if (!thread)
        return;
    pthread_join(thread->native, NULL);
    free(thread);
}

bool dcn_thread_pin(uint32_t index)
{
#if defined(__linux__)
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) != 0)
        return false;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &mask) || index-- != 0)
            continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        return sched_setaffinity(0, sizeof one, &one) == 0;
    }
#else
    (void)index;
#endif
    return false;
}

void dcn_spin_hint(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

void dcn_call_once(dcn_once *once, void (*initialize)(void))
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    if (once->state == 0) {
        initialize();
        once->state = 1;
    }
    pthread_mutex_unlock(&mutex);
}

uint32_t dcn_cpu_count(void)
{
#if defined(__linux__)
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
        int count = CPU_COUNT(&mask);
        if (count > 0)
            return (uint32_t)count;
    }
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (uint32_t)count : 1;
}

uint64_t dcn_physical_memory(void)
{
#if defined(_SC_PHYS_PAGES)
    long pages = sysconf(_SC_PHYS_PAGES);
    long page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0)
        return (uint64_t)pages * (uint64_t)page;
#endif
    return 0;
}

uint64_t dcn_time_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void *dcn_aligned_alloc(size_t alignment, uint64_t bytes)
{
    void *memory = NULL;
    if (bytes > SIZE_MAX || posix_memalign(&memory, alignment, (size_t)bytes) != 0)
        return NULL;
    return memory;
}

void dcn_aligned_free(void *memory)
{
    free(memory);
}
