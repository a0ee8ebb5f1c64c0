"""What would let a stranger's text become markup or script must not come into templates, script or code by habit."""

import re
from pathlib import Path

import pytest

import leaderboard

ROOT = Path(leaderboard.__path__[0])
TEMPLATES = sorted((ROOT / "templates").glob("*"))
IN_TEMPLATES = {
    "a filter that ends escaping": r"\|\s*(safe|tojson|xmlattr|urlize|striptags)\b",
    "escaping switched off": r"autoescape",
    "markup out of text": r"\bMarkup\b",
    "an event handler in an attribute": r"<[^>]*\son[a-z]+\s*=",
    "a style attribute": r"<[^>]*\sstyle\s*=",
    "a script or style from elsewhere": r"<(script|link|iframe|object|embed)[^>]*\s(src|data)\s*=",
    "a request to another host": r"(src|href)\s*=\s*[\"']?(https?:)?//",
    "an address that runs something": r"javascript:",
}
IN_SCRIPTS = {
    "text as markup": r"\b((inner|outer)HTML|insertAdjacentHTML|document\.write|srcdoc|setHTMLUnsafe)",
    "text as a document": r"\b(createContextualFragment|DOMParser)\b",
    "text as code": r"\b(eval|Function)\s*\(|set(Timeout|Interval)\s*\(\s*[\"'`]",
    "a style or handler by name": r"setAttribute\(\s*[\"'](style|on[a-z]+)[\"']",
    "a handler as a property": r"\.on(click|error|load|input|change|keydown|submit)\s*=",
    "a request": r"\b(fetch|XMLHttpRequest|sendBeacon|WebSocket|EventSource|importScripts)\b|\bimport\s*\(",
}
IN_STYLES = {
    "something from elsewhere": r"@import|url\(\s*[\"']?(?!data:)",
    "an expression": r"expression\s*\(|behavior\s*:",
}


def rules(path: Path) -> dict[str, str]:
    return {".html": IN_TEMPLATES, ".js": IN_SCRIPTS, ".css": IN_STYLES}[path.suffix]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_and_scripts_have_no_way_from_text_to_markup(path: Path) -> None:
    text = re.sub(r"\s+", " ", path.read_text(encoding="utf-8"))
    found = {
        why: match[0]
        for why, rule in rules(path).items()
        if (match := re.search(rule, text, re.IGNORECASE if path.suffix == ".html" else 0))
    }
    assert not found


def test_the_rules_find_what_they_are_for() -> None:
    bad = {
        ".html": [
            "{{ x | safe }}",
            "{{ x|tojson }}",
            '<a onclick="x">',
            "<p style='x'>",
            '<script src="a.js">',
            '<a href="//x.example">',
        ],
        ".js": [
            "a.innerHTML = b",
            "a.insertAdjacentHTML('x', b)",
            "eval(a)",
            "setTimeout('x')",
            "a.setAttribute('style', b)",
            "a.onclick = b",
            "fetch(a)",
        ],
        ".css": ["@import 'x'", "a { background: url(https://x.example) }"],
    }
    for suffix, texts in bad.items():
        for text in texts:
            assert any(re.search(rule, text) for rule in rules(Path(f"x{suffix}")).values()), text


def test_python_makes_markup_of_nothing_but_what_is_escaped_in_one_file() -> None:
    made = [
        (path.name, line.strip())
        for path in sorted(ROOT.glob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\bMarkup\(|__html__|autoescape\s*=\s*(?!True)|select_autoescape", line)
    ]
    assert made == [("pages.py", "return lambda *arguments: Markup(function(*arguments))")]
    assert "def _filter(function: Callable[..., Html])" in (ROOT / "pages.py").read_text(encoding="utf-8")
    assert "autoescape=True" in (ROOT / "pages.py").read_text(encoding="utf-8")
