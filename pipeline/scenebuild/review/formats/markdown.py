"""A review as Markdown for a comment: as much as fits, with a note about what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from scenebuild.report.readme.render import rendered
from scenebuild.review.formats.rows import SceneRow, scene_row, total
from scenebuild.review.model import Review

MARKER = "<!-- scenebuild-diff -->"  # to find the comment of an earlier run
LARGEST = 65_000  # bytes; a comment on GitHub holds 65,536 characters
MOST_LINES = 60  # of one table of a scene
FEW_LINES = 6  # where space is short
MOST_ROWS = 200  # of the table of scenes


@dataclass(frozen=True, slots=True)
class AttachedFiles:
    """Files beside a report, relative to it: a page, and pictures and clips by the scene they show."""

    page: str = ""
    pictures: Mapping[str, str] = field(default_factory=dict)
    clips: Mapping[str, str] = field(default_factory=dict)
    is_apart: bool = False  # the report is read in another place, without links to the files


@dataclass(frozen=True, slots=True)
class MarkdownPage:
    """What the template shows."""

    marker: str
    before: str
    after: str
    total: str
    link: str
    rows: Sequence[SceneRow]
    has_table: bool
    blocks: Sequence[str]
    left_out: Sequence[str]


def as_markdown(
    review: Review, attached: AttachedFiles | None = None, largest: int = LARGEST, *, is_apart: bool = False
) -> str:
    """The review in at most ``largest`` bytes of UTF-8; the first line is ``MARKER``.

    ``is_apart``: the text is read in another place than the files, so it has no links and no marker.

    If not everything fits, pictures and most lines are left out, then the details of the last scenes, then rows of the
    table. A note says what is left out.
    """
    files = replace(attached or AttachedFiles(), is_apart=is_apart)
    rows = [scene_row(scene) for scene in review.scenes]
    full = [_block(row, files, is_open=len(rows) == 1, is_full=True) for row in rows]
    whole = _page(review, rows, full, files, ())
    if _size(whole) <= largest:
        return whole
    short = [_block(row, files, is_open=False, is_full=False) for row in rows]
    said = "Pictures and long lists are left out here, as a comment holds no more"
    whole = _page(review, rows, short, files, (f"{said}.",))
    if _size(whole) <= largest:
        return whole
    return _as_much_as_fits(review, rows, short, files, largest)


def _as_much_as_fits(
    review: Review, rows: Sequence[SceneRow], blocks: Sequence[str], files: AttachedFiles, largest: int
) -> str:
    for most in (MOST_ROWS, 100, 50, 20, 5, 0):
        kept = rows[:most]
        bare = _size(_page(review, kept, (), files, (_left_out(len(rows), len(kept), 0),)))
        if bare > largest:
            continue
        fitting, left = 0, largest - bare - len("\n")
        while fitting < len(kept) and _size(blocks[fitting]) + 1 <= left:
            left -= _size(blocks[fitting]) + 1
            fitting += 1
        return _page(review, kept, blocks[:fitting], files, (_left_out(len(rows), len(kept), fitting),))
    return f"{MARKER}\n"


def _left_out(scenes: int, rows: int, blocks: int) -> str:
    table = f" and {scenes - rows} scenes altogether" if rows < scenes else ""
    return (
        f"A comment holds no more: the details of {scenes - blocks} of {scenes} scenes{table} are left out here; "
        "`scenebuild diff` shows all of them."
    )


def _page(
    review: Review, rows: Sequence[SceneRow], blocks: Sequence[str], files: AttachedFiles, left_out: Sequence[str]
) -> str:
    page = MarkdownPage(
        marker="" if files.is_apart else MARKER,
        before=review.before,
        after=review.after,
        total=total(review),
        link="" if files.is_apart else files.page,
        rows=rows,
        has_table=len(review.scenes) > 1,
        blocks=blocks,
        left_out=left_out,
    )
    return rendered("diff.md.jinja2", page=page)


def _block(row: SceneRow, files: AttachedFiles, *, is_open: bool, is_full: bool) -> str:
    return rendered(
        "diff_scene.md.jinja2",
        row=row,
        is_open=is_open,
        is_full=is_full,
        most=MOST_LINES if is_full else FEW_LINES,
        picture=files.pictures.get(row.path, ""),
        clip=files.clips.get(row.path, ""),
        has_links=not files.is_apart,
    )


def _size(text: str) -> int:
    return len(text.encode())
