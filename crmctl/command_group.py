"""The group of all commands: what click says about wrong usage is wrapped like everything else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from crmctl.terminal import wrap_error


class CommandGroup(click.Group):
    """A group whose commands' usage errors break no word. click itself does not wrap them."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        with _wrapped_errors():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _wrapped_errors():
            return super().invoke(ctx)


@contextmanager
def _wrapped_errors() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        raise click.UsageError(wrap_error(error.format_message()), error.ctx) from error
