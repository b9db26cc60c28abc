"""``scenebuild cache``: list, check and clean the store."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import safe
from scenebuild.number_text import data_size
from scenebuild.scratch import sweep_scratch
from scenebuild.store import LocalStore
from scenebuild.store.care import DAY, Damage, Entry, collect, entries, size, verify

SKETCHED = ("sketch", "recording")  # they are made again in a moment, so gc removes them by default


@click.group("cache")
def command() -> None:
    """List, check and clean the store of takes."""


@command.command("ls")
@options.store
@options.json_output
def ls(store: str | None, as_json: bool) -> None:
    """List the takes, the last used first."""
    found = sorted(entries(_store(store)), key=lambda entry: -entry.last_used_s)
    if as_json:
        click.echo(
            json.dumps({"version": 1, "takes": [_plain(entry) for entry in found]}, indent=2, ensure_ascii=False)
        )
        return
    for entry in found:
        click.echo(safe(_line(entry)))


@command.command("size")
@options.store
@options.json_output
def size_(store: str | None, as_json: bool) -> None:
    """Print the place and the size of the store."""
    place = _store(store)
    count, total = size(place)
    if as_json:
        click.echo(json.dumps({"version": 1, "store": place.root, "objects": count, "bytes": total}))
    else:
        click.echo(safe(f"{place.root}: {count} objects, {data_size(total)}"))


@command.command("verify")
@options.store
@options.json_output
@click.option("--repair", is_flag=True, help="Remove damaged files; takes are made again when they are needed.")
def verify_(store: str | None, as_json: bool, repair: bool) -> int:
    """Read every byte and name all damage. Exit code 3 where there is any (0 once it is repaired)."""
    damages = verify(_store(store), repair=repair)
    if as_json:
        plain = [{"path": damage.path, "what": damage.what, "repaired": damage.repaired} for damage in damages]
        click.echo(json.dumps({"version": 1, "damages": plain}, indent=2))
    else:
        for damage in damages:
            click.echo(safe(f"{damage.path}: {damage.what}{_done(damage, repair)}"))
        click.echo(f"{len(damages)} damaged")
    return 3 if any(not damage.repaired for damage in damages) else 0


def _done(damage: Damage, repair: bool) -> str:
    if not repair:
        return ""
    if damage.out_of_reach:
        return "; it stays, because it may be sound; check its permissions and its disk"
    return "; removed" if damage.repaired else "; cannot be removed; check the permissions of its folder"


@command.command("gc")
@options.store
@options.json_output
@click.option(
    "--unused-for",
    metavar="DAYS",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Only takes that were not used for this long.",
)
@click.option("--all-engines", is_flag=True, help="Also takes of a real model, which take time to make.")
@click.option("-n", "--dry-run", is_flag=True, help="Only say what would be removed.")
def gc(store: str | None, as_json: bool, unused_for: float, all_engines: bool, dry_run: bool) -> None:
    """Remove sketched takes and recordings that were not used for a while, and the remains of killed builds in the
    store and in the temporary folder.

    Takes of a real model stay unless --all-engines is given. Safe beside running builds: nothing that was used within
    the last hour is removed.
    """
    only = (*SKETCHED, "real") if all_engines else SKETCHED
    removed, freed = collect(_store(store), unused_for_s=unused_for * DAY, only=only, dry_run=dry_run)
    freed += sweep_scratch(dry_run=dry_run)
    if as_json:
        click.echo(json.dumps({"version": 1, "removed": removed, "bytes": freed, "dry_run": dry_run}))
    else:
        click.echo(f"{'would remove' if dry_run else 'removed'} {removed} takes, {data_size(freed)}")


def _store(flag: str | None) -> LocalStore:
    return LocalStore(options.settings_here(flag).generate.store)


def _line(entry: Entry) -> str:
    used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.last_used_s))
    length = _length(entry.record.facts)
    asked = entry.record.facts.get("action")
    action = asked if isinstance(asked, dict) else {}
    what = f"{action.get('engine', '?')!s:<9} {action.get('prompt', '')}".rstrip()
    return f"{entry.record.key[:12]}  {used}  {data_size(entry.record.size):>9}  {length:>6} s  {what}"


def _length(facts: Mapping[str, Any]) -> str:
    """The length in seconds; "?" if the facts are not those of a sound."""
    try:
        return f"{facts['frames'] / facts['sample_rate']:.1f}"
    except (KeyError, TypeError, ZeroDivisionError, OverflowError):
        return "?"


def _plain(entry: Entry) -> dict[str, object]:
    record = entry.record
    return {
        "key": record.key,
        "digest": record.digest,
        "bytes": record.size,
        "last_used": entry.last_used_s,
        "facts": dict(record.facts),
    }
