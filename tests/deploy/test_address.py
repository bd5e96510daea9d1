"""A stage has API Gateway's address, or a custom domain that outlives the stack."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy import address, commands, notices, table_data, target, template
from deploy.stack_states import DeployError
from deploy.target import Target
from tests.deploy.building import REGIONS, Template, lint, of_type, template_of
from tests.deploy.fake_aws import FakeStack, options

pytestmark = pytest.mark.no_database
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
DOMAIN = {"domain_name": "api.example.com", "certificate_arn": CERTIFICATE}
URL = "https://api.example.com/crm/graphql"


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Template:
    domain = DOMAIN | {"url_prefix": "crm"}
    return template_of("dev", tmp_path_factory.mktemp("domain"), api_gateway_custom_domain=domain)


def config_of(directory: Path, **options: Any) -> Path:
    file = directory / "config.json"
    file.write_text(json.dumps({"stages": {"dev": options, "prod": {}}}))
    return file


def test_the_domain_leads_to_the_one_stage_and_those_who_need_the_address_have_it(packaged: Template) -> None:
    found = packaged.translated
    (domain,) = of_type(found["Resources"], "AWS::ApiGateway::DomainName").values()
    assert domain == {
        "DomainName": "api.example.com",
        "RegionalCertificateArn": CERTIFICATE,
        "EndpointConfiguration": {"Types": ["REGIONAL"]},
        "SecurityPolicy": "TLS_1_2",
    }
    (mapping,) = of_type(found["Resources"], "AWS::ApiGateway::BasePathMapping").values()
    assert mapping["BasePath"] == "crm"
    stage = mapping["Stage"]["Ref"]
    assert found["Resources"][stage]["Type"] == "AWS::ApiGateway::Stage", "a literal name does not wait for the stage"
    functions = of_type(found["Resources"], "AWS::Lambda::Function")
    asked = {name: entry["Environment"]["Variables"].get("CRM_API_URL") for name, entry in functions.items()}
    assert asked == dict.fromkeys(functions) | dict.fromkeys(("Heartbeat", "OrderReminders", "Work"), URL)
    assert found["Outputs"][address.GRAPHQL]["Value"] == URL
    assert found["Outputs"][address.TARGET]["Value"] == {"Fn::GetAtt": [address.DOMAIN, "RegionalDomainName"]}


def test_cfn_lint_finds_nothing_in_a_template_with_a_domain(packaged: Template, tmp_path: Path) -> None:
    after = tmp_path / "expanded.json"
    after.write_text(json.dumps(packaged.translated))
    lint(REGIONS[1:2], after)


@pytest.mark.parametrize(
    ("more", "url"),
    [
        ({}, "https://api.example.com/graphql"),
        ({"url_prefix": "/"}, "https://api.example.com/graphql"),
        ({"url_prefix": "crm"}, URL),
    ],
)
def test_the_base_path_is_in_the_address(more: dict[str, str], url: str, tmp_path: Path) -> None:
    config = config_of(tmp_path, api_gateway_custom_domain=DOMAIN | more)
    assert address.url("dev", config) == url
    assert "execute-api" in address.url("prod", config)["Fn::Sub"], "of that stage only"


def test_a_certificate_of_another_region_is_refused_before_anything_is_changed(packaged: Template) -> None:
    address.check_region(packaged.content, "eu-central-1")
    address.check_region({"Resources": {}}, "us-east-1")
    with pytest.raises(DeployError, match=r"api\.example\.com is in eu-central-1, .* deployed to us-east-1"):
        address.check_region(packaged.content, "us-east-1")


def test_whoever_deploys_is_told_where_the_dns_record_must_point() -> None:
    asked = options("dev")
    stack: Any = FakeStack(asked.said, GraphQL=URL, DomainTarget="d-1.execute-api.eu-central-1.amazonaws.com")
    notices.show_address(asked, stack)
    assert asked.said == [
        f"GraphQL: {URL}",
        "The DNS record of its domain must point to d-1.execute-api.eu-central-1.amazonaws.com (CNAME)",
    ]


@pytest.mark.parametrize(
    ("stage", "domain", "words"),
    [
        ("dev", {}, ["The address https://x/api/graphql ends. The next `make deploy` gives the API another one"]),
        ("prod", {}, ["Log groups and queues stay, too.", "The address https://x/api/graphql ends."]),
        ("dev", DOMAIN, ["The domain api.example.com will need another DNS record"]),
    ],
)
def test_a_deletion_says_first_what_stays_and_what_becomes_of_the_address(
    stage: str, domain: dict[str, str], words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = options(stage)
    monkeypatch.setattr(target, "find", lambda: Target("123456789012", "eu-central-1"))
    monkeypatch.setattr(table_data, "existing", lambda stage: [f"crm-{stage}-orders"])
    monkeypatch.setattr(
        template, "CONFIG", config_of(tmp_path, **({"api_gateway_custom_domain": domain} if domain else {}))
    )
    monkeypatch.setattr(commands, "stack_of", lambda _options: FakeStack(asked.said, GraphQL="https://x/api/graphql"))
    commands.delete(asked)
    before = asked.said[: asked.said.index("DELETED")]
    assert f"These tables stay, with what is in them: crm-{stage}-orders" in before
    for part in words:
        assert any(line.startswith(part) for line in before), before
    assert any("Log groups" in line for line in before) is (stage == "prod")
    assert asked.said[-1] == f"To delete the tables: make delete-data STAGE={stage} CONFIRM=crm-{stage}"
