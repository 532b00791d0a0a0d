/* What the operators that sample a grid, DCNv4 and DCNv3, share here: their parameters and their oracle. */
#ifndef DCN_CONFORMANCE_CALL_GRID_H
#define DCN_CONFORMANCE_CALL_GRID_H

#include "operators.h"

/* Reads the parameters that both have, and the shape and type of the values (input 0 of the call, [N, H, W, C]).
 * Refuses what would take the oracle outside that tensor. */
bool dcn_call_grid_prepare(dcn_call *call, dcn_message *message);

/* Points of a group. */
int64_t dcn_call_grid_points(const dcn_dcnv4_desc *desc);

/* Adds the results: "output", or the gradients of the inputs under these names after finding and checking grad_output.
 * `out_height` and `out_width` are the output's; `gradients` has a name for each input. */
bool dcn_call_grid_results(dcn_call *call, int64_t out_height, int64_t out_width, const char *const *gradients,
                           dcn_message *message);

/* The oracle of both operators in both directions: a mask that is an input of its own makes it DCNv3's. */
bool dcn_call_grid_oracle(const dcn_call *call, double *const *results, dcn_oracle_error *const *errors,
                          dcn_message *message);

#endif
