"""Refuse system calls that a confined process has no use for, with a seccomp filter. Linux on x86-64 and arm64 alone.

Landlock and namespaces leave holes that this closes: sockets in the file system (Docker's gives a whole machine),
file modes and times, the memory and the limits of other processes, keys of the user, io_uring past every filter.
Sources: Documentation/userspace-api/seccomp_filter.rst of Linux; numbers from asm/unistd_64.h and asm-generic/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Iterable
from typing import NamedTuple

_NUMBERS = {  # x86-64, arm64 (None: it has no such call)
    "socket": (41, 198),
    "socketpair": (53, 199),
    "clone": (56, 220),
    "fork": (57, None),
    "vfork": (58, None),
    "kill": (62, 129),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "ptrace": (101, 117),
    "rt_sigqueueinfo": (129, 138),
    "utime": (132, None),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "utimes": (235, None),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "fchownat": (260, 54),
    "futimesat": (261, None),
    "fchmodat": (268, 53),
    "unshare": (272, 97),
    "utimensat": (280, 88),
    "rt_tgsigqueueinfo": (297, 240),
    "perf_event_open": (298, 241),
    "prlimit64": (302, 261),
    "setns": (308, 268),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "pidfd_send_signal": (424, 424),
    "io_uring_setup": (425, 425),
    "clone3": (435, 435),
    "pidfd_getfd": (438, 438),
    "fchmodat2": (452, 452),
    "setxattrat": (463, 463),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH

_ALWAYS = (
    "ptrace add_key request_key keyctl unshare perf_event_open setns process_vm_readv process_vm_writev bpf userfaultfd"
    " io_uring_setup pidfd_getfd"
)
_OF_ONE_PROCESS = (
    "fork vfork tkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal chmod fchmod fchmodat fchmodat2 chown"
    " fchown lchown fchownat setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr"
    " removexattrat file_setattr utime utimes futimesat utimensat"
)
_CLONE_THREAD = 0x10000
_NEW_NAMESPACES = 0x7E020000
_UNIX, _STREAM, _TYPE = 1, 1, 0xF

_LOAD, _JUMP_EQUAL, _JUMP_GREATER, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_X32 = 0x40000000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_SET_SECCOMP, _FILTER = 22, 2


class Refusal(NamedTuple):
    """A call that fails with `error`: always, or where `argument & mask` is (`when`) or is not (`unless`) a value."""

    call: str
    error: int = errno.EPERM
    argument: int | None = None
    mask: int = 0xFFFFFFFF
    when: int | None = None
    unless: int = 0


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("true", ctypes.c_uint8), ("false", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def confining(*, children: bool, network: bool) -> list[Refusal]:
    """Return what a confined process is refused; one without `children` starts threads alone and changes no modes."""
    refusals = [Refusal(call) for call in _ALWAYS.split()]
    refusals.append(Refusal("prlimit64", argument=0, unless=0))
    # Its flags lie in memory, where no filter sees them; the C library then calls clone.
    refusals.append(Refusal("clone3", error=errno.ENOSYS))
    refusals.append(Refusal("socketpair", argument=1, mask=_TYPE, unless=_STREAM))
    refusals.append(Refusal("socket", argument=0, when=_UNIX) if network else Refusal("socket"))
    if children:
        return [*refusals, Refusal("clone", argument=0, mask=_NEW_NAMESPACES, unless=0)]
    refusals += [Refusal(call) for call in _OF_ONE_PROCESS.split()]
    refusals.append(Refusal("clone", argument=0, mask=_CLONE_THREAD, unless=_CLONE_THREAD))
    return [*refusals, *(Refusal(call, argument=0, unless=os.getpid()) for call in ("kill", "tgkill"))]


def install(refusals: Iterable[Refusal]) -> bool:
    """Refuse these calls to this process and all that it starts, for good; needs no_new_privs.

    Returns whether the system does so.
    """
    machine = _ARCHITECTURES.get(os.uname().machine)
    if sys.platform != "linux" or machine is None or sys.maxsize < 1 << 32:
        return False
    program = _assemble(refusals, *machine)
    instructions = (_Instruction * len(program))(*(_Instruction(*each) for each in program))
    filtering = _Program(length=len(program), instructions=instructions)
    control = ctypes.CDLL(None, use_errno=True).prctl
    return bool(control(_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(filtering)) == 0)


def _assemble(refusals: Iterable[Refusal], column: int, architecture: int) -> list[tuple[int, int, int, int]]:
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_JUMP_GREATER, 0, 1, _X32 if column == 0 else 0xFFFFFFFF),
        (_RETURN, 0, 0, _FAIL | errno.ENOSYS),
    ]
    for refusal in refusals:
        number = _NUMBERS[refusal.call][column]
        if number is not None:
            program += _refuse(refusal, number)
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def _refuse(refusal: Refusal, number: int) -> list[tuple[int, int, int, int]]:
    """Return instructions that end with the number of the call loaded, as they begin. Arguments count 32 bits."""
    fail = (_RETURN, 0, 0, _FAIL | refusal.error)
    if refusal.argument is None:
        return [(_JUMP_EQUAL, 0, 1, number), fail]
    equal, other = (0, 1) if refusal.when is not None else (1, 0)  # 1 jumps over the failure
    return [
        (_JUMP_EQUAL, 0, 5, number),
        (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * refusal.argument),
        (_AND, 0, 0, refusal.mask),
        (_JUMP_EQUAL, equal, other, refusal.unless if refusal.when is None else refusal.when),
        fail,
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
