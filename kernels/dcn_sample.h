/*
 * THE sampling core, for DCN_LANES sampling points at once: positions, the point test, corners and weights.
 *
 * Positions are relative: along each axis a point is an integer cell and a fraction in [0, 1], never added, so that
 * float32 is as exact on an image of 100,000 columns as on one of ten. With the grid's constant part split at plan
 * time, in double, into an integer I and a fraction f, the scale into floats s and r, and offset d:
 *
 *     t = r * d + f      n = floor(s * d + t)      cell = origin + I + n      fraction = s * d - n + t
 *
 * Corners outside the image fold onto the one inside, with weight 0: nothing outside the image is ever addressed, and
 * a NaN in a pixel that is no corner of a point cannot reach that point's sum.
 */
#ifndef DCN_SAMPLE_H
#define DCN_SAMPLE_H

/* Far outside every image (extents end at 2^28), and still exact as int and float. */
#define DCN_FAR 1073741824.0f

/* One axis of some points: the cell and the fraction, the two corners' positions, their weights, whether the point
 * counts, and whether both corners lie inside the image. */
typedef struct dcn_axis {
    dcn_vi cell;
    dcn_vf fraction;
    dcn_vi first;
    dcn_vi second;
    dcn_vf weight_first;
    dcn_vf weight_second;
    dcn_vi counts;
    dcn_vi whole;
    dcn_vi has_first, has_second; /* the corner lies inside */
} dcn_axis;

/* The corners and weights at a cell and a fraction in [0, 1], which may be anything for a cell far outside. Positions
 * of a point that does not count mean nothing. */
DCN_INLINE dcn_axis dcn_axis_at(dcn_vi cell, dcn_vf fraction, dcn_vi extent)
{
    const dcn_vf zero = DCN_SPLAT(0.0f);
    const dcn_vi last = extent - DCN_SPLATI(1);
    const dcn_vi next = cell + DCN_SPLATI(1);
    const dcn_vi first_inside = DCN_WITHIN(cell, last);
    const dcn_vi second_inside = DCN_WITHIN(next, last);
    dcn_axis axis;
    axis.cell = cell;
    axis.fraction = fraction;
    axis.first = dcn_max(cell, DCN_SPLATI(0));
    axis.second = dcn_min(next, last);
    axis.weight_first = DCN_SELECT(first_inside, DCN_SPLAT(1.0f) - fraction, zero);
    axis.weight_second = DCN_SELECT(second_inside, fraction, zero);
    axis.counts = first_inside | (second_inside & (fraction > zero));
    axis.whole = first_inside & second_inside;
    axis.has_first = first_inside;
    axis.has_second = second_inside;
    return axis;
}

/* The clamp comes before a conversion to int; a NaN fails the first comparison and lands far outside. */
DCN_INLINE dcn_vf dcn_within_far(dcn_vf x)
{
    x = DCN_SELECT(x > DCN_SPLAT(-DCN_FAR), x, DCN_SPLAT(-DCN_FAR));
    return DCN_SELECT(x < DCN_SPLAT(DCN_FAR), x, DCN_SPLAT(DCN_FAR));
}

/* A position `place` from the cell, where rounding may have taken the position up to that cell from just below. */
DCN_INLINE dcn_axis dcn_axis_near(dcn_vi cell, dcn_vf place, dcn_vi extent)
{
    const dcn_vi below = place < DCN_SPLAT(0.0f);
    const dcn_vf fraction = DCN_SELECT(below, place + DCN_SPLAT(1.0f), place);
    return dcn_axis_at(cell - DCN_SELECT(below, DCN_SPLATI(1), DCN_SPLATI(0)), fraction, extent);
}

DCN_INLINE dcn_axis dcn_locate(dcn_vf offset, dcn_vf grid_fraction, dcn_vi grid_cell, dcn_scale scale, int extent)
{
    const dcn_vf s = DCN_SPLAT(scale.nearest);
    const dcn_vf rest = dcn_multiply_add(DCN_SPLAT(scale.rest), offset, grid_fraction);
    const dcn_vf whole = dcn_floor(dcn_within_far(dcn_fma(s, offset, rest)));
    return dcn_axis_near(DCN_TO_INT(whole) + grid_cell, dcn_fma(s, offset, -whole) + rest, DCN_SPLATI(extent));
}

/* The same where the grid's constant part is a whole number and the scale is 1, as in most networks; the same bits. */
DCN_INLINE dcn_axis dcn_locate_whole(dcn_vf offset, dcn_vi grid_cell, int extent)
{
    const dcn_vf whole = dcn_floor(dcn_within_far(offset));
    return dcn_axis_at(DCN_TO_INT(whole) + grid_cell, offset - whole, DCN_SPLATI(extent));
}

/* A location, 0 … 1 across `extent` pixels: at extent * location - 1/2, again as cell and fraction. */
DCN_INLINE dcn_axis dcn_locate_part(dcn_vf location, dcn_vi extent)
{
    const dcn_vf pixels = DCN_TO_FLOAT(extent);
    const dcn_vf half_pixel = DCN_SPLAT(0.5f);
    const dcn_vf whole = dcn_floor(dcn_within_far(dcn_fma(pixels, location, -half_pixel)));
    return dcn_axis_near(DCN_TO_INT(whole), dcn_fma(pixels, location, -whole) - half_pixel, extent);
}

/* e^x for x <= 0, to 1 ulp, the same on every device: 2^n * e^r with r in [-ln2/2, ln2/2]. NaN and -infinity pass. */
DCN_INLINE dcn_vf dcn_exp(dcn_vf x)
{
    const dcn_vf floor_of_range = DCN_SPLAT(-104.0f); /* below, the result is 0 in float32 */
    const dcn_vi tiny = x < floor_of_range;
    const dcn_vf y = DCN_SELECT(x >= floor_of_range, x, floor_of_range);
    const dcn_vf n = dcn_floor(dcn_multiply_add(y, DCN_SPLAT(1.44269504f), DCN_SPLAT(0.5f)));
    dcn_vf r = dcn_fma(n, DCN_SPLAT(-0.693359375f), y);
    r = dcn_fma(n, DCN_SPLAT(2.12194440e-4f), r);
    dcn_vf p = DCN_SPLAT(1.9875691500e-4f);
    p = dcn_multiply_add(p, r, DCN_SPLAT(1.3981999507e-3f));
    p = dcn_multiply_add(p, r, DCN_SPLAT(8.3334519073e-3f));
    p = dcn_multiply_add(p, r, DCN_SPLAT(4.1665795894e-2f));
    p = dcn_multiply_add(p, r, DCN_SPLAT(1.6666665459e-1f));
    p = dcn_multiply_add(p, r, DCN_SPLAT(5.0000001201e-1f));
    p = dcn_multiply_add(p * r, r, r) + DCN_SPLAT(1.0f);
    /* 2^n in two factors, each a normal number, since n reaches -150. */
    const dcn_vi whole = DCN_TO_INT(n);
    const dcn_vi upper = whole >> 1;
    const dcn_vf low = DCN_BITS_TO_FLOAT((upper + DCN_SPLATI(127)) << 23);
    const dcn_vf high = DCN_BITS_TO_FLOAT((whole - upper + DCN_SPLATI(127)) << 23);
    p = DCN_SELECT(tiny, DCN_SPLAT(0.0f), p * low * high);
    return DCN_SELECT(x == x, p, x);
}

#endif
