"""The page of a watched scene: the page of its build, with a script that writes edits and follows the builds."""

from __future__ import annotations

import json

from scenebuild.report.pages.html import ours
from scenebuild.report.pages.mixer_page import Live, MixerPage, PageNote, mixer_html
from scenebuild.watch.guard import TOKEN_HEADER, Secrets


def live_page(page: MixerPage, secrets: Secrets, number: int) -> str:
    """The page as HTML with the script that writes edits and follows the builds. ``number``: of this page, by which it
    sees that there is a newer one."""
    facts = {"page": number, "header": TOKEN_HEADER, "style": ours("watch.css")}
    return mixer_html(page, Live(secrets.token, f"const WATCH = {json.dumps(facts)};\n{ours('watch.js')}"))


def waiting_page(scene: str, secrets: Secrets) -> str:
    """The page until the first build is done."""
    note = PageNote("The first build is running", ("The page opens when it is done.",))
    return live_page(MixerPage("scenebuild · watch", scene, "", (), (note,)), secrets, 0)
