"""The command. What needs nothing done is told before the command line itself is loaded."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run ``scenebuild`` on the arguments of the process and exit."""
    _open_standard_streams()
    arguments = sys.argv[1:]
    if arguments and not any(argument.startswith("-") for argument in arguments):
        from scenebuild.plan.manifest import nothing_to_do

        mixes = nothing_to_do(arguments)
        if mixes is not None and all("".join(pair).isprintable() for pair in mixes):
            sys.exit(_say("".join(f"up-to-date  {one} -> {mix}\n" for one, mix in mixes)))
    from scenebuild.cli import run

    sys.exit(run(arguments))


def _say(text: str) -> int:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:  # a full disk, or nobody who reads
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.stderr.write(f"can not go on: {error.strerror}\n")
        return 1
    return 0


def _open_standard_streams() -> None:
    """Where a caller closed one of them (``>&-``), the next file opened would get its number and what is printed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


if __name__ == "__main__":
    main()
