/* The words of dcn_plan_options::path: choices that are normally made for the device and shape. */
#ifndef DCN_PATH_H
#define DCN_PATH_H

#include "backend.h"

typedef enum dcn_shape { DCN_SHAPE_ANY, DCN_SHAPE_WIDE, DCN_SHAPE_LONG } dcn_shape;
typedef enum dcn_pace { DCN_PACE_ANY, DCN_PACE_FAST, DCN_PACE_GENERAL } dcn_pace;
/* Whether a kernel is built for the plan's own numbers or for all. */
typedef enum dcn_build { DCN_BUILD_ANY, DCN_BUILD_SPECIAL, DCN_BUILD_PLAIN } dcn_build;

typedef struct dcn_path {
    dcn_shape shape;
    int index_bits; /* 0: any */
    dcn_pace pace;
    dcn_build build;
    char isa[16]; /* "": any */
} dcn_path;

/* Reads the option, or DCNV4_PATH when it is NULL or empty. */
dcn_status dcn_path_parse(const char *words, dcn_path *path);

/* Writes the choices in the same words. */
void dcn_path_format(const dcn_path *path, char *text, size_t size);

/* A complete path's general counterpart, for slices without the alignment that a fast kernel needs. */
dcn_path dcn_path_general(const dcn_path *path);

/* Records an instruction set; NULL leaves the path alone. */
void dcn_path_set_isa(dcn_path *path, const char *isa);

#endif
