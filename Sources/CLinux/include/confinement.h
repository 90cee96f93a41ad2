// prctl(2), capset(2), landlock(7).
#pragma once

#include <stdint.h>

// The name that ps(1) shows, at most 15 bytes.
int cl_set_name(const char *name);
int cl_get_dumpable(void);
int cl_set_dumpable(int value);
int cl_get_no_new_privs(void);
int cl_set_no_new_privs(void);

// 1 if `capability` is in the bounding set, 0 if not, -EINVAL past the kernel's last capability.
int cl_bounding_set_read(int capability);
// Empties the bounding set; needs CAP_SETPCAP.
int cl_capbset_drop_all(void);
// Empties the ambient, effective, permitted and inheritable sets of the calling thread.
int cl_clear_capabilities(void);
int cl_clear_ambient(void);

// The securebits of the calling thread (capabilities(7)).
int cl_get_securebits(void);
// Sets every bit that takes something away from root, and locks them; needs CAP_SETPCAP.
int cl_lock_securebits(void);

// 1 where no file of the root file system can be written, whatever its mode (fstatfs(2), ST_RDONLY).
int cl_root_is_read_only(void);

// The kernel's Landlock ABI version, or -errno where there is none.
int cl_landlock_abi(void);
// Enters a domain that handles the given rights and grants none of them. Rights that the ABI does not know must be
// masked out by the caller; `abi` sizes the structure. Call with no_new_privs set.
int cl_landlock_enter(int abi, uint64_t filesystem, uint64_t network, uint64_t scoped);

// The flags of newer ABIs, which older headers lack (include/uapi/linux/landlock.h).
enum {
  CL_LANDLOCK_EXECUTE = 1 << 0,
  CL_LANDLOCK_WRITE_FILE = 1 << 1,
  CL_LANDLOCK_READ_FILE = 1 << 2,
  CL_LANDLOCK_READ_DIR = 1 << 3,
  CL_LANDLOCK_REMOVE_DIR = 1 << 4,
  CL_LANDLOCK_REMOVE_FILE = 1 << 5,
  CL_LANDLOCK_MAKE_CHAR = 1 << 6,
  CL_LANDLOCK_MAKE_DIR = 1 << 7,
  CL_LANDLOCK_MAKE_REG = 1 << 8,
  CL_LANDLOCK_MAKE_SOCK = 1 << 9,
  CL_LANDLOCK_MAKE_FIFO = 1 << 10,
  CL_LANDLOCK_MAKE_BLOCK = 1 << 11,
  CL_LANDLOCK_MAKE_SYM = 1 << 12,
  CL_LANDLOCK_REFER = 1 << 13,      // ABI 2
  CL_LANDLOCK_TRUNCATE = 1 << 14,   // ABI 3
  CL_LANDLOCK_IOCTL_DEV = 1 << 15,  // ABI 5
  CL_LANDLOCK_BIND_TCP = 1 << 0,    // ABI 4
  CL_LANDLOCK_CONNECT_TCP = 1 << 1,
  CL_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0,  // ABI 6
  CL_LANDLOCK_SCOPE_SIGNAL = 1 << 1,
};
