"""A table of a page in the forms in which it can be taken away; all of them are made from the one `Table`."""

from collections.abc import Callable, Mapping

from harness.text import latex, latex_line, markdown_table
from leaderboard.parquet import has_parquet, to_parquet
from leaderboard.table import Cell, Column, Flat, Table, flat, table_csv, table_json
from leaderboard.text import clean

LONGEST = 200
Form = tuple[str, Callable[[Table, Flat], bytes]]
"""What a form is called, and what writes it; the ending of its files is its key."""


def table_latex(table: Table, _: Flat | None = None) -> bytes:
    r"""The table as it is read, for the booktabs package: ``\usepackage{booktabs}``."""
    layout = "".join("r" if column.numeric else "l" for column in table.columns)
    lines = [
        "% " + latex(clean(table.caption, LONGEST)),
        rf"\begin{{tabular}}{{{layout}}}",
        r"\toprule",
        latex_line(map(_heading, table.columns)),
        r"\midrule",
        *[latex_line(map(_shown, row.cells)) for row in table.rows],
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def table_markdown(table: Table, _: Flat | None = None) -> bytes:
    """The table as it is read, as a pipe table."""
    rows = [list(map(_shown, row.cells)) for row in table.rows]
    return markdown_table(list(map(_heading, table.columns)), rows).encode("utf-8", "replace")


def table_parquet(table: Table, data: Flat | None = None) -> bytes:
    """The values of the CSV file, with their types."""
    data = data or flat(table)
    return to_parquet(data.fields, data.rows)


def _heading(column: Column) -> str:
    unit = f", {column.unit}" if column.unit else ""
    arrow = {"higher": " ↑", "lower": " ↓"}.get(column.better, "")
    return clean(f"{column.title}{unit}", LONGEST) + arrow


def _shown(cell: Cell) -> str:
    return clean(f"{cell.text} ({cell.span})" if cell.span else cell.text, LONGEST)


FORMS: Mapping[str, Form] = {
    "csv": ("CSV", table_csv),
    "json": ("JSON", table_json),
    "md": ("Markdown", table_markdown),
    "tex": ("LaTeX", table_latex),
    "parquet": ("Parquet", table_parquet),
}


def forms_of(*, everything: bool) -> dict[str, Form]:
    """CSV and JSON; with `everything` those for papers and programs too, Parquet where it can be written."""
    if not everything:
        return {form: FORMS[form] for form in ("csv", "json")}
    return {form: found for form, found in FORMS.items() if form != "parquet" or has_parquet()}
