#include "platform.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

struct dcn_mutex {
    CRITICAL_SECTION native;
};

struct dcn_condition {
    CONDITION_VARIABLE native;
};

struct dcn_thread {
    HANDLE native;
    void (*run)(void *);
    void *argument;
};

void *dcn_library_open(const char *const *names, const char **found, char *reason, size_t reason_size)
{
    for (size_t i = 0; names[i]; i++) {
        /* System folders only: a library planted in the working directory must not be picked up. */
        HMODULE library = LoadLibraryExA(names[i], NULL, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
        if (library) {
            *found = names[i];
            return library;
        }
        if (i == 0)
            snprintf(reason, reason_size, "%s does not load: Windows error %lu", names[i], GetLastError());
    }
    return NULL;
}

dcn_function dcn_library_symbol(void *library, const char *symbol)
{
    FARPROC address = GetProcAddress(library, symbol);
    dcn_function function = NULL;
    memcpy(&function, &address, sizeof function);
    return function;
}

bool dcn_library_folder(dcn_function function, char *folder, size_t size)
{
    HMODULE library = NULL;
    LPCSTR address = NULL;
    memcpy(&address, &function, sizeof address);
    if (!GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            address, &library))
        return false;
    const DWORD length = GetModuleFileNameA(library, folder, (DWORD)size);
    char *name = length > 0 && length < size ? strrchr(folder, '\\') : NULL;
    if (!name)
        return false;
    name[1] = '\0';
    return true;
}

dcn_mutex *dcn_mutex_create(void)
{
    dcn_mutex *mutex = malloc(sizeof *mutex);
    if (mutex)
        InitializeCriticalSection(&mutex->native);
    return mutex;
}

void dcn_mutex_destroy(dcn_mutex *mutex)
{
    if (!mutex)
        return;
    DeleteCriticalSection(&mutex->native);
    free(mutex);
}

void dcn_mutex_lock(dcn_mutex *mutex)
{
    EnterCriticalSection(&mutex->native);
}

void dcn_mutex_unlock(dcn_mutex *mutex)
{
    LeaveCriticalSection(&mutex->native);
}

dcn_condition *dcn_condition_create(void)
{
    dcn_condition *condition = malloc(sizeof *condition);
    if (condition)
        InitializeConditionVariable(&condition->native);
    return condition;
}

void dcn_condition_destroy(dcn_condition *condition)
{
    free(condition);
}

void dcn_condition_wait(dcn_condition *condition, dcn_mutex *mutex)
{
    SleepConditionVariableCS(&condition->native, &mutex->native, INFINITE);
}

void dcn_condition_wake_all(dcn_condition *condition)
{
    WakeAllConditionVariable(&condition->native);
}

static DWORD WINAPI thread_main(void *argument)
{
    dcn_thread *thread = argument;
    thread->run(thread->argument);
    return 0;
}

dcn_thread *dcn_thread_start(void (*run)(void *), void *argument)
{
    dcn_thread *thread = malloc(sizeof *thread);
    if (!thread)
        return NULL;
    thread->run = run;
    thread->argument = argument;
    thread->native = CreateThread(NULL, 0, thread_main, thread, 0, NULL);
    if (!thread->native) {
        free(thread);
        return NULL;
    }
    return thread;
}

void dcn_thread_join(dcn_thread *thread)
{
    if (!thread)
        return;
    WaitForSingleObject(thread->native, INFINITE);
    CloseHandle(thread->native);
    free(thread);
}

static DWORD_PTR process_mask(void)
{
    DWORD_PTR process = 0;
    DWORD_PTR system = 0;
    return GetProcessAffinityMask(GetCurrentProcess(), &process, &system) ? process : 0;
}

bool dcn_thread_pin(uint32_t index)
{
    DWORD_PTR mask = process_mask();
    for (unsigned cpu = 0; cpu < 8 * sizeof mask; cpu++) {
        DWORD_PTR bit = (DWORD_PTR)1 << cpu;
        if ((mask & bit) && index-- == 0)
            return SetThreadAffinityMask(GetCurrentThread(), bit) != 0;
    }
    return false;
}

void dcn_spin_hint(void)
{
    YieldProcessor();
}

static SRWLOCK once_lock = SRWLOCK_INIT;

void dcn_call_once(dcn_once *once, void (*initialize)(void))
{
    AcquireSRWLockExclusive(&once_lock);
    if (once->state == 0) {
        initialize();
        once->state = 1;
    }
    ReleaseSRWLockExclusive(&once_lock);
}

uint32_t dcn_cpu_count(void)
{
    uint32_t count = 0;
    for (DWORD_PTR mask = process_mask(); mask; mask &= mask - 1)
        count++;
    return count ? count : 1;
}

uint64_t dcn_physical_memory(void)
{
    MEMORYSTATUSEX status;
    status.dwLength = sizeof status;
    return GlobalMemoryStatusEx(&status) ? status.ullTotalPhys : 0;
}

uint64_t dcn_time_ns(void)
{
    LARGE_INTEGER now;
    LARGE_INTEGER rate;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&rate);
    uint64_t seconds = (uint64_t)now.QuadPart / (uint64_t)rate.QuadPart;
    uint64_t rest = (uint64_t)now.QuadPart % (uint64_t)rate.QuadPart;
    return seconds * 1000000000u + rest * 1000000000u / (uint64_t)rate.QuadPart;
}

void *dcn_aligned_alloc(size_t alignment, uint64_t bytes)
{
    return bytes > SIZE_MAX ? NULL : _aligned_malloc((size_t)bytes, alignment);
}

void dcn_aligned_free(void *memory)
{
    _aligned_free(memory);
}
