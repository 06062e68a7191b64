"""Text in Markdown, with values of the data in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markupsafe import Markup

from app.helpers import cells, number

if TYPE_CHECKING:
    from pandas import DataFrame

# Tables, too; HTML in the text is shown, not obeyed.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


def markdown(text: str, df: DataFrame) -> Markup:
    """Return Markdown as HTML, with the first row's value of a column for its name in {braces}.

    Values are put in last, escaped: they are text, whatever they hold.
    """
    values = dict(zip(map(str, df.columns), cells(df.head(1))[0], strict=True))
    for name in df.select_dtypes("number").columns:
        values[str(name)] = number(df[name].iloc[0])
    return Markup(_MARKDOWN.render(text)).format_map(values)
