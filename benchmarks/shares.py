"""Where does the CPU time go? A profile, summed up by the parts that a reader of this project knows."""

import pstats
from cProfile import Profile

PARTS = {
    "GraphQL and its resolvers": ("/graphql/", "/chalicelib/api/"),
    "the domain": ("/chalicelib/",),
    "pynamodb": ("/pynamodb/",),
    "botocore and HTTP": ("/botocore/", "/urllib3/", "/http/", "/boto3/", "/socket", "/email/", "_socket", "/ssl"),
}
OTHER = "others, built-ins among them"


def shares(profile: Profile) -> dict[str, float]:
    """Of the whole, the largest first. What Python has built in counts for those who call it."""
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    found: dict[str, float] = {}
    for (file, _, name), (_, _, own, _, callers) in stats.items():
        part = _part(f"{file}:{name}")
        if part is None and callers:
            for (caller_file, _, caller), (_, _, spent, _) in callers.items():
                found_part = _part(f"{caller_file}:{caller}") or OTHER
                found[found_part] = found.get(found_part, 0.0) + spent
        else:
            found[part or OTHER] = found.get(part or OTHER, 0.0) + own
    whole = sum(found.values())
    return {name: own / whole for name, own in sorted(found.items(), key=lambda entry: -entry[1])}


def _part(function: str) -> str | None:
    return next((part for part, marks in PARTS.items() if any(mark in function for mark in marks)), None)
