"""The page of a watched scene: the page of its build, with a script that writes and listens."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import scenebuild.templates
from scenebuild.report.pages.mixer_page import Live, MixerPage, PageNote, mixer_html
from scenebuild.watch.guard import TOKEN_HEADER, Secrets


def live_page(page: MixerPage, secrets: Secrets, number: int) -> str:
    """The page with what makes it live; ``number`` is its own, by which it sees that there is a newer one."""
    facts = {"page": number, "header": TOKEN_HEADER, "style": _ours("watch.css")}
    return mixer_html(page, Live(secrets.token, f"const WATCH = {json.dumps(facts)};\n{_ours('watch.js')}"))


def waiting_page(scene: str, secrets: Secrets) -> str:
    """What is shown until the first build is done."""
    note = PageNote("The first build is under way", ("The page comes by itself when it is done.",))
    return live_page(MixerPage("scenebuild · watch", scene, "", (), (note,)), secrets, 0)


@cache
def _ours(name: str) -> str:
    return (Path(str(scenebuild.templates.__file__)).parent / name).read_text(encoding="utf-8")
