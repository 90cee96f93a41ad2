// What somebody who has taken over one of the agent's processes would try. For tests alone: no product links this.
#pragma once

#include <sys/types.h>

// What the attacks are aimed at. All of it belongs to the attacker's own user, so that nothing but the confinement
// stands in the way.
struct ca_victim {
  pid_t process;
  const char *file;    // a regular file that anybody may write
  const char *folder;  // a directory that anybody may write
  const char *program; // an executable
  int port;            // somebody listens there on 127.0.0.1, TCP
};

// The number of attacks, and the name of each.
int ca_count(void);
const char *ca_name(int attack);
// Whether it works for any unprivileged user who is not confined: then a failure shows the confinement. The others
// are refused to everybody but root, and must not even reach the kernel.
int ca_works_unconfined(int attack);
// Makes the attack: a value >= 0 where it worked, or -errno.
long ca_perform(int attack, const struct ca_victim *victim);

// Any system call by its number: its result, or -errno.
long ca_call(long number, const long arguments[6]);
// A taken-over endpoint that does what somebody outside tells it: takes one connection from the listening socket, and
// makes what waits for both (an epoll descriptor). Before the filter.
int ca_take_attacker(int listener, int collector, int *attacker);
// Passes on every byte in both directions, with no call that the endpoint has not. Returns when either has gone.
void ca_relay(int epoll, int attacker, int collector);
// fork(2), and waitpid(2) for one child: its wait status.
pid_t ca_fork(void);
int ca_wait(pid_t child);
// alarm(2): a call that blocks ends the process with SIGALRM.
void ca_alarm(unsigned seconds);
// Gives up root for good: groups, gid and uid, real, effective and saved. 0 or -errno.
int ca_become(uid_t user);
