"""The command. What needs nothing done is told before the command line itself is loaded."""

from __future__ import annotations

import sys


def main() -> None:
    """Run ``scenebuild`` on the arguments of the process and exit."""
    arguments = sys.argv[1:]
    if arguments and not any(argument.startswith("-") for argument in arguments):
        from scenebuild.plan.manifest import nothing_to_do

        mixes = nothing_to_do(arguments)
        if mixes is not None:
            for scene, mix in zip(arguments, mixes, strict=True):
                sys.stdout.write(f"up to date  {scene} -> {mix}\n")
            sys.exit(0)
    from scenebuild.cli import run

    sys.exit(run(arguments))


if __name__ == "__main__":
    main()
