/* Making a context current, and bringing back the one before. */
#include "cu_internal.h"

dcn_status dcn_cu_enter(const dcn_device *device)
{
    return dcn_cu_check("cuCtxPushCurrent", dcn_cu.cuCtxPushCurrent(device->context));
}

bool dcn_cu_enter_quietly(const dcn_device *device)
{
    return dcn_cu.cuCtxPushCurrent(device->context) == DCN_CU_SUCCESS;
}

void dcn_cu_leave(void)
{
    CUcontext left = NULL;
    dcn_cu.cuCtxPopCurrent(&left);
}
