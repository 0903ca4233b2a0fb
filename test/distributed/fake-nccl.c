/*
 * A libnccl.so.2 for tests: ranks are processes of one machine, device memory is memory (native/simt). What they give each
 * other lies in a file that all map, whose path is the id. In the environment:
 *   FAKE_NCCL_VERSION  the version code, default 22703
 *   FAKE_NCCL_LOG      a file to which every call of rank 0 adds a line: name, count, type, op or root
 *   FAKE_NCCL_FAIL     the name of a call that fails
 *   FAKE_NCCL_ASYNC    what ncclCommGetAsyncError says in rank 0
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kSlot = 16 << 20, kMostRanks = 4 };
typedef struct { char bytes[128]; } Id;
typedef struct {
  atomic_int waiting, round;
  char slots[kMostRanks][kSlot];
} Shared;
typedef struct {
  Shared* shared;
  int rank, size;
} Comm;

static int failing(const char* call) {
  const char* name = getenv("FAKE_NCCL_FAIL");
  return name && strcmp(name, call) == 0;
}

static int note(int rank, const char* call, size_t count, int type, int op_or_root) {
  const char* file = getenv("FAKE_NCCL_LOG");
  if (file && rank == 0) {
    FILE* log = fopen(file, "a");
    fprintf(log, "%s %zu %d %d\n", call, count, type, op_or_root);
    fclose(log);
  }
  return failing(call) ? 3 : 0;
}

static void barrier(Comm* comm) {
  const int round = atomic_load(&comm->shared->round);
  if (atomic_fetch_add(&comm->shared->waiting, 1) + 1 == comm->size) {
    atomic_store(&comm->shared->waiting, 0);
    atomic_fetch_add(&comm->shared->round, 1);
  }
  while (atomic_load(&comm->shared->round) == round) sched_yield();
}

/* Puts the own bytes where all see them; afterwards barrier() again before the slots are used anew. */
static void show(Comm* comm, const void* data, size_t bytes) {
  if (bytes > kSlot) abort();
  memcpy(comm->shared->slots[comm->rank], data, bytes);
  barrier(comm);
}

static float sum_at(const Comm* comm, size_t i) {
  float sum = 0;
  for (int r = 0; r < comm->size; ++r) sum += ((const float*)comm->shared->slots[r])[i];
  return sum;
}

int ncclGetVersion(int* version) {
  const char* given = getenv("FAKE_NCCL_VERSION");
  *version = given ? atoi(given) : 22703;
  return 0;
}

int ncclGetUniqueId(Id* id) {
  const char* folder = getenv("TMPDIR");
  snprintf(id->bytes, sizeof id->bytes, "%s/fake-nccl-XXXXXX", folder ? folder : "/tmp");
  const int file = mkstemp(id->bytes);
  if (file < 0 || ftruncate(file, sizeof(Shared)) != 0) return 2;
  close(file);
  return 0;
}

int ncclCommInitRank(void** made, int size, Id id, int rank) {
  if (note(rank, "ncclCommInitRank", (size_t)size, 0, rank)) return 3;
  const int file = open(id.bytes, O_RDWR);
  Comm* comm = malloc(sizeof *comm);
  comm->shared = mmap(NULL, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  comm->rank = rank;
  comm->size = size;
  if (comm->shared == MAP_FAILED || size > kMostRanks) return 2;
  barrier(comm);
  if (rank == 0) unlink(id.bytes);
  *made = comm;
  return 0;
}

int ncclAllReduce(const void* send, void* receive, size_t count, int type, int op, Comm* comm, void* stream) {
  (void)stream;
  if (note(comm->rank, "ncclAllReduce", count, type, op)) return 3;
  show(comm, send, count * sizeof(float));
  for (size_t i = 0; i < count; ++i) ((float*)receive)[i] = sum_at(comm, i);
  barrier(comm);
  return 0;
}

int ncclReduceScatter(const void* send, void* receive, size_t count, int type, int op, Comm* comm, void* stream) {
  (void)stream;
  if (note(comm->rank, "ncclReduceScatter", count, type, op)) return 3;
  show(comm, send, count * (size_t)comm->size * sizeof(float));
  for (size_t i = 0; i < count; ++i) ((float*)receive)[i] = sum_at(comm, (size_t)comm->rank * count + i);
  barrier(comm);
  return 0;
}

int ncclAllGather(const void* send, void* receive, size_t count, int type, Comm* comm, void* stream) {
  (void)stream;
  if (note(comm->rank, "ncclAllGather", count, type, 0)) return 3;
  const size_t bytes = count * (type == 7 ? sizeof(float) : 1);
  show(comm, send, bytes);
  for (int r = 0; r < comm->size; ++r) memcpy((char*)receive + (size_t)r * bytes, comm->shared->slots[r], bytes);
  barrier(comm);
  return 0;
}

int ncclBroadcast(const void* send, void* receive, size_t count, int type, int root, Comm* comm, void* stream) {
  (void)stream;
  if (note(comm->rank, "ncclBroadcast", count, type, root)) return 3;
  show(comm, send, count * sizeof(float));
  memcpy(receive, comm->shared->slots[root], count * sizeof(float));
  barrier(comm);
  return 0;
}

int ncclCommGetAsyncError(Comm* comm, int* error) {
  const char* given = getenv("FAKE_NCCL_ASYNC");
  *error = given && comm->rank == 0 ? atoi(given) : 0;
  return 0;
}

int ncclCommAbort(Comm* comm) { return note(comm->rank, "ncclCommAbort", 0, 0, 0); }
int ncclCommDestroy(Comm* comm) { return note(comm->rank, "ncclCommDestroy", 0, 0, 0); }
const char* ncclGetErrorString(int result) { return result == 6 ? "remote process exited" : "internal error"; }
