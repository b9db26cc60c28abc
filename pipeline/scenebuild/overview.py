"""The variants of one scene file side by side: ``build/forest/README.md``, with a manifest of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence

from scenebuild.plan.manifest import MANIFEST, Asked, built_variants, manifest_text, output_folder, outputs_of
from scenebuild.result import SceneResult
from scenebuild.scene.reference import label_of
from scenebuild.settings import Settings
from scenebuild.store.publish import publish_bytes

README = "README.md"


def write_overview(path: str, results: Sequence[SceneResult], settings: Settings) -> None:
    """One page about all scenes of a file. Nothing is written while one of them failed, or where nothing changed.

    Its manifest says which scenes the file holds, so that the next run need not read it to see that there is nothing
    to do.
    """
    asked = Asked(settings.engine, settings.template, settings.stems, settings.chosen)
    if any(result.status == "failed" for result in results):
        return
    if built_variants(path, asked, settings.out) is not None and all(one.status == "up-to-date" for one in results):
        return
    from scenebuild.report.overview import Row, overview_markdown
    from scenebuild.scene.extends import read_with_parents

    folder = output_folder(path, settings.out)
    document = read_with_parents(path)
    rows = [Row.of(label_of(one.scene), one, folder) for one in results]
    text = overview_markdown(os.path.splitext(os.path.basename(path))[0], path, rows)
    for name in outputs_of(folder) - {README}:  # of the time when the file was one scene
        _remove(os.path.join(folder, name))
    publish_bytes(os.path.join(folder, README), text.encode())
    inputs = [os.path.abspath(one) for one in document.sources]
    plain = {"variants": [label_of(one.scene) for one in results]}
    publish_bytes(os.path.join(folder, MANIFEST), manifest_text(asked, inputs, folder, [README], plain).encode())


def _remove(path: str) -> None:
    import contextlib

    with contextlib.suppress(OSError):
        os.unlink(path)
        os.rmdir(os.path.dirname(path))
