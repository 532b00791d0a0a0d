#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "common.h"
#include "demo/overlay.h"
#include "demo/photo.h"
#include "demo/rectify.h"

static const char help[] =
    "Usage: dcnv4 demo [OPTION...] [PHOTO]\n"
    "\n"
    "Looks at a photograph through a wide-angle lens that bends lines and parts colours, and takes the lens out "
    "again:\n"
    "one call of the operator, 3 x 3, whose offsets follow the lens, one group for each colour. Every device of this\n"
    "machine does it, and its result is compared with float64. Without PHOTO it takes one that the program carries.\n"
    "\n"
    "Writes four pictures: through the lens (-before), rectified (-after), both side by side (-lens), and where the\n"
    "operator samples (-points).\n"
    "\n"
    "Options:\n"
    "  -d, --device NAME   only this device (default: all that can be used)\n"
    "  -o, --output DIR    the folder for the pictures, dcnv4-demo-*.png (default: the current one)\n"
    "  -h, --help          show this text\n"
    "\n"
    "PHOTO is a PNG or JPEG file; a large one is scaled down to 800 pixels.\n"
    "\n"
    "Examples:\n"
    "  dcnv4 demo\n"
    "  dcnv4 demo holiday.jpg -o /tmp\n";

enum { LONGEST_SIDE = 800, SEPARATOR = 4 };

/* The demo as it goes from device to device. */
typedef struct session {
    dcn_rectify picture;
    int devices;       /* how many have run */
    int64_t differing; /* most values in which one's picture differs from the first one's */
    int largest_step;
    int code; /* the exit code so far */
} session;

static void print_heading(const dcn_image *photo)
{
    int64_t calls = photo->width * photo->height * DCN_LENS_COLOURS * DCN_LENS_POINTS;
    printf("%" PRId64 " x %" PRId64 " pixels, 3 groups of 1 channel, 3 x 3 points: %.1f million samples a call\n\n",
           photo->width, photo->height, (double)calls * 1e-6);
    printf("%-12s %-44s %13s %10s %26s\n", "device", "", "time per call", "bandwidth", "largest error from float64");
}

static void print_row(const dcn_device_info *device, const dcn_rectify_result *result)
{
    printf("%-12s %-44.44s %10.2f ms %5.1f GB/s %26.1e\n", device->name, device->title, result->microseconds * 1e-3,
           result->gb_per_s, result->error.largest);
    fflush(stdout);
}

/* Both pictures of the lens on one opened device. */
static int run_device(session *s, dcn_context *context)
{
    dcn_device_info device = {.struct_size = sizeof device};
    dcn_context_device(context, &device);
    dcn_rectify_result result;
    dcn_message message;
    if (!dcn_tool_progress("%s: compiling and running ...", device.name))
        fprintf(stderr, "%s: compiling and running\n", device.name);
    bool ran = dcn_rectify_run(&s->picture, context, &result, &message);
    dcn_tool_progress_end();
    if (!ran)
        return dcn_tool_error("demo", "%s: %s", device.name, message.text);
    if (!s->devices++)
        print_heading(&s->picture.photo);
    print_row(&device, &result);
    if (result.differing > s->differing)
        s->differing = result.differing;
    if (result.largest_step > s->largest_step)
        s->largest_step = result.largest_step;
    double limit = dcn_compare_limit(DCN_ELEMENT_F32);
    if (result.error.relative <= limit)
        return DCN_EXIT_DONE;
    dcn_tool_error("demo", "%s is wrong: its relative error is %.2e, at most %.2e is allowed", device.name,
                   result.error.relative, limit);
    return DCN_EXIT_DIFFERS;
}

static int open_and_run(session *s, const char *name)
{
    dcn_context *context;
    int code = dcn_tool_open("demo", name, &context);
    if (code == DCN_EXIT_DONE) {
        code = run_device(s, context);
        dcn_context_destroy(context);
    }
    return code;
}

/* All devices; one that fails does not keep the others from running. */
static int run_all(session *s, const dcn_device_list *list)
{
    int worst = DCN_EXIT_DONE;
    for (size_t i = 0; i < dcn_device_list_size(list); i++) {
        dcn_device_info device = dcn_tool_device(list, i);
        int code = device.unusable[0] ? DCN_EXIT_DONE : open_and_run(s, device.name);
        worst = code > worst ? code : worst;
    }
    return worst;
}

