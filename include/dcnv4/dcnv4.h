/**
 * @file dcnv4.h
 * @brief Deformable convolution on any device: the whole backend-neutral API.
 *
 * One library, several kinds of device: the CPU, and any GPU or CPU that an OpenCL driver offers. A program
 * makes a #dcn_context from a device's name, a #dcn_plan for an operator with fixed shapes, and calls
 * dcn_execute() as often as it likes. dcn_dcnv4_run_host() does all of it in one call.
 *
 * Conventions that hold for every function here:
 * - **Errors.** A function that can fail returns a #dcn_status. On failure nothing is written to an output
 *   parameter or a tensor, nothing leaks, and dcn_error_detail() describes the failure on the calling thread:
 *   the argument, the rule and the numbers, or the failing driver call with its own code. The library never
 *   prints, exits or aborts.
 * - **Ownership.** Whoever calls a `_create` or `_clone` function owns the object and ends it with the matching
 *   `_destroy`, which accepts NULL. Objects keep what they need alive, so the order of destruction is free: a
 *   context may be destroyed before its plans.
 * - **Threads.** Different objects may be used by different threads at any time. A #dcn_context is safe to share.
 *   A #dcn_plan, #dcn_queue, #dcn_buffer or #dcn_event must not be used by two threads at the same moment,
 *   except where its function says otherwise.
 * - **Sizes** are 64-bit. Byte counts are `uint64_t`, extents in elements `int64_t`.
 * - **Descriptors** begin with their own size, so that they can grow. Fill them with their `_default` function.
 */
#ifndef DCNV4_DCNV4_H
#define DCNV4_DCNV4_H

#include <dcnv4/operators.h>
#include <dcnv4/runtime.h>

#endif
