"""Read the project's Markdown pages: code, commands, tables, links and headings."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import dropwhile
from pathlib import Path

from tests.conftest import ROOT

_FENCE = re.compile(r"^[ >]*```(\w*)\n(.*?)^[ >]*```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^[ >]*#{1,6} +(.+)$", re.MULTILINE)
_TABLE = re.compile(r"(?:^\|.*\|\n)+", re.MULTILINE)
_COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:crmctl|make|python -m|pip|pipx) \S")
_ASSIGNMENT = re.compile(r"[A-Z_]+=.*", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One command of a page, as words, without assignments before it. A mention stands in the text, without options."""

    page: str
    words: tuple[str, ...]
    is_mention: bool

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)[:60]}"


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without fenced blocks."""
        return _FENCE.sub("", self.text)

    def blocks(self, language: str) -> list[str]:
        return [body for found, body in _FENCE.findall(self.text) if found == language]

    def commands(self) -> Iterator[Command]:
        """The commands of shell blocks, and those in the text that begin with crmctl, make or python."""
        for text in self.blocks("sh"):
            for words in split_commands(text):
                yield Command(self.name, words, is_mention=False)
        for text in _INLINE.findall(self.prose):
            for words in split_commands(text) if _COMMAND.match(text) else ():
                yield Command(self.name, words, is_mention=not any(word.startswith("-") for word in words))

    def links(self) -> list[str]:
        """Targets of links and pictures inside the repository."""
        return [target for target in _LINK.findall(self.prose) if not re.match(r"[a-z]+:", target)]

    def anchors(self) -> set[str]:
        """As GitHub names the headings."""
        names = (re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in self._headings())
        return set(names)

    def tables(self) -> list[list[list[str]]]:
        """The rows of each table, without its head."""
        tables = (table.splitlines()[2:] for table in _TABLE.findall(self.prose))
        return [[[cell.strip() for cell in row.strip("|").split("|")] for row in table] for table in tables]

    def section(self, title: str) -> str:
        """What stands under a heading of the second level."""
        _, found, rest = self.text.partition(f"\n## {title}\n")
        assert found, f"{self.name} has no section {title!r}"
        return rest.partition("\n## ")[0]

    def _headings(self) -> list[str]:
        return [re.sub(r"\[([^\]]*)\]\([^)]*\)|`", r"\1", title) for title in _HEADING.findall(self.prose)]


def split_commands(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command. It may run over several lines, inside quotes or after a backslash."""
    pending = ""
    for line in text.splitlines():
        pending += line + "\n"
        try:
            words = shlex.split(pending, comments=True)
        except ValueError:  # a quotation that ends in a later line
            continue
        if not line.endswith("\\"):
            pending = ""
            if command := tuple(dropwhile(_ASSIGNMENT.fullmatch, words)):
                yield command
    assert not pending.strip(), f"a quotation does not end: {pending}"


def pages() -> list[Page]:
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/*.md")]
    return [Page(path) for path in sorted(found)]
