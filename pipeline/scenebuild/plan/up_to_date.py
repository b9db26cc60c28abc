"""Whether there is nothing to do: nothing that decides the last build of a scene has changed since.

Imports only what a bare Python start has cheaply. An output counts as untouched while it has the size and the times
that it was left with, and is older than the manifest, which is written last; any other is hashed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence

from scenebuild.config import Config
from scenebuild.files import digest_of
from scenebuild.plan.digests import digest_or_absent, fingerprint, home_digest, links_of, path_at, relative_to
from scenebuild.plan.manifest import AS_FLAGS, MANIFEST, Manifest, OutputFile, asked, read_manifest
from scenebuild.plan.output_folders import output_folder, outputs_root
from scenebuild.scene.compose.reference import referenced, scene_file
from scenebuild.settings import Settings


def up_to_date(scene_path: str, settings: Settings) -> Manifest | None:
    """The manifest of the last build of a scene, if nothing that decides it has changed since; else None.

    Settings without a configuration: none was read, so its files must be the same.
    """
    folder = output_folder(scene_path, settings.output.out)
    try:
        found = read_manifest(folder)
        if found is None:
            return None
        manifest, written_ns = found
        fresh = (
            manifest.asked == asked(settings)
            and manifest.code == fingerprint()
            and manifest.scene == relative_to(scene_file(scene_path), folder)
            and _untouched_all(outputs_root(scene_path, settings.output.out), folder, manifest.outputs, written_ns)
            and _same_configuration(manifest, settings.plan.config, folder)
            and all(digest_or_absent(path_at(name, folder)) == digest for name, digest in manifest.inputs.items())
            and links_of((path_at(name, folder) for name in manifest.inputs), folder) == manifest.links
        )
    except (OSError, ValueError):
        return None
    return manifest if fresh else None


def _same_configuration(manifest: Manifest, config: Config | None, folder: str) -> bool:
    """Whether the configuration says what it said. Where it was read, by what it says; else by its files and by what
    decides where the user's own lies."""
    if config is not None:
        return manifest.configured == config.deciding
    files = manifest.configuration.items()
    return manifest.home == home_digest() and all(
        digest_or_absent(path_at(name, folder)) == digest for name, digest in files
    )


def nothing_to_do(arguments: Sequence[str]) -> list[tuple[str, str]] | None:
    """The mixes of scene files, each with its reference, that are all up to date; None when the whole program is needed
    to tell."""
    if any(map(os.environ.get, AS_FLAGS)):
        return None
    mixes: list[tuple[str, str]] = []
    for scene_path in arguments:
        whole = _last_build(scene_path)
        if whole is None:
            return None
        for reference in _references(scene_path, whole):
            one = whole if reference == scene_path else _last_build(reference)
            if one is None or one.result is None:
                return None
            mixes.append((reference, os.path.relpath(os.path.join(output_folder(reference), str(one.result.mix)))))
    return mixes


def built_variants(scene_path: str, settings: Settings) -> list[str] | None:
    """The scenes that a file holds, if the last build of all of them says so and nothing that decides it has changed;
    None where that is not known without reading the file."""
    manifest = up_to_date(scene_path, settings)
    return None if manifest is None else _references(scene_path, manifest)


def _last_build(reference: str) -> Manifest | None:
    return up_to_date(reference, Settings()) if os.path.isfile(scene_file(reference)) else None


def _references(scene_path: str, manifest: Manifest) -> list[str]:
    """What a build is about: the variants that it names, or the one scene."""
    return [referenced(scene_path, label) for label in manifest.variants] or [scene_path]


def _untouched_all(root: str, folder: str, files: Mapping[str, OutputFile], written_ns: int) -> bool:
    """Whether all outputs are as they were left, each a file of its own in a real folder.

    Outputs that were copied, with their manifest, are known by their bytes; but not where git brought them: then the
    manifest is a stranger's word about a stranger's bytes.
    """
    names = {os.path.dirname(name) for name in (MANIFEST, *files)}
    if not all(_is_real_folder(root, os.path.join(folder, name)) for name in names):
        return False
    if not all(_untouched(os.path.join(folder, name), file, written_ns) for name, file in files.items()):
        return False
    here = all(_times(os.lstat(os.path.join(folder, name))) == _left(file) for name, file in files.items())
    return here or not _is_committed(folder)


def _is_committed(folder: str) -> bool:
    """Whether git tracks the manifest in a folder; where git cannot say, it may."""
    ways = os.path.abspath(folder).split(os.sep)
    if not any(os.path.lexists(os.path.join(os.sep, *ways[:depth], ".git")) for depth in range(len(ways) + 1)):
        return False
    from scenebuild.errors import UsageError
    from scenebuild.git import git

    try:
        return bool(git(folder, "ls-files", "-z", "--", MANIFEST))
    except UsageError:
        return True


def _is_real_folder(root: str, folder: str) -> bool:
    parts = os.path.relpath(folder, root).split(os.sep)
    ways = [os.path.join(root, *parts[: depth + 1]) for depth in range(len(parts))]
    return ".." not in parts and all(stat.S_ISDIR(os.lstat(way).st_mode) for way in ways)


def _untouched(path: str, file: OutputFile, written_ns: int) -> bool:
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode) or found.st_size != file.size:
        return False
    now = _times(found)
    # What is not older than the manifest may have been changed since in the same tick of the clock.
    return (now == _left(file) and max(now) < written_ns) or digest_of(path, follow_links=False) == file.digest


def _times(found: os.stat_result) -> tuple[int, int]:
    return found.st_mtime_ns, found.st_ctime_ns


def _left(file: OutputFile) -> tuple[int, int]:
    return file.mtime_ns, file.ctime_ns
