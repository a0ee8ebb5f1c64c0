"""Pages read back as a browser would, without one."""

from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Reader(HTMLParser):
    """Elements with attributes, ids, links, and tables as rows of cell values (None where there is none)."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.tables: dict[str, list[list[str | None]]] = {}
        self.open: list[str] = []
        self._table = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.append((tag, found))
        if tag not in VOID:
            self.open.append(tag)
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag != "link":
            self.links += [str(found[key]) for key in ("href", "src") if key in found]
        if tag == "table":
            self._table = str(found["id"])
            self.tables[self._table] = []
        elif tag == "tr" and "tbody" in self.open:
            self.tables[self._table].append([])
        elif tag in ("td", "th") and "tbody" in self.open:
            self.tables[self._table][-1].append(found.get("data-v"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        (self.scripts if self.open and self.open[-1] in ("script", "style") else self.texts).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def read(path: Path) -> Reader:
    return Reader(path.read_text(encoding="utf-8"))


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def page_of(site: Path, heading: str) -> Path:
    """The board with this heading."""
    found = [path for path in site.glob("b/*/index.html") if f"<h1><bdi>{heading}</bdi></h1>" in path.read_text()]
    assert len(found) == 1
    return found[0]


def one_of_each_kind(site: Path) -> list[str]:
    """Paths from the site's root: the index, the largest page of every other kind, what was withdrawn or superseded."""
    largest = [max(site.glob(f"{kind}/*/index.html"), key=lambda path: path.stat().st_size) for kind in "bsrph"]
    paths = [path.relative_to(site).as_posix() for path in largest]
    gone = [
        next(
            path
            for path in sorted(site.glob("r/*/index.html"))
            if f'class="banner"><span aria-hidden="true">▲</span> {word}' in path.read_text()
        )
        for word in ("Withdrawn", "Superseded")
    ]
    return [
        "index.html",
        paths[0].replace("index", "compare"),
        *paths,
        *(path.relative_to(site).as_posix() for path in gone),
    ]
