/* Functions of OpenCL that the tests call and the library does not. */
#ifndef DCN_TEST_LOADER_H
#define DCN_TEST_LOADER_H

/* A function of the loader that the library has open, or NULL. */
typedef void (*loader_function)(void);
loader_function find_in_loader(const char *name);

#endif
