/* The photograph that the demo uses when it is given none: photo.jpg, embedded by the build. */
#ifndef DCN_DEMO_PHOTO_H
#define DCN_DEMO_PHOTO_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t dcn_demo_photo[];
extern const size_t dcn_demo_photo_size;

#endif
