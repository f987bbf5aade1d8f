"""Become a child of the supervisor: `python -I -S become.py PARENT SIGNAL USER PROGRAM [ARGUMENT]...`.

Runs in the new process before the program does and needs nothing but the standard library; takes about 15 ms.
It gives up root's rights if USER is UID:GID (not -), and on Linux asks the kernel to send SIGNAL when the
supervisor dies, however it dies. Doing this in the forked copy of the supervisor (preexec_fn) can deadlock when
the supervisor has threads. Elsewhere than on Linux the pid files alone find what is left over (leftovers.py).
"""

import os
import sys

# Before root's rights are given up: afterwards Python's own folder may be closed to us (/root is).
try:
    import ctypes
except ImportError:
    ctypes = None  # type: ignore[assignment]  # then the pid files remain

PR_SET_PDEATHSIG = 1


def main(parent: int, signal_number: int, user: str, argv: list[str]) -> None:
    os.umask(0o077)  # databases and logs of a box are for its owner's eyes
    if user != "-":
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        _die_with_parent(signal_number)  # after setuid, which would forget it; exec keeps it
        if os.getppid() != parent:
            sys.exit(f"{argv[0]}: the supervisor died before this process started")
    try:
        os.execvp(argv[0], argv)  # noqa: S606  # never a shell
    except OSError as error:
        sys.exit(f"{argv[0]} cannot be started: {error.strerror}")


def _die_with_parent(signal_number: int) -> None:
    if ctypes is not None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
