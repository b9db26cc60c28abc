"""A review as a folder: a page to listen to, the comment, the numbers, pictures and clips."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from scenebuild.files import publish_bytes, utf8
from scenebuild.report.pages.mixer_page import Pairs
from scenebuild.review.compare.changes import ChangedScene
from scenebuild.review.formats.json import as_json
from scenebuild.review.formats.markdown import AttachedFiles, as_markdown
from scenebuild.review.formats.page import ReviewPage
from scenebuild.review.formats.rows import scene_row
from scenebuild.review.model import Review, SceneReview

PAGE, COMMENT, NUMBERS = "index.html", "diff.md", "diff.json"
MOST_NOTES = 6  # lines in a clip


class ReviewFolder:
    """Writes the pictures and clips of each scene while its sound exists, and the page when all scenes are known."""

    def __init__(self, root: Path, *, video: bool, tell: Callable[[str], None]) -> None:
        if video:  # a missing PyAV is reported before anything is mixed
            from scenebuild.review.clips.video import pyav

            pyav()
        self._root, self._video, self._tell = root, video, tell
        self._pictures: dict[str, str] = {}
        self._outlines: dict[str, str] = {}
        self._clips: dict[str, str] = {}

    def add(self, changed: ChangedScene) -> None:
        """Write the pictures of a scene, and its clip."""
        from scenebuild.review.formats.pictures import before_after_png, waveforms_svg

        scene = changed.review
        mixes = [one.mix_path if one else None for one in (changed.before, changed.after)]
        if not any(mixes):
            return
        name = self._name(scene.path)
        picture, outline = f"{name}.png", f"{name}.svg"
        publish_bytes(str(self._root / picture), before_after_png(mixes[0], mixes[1]))
        publish_bytes(str(self._root / outline), waveforms_svg(mixes[0], mixes[1]).encode())
        self._pictures[scene.path], self._outlines[scene.path] = picture, outline
        if self._video:
            self._clip(scene, mixes, f"{name}.mp4")

    @property
    def attached(self) -> AttachedFiles:
        """The files in the folder beside the comment."""
        return AttachedFiles(PAGE, self._pictures, self._clips)

    def write(self, review: Review, page: ReviewPage) -> None:
        """Write the numbers, the comment and the page; the page last, so that its links work."""
        publish_bytes(str(self._root / NUMBERS), utf8(as_json(review)))
        publish_bytes(str(self._root / COMMENT), utf8(as_markdown(review, self.attached)))
        links = {scene.path: self._links(scene.path) for scene in review.scenes}
        publish_bytes(str(self._root / PAGE), utf8(page.html(review, links)))

    def _clip(self, scene: SceneReview, mixes: list[Path | None], name: str) -> None:
        from scenebuild.review.clips.video import clip_mp4

        row = scene_row(scene)
        lines = [f"{edit.field}: {' → '.join(filter(None, (edit.before, edit.after)))}" for edit in row.edits]
        lines += [", ".join(filter(None, (row.loudness, row.balance)))]
        self._tell(f"making {name}")
        clip_mp4(mixes[0], mixes[1], self._root / name, scene.path, list(filter(None, lines))[:MOST_NOTES])
        self._clips[scene.path] = name

    def _links(self, path: str) -> Pairs:
        kinds = (("Spectrograms", self._pictures), ("Waveforms", self._outlines), ("Clip", self._clips))
        return tuple((label, files[path]) for label, files in kinds if path in files)

    def _name(self, path: str) -> str:
        """A name for a scene's files that no other scene here has: ``forest@night`` becomes ``forest-night``."""
        stem = re.sub(r"\.ya?ml(?=@|\Z)", "", path.removeprefix("scenes/"))
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:80] or "scene"
        taken = {Path(one).stem for one in self._pictures.values()}
        return name if name not in taken | {"index", "diff"} else f"{name}-{len(taken) + 1}"
