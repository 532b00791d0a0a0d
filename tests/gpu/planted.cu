/* One error for each tool of compute-sanitizer, named by the argument, to see that the tool finds such errors here. */
#include <cstdio>
#include <cstring>

enum { ITEMS = 64 };

/* memcheck: one element beyond the end. */
__global__ void write_beyond(int *data)
{
    data[threadIdx.x + 1] = 1;
}

/* racecheck: a neighbour's element without a barrier, across warps. */
__global__ void race(int *data)
{
    __shared__ int shared[ITEMS];
    shared[threadIdx.x] = (int)threadIdx.x;
    data[threadIdx.x] = shared[ITEMS - 1 - threadIdx.x];
}

/* initcheck: memory that nobody wrote. */
__global__ void read_unwritten(int *data)
{
    if (data[threadIdx.x] == 12345)
        data[threadIdx.x] = 0;
}

/* synccheck: a barrier of a warp that names every lane but the one that waits there, and one of the block that its
 * threads meet in two places. A barrier that the rest of a block never comes to would not do: threads that end count as
 * there. */
__global__ void misuse_barriers(int *data)
{
    const unsigned lane = threadIdx.x % 32;
    __syncwarp(~(1u << lane));
    if (threadIdx.x < 40) {
        data[threadIdx.x] = 0;
        __syncthreads();
    } else {
        data[threadIdx.x] = 1;
        __syncthreads();
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *tool;
        void (*kernel)(int *);
    } errors[] = {
        {"memcheck", write_beyond}, {"racecheck", race}, {"initcheck", read_unwritten}, {"synccheck", misuse_barriers}};
    int *data = nullptr;
    if (argc != 2 || cudaMalloc(&data, ITEMS * sizeof *data) != cudaSuccess)
        return 2;
    for (const auto &error : errors)
        if (std::strcmp(error.tool, argv[1]) == 0)
            error.kernel<<<1, ITEMS>>>(data);
    std::printf("%s\n", cudaGetErrorString(cudaDeviceSynchronize()));
    cudaFree(data);
    return 0;
}
