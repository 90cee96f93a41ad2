#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef AT_EXECVE_CHECK
#define AT_EXECVE_CHECK 0x10000
#endif

// Closes what was opened for the attempt, and keeps its errno.
static int ended(int fd, long result) {
  int error = result < 0 ? errno : 0;
  if (fd >= 0) close(fd);
  return -error;
}

int cl_try_open(const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  return ended(fd, fd);
}

int cl_try_device_ioctl(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return -errno;
  char terminal[64];
  int result = ended(fd, ioctl(fd, TCGETS, terminal));
  // The driver was asked, which is all that the attempt wants.
  return result == -ENOTTY ? 0 : result;
}

int cl_try_execute(const char *path) {
  char *const nothing[] = {NULL};
  return ended(-1, syscall(SYS_execveat, AT_FDCWD, path, nothing, nothing, AT_EXECVE_CHECK));
}

int cl_try_bind_tcp(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  return ended(fd, bind(fd, (struct sockaddr *)&address, sizeof address));
}

int cl_try_connect_tcp(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int result = ended(fd, connect(fd, (struct sockaddr *)&address, sizeof address));
  return result == -EINPROGRESS || result == -ECONNREFUSED ? 0 : result;
}

int cl_try_connect_abstract(int listener) {
  struct sockaddr_un address;
  socklen_t length = sizeof address;
  if (getsockname(listener, (struct sockaddr *)&address, &length) < 0) return -errno;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  return ended(fd, connect(fd, (struct sockaddr *)&address, length));
}

int cl_try_signal(pid_t process) { return ended(-1, kill(process, 0)); }

int cl_try_become_root(void) { return ended(-1, syscall(SYS_setresuid, (uid_t)-1, (uid_t)0, (uid_t)-1)); }

int cl_try_raise_capability(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct data[2] = {{.permitted = 1U << CAP_DAC_OVERRIDE}};
  return ended(-1, syscall(SYS_capset, &header, data));
}

int cl_abstract_listener(void) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  // The family alone: the kernel chooses an abstract name (unix(7), autobind).
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (bind(fd, (struct sockaddr *)&address, sizeof address.sun_family) < 0 || listen(fd, 4) < 0) return ended(fd, -1);
  return fd;
}
