#!/usr/bin/env bash
# Checks the CUDA kernels against the CPU's, then measures them, on a machine with a GPU. One command, no Node:
#
#   bench/gpu/run.sh [--out DIR] [--checks] [--heads] [--no-sanitizer] [--no-peers] [--host]
#
# --host tries all of it without GPU and nvcc: compiled by g++ over native/simt, small shapes, times that mean nothing.
#
# Needs nvcc, a C++20 compiler and a GPU. Uses, where they are: cuBLASLt, compute-sanitizer, Python with torch (peers).
# POPE_GPU_ARCH is the architecture to compile for (default 90; 80 for A100 to RTX 40, 100, 120); POPE_CUBLASLT the path of
# libcublasLt.so where the loader does not find it. Writes gpu.json, gpu-own-products.json and peers.json to DIR (default
# build/gpu-bench). Compiling takes 90 s of one core; the whole is meant to fit ten minutes on 16 cores and an H200.
#
# Exit codes: 0; 1 a kernel is wrong or a sanitizer found something; 2 bad usage; 3 nothing to compile with; 4 no GPU.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=build/gpu-bench
bench_options=()
sanitizer=yes
peers=yes
host=no
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=${2:?--out needs a folder}; shift ;;
    --checks) bench_options+=(--checks); peers=no ;;
    --heads) bench_options+=(--heads) ;;
    --no-sanitizer) sanitizer=no ;;
    --no-peers) peers=no ;;
    --host) host=yes; sanitizer=no; peers=no; bench_options+=(--small --times) ;;
    *) sed -n '2,15s/^# \{0,1\}//p' bench/gpu/run.sh >&2; exit 2 ;;
  esac
  shift
done

PATH=$PATH:/usr/local/cuda/bin
compilers=("${CXX:=g++}")
[ $host = yes ] || compilers+=(nvcc)
for compiler in "${compilers[@]}"; do
  command -v "$compiler" >/dev/null || { echo "bench/gpu: $compiler is not on the PATH" >&2; exit 3; }
done
arch=${POPE_GPU_ARCH:-90}
[ $host = no ] || arch=host
build=build/gpu-bench$([ $host = no ] || echo -host)
bench=$build/gpu-bench-sm_$arch
mkdir -p "$build/objects" "$out"

# One of the lists of native/sources.json, which the other builds read too.
sources() { tr '\n' ' ' <native/sources.json | sed "s/.*\"$1\": \[\([^]]*\)\].*/\1/" | grep -o 'native[^"]*'; }

# What each job compiles: the object, then the command.
common="-O2 -std=c++20 -DPOPE_WITH_CUDA -Inative -Inative/include -Ibench/gpu"
cuda_compiler=nvcc
kernel_flags=-arch=sm_$arch
cuda_runtime=cudaRuntime
if [ $host = yes ]; then
  common+=" -DPOPE_SIMT -Ibench/gpu/host -Wno-unknown-pragmas"
  cuda_compiler=$CXX
  kernel_flags='-x c++'
  cuda_runtime=simt
fi
jobs() {
  local source name isa list flags
  for source in $(sources cudaKernels) bench/gpu/memory.cu; do
    name=$build/objects/$(tr / _ <<<"$source").sm_$arch.o
    echo "$name $cuda_compiler $common $kernel_flags -c $source -o $name"
  done
  for source in $(sources $cuda_runtime) bench/gpu/*.cpp; do  # by nvcc, which knows where the runtime's headers are
    name=$build/objects/$(tr / _ <<<"$source").o
    echo "$name $cuda_compiler $common -c $source -o $name"
  done
  for source in $(sources core) $(sources kernels) $(sources cuda); do
    name=$build/objects/$(tr / _ <<<"$source").o
    echo "$name $CXX $common -fno-math-errno -c $source -o $name"
  done
  for isa in baseline avx2 avx512 avx512bf16; do
    [ "$isa" = baseline ] || [ "$(uname -m)" = x86_64 ] || continue
    list=tiered
    flags=
    [ $isa != avx2 ] || flags='-mavx2 -mfma'
    case $isa in avx512*) flags='-mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mprefer-vector-width=512' ;; esac
    [ $isa != avx512bf16 ] || { list=tieredBf16; flags+=' -mavx512bf16'; }
    for source in $(sources $list); do
      name=$build/objects/$(tr / _ <<<"$source").$isa.o
      echo "$name $CXX $common -O3 -fno-math-errno $flags -DPOPE_ISA=$isa -c $source -o $name"
    done
  done
}

started=$SECONDS
if [ ! -x "$bench" ] || [ -n "$(find native bench/gpu -newer "$bench" -type f -print -quit)" ]; then
  jobs >"$build/jobs"
  cut -d' ' -f2- "$build/jobs" | xargs -P "$(nproc)" -I{} sh -c '{} || exit 255'
  if [ $host = yes ]; then
    "$CXX" $(cut -d' ' -f1 "$build/jobs") -o "$bench" -ldl -lpthread
  else
    nvcc -arch="sm_$arch" -cudart static $(cut -d' ' -f1 "$build/jobs") -o "$bench" -ldl -lpthread
  fi
fi
echo "== built in $((SECONDS - started)) s"

. bench/gpu/cublaslt.sh

git log -1 --format='== commit %h' 2>/dev/null || true
"$bench" "${bench_options[@]}" --out "$out/gpu.json"
printf '\n== the heads again, without cuBLASLt\n'
POPE_CUBLASLT=off "$bench" "${bench_options[@]}" --heads --out "$out/gpu-own-products.json"

if [ $sanitizer = yes ] && command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck synccheck; do
    printf '\n== compute-sanitizer --tool %s\n' $tool
    POPE_CUBLASLT=off timeout 100 compute-sanitizer --tool $tool --error-exitcode 1 "$bench" --small | tail -4
  done
fi
if [ $peers = yes ] && python3 -c 'import torch' 2>/dev/null; then
  printf '\n== the same work by peers\n'
  timeout 300 python3 bench/gpu/peers.py --out "$out/peers.json" || echo "bench/gpu: the peers did not finish" >&2
fi
echo "== done in $((SECONDS - started)) s; numbers in $out"
