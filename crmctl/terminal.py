"""Print text for people: wrapped to the terminal's width, and on one line in a file or a pipe."""

import sys

from rich.console import Console
from rich.text import Text

from crmctl.text import escape_unprintable
from crmctl.wrapping import wrap


def line_width(*, err: bool = False) -> int | None:
    """Return the terminal's width, or None if the output goes to a file or a pipe, where nothing is wrapped."""
    console = Console(stderr=err)
    return console.width if console.is_terminal else None


def print_text(  # noqa: PLR0913 - how a text may look
    text: str, *, indent: int = 0, hanging: int = 0, label: str = "", style: str = "", err: bool = False
) -> None:
    """Print a text, with all that could control the terminal escaped.

    `label` comes first and alone has the style. Further lines are indented by `hanging` more than the first one.
    """
    console = Console(stderr=err, highlight=False)
    text = label + escape_unprintable(text)
    if not console.is_terminal:
        print_line(" " * indent + text, err=err)
        return
    width = max(console.width - indent - hanging, 20)
    first, *rest = _lines(text, width + hanging, width)
    shown = Text(" " * indent + first)
    if style:
        shown.stylize(style, indent, indent + len(label))
    console.print(shown, soft_wrap=True)
    for line in rest:
        console.print(Text(" " * (indent + hanging) + line), soft_wrap=True)


def wrap_error(message: str) -> str:
    """Return a message for stderr, escaped, and with lines that fit a terminal with `Error: ` in front."""
    lines = [escape_unprintable(line) for line in message.split("\n")]
    width = line_width(err=True)
    if width is None:
        return "\n".join(lines)
    return "\n".join(part for line in lines for part in wrap(line, max(width - len("Error: "), 20)))


def print_line(line: str, *, err: bool = False) -> None:
    """Print a line as it is. `click.echo` would write UTF-8 to a terminal or pipe that has asked for ASCII."""
    stream = sys.stderr if err else sys.stdout
    stream.write(line + "\n")
    stream.flush()


def _lines(text: str, first_width: int, width: int) -> list[str]:
    first = wrap(text, first_width)[0]
    rest = text[len(first) :].lstrip(" ")
    return [first, *(wrap(rest, width) if rest else [])]
