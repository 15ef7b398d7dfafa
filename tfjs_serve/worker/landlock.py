"""Landlock: a Linux process gives up, for good, access to files and networks that it does not need.

Three system calls, as ``include/uapi/linux/landlock.h`` and
https://docs.kernel.org/userspace-api/landlock.html describe them. They are called by number,
because the C library has no functions for them.

None of the packages on PyPI is used (as of November 2026):

- landlockpy 0.2.0 is typed, small, pure Python and up to date. It would replace the calls and their
  structures, about 70 lines. What is easy to get wrong would stay here: a file may not have the
  rights of a folder (the kernel then refuses the rule), a path may not exist, a machine may number
  its system calls differently, a container may refuse the question for the version. And to find
  the C library it starts ``ldconfig``, in a process that must not start any program.
- py-landlock 0.1.1 works on two types of processors only.
- landlock 1.0.0.dev5, a pre-release, restricts neither the network nor signals.
- sandlock 0.9.0 is 4.5 MB of compiled code without types, needs version 6 of the interface
  (Linux 6.12), and leaves the network open to a process that confines itself.
- sandboxkit 0.1.0 starts sandboxes of its own; here it is a running process that gives up rights.

What Landlock does not restrict, on any kernel: sockets other than those for TCP, UDP and UNIX
paths, changes to permissions and times of files, and looking at names and sizes. Versions 9 and 10
of the interface can restrict named UNIX sockets and UDP, which is not asked for here yet.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_SAME_NUMBERS = frozenset(
    ("x86_64", "i386", "i686", "aarch64", "armv7l", "ppc64le", "riscv64", "s390x", "loongarch64")
)
"""Machines whose system calls have the numbers above; Alpha and MIPS have others."""
_ASK_FOR_VERSION = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_REG, _TRUNCATE = 1 << 5, 1 << 8, 1 << 14
_OF_FILES = _WRITE_FILE | _READ_FILE | _TRUNCATE
"""The rights used here that a rule for a file may have; the others are for folders."""

_FILE_RIGHTS_SINCE = {1: (1 << 13) - 1, 2: 1 << 13, 3: _TRUNCATE, 5: 1 << 15}
"""All rights to files, by the version of the interface that introduced them."""
_NETWORK_SINCE, _BIND_AND_CONNECT_TCP = 4, 0b11
_SCOPES_SINCE, _SIGNALS_AND_ABSTRACT_SOCKETS = 6, 0b11


class _Ruleset(ctypes.Structure):
    """``struct landlock_ruleset_attr``: what is forbidden unless a rule allows it."""

    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _PathRule(ctypes.Structure):
    """``struct landlock_path_beneath_attr``."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("rights", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


def version() -> int:
    """Return the version of the interface that the kernel offers; 0 if there is none."""
    if sys.platform != "linux" or platform.machine() not in _SAME_NUMBERS:
        return 0
    try:
        return _call(_CREATE_RULESET, None, 0, _ASK_FOR_VERSION)
    except OSError:  # too old, switched off, or blocked by a container's filter
        return 0


def missing(offered: int) -> tuple[str, ...]:
    """Return what version `offered` of the interface cannot prevent, as the rest of a sentence."""
    if not offered:
        return ("keep it from reading and writing other files", "keep it off the network")
    needs = (
        (3, "keep it from truncating other files"),
        (_NETWORK_SINCE, "keep it off the network"),
        (_SCOPES_SINCE, "keep it from sending signals"),
    )
    return tuple(what for since, what in needs if offered < since)


def confine(offered: int, *, readable: Iterable[str], writable: str) -> None:
    """Leave this thread, and those it starts, only these files: no programs and no TCP.

    Parameters
    ----------
    offered
        What :func:`version` returned, not 0.
    readable
        Files and folders with everything in them; those that do not exist are skipped.
    writable
        A folder in which files may be made, changed and removed.

    Raises
    ------
    OSError
        The kernel refuses; files and network are then not restricted.
    """
    rights = _file_rights(offered)
    ruleset = _Ruleset(
        files=rights,
        network=_BIND_AND_CONNECT_TCP if offered >= _NETWORK_SINCE else 0,
        scopes=_SIGNALS_AND_ABSTRACT_SOCKETS if offered >= _SCOPES_SINCE else 0,
    )
    descriptor = _call(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    try:
        for path in readable:
            _allow(descriptor, path, _READ_FILE | _READ_DIR)
        in_folder = _READ_FILE | _READ_DIR | _WRITE_FILE | _REMOVE_FILE | _MAKE_REG | _TRUNCATE
        _allow(descriptor, writable, in_folder & rights)
        _give_up_new_privileges()
        _call(_RESTRICT_SELF, descriptor, 0)
    finally:
        os.close(descriptor)


def _file_rights(offered: int) -> int:
    return sum(rights for since, rights in _FILE_RIGHTS_SINCE.items() if since <= offered)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where one may not look
            rights &= _OF_FILES
        rule = _PathRule(rights=rights, descriptor=descriptor)
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _give_up_new_privileges() -> None:
    """Give up set-user-ID programs for good, which the kernel demands first."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))):
        raise _last_error()


def _call(number: int, *arguments: object) -> int:
    """Make a system call. Integers are passed as longs, as the function cannot know their size."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    words = (ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in arguments)
    result = int(libc.syscall(ctypes.c_long(number), *words))
    if result < 0:
        raise _last_error()
    return result


def _last_error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
