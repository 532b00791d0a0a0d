/* Memory in use, as the system and NVIDIA's management library count it. */
#ifndef DCN_TEST_DEVICE_MEMORY_H
#define DCN_TEST_DEVICE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct memory_in_use {
    uint64_t process; /* bytes that this process has allocated or, where the C library cannot tell, its pages
                         that are no file's */
    uint64_t device;  /* bytes of all NVIDIA GPUs, whoever uses them */
    bool has_device;  /* false where the library or a GPU is missing */
} memory_in_use;

/* False where the system does not tell of the process. Not for several threads at once. */
bool memory_measure(memory_in_use *memory);

#endif
