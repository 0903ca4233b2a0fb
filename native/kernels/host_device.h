// Marks a formula that CPU and GPU kernels share.
#pragma once

#ifdef __CUDACC__
#define POPE_HOST_DEVICE __host__ __device__
#else
#define POPE_HOST_DEVICE
#endif
