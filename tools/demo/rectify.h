/* One photograph, seen through the lens and rectified, on one device after the other. */
#ifndef DCN_DEMO_RECTIFY_H
#define DCN_DEMO_RECTIFY_H

#include "compare.h"
#include "image.h"
#include "lens.h"
#include "pass.h"

typedef struct dcn_rectify {
    dcn_image photo;
    dcn_image before, after; /* the camera's picture and the rectified one, by the first device */
    int64_t values;          /* elements of a picture */
    float *camera, *rectify; /* offset_mask of the two views */
    float *value, *output;   /* a picture as the operator reads it, and as it writes one */
    double *reference;       /* the rectified picture in float64 */
    bool started;            /* a device has run */
} dcn_rectify;

/* What one device did. */
typedef struct dcn_rectify_result {
    double microseconds; /* device time of a call */
    double gb_per_s;     /* bytes of all tensors in that time, 1e9 bytes a second */
    dcn_norm error;      /* against float64 */
    int64_t differing;   /* values in which its picture differs from the first device's */
    int largest_step;    /* and by how many levels of 255 at most */
} dcn_rectify_result;

/* Takes over `photo`, and empties it. End with dcn_rectify_free(), also when this fails. */
bool dcn_rectify_make(dcn_rectify *r, dcn_image *photo, dcn_message *message);
void dcn_rectify_free(dcn_rectify *r);

/* Runs both views on the first device, and rectifies on each. */
bool dcn_rectify_run(dcn_rectify *r, dcn_context *context, dcn_rectify_result *result, dcn_message *message);

/* How alike two pictures of one size are, in decibels (peak signal to noise). */
double dcn_rectify_likeness(const dcn_image *a, const dcn_image *b);

#endif
