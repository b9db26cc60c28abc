"""The variants of one scene file side by side in ``build/forest``: a README, a page, and a manifest of their own."""

from __future__ import annotations

from collections.abc import Mapping

from scenebuild.config import config_files
from scenebuild.files import utf8
from scenebuild.outputs import Outputs, said_by_file
from scenebuild.plan.manifest import (
    built_variants,
    digests_of,
    manifest_text,
    output_folder,
    outputs_root,
)
from scenebuild.result import SceneResult
from scenebuild.scene.compose.reference import label_of, stem_of
from scenebuild.scene.project import project_root
from scenebuild.targets import SceneFile

README, PAGE = "README.md", "index.html"


def write_overview(file: SceneFile, by_path: Mapping[str, SceneResult], begun_ns: int) -> None:
    """Pages about all scenes of a file. Nothing is written while one of them failed, or where nothing changed.

    Its manifest says which scenes the file holds, so that the next run need not read it to see that there is nothing
    to do.
    """
    path, settings = file.path, file.targets[0].settings
    results = [by_path[target.path] for target in file.targets]
    if any(result.status == "failed" for result in results):
        return
    if built_variants(path, settings) is not None and all(one.status == "up-to-date" for one in results):
        return
    from scenebuild.report.pages.overview_page import OverviewRow, overview_html, overview_markdown
    from scenebuild.scene.compose.extends import read_with_parents
    from scenebuild.scene.compose.variants import variants_of

    document = read_with_parents(path)
    labels = [label_of(one.scene) for one in results]
    if [one.label for one in variants_of(document, {})] != labels:  # saved since: the next run reads it again
        return
    folder = output_folder(path, settings.output.out)
    rows = [OverviewRow.of(label_of(one.scene), one, folder) for one in results]
    title = stem_of(path)
    pages = {README: overview_markdown(title, path, rows), PAGE: overview_html(title, path, rows, folder)}
    outputs = Outputs(outputs_root(path, settings.output.out), folder)
    with said_by_file():
        outputs.begin(pages)
        for name, text in pages.items():
            outputs.publish(outputs.path(name), utf8(text))
        configuration = digests_of(config_files(str(project_root(path))), begun_ns)
        plain = {"variants": labels}
        text = manifest_text(path, settings, document.digests, folder, outputs.facts(), plain, configuration)
        outputs.finish(text.encode())
