"""Ask before something is changed that cannot simply be repeated."""

import click

from crmctl.commands import CommandError


def confirm(question: str, if_refused: str) -> None:
    """Ask on stderr. Raises CommandError, with `if_refused` unless the answer is yes."""
    try:
        is_confirmed = click.confirm(question, err=True)
    except click.Abort:
        click.echo(err=True)
        raise CommandError("There was no answer. Use --yes where nobody can answer.") from None
    if not is_confirmed:
        raise CommandError(if_refused)
