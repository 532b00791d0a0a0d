/* The tables of generated cases; generate.c and generate_attention.c make tensors of their rows. */
#ifndef DCN_CONFORMANCE_GENERATE_TABLE_H
#define DCN_CONFORMANCE_GENERATE_TABLE_H

#include <stddef.h>

/* How offsets are drawn. */
typedef enum dcn_offsets {
    DCN_OFFSETS_UNIT,      /* uniform in [-1, 1) */
    DCN_OFFSETS_ZERO,      /* all 0 */
    DCN_OFFSETS_WIDE,      /* normal, sigma 8 */
    DCN_OFFSETS_FAR,       /* uniform in [-100, 100): nearly all points outside */
    DCN_OFFSETS_INTEGER,   /* integers from -3 to 3 */
    DCN_OFFSETS_QUARTER,   /* multiples of 1/4 from -3 to 3: exact weights */
    DCN_OFFSETS_FINE,      /* integers give or take 2^-1 … 2^-24 */
    DCN_OFFSETS_EDGE,      /* positions on and just beside -1, 0, size - 1, size */
    DCN_OFFSETS_ONE_PLACE, /* all points of an image in one cell near its middle */
    DCN_OFFSETS_NONFINITE, /* normal, sigma 2, with NaN, infinities and huge numbers among them */
} dcn_offsets;

/* How masks are drawn. */
typedef enum dcn_masks {
    DCN_MASKS_UNIFORM,           /* uniform in [-1, 1) */
    DCN_MASKS_LARGE,             /* uniform in [-1e4, 1e4) */
    DCN_MASKS_POWERS,            /* 0 or ±1/2, ±1, ±2: exact products */
    DCN_MASKS_LOGITS,            /* normal, sigma 2 */
    DCN_MASKS_LARGE_LOGITS,      /* normal, sigma 100 */
    DCN_MASKS_NONFINITE_OUTSIDE, /* NaN or infinity where the point does not count, else uniform */
    DCN_MASKS_NONFINITE,         /* a few NaN and infinities anywhere */
} dcn_masks;

/* How values are drawn. */
typedef enum dcn_values {
    DCN_VALUES_NORMAL,    /* sigma 1 */
    DCN_VALUES_INTEGERS,  /* from -8 to 8: exact products and sums */
    DCN_VALUES_LARGE,     /* uniform in [-3e4, 3e4): float16 results may overflow */
    DCN_VALUES_TINY,      /* uniform in [-2^-20, 2^-20): subnormal in float16 */
    DCN_VALUES_NONFINITE, /* a few NaN and infinities among normal ones */
} dcn_values;

/* Combined with `|`. */
enum {
    DCN_RECIPE_REMOVE_CENTER = 1,
    DCN_RECIPE_SOFTMAX = 2,
    DCN_RECIPE_EXACT = 4, /* all arithmetic is exact in float32 */
    DCN_RECIPE_DCNV3 = 8, /* offsets and masks apart, and no row stride */
};

/* Rows of offset_mask: the original operator's padding, none, or so many columns more than needed. */
enum { DCN_ROW_DEFAULT = 0, DCN_ROW_TIGHT = -1 };

typedef struct dcn_recipe {
    const char *name;
    int shape[5];  /* batch, height, width, group, group_channels */
    int kernel[4]; /* kernel_h, kernel_w, pad_h, pad_w */
    dcn_offsets offsets;
    dcn_masks masks;
    dcn_values values;
    int stride[2];     /* h, w; 0 stands for 1 */
    int dilation[2];   /* h, w; 0 stands for 1 */
    const char *scale; /* offset_scale; NULL stands for 1 */
    int row;
    int flags;
    dcn_values gradients; /* grad_output; integers where all arithmetic is exact */
} dcn_recipe;

extern const dcn_recipe dcn_recipes[];
extern const size_t dcn_recipe_count;

/* How locations of attention are drawn; positions are in pixels of the level. */
typedef enum dcn_locations {
    DCN_LOCATIONS_INSIDE,    /* uniform in [0, 1) */
    DCN_LOCATIONS_AROUND,    /* uniform in [-0.3, 1.3): many points outside */
    DCN_LOCATIONS_FAR,       /* uniform in [-20, 20): nearly all points outside */
    DCN_LOCATIONS_EDGE,      /* positions on and just beside -1, 0, size - 1, size */
    DCN_LOCATIONS_QUARTER,   /* positions that are multiples of 1/4, from -2 to size + 1 */
    DCN_LOCATIONS_NONFINITE, /* around, with NaN, infinities and huge numbers among them */
} dcn_locations;

/* Most levels of a generated case. */
enum { DCN_RECIPE_MAX_LEVELS = 6 };

typedef struct dcn_attention_recipe {
    const char *name;
    int shape[4];                         /* batch, queries, group, group_channels */
    int points;                           /* of each level */
    int levels[DCN_RECIPE_MAX_LEVELS][2]; /* height, width; up to the first with height 0 */
    dcn_locations locations;
    dcn_masks logits; /* UNIFORM, LOGITS, LARGE_LOGITS or NONFINITE */
    dcn_values values;
    dcn_values gradients;
} dcn_attention_recipe;

extern const dcn_attention_recipe dcn_attention_recipes[];
extern const size_t dcn_attention_recipe_count;

#endif
