/* The same pass in float64, by the oracle that the tests judge every device with. */
#ifndef DCN_DEMO_REFERENCE_H
#define DCN_DEMO_REFERENCE_H

#include "message.h"

#include <stdint.h>

/* output [height, width, 3] from value [height, width, 3] and offset_mask [height, width, row]. */
bool dcn_reference_run(int64_t width, int64_t height, int64_t row, const float *value, const float *offset_mask,
                       double *output, dcn_message *message);

#endif
