// pidfd_open(2), posix_spawn(3), signals, threads.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int cl_pidfd_open(pid_t pid);

// Starts `path` with `arguments` and `environment` (both NULL-terminated). Descriptor inherited[i] becomes number 3+i;
// 0, 1 and 2 stay as they are; every other descriptor is closed. Returns the pid or -errno.
int cl_spawn(const char *path, char *const arguments[], char *const environment[], const int *inherited, size_t count);

// Makes SIGTERM and SIGINT set a flag instead of ending the process, and ignores SIGPIPE, SIGHUP and SIGXFSZ (a full
// sink is an error that the writer sees). The signals are
// blocked but during cl_poll_shutdown. Call it, or cl_ignore_shutdown, before cl_poll_shutdown and with one thread.
int cl_catch_shutdown(void);
// Ignores all of these signals: for a process that its parent tells to end, and whose filter has no sigreturn.
int cl_ignore_shutdown(void);
int cl_shutdown_requested(void);

// A detached thread with a small stack (kilobytes), all signals blocked. `body` must never return before the process ends.
int cl_start_thread(void (*body)(void *), void *context, size_t stack_kilobytes);

// A number that belongs to the calling thread; -1 until it is set.
int cl_worker_number(void);
void cl_set_worker_number(int number);

// Limits malloc to one arena and returns freed memory eagerly.
void cl_tune_allocator(void);

// Never returns; no exit handlers.
void cl_exit_now(int status) __attribute__((noreturn));

// The linker's build id of this executable; the number of bytes written, 0 where there is none.
size_t cl_build_id(uint8_t *out, size_t size);
