/* What plans of every operator do alike with their kernels. */
#ifndef DCN_PLAN_KERNEL_H
#define DCN_PLAN_KERNEL_H

#include "../objects.h"
#include "../path.h"

/* The same kernel for another plan, with argument state of its own; none for none. The key need not name the
 * instruction set, which the original knows. */
dcn_status dcn_kernel_clone(dcn_context *context, const dcn_kernel_key *key, const dcn_kernel *original,
                            dcn_kernel **clone);

/* Records the instruction set that a kernel was chosen for, on devices that have such a choice. */
void dcn_path_take_isa(const dcn_context *context, const dcn_kernel *kernel, dcn_path *path);

#endif
