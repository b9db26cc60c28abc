"""The command line: one small module for each verb, imported when the verb is used."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import NoReturn

import click

from scenebuild import __version__
from scenebuild.cli.terminal import complain, tidy_streams
from scenebuild.errors import ScenebuildError

# The verbs, in the order of the help; each is the ``command`` of the module of its name.
VERBS = (
    "build", "plan", "watch", "explore", "prompt", "takes", "pick", "test", "diff", "validate", "lint", "init",
    "textconv", "cache", "engines", "models", "schema", "doctor", "completion",
)  # fmt: skip
# Names of verbs in other programs.
_CALLED = {
    **dict.fromkeys(("run", "make", "render", "generate", "play", "mix", "compile"), "build"),
    **dict.fromkeys(("new", "create", "setup"), "init"),
    **dict.fromkeys(("serve", "preview", "open", "edit", "live"), "watch"),
    **dict.fromkeys(("check", "verify"), "validate"),
    **dict.fromkeys(("compare", "changes"), "diff"),
    **dict.fromkeys(("clean", "gc", "prune"), "cache gc"),
    **dict.fromkeys(("choose", "select", "use"), "pick"),
    **dict.fromkeys(("install", "download", "fetch", "model"), "models fetch"),
    **dict.fromkeys(("info", "status", "env"), "doctor"),
    **dict.fromkeys(("list", "catalogue", "catalog", "search"), "explore"),
    "version": "--version",
    "help": "--help",
}
BUG = 4
STOPPED = "stopped; finished takes are kept, the same command continues from there"
SIGNALLED = 128  # plus the number of the signal: the exit code of a program that a signal ended


class Terminated(BaseException):
    """SIGTERM or SIGHUP came: unwind like Ctrl-C does."""

    def __init__(self, number: int) -> None:
        self.number = number


class Verbs(click.Group):
    """A group that imports a verb when it is used, and runs ``build`` for ``scenebuild scenes/x.yaml``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f"scenebuild.cli.{cmd_name}").command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*VERBS, "--help", "-h", "--version"):
            _refuse_typo(ctx, args[0])
            args = ["build", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[click.shell_completion.CompletionItem]:
        files = click.shell_completion.CompletionItem(incomplete, type="file")
        return [*super().shell_complete(ctx, incomplete), files]


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="'scenebuild SCENE...' is short for 'scenebuild build SCENE...'.",
)
@click.version_option(__version__, prog_name="scenebuild")
def program() -> None:
    """Soundscapes as code: from a scene file to a mix and a README about it."""


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code."""
    return answered(
        lambda: program.main(list(arguments), prog_name="scenebuild", standalone_mode=False),
        f"arguments: {list(arguments)}",
    )


def answered(action: Callable[[], object], called: str) -> int:
    """The exit code of an action. An error of the user becomes a message, a bug a report with ``called``."""
    tidy_streams()
    try:
        with _signals_unwind():
            code = action()
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        complain(error.format_message())
        if isinstance(error, click.UsageError) and error.ctx is not None:
            complain(f"try '{error.ctx.command_path} --help'")
        return error.exit_code
    except ScenebuildError as error:
        complain(str(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        complain(STOPPED)
        return SIGNALLED + signal.SIGINT
    except Terminated as stopped:
        complain(STOPPED)
        return SIGNALLED + stopped.number
    except OSError as error:  # a full disk, a folder without permission: not a bug
        complain(f"{error.filename or 'cannot go on'}: {error.strerror or error}")
        return 1
    except Exception:
        return _report_bug(called)


def _report_bug(called: str) -> int:
    import platform
    import traceback

    complain("this is a bug of scenebuild; nothing in the store is lost. Please report it with this text:")
    complain(f"scenebuild {__version__}, Python {platform.python_version()}, {platform.platform()}")
    complain(called)
    complain(traceback.format_exc())
    return BUG


def _refuse_typo(ctx: click.Context, word: str) -> None:
    """UsageError for a word that is neither a verb nor a scene but resembles a verb: ``scenebuild biuld x.yaml``."""
    import difflib

    from scenebuild.scene.check.near import ARGUMENTS, SCENES, near_path
    from scenebuild.scene.compose.reference import scene_file

    if word.startswith("-") or os.path.lexists(scene_file(word)) or "/" in word or scene_file(word).endswith(SCENES):
        return
    if near_path(word, ARGUMENTS):
        return  # the error about the missing file suggests it
    close = difflib.get_close_matches(word, VERBS, n=1)
    if meant := _CALLED.get(word.lower()) or next(iter(close), ""):
        raise click.UsageError(f"there is no scene and no command {word!r}; did you mean {meant!r}?", ctx)


@contextmanager
def _signals_unwind() -> Iterator[None]:
    def unwind(number: int, _: object) -> NoReturn:
        signal.signal(number, signal.SIG_DFL)  # a second signal ends the process at once
        raise Terminated(number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]  # nohup stays nohup
    for number in heard:
        signal.signal(number, unwind)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])
