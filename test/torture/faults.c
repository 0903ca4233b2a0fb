/*
 * Loaded before libc (LD_PRELOAD), makes file systems and clocks fail. Only files whose path begins with FAULT_ROOT are touched.
 *
 *   FAULT_BYTES=n      after n bytes the disk is full: a write is cut short, then fails with ENOSPC
 *   FAULT_READ=n       the n-th read fails with EIO, and all after it
 *   FAULT_WRITE=n      the n-th write fails with EIO, and all after it
 *   FAULT_SYNC=n       the n-th fsync fails with EIO, and all after it
 *   FAULT_RENAME=n     the n-th rename fails with EIO, and all after it
 *   FAULT_READONLY=1   nothing can be created, renamed or removed: EROFS
 *   FAULT_CLOCK=s      the time of day jumps back and forth by s seconds, a quarter of the calls each way
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static atomic_long written, reads, writes, syncs, renames, ticks;

static long setting(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : -1;
}

static int is_ours(const char *path) {
  const char *root = getenv("FAULT_ROOT");
  return root && path && strncmp(path, root, strlen(root)) == 0;
}

static int is_our_file(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_ours(path);
}

/* How many of so many bytes the disk still takes. */
static size_t room(int fd, size_t count) {
  long limit = setting("FAULT_BYTES");
  if (limit < 0 || !is_our_file(fd)) return count;
  long before = atomic_fetch_add(&written, (long)count);
  if (before >= limit) return 0;
  return (long)count <= limit - before ? count : (size_t)(limit - before);
}

static int fails(const char *name, atomic_long *calls) {
  long first = setting(name);
  if (first < 0 || atomic_fetch_add(calls, 1) + 1 < first) return 0;
  errno = EIO;
  return 1;
}

static int fails_on(int fd, const char *name, atomic_long *calls) {
  return setting(name) >= 0 && is_our_file(fd) && fails(name, calls);
}

static int full(void) {
  errno = ENOSPC;
  return -1;
}

ssize_t read(int fd, void *data, size_t count) {
  REAL(ssize_t, "read", int, void *, size_t);
  return fails_on(fd, "FAULT_READ", &reads) ? -1 : real(fd, data, count);
}

ssize_t pread64(int fd, void *data, size_t count, off64_t offset) {
  REAL(ssize_t, "pread64", int, void *, size_t, off64_t);
  return fails_on(fd, "FAULT_READ", &reads) ? -1 : real(fd, data, count, offset);
}

ssize_t pread(int fd, void *data, size_t count, off_t offset) { return pread64(fd, data, count, offset); }

ssize_t readv(int fd, const struct iovec *parts, int count) {
  REAL(ssize_t, "readv", int, const struct iovec *, int);
  return fails_on(fd, "FAULT_READ", &reads) ? -1 : real(fd, parts, count);
}

ssize_t preadv64(int fd, const struct iovec *parts, int count, off64_t offset) {
  REAL(ssize_t, "preadv64", int, const struct iovec *, int, off64_t);
  return fails_on(fd, "FAULT_READ", &reads) ? -1 : real(fd, parts, count, offset);
}

ssize_t preadv(int fd, const struct iovec *parts, int count, off_t offset) { return preadv64(fd, parts, count, offset); }

ssize_t write(int fd, const void *data, size_t count) {
  REAL(ssize_t, "write", int, const void *, size_t);
  if (fails_on(fd, "FAULT_WRITE", &writes)) return -1;
  size_t taken = room(fd, count);
  return taken == 0 && count > 0 ? full() : real(fd, data, taken);
}

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  if (fails_on(fd, "FAULT_WRITE", &writes)) return -1;
  size_t taken = room(fd, count);
  return taken == 0 && count > 0 ? full() : real(fd, data, taken, offset);
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t offset) { return pwrite64(fd, data, count, offset); }

/* Several parts: all or nothing, which is simpler and as legal. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(ssize_t, "writev", int, const struct iovec *, int);
  if (fails_on(fd, "FAULT_WRITE", &writes)) return -1;
  size_t total = 0;
  for (int i = 0; i < count; i++) total += parts[i].iov_len;
  return room(fd, total) < total ? full() : real(fd, parts, count);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  return fails_on(fd, "FAULT_SYNC", &syncs) ? -1 : real(fd);
}

static int is_read_only(const char *path) {
  if (setting("FAULT_READONLY") < 0 || !is_ours(path)) return 0;
  errno = EROFS;
  return 1;
}

int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  if (is_read_only(to) || (is_ours(to) && fails("FAULT_RENAME", &renames))) return -1;
  return real(from, to);
}

int mkdir(const char *path, mode_t mode) {
  REAL(int, "mkdir", const char *, mode_t);
  return is_read_only(path) ? -1 : real(path, mode);
}

int link(const char *from, const char *to) {
  REAL(int, "link", const char *, const char *);
  return is_read_only(to) ? -1 : real(from, to);
}

int open64(const char *path, int flags, ...) {
  REAL(int, "open64", const char *, int, ...);
  mode_t mode = 0;
  if (flags & (O_CREAT | O_TMPFILE)) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  if ((flags & (O_CREAT | O_WRONLY | O_RDWR)) && is_read_only(path)) return -1;
  return real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
  mode_t mode = 0;
  if (flags & (O_CREAT | O_TMPFILE)) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  return open64(path, flags, mode);
}

static long jump(void) {
  long seconds = setting("FAULT_CLOCK");
  if (seconds < 0) return 0;
  long phase = atomic_fetch_add(&ticks, 1) % 4;
  return phase == 1 ? seconds : phase == 3 ? -seconds : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL(int, "clock_gettime", clockid_t, struct timespec *);
  int status = real(clock, now);
  if (status == 0 && clock == CLOCK_REALTIME) now->tv_sec += jump();
  return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  REAL(int, "gettimeofday", struct timeval *, void *);
  int status = real(now, zone);
  if (status == 0) now->tv_sec += jump();
  return status;
}
