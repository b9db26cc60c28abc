"""An author's text stays text in Markdown: parsed as GitHub parses it, it never becomes anything else."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from scenebuild.report.readme import markdown

GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

JOINER = "\u2060"

# What readers of rendered text make links of: GFM's extended autolinks, and the references of code hosts.
LINKLIKE = re.compile(
    r"(https?|ftp)://|www\.|[\w.+-]@\w|@\w|#\w|GH-\d|:[\w+-]+:|(?:^|\s)\$\S", re.IGNORECASE | re.ASCII
)

NASTY = [
    "<script>alert(1)</script>", "<!-- ", "<b>", "</details>", "[x](javascript:alert(1))", "![x](y)", "[^1]", "[a]: b",
    "|", "||", "---", "===", "`", "``", "```", "~~~", "~~", "*", "**", "_", "__", "a_b", "#", "# ", "#1", "GH-1",
    "> ", "- ", "+ ", "1. ", "1) ", "12345. ", "    ", "\t", "\n", "\n\n", "\r\n", "\\", "\\|", "&lt;",
    "&#60;", "&amp;",
    "http://a.b/c", "https://a.b", "HTTP://A.B", "ftp://a.b", "www.a.b", "WWW.a.b", "me@a.b", "mailto:me@a.b", "@team",
    "::error::", "::", ":smile:", "{{7*7}}", "{% raw %}", "$x$", "$$", "=1+1", "\u202e", "\u2066", "\x1b[31m", "\x00",
    "\u2028", "\u0085", "\u00a0", "\u3000", "\u2060", "\ud800", "'", '"', ":--", "-:", "!", "(", ")", "^", "word",
]  # fmt: skip

texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=4) | st.just(" "), max_size=12).map("".join)

CONTEXTS = {
    "paragraph": "{}\n",
    "after text": "before {} after\n",
    "between lines": "before\n{}\nafter\n",
    "heading": "# {}\n",
    "list": "- {}\n",
    "quote": "> {}\n",
    "strong": "**{}**\n",
    "link text": "[{}](there.wav)\n",
    "table": "| a | b |\n| -- | -- |\n| {} | {} |\n",
    "table head": "| {} | b |\n| -- | -- |\n| a | b |\n",
    "summary": "<details>\n<summary>{}</summary>\n\nfolded\n\n</details>\n",
}


def structure(source: str) -> list[tuple[str, str, list[str] | None]]:
    """The kinds of all tokens; of HTML its tags, for what stands between them is text."""
    kinds: list[tuple[str, str, list[str] | None]] = []
    for token in GFM.parse(source):
        for part in (token, *(token.children or ())):
            kinds.append((part.type, part.tag, re.findall(r"<[^>]*>", part.content) if "html" in part.type else None))
    return kinds


def rendered_text(source: str) -> str:
    tokens = [part for token in GFM.parse(source) for part in token.children or ()]
    return "".join(part.content for part in tokens if part.type == "text")


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
@given(value=texts)
def test_text_is_inert_wherever_a_template_puts_it(context: str, value: str) -> None:
    inert = markdown.text(value)
    assume(inert)
    assert structure(context.replace("{}", inert)) == structure(context.replace("{}", "word"))


@given(texts)
def test_text_reads_as_it_was_written(value: str) -> None:
    inert = markdown.text(value)
    assert rendered_text(f"x{inert}x").replace(JOINER, "") == f"x{markdown.shown(value)}x".replace(JOINER, "")
    assert unescape(inert).replace(JOINER, "") == markdown.shown(value).replace(JOINER, "")


@given(texts)
def test_nothing_in_the_rendered_text_looks_like_a_link_or_a_reference(value: str) -> None:
    assert not LINKLIKE.search(rendered_text(f"see {markdown.text(value)} there"))


@given(texts)
def test_the_source_stays_safe_for_logs_site_generators_and_terminals(value: str) -> None:
    inert = markdown.text(value)
    assert "::" not in inert
    assert "{" not in inert
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", inert)


@given(texts)
def test_paragraphs_are_kept_and_nothing_else(value: str) -> None:
    blocks = [token.type for token in GFM.parse(markdown.paragraphs(value))]
    assert blocks == ["paragraph_open", "inline", "paragraph_close"] * (len(blocks) // 3)


def test_a_blank_line_parts_paragraphs_and_a_line_break_does_not() -> None:
    assert markdown.paragraphs("One\ntwo.\n \nThree.\r\n\r\n\n\n# Four") == "One two.\n\nThree.\n\n&#35; Four"


@pytest.mark.parametrize("context", ["{}\n", "before {} after\n", CONTEXTS["table"], "- Key: {}\n"])
@given(value=texts)
def test_code_is_one_span_that_reads_as_it_was_written(context: str, value: str) -> None:
    span = markdown.code(value)
    assume(span)
    parts = [part for token in GFM.parse(context.replace("{}", span)) for part in token.children or ()]
    spans = [part.content for part in parts if part.type == "code_inline"]
    if span.startswith("<code>"):
        assert structure(context.replace("{}", span)) == structure(context.replace("{}", "<code>word</code>"))
        assert unescape(span[6:-7]).replace(JOINER, "") == markdown.shown(value).replace(JOINER, "")
    else:
        assert structure(context.replace("{}", span)) == structure(context.replace("{}", "`word`"))
        assert set(spans) == {markdown.shown(value)}


@given(texts)
def test_a_sentence_of_ours_has_one_command_whatever_it_is(value: str) -> None:
    said = markdown.sentence(f"Type `scenebuild {value}` now.")
    plain = "Type `word` now." if "<code>" not in said else "Type <code>word</code> now."
    assert structure(said) == structure(plain)


@given(texts)
def test_a_sentence_is_inert_without_a_command_too(value: str) -> None:
    kinds = {kind for kind, *_ in structure(markdown.sentence(value))}
    assert kinds <= {"paragraph_open", "inline", "text", "paragraph_close", "code_inline", "html_inline"}
    assert not LINKLIKE.search(rendered_text(markdown.sentence(value)))


@given(texts)
def test_a_code_block_ends_where_it_should(value: str) -> None:
    tokens = GFM.parse(f"before\n\n{markdown.code_block(value)}\n\nafter\n")
    assert [token.type for token in tokens] == [
        "paragraph_open",
        "inline",
        "paragraph_close",
        "fence",
        "paragraph_open",
        "inline",
        "paragraph_close",
    ]


@given(texts)
def test_a_link_leads_to_a_relative_path_and_nowhere_else(value: str) -> None:
    destination = markdown.url(value)
    assert re.fullmatch(r"[\w./~%-]*", destination, re.ASCII)
    assert not destination.startswith("/")
    tokens = GFM.parseInline(f"[word]({destination})")[0].children or []
    assert [token.type for token in tokens] == ["link_open", "text", "link_close"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("steady rain, thunder far away (3.5 km) - 50% wet!", "steady rain, thunder far away (3.5 km) - 50% wet!"),
        ("don't stop: it's 5 o'clock", "don't stop: it's 5 o'clock"),
        ("rainy_cafe.wav", "rainy_cafe.wav"),
        ("Regen an das Fenster — 雨の音 🌧", "Regen an das Fenster — 雨の音 🌧"),
        ("1. rain", "1&#46; rain"),
        ("- rain", "&#45; rain"),
        ("-3 dB", "-3 dB"),
        ("me@a.b", "me&#64;&#8288;a.b"),
        ("see www.a.b", "see www&#8288;&#46;a.b"),
        ("https://a.b", "https&#58;&#8288;//a.b"),
        ("<b>", "&lt;b&#8288;&gt;"),
        ("a\u202eb\x1b[31m", "a\ufffdb\ufffd&#91;&#8288;31m"),
        (" a \n b\t", "a b"),
    ],
)
def test_plain_prose_stays_readable_and_the_rest_is_escaped(value: str, expected: str) -> None:
    assert markdown.text(value) == expected
