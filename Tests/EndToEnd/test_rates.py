"""Rate limits by address and by secret: what is allowed is taken, one more gets 429 with when to come again."""

import pytest

from support.server import AUTHORIZED, JSON, SECRET

EITHER_PROTOCOL = True

NDJSON = {**AUTHORIZED, "Content-Type": "application/x-ndjson"}


def refused(answer, policy, quota):
    assert (answer.status, answer.problem_name()) == (429, "rate-limited")
    assert int(answer.get("retry-after")) >= 1
    assert answer.get("ratelimit") == f'"{policy}";r=0;t={answer.get("retry-after")}'
    assert answer.get("ratelimit-policy") == f'"{policy}";q={quota};w=10'


def until_refused(ask, most):
    """The answers up to the first 429, of which there are at least the quota: time passes, and gives some more."""
    answers = []
    while len(answers) < most:
        answers.append(ask())
        if answers[-1].status == 429:
            return answers
    raise AssertionError(f"{most} were answered")


def test_requests_of_an_address(start):
    server = start("--rate-address-requests", "2")
    with server.client() as client:
        answers = until_refused(lambda: client.ask("GET", "/frame"), 10_000)
    assert len(answers) > 20 and all(answer.status == 200 for answer in answers[:-1])
    refused(answers[-1], "address-requests", 20)


def test_uploads_of_a_secret(start):
    server = start("--rate-secret-requests", "2")
    with server.client() as client:
        answers = until_refused(lambda: client.ask("POST", "/channel/a", JSON, b"1"), 10_000)
        assert len(answers) > 20
        refused(answers[-1], "secret-requests", 20)
        assert client.ask("GET", "/frame").status == 200


@pytest.mark.parametrize("option, policy", [("--rate-secret-items", "secret-items"), ("--rate-address-items", "address-items")])
def test_items_of_a_stream(start, option, policy):
    """What was taken is durable, and the answer says how much that is."""
    server = start(option, "10")
    answer = server.post("a", b"".join(b"%d\n" % number for number in range(50_000)), NDJSON)
    refused(answer, policy, 100)
    accepted = answer.problem()["accepted"]
    assert 100 <= accepted < 50_000
    server.frame_octets(answer.problem()["frame"])
    assert [item.data for frame in server.all_frames() for item in frame.items("a")] == [b"%d" % number for number in range(accepted)]


@pytest.mark.parametrize("option, policy", [("--rate-secret-octets", "secret-octets"), ("--rate-address-octets", "address-octets")])
def test_octets(start, option, policy):
    server = start(option, "1KiB")
    with server.client() as client:
        answers = until_refused(lambda: client.ask("POST", "/channel/a", JSON, b'"' + b"x" * 1022 + b'"'), 10_000)
    assert len(answers) > 10
    refused(answers[-1], policy, 10_240)


def test_a_key_goes_on_where_the_rate_ended_it(start):
    server = start("--rate-secret-items", "100")
    body = b"".join(b"%d\n" % number for number in range(1500))
    fields = {**NDJSON, "Idempotency-Key": "k"}
    answers = []
    while not answers or answers[-1].status != 200:
        answers.append(server.post("a", body, fields))
        assert answers[-1].status in (200, 429)
    assert len(answers) > 1 and answers[-1].json()["accepted"] == 1500
    server.frame_octets(answers[-1].json()["frame"])
    found = [item.data for frame in server.all_frames() for item in frame.items("a")]
    assert found == [b"%d" % number for number in range(1500)]


def test_guesses(start):
    server = start("--rate-address-guesses", "1")
    with server.client() as client:
        def guess(secret="wrong"):
            return client.ask("POST", "/channel/a", {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}, b"1")
        answers = until_refused(guess, 10_000)
        assert len(answers) > 10 and all(answer.status == 401 for answer in answers[:-1])
        refused(answers[-1], "address-guesses", 10)
        # Nor does a right one help now: the answer would tell.
        assert guess(SECRET).status in (429, 200)
        # Who shows none guesses nothing.
        assert client.ask("POST", "/channel/a", {"Content-Type": "application/json"}, b"1").status == 401
        assert client.ask("GET", "/frame").status == 200


def test_guesses_without_limit(start):
    """Where all devices come by one proxy's address, one that guesses must not keep the others out."""
    server = start("--rate-address-guesses", "0")
    with server.client() as client:
        for _ in range(300):
            assert client.ask("POST", "/channel/a", {"Authorization": "Bearer wrong", "Content-Type": "application/json"}, b"1").status == 401
        assert client.ask("POST", "/channel/a", JSON, b"1").status == 200


def test_broken_requests_are_requests(start):
    """Heads that are refused for their size count like any other."""
    server = start("--rate-address-requests", "2")

    def ask():
        with server.client() as client:
            return client.ask("GET", "/frame", {f"x-{number}": "y" * 50 for number in range(101)})
    answers = until_refused(ask, 10_000)
    assert len(answers) > 20 and all(answer.status == 431 for answer in answers[:-1])
    refused(answers[-1], "address-requests", 20)


def test_lines_that_are_no_json(start):
    server = start("--rate-secret-items", "10")
    answer = server.post("a", b"no json\n" * 50_000, NDJSON)
    refused(answer, "secret-items", 100)
    assert answer.problem()["rejectedCount"] < 50_000


def test_nothing_is_limited_without_an_option(server, channel):
    with server.client() as client:
        for _ in range(500):
            assert client.ask("POST", f"/channel/{channel}", JSON, b"1").status == 200
