"""The two ways of profiling find who used the time."""

import io
import json
import time
from cProfile import Profile

import pytest

from benchmarks import profiling
from chalicelib.access.authorization import Caller
from chalicelib.api.graphql.execution import execute

pytestmark = pytest.mark.no_database


def spin() -> None:
    end = time.process_time() + 0.01
    while time.process_time() < end:
        pass


def test_samples_count_for_the_directory_of_the_code_that_ran() -> None:
    samples = profiling.sample_packages(spin, seconds=0.2)
    assert samples.most_common(1)[0][0] == "tests"
    assert samples["tests"] > 0.9 * samples.total()


def test_a_profile_of_a_query_is_graphqls_and_all_parts_together_are_the_whole() -> None:
    profile = Profile()
    for _ in range(20):
        assert "errors" not in profile.runcall(execute, "{ __typename }", {}, Caller.system("test"))
    shares = profiling.time_by_part(profile)
    assert sum(shares.values()) == pytest.approx(1)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert shares["GraphQL and its resolvers"] > shares.get("pynamodb", 0)


def test_built_in_functions_count_for_their_caller() -> None:
    profile = Profile()
    profile.runcall(lambda: [json.loads("[" + "1," * 10_000 + "1]") for _ in range(20)])
    assert set(profiling.time_by_part(profile)) == {profiling.OTHER}


def test_a_printed_profile_names_packages_and_functions() -> None:
    out = io.StringIO()
    profiling.print_profile(spin, out, seconds=0.1)
    assert "% tests" in out.getvalue()
    assert "spin" in out.getvalue()
