#include "generate_table.h"

/* clang-format off */
#define K3     .kernel = {3, 3, 1, 1}
#define SAME(h, w) .kernel = {h, w, (h) / 2, (w) / 2}
#define SOFT   .flags = DCN_RECIPE_SOFTMAX, .masks = DCN_MASKS_LOGITS
#define EXACT  .masks = DCN_MASKS_POWERS, .values = DCN_VALUES_INTEGERS, .offsets = DCN_OFFSETS_QUARTER, \
               .flags = DCN_RECIPE_EXACT
#define OFFSETS(kind) .offsets = DCN_OFFSETS_##kind
#define MASKS(kind)   .masks = DCN_MASKS_##kind
#define VALUES(kind)  .values = DCN_VALUES_##kind

/* Each row costs at most about 800,000 multiply-adds. */
const dcn_recipe dcn_recipes[] = {
    /* channels of a group */
    {"d1",   .shape = {1, 7, 9, 5, 1},   K3},
    {"d2",   .shape = {1, 6, 5, 3, 2},   K3},
    {"d3",   .shape = {2, 5, 6, 2, 3},   K3},
    {"d4",   .shape = {1, 9, 7, 3, 4},   K3},
    {"d5",   .shape = {2, 6, 7, 3, 5},   K3, .row = DCN_ROW_TIGHT},
    {"d7",   .shape = {1, 5, 8, 4, 7},   K3},
    {"d8",   .shape = {1, 8, 9, 2, 8},   K3},
    {"d12",  .shape = {1, 6, 6, 3, 12},  K3},
    {"d15",  .shape = {1, 7, 5, 2, 15},  K3},
    {"d16",  .shape = {2, 9, 8, 4, 16},  K3},
    {"d17",  .shape = {1, 6, 5, 3, 17},  K3},
    {"d24",  .shape = {1, 5, 7, 2, 24},  K3},
    {"d31",  .shape = {1, 5, 5, 2, 31},  K3},
    {"d32",  .shape = {1, 10, 11, 3, 32}, K3},
    {"d33",  .shape = {1, 5, 6, 2, 33},  K3},
    {"d48",  .shape = {1, 6, 9, 2, 48},  K3},
    {"d64",  .shape = {3, 5, 6, 1, 64},  K3},
    {"d65",  .shape = {1, 4, 5, 2, 65},  K3},
    {"d100", .shape = {1, 5, 4, 1, 100}, K3},
    {"d320", .shape = {1, 4, 5, 1, 320}, K3},
    {"g40",  .shape = {1, 3, 5, 40, 8},  K3},
    {"g64_d1", .shape = {1, 4, 4, 64, 1}, K3},
    {"g20_d48", .shape = {1, 3, 3, 20, 48}, K3},

    /* kernels */
    {"k1x1", .shape = {2, 6, 7, 2, 16}, SAME(1, 1)},
    {"k1x1_pad2", .shape = {1, 5, 6, 2, 5}, .kernel = {1, 1, 2, 2}},
    {"k2x2", .shape = {1, 8, 7, 2, 16}, .kernel = {2, 2, 0, 0}},
    {"k2x2_pad1", .shape = {1, 5, 5, 3, 8}, .kernel = {2, 2, 1, 1}},
    {"k3x5", .shape = {1, 7, 8, 2, 16}, SAME(3, 5)},
    {"k5x3", .shape = {1, 7, 8, 2, 16}, SAME(5, 3)},
    {"k4x2", .shape = {2, 7, 6, 2, 12}, .kernel = {4, 2, 1, 1}},
    {"k2x4", .shape = {1, 6, 7, 2, 12}, .kernel = {2, 4, 1, 2}},
    {"k5x5", .shape = {1, 7, 9, 2, 32}, SAME(5, 5)},
    {"k7x7", .shape = {1, 6, 7, 2, 16}, SAME(7, 7)},
    {"k7x7_d5", .shape = {1, 8, 8, 3, 5}, SAME(7, 7)},
    {"k1x7", .shape = {1, 6, 9, 2, 16}, SAME(1, 7)},
    {"k7x1", .shape = {1, 9, 6, 2, 16}, SAME(7, 1)},
    {"k6x8", .shape = {1, 6, 8, 1, 16}, .kernel = {6, 8, 3, 4}},
    {"k3_fills_image", .shape = {2, 3, 3, 2, 16}, .kernel = {3, 3, 0, 0}},
    {"k3_removed", .shape = {2, 6, 7, 2, 16}, K3, .flags = DCN_RECIPE_REMOVE_CENTER},
    {"k5_removed_d5", .shape = {1, 6, 7, 3, 5}, SAME(5, 5), .flags = DCN_RECIPE_REMOVE_CENTER},
    {"k7_removed", .shape = {1, 5, 6, 2, 32}, SAME(7, 7), .flags = DCN_RECIPE_REMOVE_CENTER},

    /* strides, padding, dilation */
    {"stride2x1", .shape = {1, 11, 8, 2, 16}, K3, .stride = {2, 1}},
    {"stride1x3", .shape = {2, 7, 13, 2, 16}, K3, .stride = {1, 3}},
    {"stride2x2_pad0", .shape = {1, 12, 11, 2, 32}, .kernel = {3, 3, 0, 0}, .stride = {2, 2}},
    {"stride5x4_d5", .shape = {3, 13, 14, 2, 5}, K3, .stride = {5, 4}},
    {"stride_over_image", .shape = {2, 5, 6, 2, 16}, K3, .stride = {9, 9}},
    {"pad0x2", .shape = {1, 7, 6, 2, 16}, .kernel = {3, 3, 0, 2}},
    {"pad4x3", .shape = {1, 4, 5, 2, 16}, .kernel = {3, 3, 4, 3}},
    {"dilation2x3", .shape = {1, 10, 11, 2, 16}, .kernel = {3, 3, 2, 3}, .dilation = {2, 3}},
    {"dilation3x1_pad0", .shape = {1, 9, 8, 2, 32}, .kernel = {3, 3, 0, 0}, .dilation = {3, 1}},
    {"dilation_odd_center", .shape = {1, 9, 10, 2, 16}, .kernel = {4, 2, 2, 1}, .dilation = {3, 3}},
    {"all_unequal", .shape = {2, 11, 14, 3, 8}, .kernel = {4, 3, 2, 0}, .stride = {3, 2}, .dilation = {1, 2}},
    {"all_unequal_removed", .shape = {2, 12, 11, 2, 16}, .kernel = {3, 3, 2, 1}, .stride = {1, 2}, .dilation = {2, 1},
     .scale = "0.7", .flags = DCN_RECIPE_REMOVE_CENTER},

    /* offset_scale */
    {"scale_half", .shape = {1, 8, 7, 2, 16}, K3, .scale = "0.5"},
    {"scale_0.7", .shape = {2, 7, 8, 2, 16}, K3, .scale = "0.7"},
    {"scale_2", .shape = {1, 9, 8, 2, 32}, K3, .scale = "2"},
    {"scale_0", .shape = {1, 6, 7, 2, 16}, K3, .scale = "0"},
    {"scale_negative", .shape = {1, 8, 8, 2, 16}, K3, .scale = "-1"},
    {"scale_-0.3_wide", .shape = {1, 8, 9, 2, 16}, SAME(5, 5), OFFSETS(WIDE), .scale = "-0.3"},
    {"scale_1.7_wide", .shape = {1, 9, 8, 2, 16}, K3, OFFSETS(WIDE), .scale = "1.7"},
    {"scale_0.1_k7", .shape = {1, 6, 6, 2, 16}, SAME(7, 7), OFFSETS(WIDE), .scale = "0.1"},
    {"scale_1.5_odd_center", .shape = {1, 9, 10, 2, 16}, .kernel = {4, 2, 3, 2}, .dilation = {3, 3}, .scale = "1.5"},
    {"scale_half_even_kernel", .shape = {2, 7, 9, 2, 5}, .kernel = {2, 4, 1, 1}, .dilation = {1, 3}, .scale = "0.5"},
    {"scale_1e-6", .shape = {1, 6, 6, 2, 16}, K3, .scale = "1e-6"},

    /* rows of offset_mask */
    {"row_tight", .shape = {2, 6, 7, 3, 16}, K3, .row = DCN_ROW_TIGHT},
    {"row_plus1", .shape = {2, 6, 7, 2, 16}, K3, .row = 1},
    {"row_plus13", .shape = {1, 6, 7, 2, 32}, K3, .row = 13},
    {"row_plus300", .shape = {1, 5, 6, 2, 16}, K3, .row = 300},

    /* batches and images that fill no tile */
    {"batch0", .shape = {0, 6, 7, 2, 16}, K3},
    {"batch3", .shape = {3, 5, 5, 2, 16}, K3},
    {"batch5", .shape = {5, 5, 5, 1, 16}, K3},
    {"batch17_3x3", .shape = {17, 3, 3, 2, 16}, K3},
    {"batch33_1x1", .shape = {33, 1, 1, 2, 32}, K3},
    {"image_1x1", .shape = {3, 1, 1, 2, 16}, K3},
    {"image_1x37", .shape = {2, 1, 37, 2, 16}, K3},
    {"image_37x1", .shape = {2, 37, 1, 2, 16}, K3},
    {"image_2x2", .shape = {2, 2, 2, 2, 32}, K3},
    {"image_2x40", .shape = {1, 2, 40, 2, 16}, K3},
    {"image_40x2", .shape = {1, 40, 2, 2, 16}, K3},
    {"image_1x1_wide", .shape = {4, 1, 1, 3, 5}, K3, OFFSETS(WIDE)},
    {"image_24x24", .shape = {1, 24, 24, 2, 16}, K3},
    {"image_17x19", .shape = {1, 17, 19, 1, 32}, K3, OFFSETS(WIDE)},
    {"image_2x1500", .shape = {1, 2, 1500, 1, 4}, K3},
    {"image_2x1300_fine", .shape = {1, 2, 1300, 1, 4}, K3, OFFSETS(FINE)},
    {"image_1500x1", .shape = {1, 1500, 1, 1, 5}, K3, OFFSETS(FINE)},
    {"image_1x1200_scale_0.7", .shape = {1, 1, 1200, 1, 4}, K3, OFFSETS(WIDE), .scale = "0.7"},

    /* offsets */
    {"zero", .shape = {2, 7, 6, 2, 16}, K3, OFFSETS(ZERO)},
    {"wide", .shape = {2, 8, 9, 2, 16}, K3, OFFSETS(WIDE)},
    {"wide_d5", .shape = {1, 9, 8, 3, 5}, SAME(5, 5), OFFSETS(WIDE)},
    {"wide_d48", .shape = {1, 7, 9, 2, 48}, K3, OFFSETS(WIDE)},
    {"far", .shape = {2, 9, 9, 2, 16}, K3, OFFSETS(FAR)},
    {"integer", .shape = {1, 8, 9, 2, 32}, K3, OFFSETS(INTEGER)},
    {"fine", .shape = {2, 7, 8, 2, 16}, K3, OFFSETS(FINE)},
    {"fine_scale_0.7", .shape = {1, 8, 8, 2, 16}, K3, OFFSETS(FINE), .scale = "0.7"},
    {"edge", .shape = {2, 7, 8, 2, 16}, K3, OFFSETS(EDGE)},
    {"edge_d5_k5", .shape = {1, 6, 7, 3, 5}, SAME(5, 5), OFFSETS(EDGE)},
    {"edge_scale_0.7", .shape = {1, 7, 8, 2, 32}, K3, OFFSETS(EDGE), .scale = "0.7"},
    {"edge_1x1", .shape = {5, 1, 1, 2, 16}, K3, OFFSETS(EDGE)},
    {"nonfinite_offsets", .shape = {2, 8, 7, 2, 16}, K3, OFFSETS(NONFINITE)},
    {"nonfinite_offsets_d5", .shape = {1, 7, 8, 3, 5}, SAME(3, 5), OFFSETS(NONFINITE)},
    {"nonfinite_offsets_scale_0", .shape = {1, 5, 6, 2, 16}, K3, OFFSETS(NONFINITE), .scale = "0"},
    {"nonfinite_offsets_scale_0.7", .shape = {1, 7, 8, 2, 48}, K3, OFFSETS(NONFINITE), .scale = "0.7"},

    /* softmax */
    {"softmax", .shape = {2, 7, 8, 2, 16}, K3, SOFT},
    {"softmax_d5", .shape = {1, 6, 7, 3, 5}, K3, SOFT, .row = DCN_ROW_TIGHT},
    {"softmax_k1", .shape = {1, 6, 7, 2, 16}, SAME(1, 1), SOFT},
    {"softmax_k2x2_d48", .shape = {1, 6, 7, 2, 48}, .kernel = {2, 2, 1, 0}, SOFT},
    {"softmax_k7_wide", .shape = {1, 6, 6, 2, 16}, SAME(7, 7), SOFT, OFFSETS(WIDE)},
    {"softmax_large_logits", .shape = {2, 7, 7, 2, 16}, K3, .flags = DCN_RECIPE_SOFTMAX, MASKS(LARGE_LOGITS)},
    {"softmax_removed_scale", .shape = {1, 9, 8, 2, 32}, K3, MASKS(LOGITS), .stride = {2, 1}, .scale = "2",
     .flags = DCN_RECIPE_SOFTMAX | DCN_RECIPE_REMOVE_CENTER},
    {"softmax_nonfinite_offsets", .shape = {1, 7, 8, 2, 16}, K3, SOFT, OFFSETS(NONFINITE)},

    /* masks and values */
    {"large_masks", .shape = {1, 8, 7, 2, 16}, K3, MASKS(LARGE)},
    {"large_values", .shape = {1, 8, 7, 2, 16}, K3, VALUES(LARGE)},
    {"tiny_values", .shape = {1, 8, 7, 2, 16}, K3, VALUES(TINY)},
    {"nonfinite_masks", .shape = {2, 7, 8, 2, 16}, K3, MASKS(NONFINITE)},
    {"nonfinite_masks_outside", .shape = {2, 8, 7, 2, 32}, K3, MASKS(NONFINITE_OUTSIDE), OFFSETS(WIDE)},
    {"nonfinite_masks_outside_edge", .shape = {2, 7, 8, 3, 5}, K3, MASKS(NONFINITE_OUTSIDE), OFFSETS(EDGE)},
    {"nonfinite_values", .shape = {2, 8, 9, 2, 16}, K3, VALUES(NONFINITE)},
    {"nonfinite_values_d5", .shape = {1, 9, 8, 3, 5}, SAME(5, 5), VALUES(NONFINITE), OFFSETS(WIDE)},
    {"nonfinite_values_edge", .shape = {2, 6, 7, 2, 48}, K3, VALUES(NONFINITE), OFFSETS(EDGE)},
    {"nonfinite_values_integer", .shape = {1, 8, 8, 2, 16}, .kernel = {2, 2, 1, 1}, VALUES(NONFINITE), OFFSETS(INTEGER)},
    {"nonfinite_values_scale", .shape = {1, 8, 8, 2, 16}, K3, VALUES(NONFINITE), .scale = "0.7"},
    {"nonfinite_values_row", .shape = {2, 1, 29, 2, 16}, K3, VALUES(NONFINITE)},
    {"nonfinite_everything", .shape = {2, 7, 8, 2, 16}, K3, MASKS(NONFINITE), VALUES(NONFINITE), OFFSETS(NONFINITE)},

    /* exact in float32: the same bits everywhere */
    {"exact_d1", .shape = {1, 8, 9, 7, 1}, K3, EXACT},
    {"exact_d5", .shape = {2, 7, 8, 3, 5}, K3, EXACT, .row = DCN_ROW_TIGHT},
    {"exact_d16", .shape = {2, 8, 9, 3, 16}, K3, EXACT},
    {"exact_d32", .shape = {1, 13, 11, 2, 32}, K3, EXACT},
    {"exact_d48", .shape = {1, 7, 8, 2, 48}, K3, EXACT},
    {"exact_d64", .shape = {1, 6, 7, 1, 64}, K3, EXACT},
    {"exact_d320", .shape = {1, 4, 4, 1, 320}, K3, EXACT},
    {"exact_g40", .shape = {1, 3, 4, 40, 8}, K3, EXACT},
    {"exact_k1", .shape = {2, 6, 7, 2, 16}, SAME(1, 1), EXACT},
    {"exact_k2x2", .shape = {1, 8, 7, 2, 16}, .kernel = {2, 2, 0, 1}, EXACT},
    {"exact_k3x5", .shape = {1, 8, 7, 2, 16}, SAME(3, 5), EXACT},
    {"exact_k4x2_strides", .shape = {2, 11, 9, 2, 12}, .kernel = {4, 2, 2, 1}, EXACT, .stride = {2, 3},
     .dilation = {3, 2}},
    {"exact_k7", .shape = {1, 6, 7, 2, 16}, SAME(7, 7), EXACT},
    {"exact_k7_removed_d5", .shape = {1, 7, 6, 2, 5}, SAME(7, 7), .offsets = DCN_OFFSETS_QUARTER,
     .masks = DCN_MASKS_POWERS, .values = DCN_VALUES_INTEGERS, .flags = DCN_RECIPE_EXACT | DCN_RECIPE_REMOVE_CENTER},
    {"exact_batch5", .shape = {5, 5, 5, 1, 16}, K3, EXACT},
    {"exact_1x1", .shape = {3, 1, 1, 2, 16}, K3, EXACT},
    {"exact_1x90", .shape = {1, 1, 90, 2, 16}, K3, EXACT},
    {"exact_scale_half", .shape = {1, 8, 9, 2, 16}, K3, EXACT, .scale = "0.5"},
    {"exact_scale_2", .shape = {1, 9, 8, 2, 32}, K3, EXACT, .scale = "2"},
    {"exact_scale_-1", .shape = {1, 8, 8, 2, 16}, K3, EXACT, .scale = "-1"},
    {"exact_row_plus37", .shape = {1, 7, 6, 2, 16}, K3, EXACT, .row = 37},
};
/* clang-format on */

const size_t dcn_recipe_count = sizeof dcn_recipes / sizeof *dcn_recipes;
