"""hidden.py KIND: a process that its own user cannot look into, of one kind; it waits until it is ended."""
import ctypes
import os
import signal
import sys

kind = sys.argv[1]
if kind == "dumpable":
    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
elif kind == "plain":
    pass
elif kind == "capable":
    # Started as root; keeps CAP_NET_RAW while it becomes 10001.
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
    os.setgroups([])
    os.setresgid(10001, 10001, 10001)
    os.setresuid(10001, 10001, 10001)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)(1 << 13, 1 << 13, 0, 0, 0, 0)
    assert libc.capset(header, sets) == 0, ctypes.get_errno()
    libc.prctl(4, 1, 0, 0, 0)  # so that the capability alone is what denies
else:
    sys.exit(64)
signal.pause()
