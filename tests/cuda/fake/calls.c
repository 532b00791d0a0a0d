#include <string.h>

#include "fake.h"

/* What ends an object, and takes back what was pushed, never fails: nobody could do anything about it. */
static bool can_fail(const char *function)
{
    static const char *const never[] = {"cuCtxPopCurrent",  "cuDevicePrimaryCtxRelease", "cuModuleUnload",
                                        "cuMemFree",        "cuStreamDestroy",           "cuEventDestroy",
                                        "cuCtxSynchronize", "nvrtcDestroyProgram"};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (strcmp(function, never[i]) == 0)
            return false;
    return true;
}

bool fake_fails(fake_calls *calls, const char *function)
{
    const char *only = atomic_load(&calls->only);
    if (atomic_load(&calls->countdown) < 0 || !can_fail(function) || (only && strcmp(only, function) != 0) ||
        atomic_fetch_sub(&calls->countdown, 1) != 0)
        return false;
    atomic_store(&calls->failed, function);
    return true;
}
