"""What a page consists of; the views fill these in and the templates lay them out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from leaderboard.table import Cell, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One labelled value."""

    label: str
    cell: Cell
    code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A plot in two palettes; file names from the site's root."""

    light: str
    dark: str
    alt: str
    caption: str
    height: int
    """Of the drawing, in points; every drawing has the same width."""
    data: str = ""
    """The CSV file of its points, from the site's root; empty where a table has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A small picture of a sample; `path` is from the site's root, sizes are in pixels."""

    path: str
    alt: str
    caption: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a page: paragraphs, then facts, plots, tables, in that order; whatever is empty is left out."""

    id: str
    title: str
    paragraphs: Sequence[str] = ()
    facts: Sequence[Fact] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    items: Sequence[Cell] = ()
    """A list of links or texts."""
    thumbnails: Sequence[Thumbnail] = ()
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One HTML file. `path` is from the site's root; `crumbs` are (title, path) of the pages above it."""

    path: str
    title: str
    lead: str = ""
    banner: str = ""
    """What a reader must know first (a generated sample, a withdrawn result)."""
    links: Sequence[tuple[str, str]] = ()
    """Outside links (text, https address) that were checked."""
    downloads: Sequence[tuple[str, str]] = ()
    """Files beside this page (text, file name)."""
    crumbs: Sequence[tuple[str, str]] = ()
    facts: Sequence[Fact] = ()
    sections: Sequence[Section] = field(default_factory=tuple)
    search: str = ""
    """What a search over all tables of the page is called; empty where there is none."""
    compares: bool = False
    """Whether the address may name the records that its tables are about."""

    @property
    def root(self) -> str:
        """The way from this page to the site's root."""
        return "../" * self.path.count("/")
