/*
 * Programs that NVRTC has compiled, to and from the kernel cache. Machine code depends on the architecture, the
 * compiler and its options, which dcn_cu_write_key() names, and not on the driver; PTX is compiled again by each
 * driver.
 */
#include "cu_internal.h"

#include <stdio.h>
#include <string.h>

#include "kernel_cache.h"
#include "kernels.h"

/* Room for a key: the text of a program, with the backend's name and the hash of its source. */
#define KEY_SIZE (DCN_CU_KEY_SIZE + 256)

/* False when there is no cache, or the program is not one of the library's own. */
static bool write_key(const char *text, char key[KEY_SIZE])
{
    char program[64];
    snprintf(program, sizeof program, "%.*s", (int)strcspn(text, " "), text);
    const char *hash = dcn_kernel_source_hash(program);
    return dcn_cache_enabled() && hash && snprintf(key, KEY_SIZE, "cuda\n%s\n%s\n", hash, text) < KEY_SIZE;
}

bool dcn_cu_cache_load(const char *text, dcn_cu_code *code)
{
    char key[KEY_SIZE];
    void *data = NULL;
    size_t size = 0;
    if (!write_key(text, key) || !dcn_cache_load(key, &data, &size))
        return false;
    *code = (dcn_cu_code){data, size, data};
    return true;
}

void dcn_cu_cache_store(const char *text, const dcn_cu_code *code)
{
    char key[KEY_SIZE];
    if (write_key(text, key))
        dcn_cache_store(key, code->bytes, code->size);
}
