"""Tables and cells are written in Python: nothing of a record may get between tags there except escaped."""

import ast
import inspect
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard import markup
from leaderboard.table import Cell, Column, Row, Table
from leaderboard.text import clean
from leaderboard.view import Fact

SOURCE = inspect.getsource(markup)
TRUSTED = {"shown", "packed", "escape"}
"""`shown` and `escape` escape; `packed` writes JSON without signs of markup. They are tested below and with hostile records."""
texts = st.text(alphabet=st.sampled_from("ab<>&\"'`=/ \u202e\x00{}%é") | st.characters(), max_size=60)
cells = st.builds(
    Cell, value=st.none() | texts | st.integers() | st.floats(), text=texts, span=texts, sub=texts, reason=texts, href=texts,
    shape=texts, more=st.lists(st.tuples(texts, texts), max_size=2).map(tuple), quiet=st.booleans(), muted=st.booleans(),
)  # fmt: skip


def refused(tree: ast.AST) -> list[str]:
    """The places of a module at which something that is not known to be escaped becomes `Html`."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    safe = TRUSTED | {node.name for node in functions if _is_html(node.returns)}
    found = []
    for function in functions:
        names = {arg.arg for arg in function.args.args if arg.annotation and "Html" in ast.unparse(arg.annotation)}
        for node in ast.walk(function):
            if isinstance(node, ast.AnnAssign) and _is_html(node.annotation) and isinstance(node.target, ast.Name):
                names.add(node.target.id)
                found += [] if node.value and _is_safe(node.value, names, safe) else [ast.unparse(node)]
            if isinstance(node, ast.Assign | ast.NamedExpr | ast.AugAssign | ast.For):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found += [
                    ast.unparse(node) for target in targets if isinstance(target, ast.Name) and target.id in names
                ]
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Html":
                found += [] if _is_safe(node.args[0], names, safe) else [ast.unparse(node)]
            if isinstance(node, ast.Return) and _is_html(function.returns):
                found += [] if node.value and _is_safe(node.value, names, safe) else [ast.unparse(node)]
    return found


def _is_html(annotation: ast.expr | None) -> bool:
    return annotation is not None and ast.unparse(annotation) == "Html"


def _is_safe(node: ast.expr, names: set[str], safe: set[str]) -> bool:
    match node:
        case ast.Constant(value=str()):
            return True
        case ast.Name(id=name):
            return name in names
        case ast.JoinedStr(values=values):
            return all(_is_safe(value, names, safe) for value in values)
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return _is_safe(value, names, safe)
        case ast.IfExp(body=body, orelse=other):
            return _is_safe(body, names, safe) and _is_safe(other, names, safe)
        case ast.Call(func=ast.Name(id="Html" | "str"), args=[inner]):
            return _is_safe(inner, names, safe)
        case ast.Call(func=ast.Name(id=name)):
            return name in safe
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=""), attr="join"), args=[ast.ListComp(elt=each)]):
            return _is_safe(each, names, safe)
    return False


def test_only_escaped_text_gets_between_tags() -> None:
    assert refused(ast.parse(SOURCE)) == []


@pytest.mark.parametrize(
    "code",
    [
        "def f(cell: Cell) -> Html:\n    return Html(f'<p>{cell.text}</p>')",
        "def f(text: str) -> Html:\n    return Html(text)",
        "def f(text: str) -> Html:\n    return text",
        "def f(text: str) -> Html:\n    return Html('<p>' + text)",
        "def f(text: str) -> Html:\n    return Html('<p>%s' % text)",
        "def f(text: str) -> Html:\n    return Html('<p>{}'.format(text))",
        "def f(text: str) -> Html:\n    made: Html = text\n    return made",
        "def f(text: str) -> Html:\n    made: Html = shown(text)\n    made = text\n    return made",
        "def f(texts: list[str]) -> Html:\n    return Html(''.join([text for text in texts]))",
        "def f(text: str) -> Html:\n    return Html(f'{text!s}')",
        "def f(text: str) -> Html:\n    return Html(text.strip())",
    ],
)
def test_the_reading_finds_what_it_is_for(code: str) -> None:
    assert refused(ast.parse(code))


class Reader(HTMLParser):
    """Collects tags, names of attributes, and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: dict[str, list[str | None]] = {}
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value)

    def handle_comment(self, data: str) -> None:
        self.tags.append("a comment")

    def handle_decl(self, decl: str) -> None:
        self.tags.append("a declaration")

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


@given(texts)
def test_text_comes_back_as_it_was_cleaned_from_content_and_attribute(text: str) -> None:
    found = parsed(f'<p title="{markup.shown(text)}">{markup.shown(text)}</p>')
    assert (found.tags, found.text, found.attributes) == (["p"], clean(text), {"title": [clean(text)]})


@given(cells, texts)
def test_a_cell_has_only_the_tags_that_its_fields_give_it(cell: Cell, label: str) -> None:
    column = Column(key=label, title=label, unit=label, help=label, filter="text")
    table = Table(id="t", caption="", columns=(column,), rows=(Row(id=label, cells=(cell,), refs=(label,)),))
    found = parsed(f"<table>{markup.head_html(table)}{markup.rows_html(table, '../')}</table>")
    assert set(found.tags) <= {"table", "tr", "th", "td", "span", "bdi", "a", "details", "summary"}
    assert set(found.attributes) <= {
        "scope", "data-key", "data-filter", "title", "id", "data-refs", "data-v", "class", "href", "aria-hidden"
    }  # fmt: skip
    assert all(link is not None and link.startswith("../") for link in found.attributes.get("href", []))
    shown = [clean(text) for text in (cell.text, cell.span, cell.sub, *(text for text, _ in cell.more))]
    assert all(text in found.text for text in shown)


@given(cells, texts, st.booleans())
def test_a_fact_has_only_the_tags_that_its_fields_give_it(cell: Cell, label: str, code: bool) -> None:
    found = parsed(markup.facts_html([Fact(label=label, cell=cell, code=code)], ""))
    assert set(found.tags) <= {"dl", "div", "dt", "dd", "span", "bdi", "a", "details", "summary"}
    assert clean(label) in found.text


def test_no_other_file_makes_markup() -> None:
    folder = Path(markup.__file__).parent
    assert [path.name for path in folder.glob("*.py") if "Html(" in path.read_text(encoding="utf-8")] == ["markup.py"]
