"""The variants of one scene file side by side in ``build/forest``: a README, a page, and a manifest of their own."""

from __future__ import annotations

from collections.abc import Mapping

from scenebuild.config import config_files
from scenebuild.files import utf8
from scenebuild.outputs import Outputs, said_by_file
from scenebuild.plan.digests import digests_of
from scenebuild.plan.manifest import manifest_of
from scenebuild.plan.up_to_date import built_variants
from scenebuild.result import SceneResult
from scenebuild.scene.compose.reference import label_of, stem_of
from scenebuild.scene.project import project_root
from scenebuild.targets import SceneFile, Target

README, PAGE = "README.md", "index.html"


def write_overview(file: SceneFile, by_path: Mapping[str, SceneResult], begun_ns: int) -> None:
    """Write the pages about all scenes of a file; nothing if a scene failed, or if nothing changed.

    Their manifest names the scenes of the file, so that the next run need not read the file to see that there is
    nothing to do.
    """
    path, settings = file.path, file.targets[0].settings
    whole = Target(path, settings)
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
    folder = whole.folder
    rows = [OverviewRow.of(label_of(one.scene), one, folder) for one in results]
    title = stem_of(path)
    pages = {README: overview_markdown(title, path, rows), PAGE: overview_html(title, path, rows, folder)}
    outputs = Outputs(whole.root, folder)
    with said_by_file():
        outputs.begin(pages)
        for name, text in pages.items():
            outputs.publish(outputs.path(name), utf8(text))
        manifest = manifest_of(
            path,
            settings,
            folder,
            inputs=document.digests,
            configuration=digests_of(config_files(str(project_root(path))), begun_ns),
            outputs=outputs.files(),
            result=None,
            variants=tuple(labels),
        )
        outputs.finish(manifest)
