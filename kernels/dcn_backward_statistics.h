/* Softmax statistics of every output pixel's groups, for the gradient of the value: once each, and not for each point.
 */
#include "dcn_backward_wide.h"

DCN_INLINE void dcn_statistics_group(DCN_GLOBAL const dcn_storage *masks, const dcn_backward_wide_params *p,
                                     DCN_GLOBAL unsigned *workspace, dcn_i64 work_group)
{
    const dcn_forward_params *f = &p->forward;
    DCN_FOR_ITEMS(item, p->items)
    {
        const dcn_i64 slot = work_group * p->items + item;
        const dcn_i64 pixel = slot / f->group;
        if (pixel < f->pixels) {
            const int group = (int)(slot - pixel * f->group);
            DCN_GLOBAL const dcn_storage *mask = masks + pixel * f->mask_row + (dcn_i64)group * f->mask_group;
            DCN_GLOBAL float *pair = dcn_statistics_of(workspace, p, 0) + 2 * slot;
            const dcn_softmax_stats stats = dcn_softmax_of(mask, f->points);
            pair[0] = stats.largest;
            pair[1] = stats.sum;
        }
    }
}
