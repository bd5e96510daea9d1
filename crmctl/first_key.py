"""How does a new stage get its first operator's key, which nobody can make through an API that asks for one?

The only command that goes past the API: it writes to the stage's table with the AWS credentials of whoever runs it.
"""

import os

import click

from crmctl.commands import Failure, say


@click.command("create-first")
@click.argument("stage")
@click.option("--name", default="first operator", show_default=True)
@click.option("--region", envvar="AWS_DEFAULT_REGION", show_envvar=True, required=True)
@click.option("--another", is_flag=True, help="Also if there is an operator's key that works: its secret was lost.")
def create_first(stage: str, name: str, region: str, *, another: bool) -> None:
    """Make the first operator's key of STAGE, past the API, with your AWS credentials."""
    # Read when chalicelib is imported, so the import stands behind it.
    os.environ.update(CRM_STAGE=stage, CRM_REGION=region)
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from pynamodb.exceptions import PynamoDBException  # noqa: PLC0415

    from chalicelib import clock  # noqa: PLC0415
    from chalicelib.access import api_keys  # noqa: PLC0415
    from chalicelib.errors import CrmError  # noqa: PLC0415
    from chalicelib.store.pagination import PageArgs, read_page  # noqa: PLC0415

    try:
        known = [edge.node for edge in read_page(api_keys.listing(), PageArgs()).edges]
        working = [key for key in known if key.role is api_keys.Role.OPERATOR and key.valid_at(clock.now())]
        if working and not another:
            raise Failure(
                f"{working[0].name} ({working[0].id}) is an operator's key that works; --another makes one more."
            )
        issued = api_keys.create(name, api_keys.Role.OPERATOR, "create-first")
    except (CrmError, BotoCoreError, ClientError, PynamoDBException) as problem:
        raise Failure(f"No key could be made for the stage {stage}: {problem}") from None
    say(f"{issued.api_key.name} ({issued.api_key.id}), OPERATOR. Keep the key: it is not shown again.")
    click.echo(issued.key)
