"""All scenarios of replays: one or more for each mutation."""

from tests.api import replays_of_channels, replays_of_data, replays_of_merges, replays_of_operators, replays_of_orders

SCENARIOS = {
    **replays_of_data.SCENARIOS,
    **replays_of_orders.SCENARIOS,
    **replays_of_merges.SCENARIOS,
    **replays_of_operators.SCENARIOS,
    **replays_of_channels.SCENARIOS,
}
