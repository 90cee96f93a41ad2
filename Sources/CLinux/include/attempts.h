// What a confined process must fail at. Each tries it for real, leaves nothing behind where it succeeds, and returns 0
// then, or -errno.
#pragma once

#include <sys/types.h>

// Opens and closes; `flags` as in open(2).
int cl_try_open(const char *path, int flags);
// An ioctl(2) of its driver on a device that was opened for reading.
int cl_try_device_ioctl(const char *path);
// Asks whether the file may be executed, without executing it (execveat(2), AT_EXECVE_CHECK); -EINVAL before Linux 6.14.
int cl_try_execute(const char *path);
// Binds a TCP socket of its own to a free port of 127.0.0.1.
int cl_try_bind_tcp(void);
// Connects to port 0 of 127.0.0.1, where nobody can listen: that nobody does counts as success.
int cl_try_connect_tcp(void);
// Connects to an abstract UNIX socket; `address` comes from cl_abstract_listener.
int cl_try_connect_abstract(int listener);
// Signal 0.
int cl_try_signal(pid_t process);
// Becomes root.
int cl_try_become_root(void);
// Puts a capability into the permitted set (capset(2)).
int cl_try_raise_capability(void);

// A listening UNIX socket with an abstract name that the kernel chose. The caller closes it.
int cl_abstract_listener(void);
