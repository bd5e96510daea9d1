"""The address of a stage's API: API Gateway's own, or a custom domain from the stage's entry in config.json.

Chalice's option `api_gateway_custom_domain` names the domain, its certificate and, if the API is not at the root, a base path. The
address then outlives the stack; the DNS record of the domain is yours.
https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.stack_states import DeployError

GRAPHQL, TARGET = "GraphQL", "DomainTarget"
"""Outputs of the stack: the address of the API, and what the DNS record of the custom domain must point to."""
DOMAIN, MAPPING = "ApiGatewayCustomDomain", "ApiGatewayCustomDomainMapping"
"""Chalice's names."""
_USERS = ("Heartbeat", "OrderReminders", "Work")
"""The functions that check the API over HTTPS, or put links to it into e-mails; the consumer repeats any run."""
_OWN = "https://${RestAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}/api/graphql"


def custom_domain(stage: str, config: Path) -> dict[str, str]:
    """Return the stage's custom domain as config.json has it; empty if it has none."""
    content = json.loads(config.read_text("utf-8"))
    found = content["stages"].get(stage, {}).get("api_gateway_custom_domain")
    return dict(found or content.get("api_gateway_custom_domain") or {})


def url(stage: str, config: Path) -> Any:
    """Return the address of GraphQL, as a template has it."""
    domain = custom_domain(stage, config)
    if not domain:
        return {"Fn::Sub": _OWN}
    base = domain.get("url_prefix", "").strip("/")
    return "/".join(part for part in ("https:/", domain["domain_name"], base, "graphql") if part)


def to_merge(stage: str, config: Path) -> dict[str, Any]:
    """Return what follows from the address in the template of a stage."""
    found = url(stage, config)
    functions = {name: {"Properties": {"Environment": {"Variables": {"CRM_API_URL": found}}}} for name in _USERS}
    outputs = {GRAPHQL: {"Value": found}}
    if custom_domain(stage, config):
        outputs[TARGET] = {"Value": {"Fn::GetAtt": [DOMAIN, "RegionalDomainName"]}}
    return {"Resources": functions, "Outputs": outputs}


def finish(template: dict[str, Any]) -> None:
    """Complete the domain that Chalice has written: a mapping needs its stage, which Chalice names without waiting for it."""
    resources = template["Resources"]
    if DOMAIN in resources:
        resources[DOMAIN]["Properties"].setdefault("SecurityPolicy", "TLS_1_2")
        resources[MAPPING]["Properties"]["Stage"] = {"Ref": "RestAPI.Stage"}


def check_region(template: Mapping[str, Any], region: str) -> None:
    """Raises DeployError if the certificate is in another region: API Gateway finds out in the middle of the update."""
    domain = template["Resources"].get(DOMAIN, {}).get("Properties", {})
    certificate = str(domain.get("RegionalCertificateArn", ""))
    if certificate and certificate.split(":")[3] != region:
        raise DeployError(
            f"The certificate of {domain['DomainName']} is in {certificate.split(':')[3]}, and the stage is deployed to {region}."
            " A regional API needs a certificate of its own region."
        )
