"""A project as it was in a commit: files are copied into a scratch folder as they are needed.

Scene files are copied first, all with one ``git cat-file``. Lockfiles and recordings follow, only for scenes that
differ between the sides.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from scenebuild.config import config_files
from scenebuild.review.checkout.git import (
    LINK,
    REGULAR,
    SUBMODULE,
    Blob,
    Repository,
    Tree,
    is_below,
    write_blobs,
    write_links,
    write_recordings,
)
from scenebuild.scene.compose.reference import scene_file
from scenebuild.scene.pointer import pointer_in
from scenebuild.scene.project import SUFFIXES

LARGEST_TEXT = 64 << 20
LOCK = ".lock.json"
TEXTS = (*SUFFIXES, LOCK)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The project of a commit, and the folder for its files."""

    repo: Repository
    tree: Tree
    root: str  # absolute, links followed

    def begin(self, paths: Sequence[str]) -> None:
        """Copy the configuration, the links, and every scene file at ``paths`` or below them."""
        os.makedirs(os.path.join(self.root, ".git"))  # marks the root of the project, as in a checkout
        settings = {os.path.basename(one) for one in config_files(self.root)[:2]}
        wanted = [one for one in self._files() if _is_wanted(one.path, paths) or one.path in settings]
        write_blobs(self.repo, wanted, self.root, largest=LARGEST_TEXT)
        write_links(self.repo, [one for one in self.tree.values() if one.mode == LINK], self.root)

    def bring(self, names: Iterable[str]) -> None:
        """Copy files by their paths in the project. A recording that a partial clone lacks is left out."""
        blobs = {blob.path: blob for name in names if (blob := self.blob(name)) is not None}
        missing = [one for one in blobs.values() if not os.path.lexists(os.path.join(self.root, one.path))]
        texts = [one for one in missing if one.path.endswith(TEXTS)]
        sounds = [one for one in missing if not one.path.endswith(TEXTS)]
        write_blobs(self.repo, texts, self.root, largest=LARGEST_TEXT)
        write_recordings(self.repo, sounds, self.root)
        for one in sounds:
            self._fetch_large(os.path.join(self.root, one.path))

    def blob(self, name: str) -> Blob | None:
        """The regular file that a path leads to, links followed; None if the commit has none there."""
        found = self.tree.get(name)
        if found is None or found.mode == LINK:
            found = self.tree.get(self._real(name)) if self.links() else None
        return found if found is not None and found.mode in REGULAR else None

    def links(self) -> list[str]:
        """The paths of all links."""
        return [path for path, one in self.tree.items() if one.mode == LINK]

    def submodule(self, name: str) -> Blob | None:
        """The submodule that contains a path; None if none does."""
        parts = name.split("/")
        above = (self.tree.get("/".join(parts[:count])) for count in range(1, len(parts) + 1))
        return next((one for one in above if one is not None and one.mode == SUBMODULE), None)

    def submodules(self) -> Iterator[Blob]:
        """All submodules."""
        return (one for one in self.tree.values() if one.mode == SUBMODULE)

    def _files(self) -> Iterator[Blob]:
        return (one for one in self.tree.values() if one.mode in REGULAR)

    def _real(self, name: str) -> str:
        return os.path.relpath(os.path.realpath(os.path.join(self.root, name)), self.root)

    def _fetch_large(self, path: str) -> None:
        """Replace a pointer of Git LFS by its file, if the file is on this machine and has the digest of the
        pointer."""
        import shutil

        from scenebuild.files import open_regular
        from scenebuild.store.digest import digest_file

        digest = pointer_in(path)
        kept = self.repo.large_file(digest) if digest else None
        if kept is None:
            return
        copy = f"{path}.large"
        with open_regular(kept, follow_links=False) as source, open(copy, "xb") as target:
            shutil.copyfileobj(source, target)
        if digest_file(copy) == digest:
            os.replace(copy, path)
        else:
            os.unlink(copy)


def _is_wanted(path: str, paths: Sequence[str]) -> bool:
    folders = [os.path.dirname(scene_file(one)) if scene_file(one).endswith(SUFFIXES) else one for one in paths]
    is_there = any(folder in ("", ".") or is_below(path, folder.rstrip("/")) for folder in folders)
    return is_there and path.endswith(SUFFIXES)
