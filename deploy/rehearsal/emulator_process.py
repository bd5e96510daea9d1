"""What runs as MiniStack during a rehearsal? This file, in the environment that uv makes for it.

Functions run on a Python that has nothing installed, so that a requirement which is not packaged is missed, and under
their roles (AUTH=true), so that a permission is. EventBridge's clock can be set ahead, so that nobody waits for Monday.
It ends when its standard input does.
"""

import importlib
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

sys.path.append(str(Path(__file__).resolve().parents[2]))  # Python's option -I leaves the checkout out
sys.dont_write_bytecode = True  # every new file in the checkout restarts a server that runs beside
from deploy.rehearsal import aws_rules, past_rows  # noqa: E402
from localdev.request_filter import HEALTH_PATH, EmulatorRequest, RequestFilter  # noqa: E402

sys.dont_write_bytecode = False

END_SECONDS = 10.0
MAX_METRICS = 10
SERVICES = frozenset({"cloudformation", "dynamodb", "s3", "sns", "sqs", "sts"})
"""What the deployment, the functions and the checks of a rehearsal call."""
MORE_SERVICES = frozenset(filter(None, os.environ.pop("REHEARSAL_SERVICES", "").split(",")))
"""What `chalice deploy` calls beyond that: it creates functions and roles itself."""
READS = re.compile(
    r"/account|/2016-08-19/account-settings/?|/restapis/\w+/stages|/2019-09-30/functions/[\w-]+/concurrency"
)
"""What a deployment asks of API Gateway and Lambda. Nothing that would run code."""
API_PATH = "/_aws/execute-api/"

ministack: Any = importlib.import_module("ministack.app")
apigateway: Any = importlib.import_module("ministack.services.apigateway_v1")
dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
actions: Any = importlib.import_module("ministack.core.iam_actions")
eventbridge: Any = importlib.import_module("ministack.services.eventbridge")
router: Any = importlib.import_module("ministack.core.router")
provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")


def is_for_rehearsal(request: EmulatorRequest) -> bool:
    """Allow the deployed API, and the services that a rehearsal calls."""
    if request.path == HEALTH_PATH or request.path.startswith(API_PATH):
        return True
    if request.path.startswith("/_"):  # MiniStack's own paths, which it serves before it looks at the service
        return False
    if request.method == "GET" and READS.fullmatch(request.path):
        return True
    query = parse_qs(request.query, keep_blank_values=True)
    return router.detect_service(request.method, request.path, request.headers, query) in SERVICES | MORE_SERVICES


def end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def accept_metric_math() -> None:
    """Give MiniStack, which knows no alarms over several metrics, the first one. Keep CloudWatch's limit of ten."""
    record = provisioners._cw_metric_alarm_record

    def first_metric(name: str, properties: dict[str, Any]) -> Any:
        metrics = [entry for entry in properties.get("Metrics") or () if "MetricStat" in entry]
        if len(metrics) > MAX_METRICS:
            raise ValueError(f"{len(metrics)} metrics in an alarm, and the maximum is {MAX_METRICS}")
        for entry in properties.get("Metrics") or ():
            if "MetricStat" in entry:
                metric = entry["MetricStat"]
                rest = {key: value for key, value in properties.items() if key != "Metrics"}
                return record(
                    name, {**rest, **metric["Metric"], "Period": metric["Period"], "Statistic": metric["Stat"]}
                )
        return record(name, properties)

    provisioners._cw_metric_alarm_record = first_metric


def name_batches_as_iam_does() -> None:
    """SQS has no permissions for batches: that for one message is that for several."""
    extract = actions.extract_iam_action

    def without_batch(*arguments: Any, **named: Any) -> Any:
        action = extract(*arguments, **named)
        return action.removesuffix("Batch") if str(action).startswith("sqs:") else action

    actions.extract_iam_action = without_batch
    if hasattr(ministack, "extract_iam_action"):
        ministack.extract_iam_action = without_batch


def set_clock_of_eventbridge(ahead: Path) -> None:
    """By as many seconds as the file says; and look at it more often."""
    eventbridge._SCHEDULER_TICK_INTERVAL = 0.5
    eventbridge._now_ts = lambda: time.time() + float(ahead.read_text() or 0)


def main() -> None:
    accept_metric_math()
    name_batches_as_iam_does()
    aws_rules.limit_index_changes(provisioners)
    aws_rules.import_apis(apigateway)
    past_rows.keep(dynamodb, provisioners)
    set_clock_of_eventbridge(Path(os.environ.pop("REHEARSAL_AHEAD")))
    sys.executable = os.environ.pop("REHEARSAL_PYTHON")
    ministack.app = RequestFilter(ministack.app, int(os.environ["GATEWAY_PORT"]), is_for_rehearsal)
    threading.Thread(target=end_with_input, daemon=True).start()
    sys.argv[1:] = []
    ministack.main()


if __name__ == "__main__":
    main()
