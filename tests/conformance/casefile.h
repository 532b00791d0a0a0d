/*
 * Case files: one operator call in safetensors form (8 bytes of header length, a JSON header, the tensors' bytes; all
 * little-endian).
 *
 * Reading treats the file as hostile. Memory grows only with bytes that were really read, so that a lying length costs
 * nothing; the tensors must cover the data exactly, as the format demands; every refusal says what and with which
 * numbers. Tensors of unknown type are carried along unread.
 */
#ifndef DCN_CONFORMANCE_CASEFILE_H
#define DCN_CONFORMANCE_CASEFILE_H

#include "case.h"

/* Whether this build can read and write case files: it needs a JSON library. */
bool dcn_case_file_supported(void);

/* Reads a whole file. The case is named after the file, without folder and ending. On success end it with
 * dcn_case_free(); on failure it is empty. */
bool dcn_case_file_read(const char *path, dcn_case *test, dcn_message *message);

/* Writes all parameters and tensors; none may be of unknown type. A file cut short by a failure cannot be mistaken for
 * a whole one: its header says how long it should be. */
bool dcn_case_file_write(const char *path, const dcn_case *test, dcn_message *message);

#endif
