"""What escaping does not cover: hidden characters, links that run something, cells that compute."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.text import LONGEST, arxiv_link, clean, csv_cell, https_link

REFUSED = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    " https://a.example/",
    "http://a.example/",
    "//a.example/",
    "https:/x",
    "https:\\\\evil.example",
    "https://user@host.example/",
    "https://user:pw@host.example/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://[::1]/",
    "https://localhost/",
    "https://a.example:8443/",
    "https://xn--80ak6aa92e.com/",
    "https://аpple.com/",
    "https://a.example/\u202e",
    'https://a.example/"onmouseover=x',
    "https://a.example/'",
    "https://a.example/<b>",
    "https://a.example/ b",
    "https://a.example\n/",
    "data:text/html,x",
    "https://",
    "https://.",
    "https://a..example/",
    "https://[",
    "",
    "https://a.example/" + "x" * LONGEST,
]


@pytest.mark.parametrize("url", REFUSED)
def test_refused_links(url: str) -> None:
    assert https_link(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://arxiv.org/abs/1904.08189",
        "https://github.com/Zheng222/IMDN#weights",
        "https://a-b.example.org/x?y=1&z=(2)",
    ],
)
def test_plain_links(url: str) -> None:
    assert https_link(url) == url


@pytest.mark.parametrize("identifier", ["1904.08189", "1904.08189v2", "cs/0112017", "math.GT/0309136"])
def test_arxiv_identifiers(identifier: str) -> None:
    assert https_link(arxiv_link(identifier) or "") == f"https://arxiv.org/abs/{identifier}"


@pytest.mark.parametrize(
    "identifier", ["", "1904", "../../x", "1904.08189/../..", "1904.08189\n", "javascript:alert(1)"]
)
def test_no_arxiv_identifiers(identifier: str) -> None:
    assert arxiv_link(identifier) is None


@given(st.text(max_size=300))
def test_clean_text_is_one_printable_line(text: str) -> None:
    shown = clean(text)
    assert shown == clean(shown) and len(shown) <= LONGEST
    assert not set(shown) & {
        chr(code) for code in [*range(32), *range(127, 160), 0x202E, 0x2066, 0x200B, 0x2028, 0xFEFF]
    }


def test_text_of_all_languages_stays() -> None:
    for text in ("Śrī Aćimović", "特徴抽出", "مرحبا", "हिन्दी", "é"):
        assert clean(text) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\0=1", " =1", "=1\n=2"])
def test_csv_cells_do_not_compute(text: str) -> None:
    assert str(csv_cell(text)).lstrip(" ")[0] not in "=+-@" or str(csv_cell(text)).startswith(" ")
    assert str(csv_cell(text))[0] in "' "


def test_csv_numbers_stay_numbers() -> None:
    assert [csv_cell(value) for value in (-1, -0.5, 0.1 + 0.2, None)] == [-1, -0.5, 0.1 + 0.2, None]
