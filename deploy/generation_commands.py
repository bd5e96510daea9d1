"""The commands that restore a stage, switch it to other tables, and delete old tables."""

import argparse
from datetime import datetime

from deploy import commands, generations, policies, restore, stack_states, table_changes, table_data
from deploy import target as targets
from deploy.releases import OUTPUT, Releases
from deploy.restore import Restore
from deploy.stack import Stack
from deploy.stack_states import DeployError
from deploy.with_chalice import deployment


def restore_stage(options: argparse.Namespace) -> None:
    """Restore all tables to one instant, and switch the stage over to them."""
    commands.print_target(options)
    moment = restore.parse_moment(options.at)
    stack = _deployed(options)
    wanted = _plan(options, stack, moment)
    if wanted.target == wanted.source:
        options.say(f"{options.stage} runs on the tables that were restored to {options.at} already")
        restore.configure(wanted, options.say, options.poll)
        return
    restore.check_window(wanted)
    for line in restore.describe(wanted):
        options.say(line)
    if there := table_data.existing(options.stage, wanted.target):
        options.say(f"An earlier restore to the same instant has begun. Used as they are: {', '.join(there)}")
    if not options.yes:
        targets.ask_for_yes(f"Restore {options.stage}?", options.ask)
    restore.restore_tables(wanted, options.say, options.poll)
    restore.configure(wanted, options.say, options.poll)
    _switch(options, wanted.target)


def _plan(options: argparse.Namespace, stack: Stack, moment: datetime) -> Restore:
    current = generations.current(stack.parameters())
    tables = table_changes.tables_of(stack.template())
    existing = table_data.existing_generations(options.stage)
    return Restore(
        options.stage,
        moment,
        source=current,
        target=restore.choose_generation(options.stage, current, existing, tables, moment),
        tables=tables,
        is_protected=policies.is_protected(options.stage),
    )


def switch(options: argparse.Namespace) -> None:
    """Let the release that runs use the tables of another generation."""
    commands.print_target(options)
    current = generations.current(_deployed(options).parameters())
    options.say(f"{options.stage} runs on generation {current} of its tables, and goes to {options.generation}")
    options.say("What was written since stays in the tables that it leaves")
    names = table_data.table_names(options.stage, options.generation)
    missing = set(names) - set(table_data.existing(options.stage, options.generation))
    if missing:
        options.say(f"WARNING: these tables do not exist and will be EMPTY: {', '.join(sorted(missing))}")
    if not options.yes:
        targets.ask_for_yes(f"Switch {options.stage} over?", options.ask)
    _switch(options, options.generation)


def _switch(options: argparse.Namespace, generation: int) -> None:
    more = {"generation": generation, "email": None, "no_email": False, "first_key": "none", "yes": True}
    wanted = argparse.Namespace(**(vars(options) | more))
    if commands.stack_of(options).exists():
        releases = Releases(options.stage, targets.find().account, options.bucket)
        commands.bring_up(wanted, releases, commands.stack_of(options).outputs()[OUTPUT])
    else:
        deployment.deploy(wanted)
    options.say(f"{options.stage} runs on generation {generation} of its tables")


def delete_generation(options: argparse.Namespace) -> None:
    """Delete the tables of a generation that the stage does not use."""
    commands.print_target(options)
    wanted = f"crm-{options.stage}-{options.generation}"
    if options.confirm != wanted:
        raise DeployError(f"This deletes every row of those tables. If you mean it: CONFIRM={wanted}")
    for stack in (commands.stack_of(options), commands.resources_of(options)):
        if stack.exists() and generations.current(stack.parameters()) == options.generation:
            raise DeployError(f"{options.stage} runs on generation {options.generation} of its tables")
    deleted = table_data.delete(options.stage, options.generation)
    options.say(f"Deleted: {', '.join(deleted) or 'nothing'}")


def _deployed(options: argparse.Namespace) -> Stack:
    """Return the stack that has the tables: of `make deploy`, or of `chalice deploy`. Raises DeployError."""
    for stack in (commands.stack_of(options), commands.resources_of(options)):
        if stack.exists():
            found = stack.describe()
            stack_states.next_step(stack.name, found["StackStatus"] if found else None)
            return stack
    raise DeployError(f"{options.stage} is not deployed in this account and region: make deploy STAGE={options.stage}")
