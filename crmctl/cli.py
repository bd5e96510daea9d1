"""The list of commands. Each command is defined in its own module beside this one."""

import click

from crmctl import (
    audit_log,
    backfill_command,
    cancel_command,
    customer_records,
    customers,
    dead_letters,
    export_command,
    import_command,
    jobs,
    keys,
    login_commands,
    logs_command,
    notifications,
    open_command,
    order_edits,
    orders,
    personal_data,
    product_records,
    products,
    reports,
    retry_command,
    run_command,
    runs,
    schedules,
    search,
    standard_output,
    status_command,
    suppressions,
)
from crmctl.command_group import CommandGroup
from crmctl.commands import address_options
from crmctl.version import installed_version

COMMANDS: tuple[click.Command, ...] = (
    status_command.status,
    search.search,
    search.check_search_index,
    customer_records.customers,
    order_edits.orders,
    product_records.products,
    import_command.import_command,
    export_command.export,
    jobs.jobs,
    jobs.pause,
    jobs.resume,
    runs.runs,
    logs_command.logs,
    run_command.run,
    retry_command.retry,
    cancel_command.cancel,
    backfill_command.backfill,
    customers.inactive_customers,
    customers.deleted_customers,
    customers.restore,
    customers.restore_run,
    personal_data.erase,
    suppressions.lift_suppression,
    products.low_stock,
    products.adjust_stock,
    orders.due_reminders,
    reports.reports,
    reports.report,
    reports.remake_report,
    dead_letters.dead_letters,
    dead_letters.redrive,
    dead_letters.discard,
    keys.keys,
    login_commands.login,
    login_commands.logout,
    audit_log.audit,
    schedules.schedules,
    notifications.notifications,
    open_command.open_command,
)


@click.group(cls=CommandGroup, commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@address_options
@click.version_option(installed_version(), prog_name="crmctl")
def main(**_address: str | None) -> None:
    """Work with the CRM from the terminal, through its GraphQL API. All times are UTC.

    --stage, --url and --key may also stand after the command.
    """
    standard_output.prepare()