static void print_left_out(const dcn_device_list *list)
{
    for (size_t i = 0; i < dcn_device_list_size(list); i++) {
        dcn_device_info device = dcn_tool_device(list, i);
        if (device.unusable[0])
            printf("Left out %s (%s): %s\n", device.name, device.title, device.unusable);
    }
    for (size_t i = 0; i < dcn_device_list_backends(list); i++) {
        dcn_backend_info backend = dcn_tool_backend(list, i);
        if (!backend.devices)
            printf("No %s device: %s\n", backend.name, backend.reason);
    }
}

static void print_findings(const session *s)
{
    const dcn_rectify *picture = &s->picture;
    if (s->devices > 1 && s->largest_step == 0)
        printf("All %d devices give the same picture.\n", s->devices);
    else if (s->devices > 1)
        printf("The pictures of %d devices %s: %" PRId64 " of %" PRId64
               " values are off, by at most %d of 255 levels.\n",
               s->devices, s->largest_step == 1 ? "agree" : "differ", s->differing, picture->values, s->largest_step);
    printf("Likeness to the photograph: %.1f dB through the lens, %.1f dB rectified.\n",
           dcn_rectify_likeness(&picture->photo, &picture->before),
           dcn_rectify_likeness(&picture->photo, &picture->after));
}

static bool make_pair(const dcn_rectify *picture, dcn_image *pair, dcn_message *message)
{
    static const uint8_t white[] = {255, 255, 255};
    int64_t width = picture->photo.width, height = picture->photo.height;
    if (!dcn_image_create(2 * width + SEPARATOR, height, pair, message))
        return false;
    dcn_image_paste(pair, 0, 0, &picture->before);
    dcn_image_fill(pair, width, 0, SEPARATOR, height, white);
    dcn_image_paste(pair, width + SEPARATOR, 0, &picture->after);
    return true;
}

static bool write_picture(const char *folder, const char *name, const dcn_image *image, dcn_message *message)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/dcnv4-demo-%s.png", folder, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return dcn_message_set(message, "the folder's name is longer than %zu bytes", sizeof path);
    if (!dcn_image_write_png(path, image, message))
        return false;
    printf("Wrote %s\n", path);
    return true;
}

static int write_pictures(const dcn_rectify *picture, const char *folder)
{
    dcn_message message;
    dcn_image pair = {0}, points = {0};
    bool written =
        make_pair(picture, &pair, &message) &&
        dcn_overlay_make(&picture->before, &picture->after, picture->rectify, dcn_pass_row(), &points, &message) &&
        write_picture(folder, "before", &picture->before, &message) &&
        write_picture(folder, "after", &picture->after, &message) && write_picture(folder, "lens", &pair, &message) &&
        write_picture(folder, "points", &points, &message);
    dcn_image_free(&pair);
    dcn_image_free(&points);
    return written ? DCN_EXIT_DONE : dcn_tool_error("demo", "%s", message.text);
}

static int run_demo(session *s, const char *device, const char *folder)
{
    dcn_device_list *list;
    dcn_status status = dcn_device_list_create(&list);
    if (status != DCN_SUCCESS)
        return dcn_tool_status_error("demo", status);
    int code = device ? open_and_run(s, device) : run_all(s, list);
    if (s->picture.started) {
        putchar('\n');
        if (!device)
            print_left_out(list);
        print_findings(s);
        int written = write_pictures(&s->picture, folder);
        code = code != DCN_EXIT_DONE ? code : written;
    }
    dcn_device_list_destroy(list);
    return code;
}

static int load_and_run(const char *path, const char *device, const char *folder)
{
    session s = {0};
    dcn_message message;
    dcn_image photo;
    bool read = path ? dcn_image_read(path, &photo, &message)
                     : dcn_image_decode(dcn_demo_photo, dcn_demo_photo_size, &photo, &message);
    int code;
    if (read && dcn_image_shrink(&photo, LONGEST_SIDE, &message) && dcn_rectify_make(&s.picture, &photo, &message))
        code = run_demo(&s, device, folder);
    else
        code = dcn_tool_error("demo", "%s", message.text);
    dcn_image_free(&photo);
    dcn_rectify_free(&s.picture);
    return code;
}

int dcn_command_demo(int argc, char **argv)
{
    static const struct option options[] = {{"device", required_argument, NULL, 'd'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *device = NULL, *folder = ".";
    for (int option; (option = getopt_long(argc, argv, "d:o:h", options, NULL)) != -1;) {
        switch (option) {
        case 'd':
            device = optarg;
            break;
        case 'o':
            folder = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return DCN_EXIT_DONE;
        default:
            return dcn_tool_option_error("demo");
        }
    }
    if (argc - optind > 1)
        return dcn_tool_usage_error("demo", "takes one PHOTO, but got %d arguments", argc - optind);
    return load_and_run(argc > optind ? argv[optind] : NULL, device, folder);
}
