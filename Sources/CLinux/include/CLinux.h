// What Swift cannot import from Linux's and glibc's headers. Every function returns a value >= 0 or -errno.
#pragma once

#include "attempts.h"
#include "confinement.h"
#include "files.h"
#include "processes.h"
#include "sockets.h"
