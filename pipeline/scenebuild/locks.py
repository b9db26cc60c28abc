"""Advisory locks on open files, where the system and the file system have them.

Windows has no ``flock``; some network file systems refuse it (ENOLCK, EOPNOTSUPP), and on others it keeps nobody out.
So a lock is only a help here: whoever takes one is right without it as well.
"""

from __future__ import annotations

from typing import Literal


def lock(descriptor: int, *, wait: bool = False) -> Literal["ours", "theirs", "none"]:
    """Take the lock of an open file or folder, which is held until that is closed.

    "theirs" while another process holds it (never with ``wait``, which waits for it), "none" where there are no locks.
    """
    try:
        import fcntl
    except ImportError:
        return "none"
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return "theirs"
    except OSError:
        return "none"
    return "ours"
