/*
 * A frame loop: everything is made once, then each frame only copies and executes.
 *
 * Two queues and two sets of buffers, so that a device can compute one frame while the host moves the next one in and
 * the last one out. Runs on any device: give a name as dcn_context_create() takes it ("cpu", "opencl", ...).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <dcnv4/dcnv4.h>

enum { H = 80, W = 80, GROUP = 4, D = 16, C = GROUP * D, K = 9, R = GROUP * K * 3, SLOTS = 2, FRAMES = 100 };

static float value[H][W][C], offset_mask[H][W][R], output[H][W][C];

/* What one frame in flight needs: memory, and marks that say how far it has come. */
typedef struct slot {
    dcn_buffer *value;
    dcn_buffer *output;
    dcn_event *uploaded;
    dcn_event *computed;
} slot;

static void check(dcn_status status)
{
    if (status != DCN_SUCCESS) {
        fprintf(stderr, "%s: %s\n", dcn_status_name(status), dcn_error_detail());
        exit(1);
    }
}

static double milliseconds(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static dcn_plan *make_plan(dcn_context *context)
{
    dcn_dcnv4_desc desc = dcn_dcnv4_desc_default();
    desc.batch = 1;
    desc.height = H;
    desc.width = W;
    desc.channels = C;
    desc.group = GROUP;
    desc.group_channels = D;
    desc.offset_mask_row = R;
    dcn_plan *plan;
    check(dcn_dcnv4_plan_create(context, &desc, NULL, &plan));
    return plan;
}

/* A frame is a grey level; the offsets and masks, the same for all frames, take the value of the centre point. */
static void paint_frame(int frame)
{
    for (int i = 0; i < H * W * C; i++) {
        (&value[0][0][0])[i] = (float)frame;
    }
}

static dcn_buffer *upload_offsets(dcn_context *context, dcn_queue *queue)
{
    for (int i = 0; i < H * W * GROUP; i++) {
        (&offset_mask[0][0][0])[i * K * 3 + 2 * K + K / 2] = 1.0f;
    }
    dcn_buffer *buffer;
    check(dcn_buffer_create(context, sizeof offset_mask, &buffer));
    check(dcn_buffer_write(queue, buffer, 0, sizeof offset_mask, offset_mask, NULL));
    return buffer;
}

/* Queues frame `frame` on its slot: the copy in, then the operator after it. Returns before they are done. */
static void start_frame(int frame, slot *s, dcn_buffer *offsets, dcn_plan *plan, dcn_queue *copies, dcn_queue *compute)
{
    paint_frame(frame);
    const dcn_sync upload = {.signal = s->uploaded};
    check(dcn_buffer_write(copies, s->value, 0, sizeof value, value, &upload));

    const dcn_slice tensors[] = {dcn_slice_buffer(s->value), dcn_slice_buffer(offsets), dcn_slice_buffer(s->output)};
    const dcn_sync work = {.wait = &s->uploaded, .wait_count = 1, .signal = s->computed};
    check(dcn_execute(plan, compute, tensors, DCN_DCNV4_FORWARD_TENSORS, &work));
    check(dcn_queue_flush(compute));
}

/* Waits for the slot's frame and copies its result out; returns the device time of the operator in microseconds. */
static double finish_frame(int frame, slot *s, dcn_queue *copies)
{
    const dcn_sync download = {.wait = &s->computed, .wait_count = 1};
    check(dcn_buffer_read(copies, s->output, 0, sizeof output, output, &download));
    if (output[H / 2][W / 2][0] != (float)frame) {
        fprintf(stderr, "frame %d came out as %g\n", frame, output[H / 2][W / 2][0]);
        exit(1);
    }
    double microseconds;
    check(dcn_event_wait(s->computed));
    check(dcn_event_elapsed(s->computed, s->computed, &microseconds));
    return microseconds;
}

int main(int argc, char **argv)
{
    dcn_context *context;
    dcn_queue *copies, *compute;
    check(dcn_context_create(argc > 1 ? argv[1] : "auto", NULL, &context));
    check(dcn_queue_create(context, DCN_QUEUE_DEFAULT, &copies));
    check(dcn_queue_create(context, DCN_QUEUE_TIMING, &compute));
    dcn_plan *plan = make_plan(context);
    dcn_buffer *offsets = upload_offsets(context, copies);
    slot slots[SLOTS];
    for (int i = 0; i < SLOTS; i++) {
        check(dcn_buffer_create(context, sizeof value, &slots[i].value));
        check(dcn_buffer_create(context, sizeof output, &slots[i].output));
        check(dcn_event_create(context, &slots[i].uploaded));
        check(dcn_event_create(context, &slots[i].computed));
    }

    double device_us = 0.0;
    const double start = milliseconds();
    start_frame(0, &slots[0], offsets, plan, copies, compute);
    for (int frame = 1; frame < FRAMES; frame++) {
        start_frame(frame, &slots[frame % SLOTS], offsets, plan, copies, compute);
        device_us += finish_frame(frame - 1, &slots[(frame - 1) % SLOTS], copies);
    }
    device_us += finish_frame(FRAMES - 1, &slots[(FRAMES - 1) % SLOTS], copies);
    printf("%d frames: %.3f ms each, of which %.3f ms in the operator\n", FRAMES, (milliseconds() - start) / FRAMES,
           device_us / FRAMES / 1e3);

    for (int i = 0; i < SLOTS; i++) {
        dcn_buffer_destroy(slots[i].value);
        dcn_buffer_destroy(slots[i].output);
        dcn_event_destroy(slots[i].uploaded);
        dcn_event_destroy(slots[i].computed);
    }
    dcn_buffer_destroy(offsets);
    dcn_plan_destroy(plan);
    dcn_queue_destroy(compute);
    dcn_queue_destroy(copies);
    dcn_context_destroy(context);
    return 0;
}
