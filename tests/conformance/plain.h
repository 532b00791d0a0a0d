/*
 * A plain float32 evaluation of every operator, with faults to order. It shows that the suite's bounds are wide enough
 * for honest float32 arithmetic and narrow enough to find the faults. It shares nothing with the oracle or the library.
 */
#ifndef DCN_CONFORMANCE_PLAIN_H
#define DCN_CONFORMANCE_PLAIN_H

#include "operators.h"

#define DCN_FAULT_LIST(X)                                                                                              \
    X(NONE, "none")                                                                                                    \
    X(FIRST_IMAGE, "a block of 8 output pixels reads the image of its first pixel")                                    \
    X(CHANNELS, "sums over channels leave out those from the largest power of two on")                                 \
    X(STALE_LOCATION, "a point outside gets the location gradient of the point before it")                             \
    X(STALE_LOGIT, "a point outside gets the mask gradient of the point before it")                                    \
    X(NO_SOFTMAX_MEAN, "logit gradients without the mean")                                                             \
    X(OUTSIDE_LOGITS, "logits of points outside take no part in the softmax")                                          \
    X(LARGEST_LOGIT, "softmax without subtracting the largest logit")                                                  \
    X(ROWS_FIRST, "points numbered row by row")                                                                        \
    X(SWAPPED_AXES, "offset gradients of x and y swapped")                                                             \
    X(NO_RATE, "offset gradients without the scale or the level's size")                                               \
    X(NO_MASK, "offset gradients without the mask")                                                                    \
    X(LEFT_DERIVATIVE, "the left-hand derivative at integer positions")                                                \
    X(MINUS_ONE, "a point at exactly -1 counts")                                                                       \
    X(SCALED_OFFSET, "offset_scale multiplies the offset alone")                                                       \
    X(ONE_FLOAT, "offset_scale as one float")                                                                          \
    X(CENTER, "the centre is divided before it is multiplied")                                                         \
    X(ABSOLUTE, "positions are absolute float32 numbers")                                                              \
    X(MASK_TIMES_ZERO, "the mask of a point outside is multiplied with 0")                                             \
    X(CLAMPED, "corners outside are those at the image's edge")                                                        \
    X(FIRST_ITEM, "gradients of values overwrite instead of adding up")                                                \
    X(STORED_SUMS, "gradients of values are summed in the storage type")                                               \
    X(PADDING, "padding columns get a gradient")

#define DCN_FAULT_ENUM(name, text) DCN_FAULT_##name,
typedef enum dcn_fault { DCN_FAULT_LIST(DCN_FAULT_ENUM) DCN_FAULTS } dcn_fault;
#undef DCN_FAULT_ENUM

/* Fills the results, each of the call's storage type; false when there is no memory. */
bool dcn_plain_run(const dcn_call *call, dcn_fault fault, void *const *results);

#endif
