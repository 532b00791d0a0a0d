/* The tensors that kernels of both shapes read points and values from, and those of the forward operator. */
#ifndef DCN_TENSORS_H
#define DCN_TENSORS_H

/* What points and values are read from, each from its own first element on. */
typedef struct dcn_sources {
    DCN_GLOBAL const dcn_storage *value;
    DCN_GLOBAL const dcn_storage *offset;
    DCN_GLOBAL const dcn_storage *mask;
} dcn_sources;

/* The tensors of a forward launch, likewise. */
typedef struct dcn_forward_tensors {
    dcn_sources sources;
    DCN_GLOBAL dcn_storage *output;
    DCN_GLOBAL const int *grid;
} dcn_forward_tensors;

/* From the buffers that a launch binds. */
DCN_INLINE dcn_sources dcn_sources_of(DCN_GLOBAL const dcn_storage *value, DCN_GLOBAL const dcn_storage *offset,
                                      DCN_GLOBAL const dcn_storage *mask, const dcn_forward_params *p)
{
    dcn_sources s;
    s.value = value + p->value_at;
    s.offset = offset + p->offset_at;
    s.mask = mask + p->mask_at;
    return s;
}

DCN_INLINE dcn_forward_tensors dcn_forward_tensors_of(DCN_GLOBAL const dcn_storage *value,
                                                      DCN_GLOBAL const dcn_storage *offset,
                                                      DCN_GLOBAL const dcn_storage *mask,
                                                      DCN_GLOBAL dcn_storage *output, DCN_GLOBAL const int *grid,
                                                      const dcn_forward_params *p)
{
    dcn_forward_tensors t;
    t.sources = dcn_sources_of(value, offset, mask, p);
    t.output = output + p->output_at;
    t.grid = grid;
    return t;
}

#endif
