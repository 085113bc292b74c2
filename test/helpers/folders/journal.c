/*
 * Preloaded into a program, records every change and sync of the files in one folder, in their order. From
 * the records a reader can tell what a disk may hold after a power failure at any moment.
 *
 * POWER_LOSS_FOLDER is the folder (absolute, real path), POWER_LOSS_JOURNAL the file to append to. Several
 * processes may share both. A record is one line; after W the bytes follow:
 *
 *     C inode name          a file was created        W inode offset length   bytes were written
 *     U name                a file was removed        T inode length          its length was set
 *     S inode               a file was synced         D                       the folder was synced
 *
 * SQLite's -shm files are left out, because their contents do not outlive its processes. Any other call that
 * could change a file ends the program, so that no change goes unrecorded.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_DESCRIPTORS 65536

enum watched { NOT_WATCHED, WATCHED_FILE, WATCHED_FOLDER };

static struct {
  enum watched as;
  unsigned long long inode;
} descriptors[MOST_DESCRIPTORS];

static const char *folder;
static size_t folder_length;
static int journal = -1;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) abort();
  return found;
}

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("POWER_LOSS_JOURNAL");
  folder = getenv("POWER_LOSS_FOLDER");
  if (path == NULL || folder == NULL) return;
  folder_length = strlen(folder);
  journal = REAL(open64)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (journal < 0) abort();
}

static void unforeseen(const char *what) {
  dprintf(2, "power loss journal: %s is not recorded\n", what);
  abort();
}

/* Order matters across processes too: the holder of the lock makes a change and records it. */
static void take_turn(void) {
  pthread_mutex_lock(&one_at_a_time);
  while (flock(journal, LOCK_EX) != 0)
    if (errno != EINTR) abort();
}

static void end_turn(void) {
  int kept = errno;
  flock(journal, LOCK_UN);
  pthread_mutex_unlock(&one_at_a_time);
  errno = kept;
}

static void note(const void *bytes, size_t length, const char *format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  int size = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (size < 0 || (size_t)size >= sizeof line) abort();
  int kept = errno;
  struct iovec parts[2] = {{line, (size_t)size}, {(void *)bytes, length}};
  if (REAL(writev)(journal, parts, length > 0 ? 2 : 1) != (ssize_t)(size + length)) abort();
  errno = kept;
}

static enum watched how_watched(const char *path) {
  if (journal < 0 || strncmp(path, folder, folder_length) != 0) return NOT_WATCHED;
  if (path[folder_length] == 0) return WATCHED_FOLDER;
  size_t length = strlen(path);
  if (path[folder_length] != '/' || strchr(path + folder_length + 1, '/') != NULL) return NOT_WATCHED;
  return strcmp(path + length - 4, "-shm") == 0 ? NOT_WATCHED : WATCHED_FILE;
}

static enum watched how_open(int descriptor) {
  return descriptor >= 0 && descriptor < MOST_DESCRIPTORS ? descriptors[descriptor].as : NOT_WATCHED;
}

static int watched_open(const char *path, int flags, mode_t mode) {
  enum watched as = how_watched(path);
  if (as == NOT_WATCHED) return REAL(open64)(path, flags, mode);
  if ((flags & O_TRUNC) != 0) unforeseen("O_TRUNC");
  take_turn();
  int is_new = access(path, F_OK) != 0;
  int descriptor = REAL(open64)(path, flags, mode);
  if (descriptor >= MOST_DESCRIPTORS) unforeseen("a descriptor above the maximum");
  if (descriptor >= 0) {
    struct stat about;
    if (fstat(descriptor, &about) != 0) abort();
    descriptors[descriptor].as = as;
    descriptors[descriptor].inode = about.st_ino;
    if (is_new) note(NULL, 0, "C %llu %s\n", descriptors[descriptor].inode, path + folder_length + 1);
  }
  end_turn();
  return descriptor;
}

#define OPEN(name)                                                   \
  int name(const char *path, int flags, ...) {                       \
    va_list arguments;                                               \
    va_start(arguments, flags);                                      \
    mode_t mode = (flags & O_CREAT) ? va_arg(arguments, mode_t) : 0; \
    va_end(arguments);                                               \
    return watched_open(path, flags, mode);                          \
  }
OPEN(open)
OPEN(open64)

int close(int descriptor) {
  if (how_open(descriptor) != NOT_WATCHED) descriptors[descriptor].as = NOT_WATCHED;
  return REAL(close)(descriptor);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off64_t offset) {
  if (how_open(descriptor) == NOT_WATCHED) return REAL(pwrite64)(descriptor, bytes, length, offset);
  take_turn();
  ssize_t written = REAL(pwrite64)(descriptor, bytes, length, offset);
  if (written > 0)
    note(bytes, written, "W %llu %lld %zd\n", descriptors[descriptor].inode, (long long)offset, written);
  end_turn();
  return written;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
  return pwrite64(descriptor, bytes, length, offset);
}

int ftruncate64(int descriptor, off64_t length) {
  if (how_open(descriptor) == NOT_WATCHED) return REAL(ftruncate64)(descriptor, length);
  take_turn();
  int failed = REAL(ftruncate64)(descriptor, length);
  if (failed == 0) note(NULL, 0, "T %llu %lld\n", descriptors[descriptor].inode, (long long)length);
  end_turn();
  return failed;
}

int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

static int watched_sync(int descriptor, int (*sync)(int)) {
  if (how_open(descriptor) == NOT_WATCHED) return sync(descriptor);
  take_turn();
  int failed = sync(descriptor);
  if (failed == 0) {
    if (descriptors[descriptor].as == WATCHED_FOLDER) note(NULL, 0, "D\n");
    else note(NULL, 0, "S %llu\n", descriptors[descriptor].inode);
  }
  end_turn();
  return failed;
}

int fsync(int descriptor) { return watched_sync(descriptor, REAL(fsync)); }
int fdatasync(int descriptor) { return watched_sync(descriptor, REAL(fdatasync)); }

int unlink(const char *path) {
  if (how_watched(path) != WATCHED_FILE) return REAL(unlink)(path);
  take_turn();
  int failed = REAL(unlink)(path);
  if (failed == 0) note(NULL, 0, "U %s\n", path + folder_length + 1);
  end_turn();
  return failed;
}

ssize_t write(int descriptor, const void *bytes, size_t length) {
  if (how_open(descriptor) != NOT_WATCHED) unforeseen("write");
  return REAL(write)(descriptor, bytes, length);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  if (how_open(descriptor) != NOT_WATCHED) unforeseen("writev");
  return REAL(writev)(descriptor, parts, count);
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset) {
  if (how_open(descriptor) != NOT_WATCHED) unforeseen("pwritev");
  return REAL(pwritev64)(descriptor, parts, count, offset);
}

void *mmap64(void *at, size_t length, int protection, int flags, int descriptor, off64_t offset) {
  if ((protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0 && how_open(descriptor) != NOT_WATCHED)
    unforeseen("a writable mapping");
  return REAL(mmap64)(at, length, protection, flags, descriptor, offset);
}

int rename(const char *from, const char *to) {
  if (how_watched(from) != NOT_WATCHED || how_watched(to) != NOT_WATCHED) unforeseen("rename");
  return REAL(rename)(from, to);
}
