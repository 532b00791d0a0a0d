#include "loader.h"

#include "opencl/cl_api.h"
#include "platform.h"

loader_function find_in_loader(const char *name)
{
    const char *const names[] = {dcn_cl_library(), NULL};
    const char *found = NULL;
    char reason[128];
    void *library = dcn_library_open(names, &found, reason, sizeof reason);
    return library ? dcn_library_symbol(library, name) : NULL;
}
