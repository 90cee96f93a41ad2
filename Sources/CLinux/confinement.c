#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_restrict_self 446
#endif

static int checked(long result) { return result < 0 ? -errno : (int)result; }

int cl_set_name(const char *name) { return checked(prctl(PR_SET_NAME, name, 0, 0, 0)); }
int cl_get_dumpable(void) { return checked(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)); }
int cl_set_dumpable(int value) { return checked(prctl(PR_SET_DUMPABLE, value, 0, 0, 0)); }
int cl_get_no_new_privs(void) { return checked(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)); }
int cl_set_no_new_privs(void) { return checked(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

int cl_bounding_set_read(int capability) { return checked(prctl(PR_CAPBSET_READ, capability, 0, 0, 0)); }

int cl_capbset_drop_all(void) {
  for (int capability = 0; capability < 64; capability++) {
    int present = cl_bounding_set_read(capability);
    if (present == -EINVAL) return 0;
    if (present < 0) return present;
    if (present && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) return -errno;
  }
  return 0;
}

int cl_clear_ambient(void) { return checked(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)); }

int cl_clear_capabilities(void) {
  int cleared = cl_clear_ambient();
  if (cleared < 0) return cleared;
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct data[2] = {{0}};
  return checked(syscall(SYS_capset, &header, data));
}

int cl_get_securebits(void) { return checked(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0)); }

int cl_lock_securebits(void) {
  // Never SECBIT_KEEP_CAPS: it gives.
  return checked(prctl(PR_SET_SECUREBITS,
                       SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
                           SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
                       0, 0, 0));
}

int cl_root_is_read_only(void) {
  // By a descriptor: a container's profile has fstatfs, which its runtime calls too, and so needs no statfs.
  int root = open("/", O_PATH | O_CLOEXEC);
  if (root < 0) return -errno;
  struct statvfs status;
  int result = checked(fstatvfs(root, &status));
  close(root);
  return result < 0 ? result : (status.f_flag & ST_RDONLY) != 0;
}

int cl_landlock_abi(void) { return checked(syscall(__NR_landlock_create_ruleset, NULL, 0, 1U)); }

int cl_landlock_enter(int abi, uint64_t filesystem, uint64_t network, uint64_t scoped) {
  struct {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
  } attributes = {filesystem, network, scoped};
  size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  long ruleset = syscall(__NR_landlock_create_ruleset, &attributes, size, 0U);
  if (ruleset < 0) return -errno;
  int result = checked(syscall(__NR_landlock_restrict_self, (int)ruleset, 0U));
  close((int)ruleset);
  return result;
}
