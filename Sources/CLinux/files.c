#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

_Static_assert(CL_O_PATH == O_PATH && CL_O_DIRECTORY == O_DIRECTORY && CL_O_NOFOLLOW == O_NOFOLLOW, "open flags");
_Static_assert(CL_O_CLOEXEC == O_CLOEXEC && CL_O_NONBLOCK == O_NONBLOCK && CL_O_NOCTTY == O_NOCTTY, "open flags");

static int stat_into(int fd, const char *name, int flags, struct cl_stat *out) {
  struct statx s;
  // Not STATX_DIOALIGN: of a block device it looks for the driver, and may load one.
  unsigned wanted = STATX_BASIC_STATS | STATX_BTIME | 0x1000U /* MNT_ID */ | 0x8000U /* SUBVOL */;
  if (statx(fd, name, flags | AT_NO_AUTOMOUNT, wanted, &s) < 0) return -errno;
  memset(out, 0, sizeof *out);
  out->mask = s.stx_mask;
  out->mode = s.stx_mode;
  out->links = s.stx_nlink;
  out->uid = s.stx_uid;
  out->gid = s.stx_gid;
  out->inode = s.stx_ino;
  out->size = s.stx_size;
  out->blocks = s.stx_blocks;
  out->attributes = s.stx_attributes;
  out->attributes_mask = s.stx_attributes_mask;
  out->mount = s.stx_mnt_id;
  // stx_subvol (Linux 6.10) is younger than glibc's struct, which has room for it (include/uapi/linux/stat.h).
  memcpy(&out->subvolume, (const char *)&s + 0xa0, sizeof out->subvolume);
  out->accessed_seconds = s.stx_atime.tv_sec;
  out->accessed_nanoseconds = s.stx_atime.tv_nsec;
  out->modified_seconds = s.stx_mtime.tv_sec;
  out->modified_nanoseconds = s.stx_mtime.tv_nsec;
  out->changed_seconds = s.stx_ctime.tv_sec;
  out->changed_nanoseconds = s.stx_ctime.tv_nsec;
  out->born_seconds = s.stx_btime.tv_sec;
  out->born_nanoseconds = s.stx_btime.tv_nsec;
  out->has_born = (s.stx_mask & STATX_BTIME) != 0;
  out->device_major = s.stx_dev_major;
  out->device_minor = s.stx_dev_minor;
  out->special_major = s.stx_rdev_major;
  out->special_minor = s.stx_rdev_minor;
  out->block_size = s.stx_blksize;
  return 0;
}

int cl_fstat(int fd, struct cl_stat *out) { return stat_into(fd, "", AT_EMPTY_PATH, out); }

int cl_stat_at(int directory, const char *name, struct cl_stat *out) {
  return stat_into(directory, name, AT_SYMLINK_NOFOLLOW, out);
}

long cl_getdents(int fd, void *buffer, size_t size) {
  long count = syscall(SYS_getdents64, fd, buffer, size);
  return count < 0 ? -errno : count;
}

int cl_file_system(int fd, uint64_t *magic) {
  struct statfs s;
  if (fstatfs(fd, &s) < 0) return -errno;
  *magic = (uint64_t)s.f_type;
  return 0;
}

int cl_reopen_read(int path_fd, int extra_flags) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", path_fd);
  // Reading leaves no trace in the times of a file that is ours; of another's the kernel does not let us hide it.
  int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOATIME | extra_flags);
  if (fd < 0 && errno == EPERM) fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | extra_flags);
  return fd < 0 ? -errno : fd;
}

long cl_list_attributes(int path_fd, char *buffer, size_t size) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", path_fd);
  ssize_t count = listxattr(path, buffer, size);
  return count < 0 ? -errno : count;
}
