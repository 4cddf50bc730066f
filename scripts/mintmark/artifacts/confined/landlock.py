"""Shut the calling process in with Linux's Landlock: which files it reaches, TCP, signals. Elsewhere it does nothing.

Source: include/uapi/linux/landlock.h and Documentation/userspace-api/landlock.rst of Linux.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on x86-64 and arm64
_ASK_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK, _TRUNCATE, _IOCTL_DEV = 1 << 6, 1 << 11, 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_NOT_TO_GIVE = _MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEV
# How many rights to files each version of the interface knows, from its first bit on.
_FILE_RIGHTS = ((9, 17), (5, 16), (3, 15), (2, 14), (1, 13))
_TCP_SINCE, _TCP = 4, 0b11  # bind and connect
_SCOPES_SINCE, _SCOPES = 6, 0b11  # abstract Unix sockets and signals stay inside


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def restrict(readable: Iterable[str], writable: Iterable[str], *, network: bool = False) -> int:
    """Confine this process, and all that it starts, to these files and what lies below these folders, for good.

    What is readable may be executed. TCP is closed unless `network`. Needs no_new_privs. Paths that do not exist
    give nothing. Returns the version of the interface that is in force, 0 where the system has none.
    """
    version = _version()
    if version < 1:
        return 0
    files = (1 << next(count for since, count in _FILE_RIGHTS if version >= since)) - 1
    handled = _Ruleset(
        files=files,
        network=_TCP if version >= _TCP_SINCE and not network else 0,
        scoped=_SCOPES if version >= _SCOPES_SINCE else 0,
    )
    size = 24 if version >= _SCOPES_SINCE else 16 if version >= _TCP_SINCE else 8
    ruleset = _system_call(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(size), ctypes.c_long(0))
    if ruleset < 0:
        return 0
    try:
        for path in readable:
            _allow(ruleset, path, files & _READ)
        for path in writable:
            _allow(ruleset, path, files & ~_NOT_TO_GIVE)
        return version if _system_call(_RESTRICT_SELF, ctypes.c_long(ruleset), ctypes.c_long(0)) == 0 else 0
    finally:
        os.close(ruleset)


def _version() -> int:
    if sys.platform != "linux":
        return 0
    return _system_call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_long(_ASK_VERSION))


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_A_FILE
        beneath = _Beneath(allowed=rights, folder=place)
        _system_call(
            _ADD_RULE, ctypes.c_long(ruleset), ctypes.c_long(_PATH_BENEATH), ctypes.byref(beneath), ctypes.c_long(0)
        )
    finally:
        os.close(place)


def _system_call(number: int, *arguments: object) -> int:
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    return int(call(ctypes.c_long(number), *arguments))
