"""Tables, facts and cells as markup: what a site has by the hundred thousand, where templates take five times as long.

Everything that is not written here between tags passes `shown`. A test reads this file's syntax and refuses any other text
in what is called `Html`; the layout of pages and sections stays in the templates.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NewType

from markupsafe import escape

from leaderboard.packing import packed
from leaderboard.table import Cell, Column, Row, Table, Value
from leaderboard.text import clean
from leaderboard.view import Fact

Html = NewType("Html", str)
"""Text in which everything from a record is escaped."""
MOST_KEPT = 1 << 14
LONG_FACT, LONG_REASON = 80, 40
"""Characters beyond which a fact takes a line of its own, and a reason is folded away."""


@lru_cache(MOST_KEPT)
def shown(text: str) -> Html:
    """`text` without characters that hide or reorder, escaped for content and for attributes in double quotes."""
    return Html(str(escape(clean(text))))


def facts_html(facts: Sequence[Fact], root: str) -> Html:
    """Labelled values; `root` is the way from the page to the site's root."""
    return Html(f'<dl class="facts">\n{Html("".join([_fact(fact, root) for fact in facts]))}</dl>\n')


def _fact(fact: Fact, root: str) -> Html:
    long: Html = Html(' class="long"') if len(fact.cell.text) > LONG_FACT else Html("")
    code: Html = Html(' class="code"') if fact.code else Html("")
    return Html(f"<div{long}><dt>{shown(fact.label)}</dt><dd{code}>{content_html(fact.cell, root)}</dd></div>\n")


def content_html(cell: Cell, root: str) -> Html:
    """What stands in a cell: shape, text or link, interval, second line, further links, reason."""
    muted: Html = Html(" muted") if cell.muted else Html("")
    shape: Html = _shape(cell.shape) if cell.shape else Html("")
    text: Html = Html(f"<bdi>{shown(cell.text)}</bdi>")
    value: Html = Html(f'<a href="{shown(root)}{shown(cell.href)}">{text}</a>') if cell.href else text
    first: Html = Html(f'<span class="value{muted}">{shape}{value}</span>')
    if not (cell.span or cell.sub or cell.more or cell.reason):
        return first
    span: Html = Html(f'<span class="span">{shown(cell.span)}</span>') if cell.span else Html("")
    sub: Html = Html(f'<span class="sub"><bdi>{shown(cell.sub)}</bdi></span>') if cell.sub else Html("")
    return Html(f"{first}{span}{sub}{_more(cell, root)}{_reason(cell)}")


def _shape(shape: str) -> Html:
    return Html(f'<span class="shape" aria-hidden="true">{shown(shape)}</span> ')


def _more(cell: Cell, root: str) -> Html:
    if not cell.more:
        return Html("")
    links: Html = Html("".join([_link(text, path, root) for text, path in cell.more]))
    return Html(f'<span class="sub">{links}</span>')


def _link(text: str, path: str, root: str) -> Html:
    return Html(f'<a href="{shown(root)}{shown(path)}"><bdi>{shown(text)}</bdi></a> ')


def _reason(cell: Cell) -> Html:
    if not cell.reason or cell.quiet:
        return Html("")
    if len(cell.reason) > LONG_REASON:
        return Html(f'<details class="why"><summary>why</summary>{shown(cell.reason)}</details>')
    return Html(f'<span class="sub">{shown(cell.reason)}</span>')


def head_html(table: Table) -> Html:
    """The cells of a table's head, with what a script must know of every column."""
    sorts = len(table.rows) > 1
    return Html("".join([_head(column, sorts) for column in table.columns]))


def _head(column: Column, sorts: bool) -> Html:
    numeric: Html = Html(" data-numeric") if column.numeric else Html("")
    better: Html = Html(f' data-better="{shown(column.better)}"') if column.better else Html("")
    optional: Html = Html(" data-optional") if column.optional else Html("")
    header: Html = Html(" data-header") if column.header else Html("")
    told: Html = Html(f"{_class(column)}{numeric}{better}{_filter(column)}{optional}{header}")
    arrow: Html = Html('<span class="arrow" aria-hidden="true"></span>')
    button: Html = Html(f'<button type="button" disabled>{_heading(column)}{arrow}</button>')
    title: Html = button if column.sortable and sorts else _heading(column)
    return Html(f'<th scope="col" data-key="{shown(column.key)}"{told}>{title}</th>\n')


def _class(column: Column) -> Html:
    if column.numeric:
        return Html(' class="number"')
    if column.short:
        return Html(' class="short"')
    return Html(' class="wide"') if column.wide else Html("")


def _filter(column: Column) -> Html:
    if not column.filter:
        return Html("")
    scale: Html = Html(f' data-scale="{_value(column.scale)}"') if column.scale != 1 else Html("")
    return Html(f' data-filter="{shown(column.filter)}"{scale}')


def _heading(column: Column) -> Html:
    help: Html = Html(f' title="{shown(column.help)}"') if column.help else Html("")
    unit: Html = Html(f", {shown(column.unit)}") if column.unit else Html("")
    return Html(f"<span{help}><bdi>{shown(column.title)}</bdi>{unit}</span>{_direction(column)}")


def _direction(column: Column) -> Html:
    if not column.better:
        return Html("")
    arrow: Html = Html("↑") if column.better == "higher" else Html("↓")
    told: Html = Html(f'<span class="unseen"> ({shown(column.better)} is better)</span>')
    return Html(f'&nbsp;<span class="better"><span aria-hidden="true">{arrow}</span>{told}</span>')


def rows_html(table: Table, root: str) -> Html:
    """The rows that the page shows."""
    opened = [_opened(column) for column in table.columns]
    closed = [Html("</th>\n") if column.header else Html("</td>\n") for column in table.columns]
    return Html("".join([_row(row, opened, closed, root) for row in table.drawn]))


def _opened(column: Column) -> Html:
    """The beginning of the tag of a column's cells."""
    return Html(f'<th scope="row"{_class(column)}') if column.header else Html(f"<td{_class(column)}")


def _row(row: Row, opened: list[Html], closed: list[Html], root: str) -> Html:
    muted: Html = Html(' class="muted"') if row.muted else Html("")
    refs: Html = Html(f' data-refs="{shown(" ".join(row.refs))}"') if row.refs else Html("")
    parts = zip(opened, row.cells, closed, strict=True)
    cells: Html = Html("".join([_cell(begin, cell, end, root) for begin, cell, end in parts]))
    return Html(f'<tr id="{shown(row.id)}"{muted}{refs}>\n{cells}</tr>\n')


def _cell(begin: Html, cell: Cell, end: Html, root: str) -> Html:
    if cell.value is None:
        return Html(f"{begin}>{content_html(cell, root)}{end}")
    return Html(f'{begin} data-v="{_value(cell.value)}">{content_html(cell, root)}{end}')


def _value(value: Value) -> Html:
    return shown(value if isinstance(value, str) else str(value))


def rest_html(table: Table) -> Html:
    """The rows that the script gets, as JSON without signs that could end its element."""
    return Html(packed(table))
