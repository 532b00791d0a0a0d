/* NVRTC's built-in functions, of which a test needs only that the library is there. */
#include "fake.h"

FAKE_API int fake_builtins(void);

int fake_builtins(void)
{
    return 0;
}
