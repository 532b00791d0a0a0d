/* From the text of a program to code for the device, by NVRTC. */
#include "cu_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cu_nvrtc.h"
#include "kernels.h"
#include "status.h"

/* Options of one compilation. */
#define MAX_OPTIONS (8 + DCN_MAX_DEFINES)

void dcn_cu_code_free(dcn_cu_code *code)
{
    free(code->owned);
    *code = (dcn_cu_code){.bytes = NULL};
}

/* ---- naming a program --------------------------------------------------------------------------- */

/* The name of the source, the compiler, the options: words without blanks. */
dcn_status dcn_cu_write_key(const dcn_device *device, const dcn_kernel_key *key, char text[DCN_CU_KEY_SIZE])
{
    const char *architecture = device->facts.architecture;
    const int version = dcn_nvrtc_version();
    int used = 0;
    if (!architecture[0])
        used = snprintf(text, DCN_CU_KEY_SIZE, "%s embedded %d %d", key->program, (int)key->storage, key->index_bits);
    else
        used = snprintf(text, DCN_CU_KEY_SIZE,
                        "%s nvrtc-%d.%d --gpu-architecture=%s --fmad=false --std=c++17 -default-device"
                        " -DDCN_STORAGE=%d -DDCN_INDEX_BITS=%d -DDCN_LANES=%" PRIu32,
                        key->program, version / 1000, version % 1000 / 10, architecture, (int)key->storage,
                        key->index_bits, key->lanes);
    if (architecture[0] && key->registers > 0 && used > 0 && used < DCN_CU_KEY_SIZE) {
        int added = snprintf(text + used, (size_t)(DCN_CU_KEY_SIZE - used), " --maxrregcount=%" PRIu32, key->registers);
        used = added < 0 ? added : used + added;
    }
    for (size_t i = 0; architecture[0] && i < key->define_count && used > 0 && used < DCN_CU_KEY_SIZE; i++) {
        int added = snprintf(text + used, (size_t)(DCN_CU_KEY_SIZE - used), " -D%s=%" PRId64, key->defines[i].name,
                             key->defines[i].value);
        used = added < 0 ? added : used + added;
    }
    if (used < 0 || used >= DCN_CU_KEY_SIZE)
        return dcn_fail(DCN_ERROR_BUILD, "the build options of %s do not fit %d bytes", key->program, DCN_CU_KEY_SIZE);
    return DCN_SUCCESS;
}

/* The words of such a text; `room` is a copy of it that is cut up. */
typedef struct command {
    char room[DCN_CU_KEY_SIZE];
    const char *program;
    const char *options[MAX_OPTIONS];
    int option_count;
} command;

static void split(const char *text, command *words)
{
    snprintf(words->room, sizeof words->room, "%s", text);
    words->program = words->room;
    words->option_count = 0;
    int blanks = 0;
    for (char *at = words->room; (at = strchr(at, ' ')) != NULL; blanks++) {
        *at++ = '\0';
        if (blanks > 0 && words->option_count < MAX_OPTIONS) /* the word behind the first blank is the compiler */
            words->options[words->option_count++] = at;
    }
}

/* ---- compiling ---------------------------------------------------------------------------------- */

static const char *name_of(dcn_nvrtc_result code)
{
    switch (code) {
#define ERROR_NAME(name, value)                                                                                        \
    case value:                                                                                                        \
        return "NVRTC_" #name;
        DCN_NVRTC_ERRORS(ERROR_NAME)
#undef ERROR_NAME
    default:
        return "an unknown code";
    }
}

static dcn_status check(const char *function, dcn_nvrtc_result code)
{
    if (code == DCN_NVRTC_SUCCESS)
        return DCN_SUCCESS;
    return dcn_fail(code == DCN_NVRTC_ERROR_OUT_OF_MEMORY ? DCN_ERROR_OUT_OF_MEMORY : DCN_ERROR_BUILD,
                    "%s failed with %s (%u)", function, name_of(code), (unsigned)code);
}

/* Adds what the compiler said to the detail of a compilation that failed. */
static dcn_status add_log(const dcn_device *device, nvrtcProgram program, const char *text, dcn_status status)
{
    char why[128];
    snprintf(why, sizeof why, "%s", dcn_error_detail());
    size_t size = 0;
    char *log = NULL;
    if (dcn_nvrtc.nvrtcGetProgramLogSize(program, &size) == DCN_NVRTC_SUCCESS && size > 0)
        log = calloc(1, size + 1);
    if (log)
        dcn_nvrtc.nvrtcGetProgramLog(program, log);
    dcn_fail(status, "%s for program \"%s\" on %s (%s); the compiler's log:\n%s", why, text, device->facts.info.name,
             device->facts.info.title, log && log[0] ? log : "(empty)");
    free(log);
    return status;
}

/* Takes the code out of a compiled program: machine code where it was compiled for the device's own architecture. */
static dcn_status take_code(const dcn_device *device, nvrtcProgram program, dcn_cu_code *code)
{
    const bool machine = strncmp(device->facts.architecture, "sm_", 3) == 0;
    size_t size = 0;
    dcn_status status = machine ? check("nvrtcGetCUBINSize", dcn_nvrtc.nvrtcGetCUBINSize(program, &size))
                                : check("nvrtcGetPTXSize", dcn_nvrtc.nvrtcGetPTXSize(program, &size));
    if (status != DCN_SUCCESS)
        return status;
    char *bytes = malloc(size + 1);
    if (!bytes)
        return dcn_fail_memory("a program's code", size + 1);
    status = machine ? check("nvrtcGetCUBIN", dcn_nvrtc.nvrtcGetCUBIN(program, bytes))
                     : check("nvrtcGetPTX", dcn_nvrtc.nvrtcGetPTX(program, bytes));
    if (status != DCN_SUCCESS) {
        free(bytes);
        return status;
    }
    *code = (dcn_cu_code){bytes, size, bytes};
    return DCN_SUCCESS;
}

dcn_status dcn_cu_compile(const dcn_device *device, const char *text, dcn_cu_code *code)
{
    command words;
    split(text, &words);
    const char *source = dcn_kernel_source(words.program);
    if (!source)
        return dcn_fail(DCN_ERROR_UNSUPPORTED, "this build has no program \"%s\"", words.program);
    nvrtcProgram program = NULL;
    dcn_status status =
        check("nvrtcCreateProgram", dcn_nvrtc.nvrtcCreateProgram(&program, source, words.program, 0, NULL, NULL));
    if (status != DCN_SUCCESS)
        return status;
    status = check("nvrtcCompileProgram", dcn_nvrtc.nvrtcCompileProgram(program, words.option_count, words.options));
    if (status == DCN_SUCCESS)
        status = take_code(device, program, code);
    else
        add_log(device, program, text, status);
    dcn_nvrtc.nvrtcDestroyProgram(&program);
    return status;
}
