"""The command. If every scene is up to date, it says so before it loads the command line."""

from __future__ import annotations

import contextlib
import os
import sys


def main() -> None:
    """Run ``scenebuild`` on the arguments of the process and exit."""
    _read_names_as_utf8()
    _open_standard_streams()
    arguments = sys.argv[1:]
    if arguments and not any(argument.startswith("-") for argument in arguments):
        from scenebuild.plan.up_to_date import nothing_to_do

        mixes = nothing_to_do(arguments)
        if mixes is not None and all("".join(pair).isprintable() for pair in mixes):
            sys.exit(_say("".join(f"up-to-date  {one} -> {mix}\n" for one, mix in mixes)))
    from scenebuild.cli import run

    sys.exit(run(arguments))


def _read_names_as_utf8() -> None:
    """If the locale is not UTF-8, start again in Python's UTF-8 mode: scenes are UTF-8, and without it their names of
    files would not match. Printed text keeps the terminal's own encoding."""
    if sys.getfilesystemencoding() == "utf-8" or sys.flags.utf8_mode or sys.stdout is None:
        return
    os.environ["PYTHONUTF8"] = "1"  # for the processes that make takes, too
    os.environ.setdefault("PYTHONIOENCODING", f"{sys.stdout.encoding}:backslashreplace")
    with contextlib.suppress(OSError):
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def _say(text: str) -> int:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:  # a full disk, or nobody who reads
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.stderr.write(f"cannot go on: {error.strerror}\n")
        return 1
    return 0


def _open_standard_streams() -> None:
    """Open a standard stream that the caller closed (``>&-``): otherwise the next file that is opened would get its
    number, and the printed text."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


if __name__ == "__main__":
    main()
