// open(2) flags, statx(2), getdents64(2), xattr(7), statfs(2).
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
  CL_O_PATH = 010000000,
  CL_O_DIRECTORY = 0200000,
  CL_O_NOFOLLOW = 0400000,
  CL_O_CLOEXEC = 02000000,
  CL_O_NONBLOCK = 04000,
  CL_O_NOCTTY = 0400,
};

struct cl_stat {
  uint32_t mask;  // STATX_…: what the file system has filled in
  uint32_t mode;
  uint32_t links;
  uint32_t uid;
  uint32_t gid;
  uint64_t inode;
  uint64_t size;
  uint64_t blocks;  // of 512 bytes
  uint64_t attributes;
  uint64_t attributes_mask;
  uint64_t mount;
  uint64_t subvolume;
  int64_t accessed_seconds, modified_seconds, changed_seconds, born_seconds;
  uint32_t accessed_nanoseconds, modified_nanoseconds, changed_nanoseconds, born_nanoseconds;
  uint32_t device_major, device_minor;
  uint32_t special_major, special_minor;
  uint32_t block_size;
  int has_born;
};

// Of the descriptor itself (AT_EMPTY_PATH) without automounting; works on O_PATH descriptors.
int cl_fstat(int fd, struct cl_stat *out);
// Of `name` below the directory, not following a symlink.
int cl_stat_at(int directory, const char *name, struct cl_stat *out);
// Bytes written into `buffer`, 0 at the end (struct linux_dirent64 records).
long cl_getdents(int fd, void *buffer, size_t size);
// The file system's magic number (statfs(2)) of a descriptor.
int cl_file_system(int fd, uint64_t *magic);
// Opens read-only what an O_PATH descriptor refers to, through /proc/self/fd; without touching its access time where
// the file is this user's (O_NOATIME).
int cl_reopen_read(int path_fd, int extra_flags);
// Names of the extended attributes, NUL-separated; through /proc/self/fd for O_PATH descriptors.
long cl_list_attributes(int path_fd, char *buffer, size_t size);
