"""The variants of one scene file side by side in ``build/forest``: a README, a page, and a manifest of their own."""

from __future__ import annotations

import os
from collections.abc import Sequence

from scenebuild.files import publish_text
from scenebuild.plan.manifest import (
    MANIFEST,
    Asked,
    built_variants,
    digests_of,
    manifest_text,
    output_folder,
    outputs_of,
)
from scenebuild.result import SceneResult
from scenebuild.scene.project import project_root
from scenebuild.scene.reference import label_of, stem_of
from scenebuild.settings import Settings, config_files

README, PAGE = "README.md", "index.html"


def write_overview(path: str, results: Sequence[SceneResult], settings: Settings, begun_ns: int) -> None:
    """Pages about all scenes of a file. Nothing is written while one of them failed, or where nothing changed.

    Its manifest says which scenes the file holds, so that the next run need not read it to see that there is nothing
    to do.
    """
    asked = Asked(**settings.deciding)
    if any(result.status == "failed" for result in results):
        return
    if built_variants(path, asked, settings.out) is not None and all(one.status == "up-to-date" for one in results):
        return
    from scenebuild.report.overview import Row, overview_html, overview_markdown
    from scenebuild.scene.extends import read_with_parents

    folder = output_folder(path, settings.out)
    document = read_with_parents(path)
    rows = [Row.of(label_of(one.scene), one, folder) for one in results]
    title = stem_of(path)
    pages = {README: overview_markdown(title, path, rows), PAGE: overview_html(title, path, rows, folder)}
    for name in outputs_of(folder) - pages.keys():  # of the time when the file was one scene
        _remove(os.path.join(folder, name))
    for name, text in pages.items():
        publish_text(os.path.join(folder, name), text)
    inputs = digests_of(document.sources, begun_ns)
    plain = {"variants": [label_of(one.scene) for one in results]}
    configuration = digests_of(config_files(str(project_root(path))), begun_ns)
    text = manifest_text(asked, inputs, folder, pages, plain, configuration)
    publish_text(os.path.join(folder, MANIFEST), text)


def _remove(path: str) -> None:
    import contextlib

    with contextlib.suppress(OSError):
        os.unlink(path)
        os.rmdir(os.path.dirname(path))
