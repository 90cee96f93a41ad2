#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int cl_pidfd_open(pid_t pid) {
  long fd = syscall(SYS_pidfd_open, pid, 0U);
  return fd < 0 ? -errno : (int)fd;
}

int cl_spawn(const char *path, char *const arguments[], char *const environment[], const int *inherited, size_t count) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  int error = 0;
  // Out of the way first, so that no target number is a source that is still needed.
  int aside = 3 + (int)count;
  for (size_t i = 0; i < count; i++)
    if (inherited[i] >= aside) aside = inherited[i] + 1;
  for (size_t i = 0; i < count && !error; i++)
    error = posix_spawn_file_actions_adddup2(&actions, inherited[i], aside + (int)i);
  for (size_t i = 0; i < count && !error; i++)
    error = posix_spawn_file_actions_adddup2(&actions, aside + (int)i, 3 + (int)i);
  if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3 + (int)count);
  sigset_t none;
  sigemptyset(&none);
  if (!error) error = posix_spawnattr_setsigmask(&attributes, &none);
  if (!error) error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  if (!error) error = posix_spawn(&pid, path, &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error ? -error : pid;
}

static volatile sig_atomic_t shutdown_requested;

static void on_shutdown(int number) {
  (void)number;
  shutdown_requested = 1;
}

static void shutdown_signals(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGTERM);
  sigaddset(set, SIGINT);
}

static int handle(const int *signals, size_t count, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler};
  for (size_t i = 0; i < count; i++)
    if (sigaction(signals[i], &action, NULL) < 0) return -errno;
  return 0;
}

// What ppoll waits with: set once, so that waiting needs no further call.
static sigset_t waiting_mask;

int cl_catch_shutdown(void) {
  sigset_t set;
  shutdown_signals(&set);
  if (sigprocmask(SIG_BLOCK, &set, &waiting_mask) < 0) return -errno;
  sigdelset(&waiting_mask, SIGTERM);
  sigdelset(&waiting_mask, SIGINT);
  int result = handle((int[]){SIGTERM, SIGINT}, 2, on_shutdown);
  return result < 0 ? result : handle((int[]){SIGPIPE, SIGHUP, SIGXFSZ}, 3, SIG_IGN);
}

int cl_ignore_shutdown(void) {
  if (sigprocmask(SIG_BLOCK, NULL, &waiting_mask) < 0) return -errno;
  return handle((int[]){SIGTERM, SIGINT, SIGPIPE, SIGHUP, SIGXFSZ}, 5, SIG_IGN);
}

int cl_shutdown_requested(void) { return shutdown_requested; }

int cl_poll_shutdown(struct pollfd *set, size_t count, int timeout_ms) {
  struct timespec time = {.tv_sec = timeout_ms / 1000, .tv_nsec = (timeout_ms % 1000) * 1000000L};
  int ready = ppoll(set, count, timeout_ms < 0 ? NULL : &time, &waiting_mask);
  return ready < 0 ? -errno : ready;
}

static _Thread_local int worker_number = -1;

int cl_worker_number(void) { return worker_number; }

void cl_set_worker_number(int number) { worker_number = number; }

struct thread_start {
  void (*body)(void *);
  void *context;
};

static void *run_thread(void *argument) {
  struct thread_start start = *(struct thread_start *)argument;
  free(argument);
  start.body(start.context);
  return NULL;
}

int cl_start_thread(void (*body)(void *), void *context, size_t stack_kilobytes) {
  struct thread_start *start = malloc(sizeof *start);
  if (!start) return -ENOMEM;
  *start = (struct thread_start){body, context};
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_kilobytes * 1024);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&thread, &attributes, run_thread, start);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (error) free(start);
  return -error;
}

void cl_tune_allocator(void) {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TRIM_THRESHOLD, 128 * 1024);
  mallopt(M_MMAP_THRESHOLD, 64 * 1024);
}

void cl_exit_now(int status) { _exit(status); }
