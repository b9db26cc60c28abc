"""Whether a scene is up to date: nothing that decides its last build has changed since.

Imports only modules that load fast. An output is unchanged if its size and times are those in the manifest and it is
older than the manifest, which is written last; any other output is hashed.
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

    If the settings have no configuration, none was read, and its files must be unchanged.
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
    """Whether the configuration is the same: by its values if it was read, else by its files and by what decides where
    the user's own file lies."""
    if config is not None:
        return manifest.configured == config.deciding
    files = manifest.configuration.items()
    return manifest.home == home_digest() and all(
        digest_or_absent(path_at(name, folder)) == digest for name, digest in files
    )


def nothing_to_do(arguments: Sequence[str]) -> list[tuple[str, str]] | None:
    """The reference and the mix of each scene of the files, if all are up to date; None if the whole program is needed
    to decide that."""
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
    """The scenes of a file, from its last build, if nothing that decides it has changed; None if the file must be read
    to know them."""
    manifest = up_to_date(scene_path, settings)
    return None if manifest is None else _references(scene_path, manifest)


def _last_build(reference: str) -> Manifest | None:
    return up_to_date(reference, Settings()) if os.path.isfile(scene_file(reference)) else None


def _references(scene_path: str, manifest: Manifest) -> list[str]:
    """The scenes of a build: the variants that it names, or the one scene."""
    return [referenced(scene_path, label) for label in manifest.variants] or [scene_path]


def _untouched_all(root: str, folder: str, files: Mapping[str, OutputFile], written_ns: int) -> bool:
    """Whether all outputs are unchanged, each a regular file in a real folder.

    Outputs that were copied together with their manifest are compared by their bytes. If git tracks the manifest, the
    copy does not count: manifest and bytes may both come from another person.
    """
    names = {os.path.dirname(name) for name in (MANIFEST, *files)}
    if not all(_is_real_folder(root, os.path.join(folder, name)) for name in names):
        return False
    if not all(_untouched(os.path.join(folder, name), file, written_ns) for name, file in files.items()):
        return False
    here = all(_times(os.lstat(os.path.join(folder, name))) == _left(file) for name, file in files.items())
    return here or not _is_committed(folder)


def _is_committed(folder: str) -> bool:
    """Whether git tracks the manifest in a folder; True if git cannot say."""
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
    # A file that is not older than the manifest may have changed after it in the same tick of the clock.
    return (now == _left(file) and max(now) < written_ns) or digest_of(path, follow_links=False) == file.digest


def _times(found: os.stat_result) -> tuple[int, int]:
    return found.st_mtime_ns, found.st_ctime_ns


def _left(file: OutputFile) -> tuple[int, int]:
    return file.mtime_ns, file.ctime_ns
