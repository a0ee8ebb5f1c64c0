"""Pages as HTML: templates with escaping that is really on, and a policy that lets only this project's own script run."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from markupsafe import Markup

from leaderboard.markup import Html, content_html, facts_html, head_html, rest_html, rows_html
from leaderboard.text import clean
from leaderboard.view import Page

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """What every page's footer says."""

    records: int
    digest: str
    newest: str
    version: str


class Renderer:
    """Renders pages; reads the templates once."""

    def __init__(self, site: SiteFacts) -> None:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            auto_reload=False,
            undefined=StrictUndefined,
            finalize=_finalize,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        for function in (content_html, facts_html, head_html, rest_html, rows_html):
            self._environment.filters[function.__name__.removesuffix("_html")] = _filter(function)
        self._site = site

    def render(self, page: Page) -> bytes:
        """One page as UTF-8."""
        template = self._environment.get_template("base.html")
        return template.render(page=page, site=self._site, policy=self.policy).encode("utf-8", "replace")

    @cached_property
    def policy(self) -> str:
        """The content security policy of every page."""
        script, style = (self._digest(name) for name in ("site.js", "site.css"))
        own = f"default-src 'none'; script-src '{script}'; style-src '{style}'; img-src 'self' data:"
        return f"{own}; base-uri 'none'; form-action 'none'"

    def _digest(self, name: str) -> str:
        text = self._environment.get_template(name).render()
        return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _filter(function: Callable[..., Html]) -> Callable[..., Markup]:
    return lambda *arguments: Markup(function(*arguments))


def _finalize(value: Any) -> Any:
    """Clean every text before it is escaped; what macros return is markup already."""
    return clean(value) if type(value) is str else value
