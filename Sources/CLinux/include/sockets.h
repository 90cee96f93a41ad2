// socketpair(2), SCM_RIGHTS, eventfd(2), ppoll(2).
#pragma once

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// kind 0: SOCK_STREAM, 1: SOCK_SEQPACKET. Close-on-exec.
int cl_socket_pair(int kind, int out[2]);
// The bytes of an IPv4 or IPv6 literal, as they stand in a packet; returns how many.
int cl_literal(const char *address, unsigned char out[16]);
// A TCP socket that listens on an IPv4 or IPv6 literal. Close-on-exec, non-blocking. `port` 0 takes a free one.
int cl_listen(const char *address, uint16_t port, int backlog);
// SO_SNDBUF, of a listening socket and of those that it accepts.
int cl_send_buffer(int fd, int bytes);
// The local port of a bound socket.
int cl_local_port(int fd);

// Sends one message with at most one descriptor (-1 for none). MSG_NOSIGNAL. Bytes sent or -errno.
long cl_send(int socket, const void *bytes, size_t count, int descriptor);
// Receives one message and at most one descriptor (*descriptor is -1 without); any further one is closed. The
// descriptor is close-on-exec. Waits at most `timeout_ms` (-1: for ever): -ETIMEDOUT. -EMSGSIZE for a cut message.
long cl_receive(int socket, void *bytes, size_t size, int *descriptor, int timeout_ms);

int cl_eventfd(int semaphore);

// ppoll with SIGTERM and SIGINT unblocked while it waits. Number of ready descriptors; -EINTR when a signal came.
int cl_poll_shutdown(struct pollfd *set, size_t count, int timeout_ms);
