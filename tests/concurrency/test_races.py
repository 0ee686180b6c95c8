"""Races on the served product: two granian processes, on each database; callers in threads, released by one barrier.

Each race is run again and again, and each time its outcome is read from the answers and from the database.
"""

import hashlib
import hmac
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.browserless import Program, Visitor, age, shown, shown_id
from tests.serving import Demo

ROUNDS = 20
POLLS = 16
SCOPE = ["account:workspace:read"]
type Call = Callable[[], httpx.Response]


def at_once(calls: Sequence[Call]) -> list[httpx.Response]:
    """Makes all calls at the same moment; their answers in the order of the calls. None may be a 5xx."""
    barrier = threading.Barrier(len(calls))

    def run(call: Call) -> httpx.Response:
        barrier.wait(timeout=30)
        return call()

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        answers = list(pool.map(run, calls))
    assert all(answer.status_code < 500 for answer in answers), [answer.text for answer in answers]
    return answers


def refusals(answers: Sequence[httpx.Response]) -> Counter[tuple[int, str]]:
    return Counter((a.status_code, a.json()["detail"]["code"]) for a in answers if a.status_code >= 400)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def served(request: pytest.FixtureRequest) -> Demo:
    found: Demo = request.getfixturevalue(f"demo_on_{request.param}")
    return found


@pytest.fixture(scope="module")
def people(served: Demo) -> Iterator[tuple[Visitor, Visitor]]:
    """Two humans who may both decide, each with a session of their own."""
    with Visitor(served, "owner") as one, Visitor(served, "developer") as other:
        yield one, other


@pytest.fixture(scope="module")
def programs(served: Demo) -> Iterator[list[Program]]:
    """Sixteen agents, or sixteen connections of one."""
    with ExitStack() as stack:
        found = [stack.enter_context(Program(served)) for _ in range(POLLS)]
        for program in found:
            assert program.client.get("/healthz").status_code == 200  # connected, so that a race is a race
        yield found


def row(demo: Demo, user_code: str) -> dict[str, Any]:
    names = ("id", "state", "token_id", "workspace_id", "decided_by_id", "collected_at")
    found = demo.sql(
        f"SELECT {', '.join(names)} FROM accounts_deviceauthorization WHERE user_code = %s", shown(user_code)
    )
    assert len(found) == 1
    kept = dict(zip(names, found[0], strict=True))
    token = kept["token_id"] and shown_id("tok", kept["token_id"])
    return {**kept, "id": shown_id("da", kept["id"]), "token_id": token}


def audited(demo: Demo, subject_id: str) -> list[str]:
    lines = demo.sql("SELECT action FROM accounts_auditentry WHERE subject_id = %s ORDER BY id", subject_id)
    return [str(action).partition(":")[2] for (action,) in lines]


def tokens_of(demo: Demo, label: str) -> int:
    return int(demo.sql("SELECT count(*) FROM accounts_accounttoken WHERE label = %s", label)[0][0])


def test_two_approvals_at_once(served: Demo, people: tuple[Visitor, Visitor], programs: list[Program]) -> None:
    for _ in range(ROUNDS):
        started = programs[0].started(SCOPE)
        code = started["user_code"]
        calls = [lambda h=human, c=code: h.approve(c, scopes=SCOPE) for human in people]
        answers = at_once(calls)
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert set(refusals(answers)) == {(409, "account_device_already_decided")}
        kept = row(served, code)
        assert kept["state"] == "approved"
        assert audited(served, kept["id"]) == ["approved"]
        winner = people[0 if answers[0].status_code == 200 else 1]
        email = served.sql("SELECT email FROM accounts_user WHERE id = %s", kept["decided_by_id"])[0][0]
        assert email == served.facts["users"][winner.role]["email"]


def test_approve_against_deny(served: Demo, people: tuple[Visitor, Visitor], programs: list[Program]) -> None:
    """Two people disagree: the first wins, the other is told, agent and page agree for ever."""
    one, other = people
    for _ in range(ROUNDS):
        started = programs[0].started(SCOPE)
        code = started["user_code"]
        yes, no = at_once([lambda c=code: one.approve(c, scopes=SCOPE), lambda c=code: other.deny(c, "No")])  # type: ignore[misc]
        assert sorted([yes.status_code, no.status_code]) == [200, 409]
        decided = "approved" if yes.status_code == 200 else "denied"
        kept = row(served, code)
        assert kept["state"] == decided
        assert audited(served, kept["id"]) == [decided]
        for _ in range(2):
            assert one.client.get(f"/v1/account/device/{code}").json()["data"]["status"] == decided
        assert programs[0].poll(started["device_code"]).json()["data"]["status"] == decided


def test_withdrawal_against_collection(served: Demo, people: tuple[Visitor, Visitor], programs: list[Program]) -> None:
    """The approver takes it back while the agent collects: a token and a 409, or no token and a denial."""
    owner, agent = people[0], programs[0]
    for _ in range(ROUNDS):
        label = f"race-{uuid4().hex[:12]}"
        started = agent.started(SCOPE, label)
        code = started["user_code"]
        assert owner.approve(code).status_code == 200
        calls = [lambda c=code: owner.deny(c), lambda c=started["device_code"]: agent.poll(c)]
        back, heard = at_once(calls)
        kept = row(served, code)
        if heard.json()["data"]["status"] == "approved":
            assert back.status_code == 409
            assert (kept["state"], tokens_of(served, label)) == ("consumed", 1)
            assert audited(served, kept["id"]) == ["approved", "collected"]
        else:
            assert back.status_code == 200
            assert (kept["state"], tokens_of(served, label)) == ("denied", 0)
            assert audited(served, kept["id"]) == ["approved", "withdrawn"]


def test_sixteen_polls_get_one_token(served: Demo, people: tuple[Visitor, Visitor], programs: list[Program]) -> None:
    for _ in range(ROUNDS):
        label = f"race-{uuid4().hex[:12]}"
        started = programs[0].started(SCOPE, label)
        assert people[0].approve(started["user_code"]).status_code == 200
        device_code = started["device_code"]
        answers = at_once([lambda p=program, c=device_code: p.poll(c) for program in programs])  # type: ignore[misc]
        paid = [answer for answer in answers if answer.status_code == 200]
        assert len(paid) == 1
        assert refusals(answers) == {(409, "account_device_code_consumed"): POLLS - 1}
        kept = row(served, started["user_code"])
        assert kept["state"] == "consumed"
        assert tokens_of(served, label) == 1
        assert audited(served, kept["id"]) == ["approved", "collected"]
        me = programs[0].me(paid[0].json()["data"]["account_access_token"])
        assert me.json()["data"]["id"] == kept["token_id"]


def test_polls_during_approval(served: Demo, people: tuple[Visitor, Visitor], programs: list[Program]) -> None:
    """Whatever a poll hears while the human approves, one of them, now or later, gets the token."""
    for _ in range(ROUNDS):
        label = f"race-{uuid4().hex[:12]}"
        started = programs[0].started(SCOPE, label)
        code, device_code = started["user_code"], started["device_code"]
        calls: list[Call] = [lambda p=program, c=device_code: p.poll(c) for program in programs[:8]]  # type: ignore[misc]
        calls.append(lambda c=code: people[0].approve(c, scopes=SCOPE))  # type: ignore[misc]
        *polled, approved = at_once(calls)
        assert approved.status_code == 200
        last = programs[0].poll(device_code)
        heard = [a.json()["data"]["status"] for a in [*polled, last] if a.status_code == 200]
        assert heard.count("approved") == 1
        assert set(heard) <= {"pending", "approved"}
        assert set(refusals([*polled, last])) <= {(409, "account_device_code_consumed")}
        kept = row(served, code)
        assert kept["state"] == "consumed"
        assert tokens_of(served, label) == 1
        assert audited(served, kept["id"]) == ["approved", "collected"]


def test_approval_against_expiry(served: Demo, people: tuple[Visitor, Visitor], programs: list[Program]) -> None:
    """The code ends while it is approved and collected: whole or not at all, and said alike to both sides."""
    outcomes = Counter[int]()
    for number in range(ROUNDS):
        label = f"race-{uuid4().hex[:12]}"
        started = programs[0].started(SCOPE, label)
        code, device_code = started["user_code"], started["device_code"]
        left = timedelta(milliseconds=5 + 3 * number)
        ends = datetime.now(UTC) + left
        statement = "UPDATE accounts_deviceauthorization SET expires_at = %s WHERE user_code = %s"
        served.sql(statement, ends, shown(code))
        answer = people[0].approve(code, scopes=SCOPE)
        outcomes[answer.status_code] += 1
        heard = programs[0].poll(device_code).json()["data"]["status"]
        kept = row(served, code)
        if answer.status_code == 200:
            assert heard in {"approved", "expired"}
            assert kept["state"] == ("consumed" if heard == "approved" else "approved")
            assert audited(served, kept["id"])[0] == "approved"
        else:
            assert refusals([answer]) == {(410, "account_device_expired"): 1}
            assert (heard, kept["state"], audited(served, kept["id"])) == ("expired", "pending", [])
        assert tokens_of(served, label) == (1 if heard == "approved" else 0)
    assert set(outcomes) <= {200, 410}


def test_collection_against_expiry(served: Demo, people: tuple[Visitor, Visitor], programs: list[Program]) -> None:
    """An approved code ends while sixteen polls ask for its token: at most one token, none after the end."""
    for _ in range(ROUNDS // 2):
        label = f"race-{uuid4().hex[:12]}"
        started = programs[0].started(SCOPE, label)
        assert people[0].approve(started["user_code"]).status_code == 200
        calls: list[Call] = [lambda p=p, c=started["device_code"]: p.poll(c) for p in programs[:15]]  # type: ignore[misc]

        def end(code: str = started["user_code"]) -> httpx.Response:
            age(served, code)
            return httpx.Response(204)

        *answers, _ = at_once([*calls, end])
        heard = Counter(a.json()["data"]["status"] for a in answers if a.status_code == 200)
        assert set(heard) <= {"approved", "expired"}
        assert heard["approved"] == tokens_of(served, label) <= 1
        kept = row(served, started["user_code"])
        assert kept["state"] == ("consumed" if heard["approved"] else "approved")


def test_one_idempotency_key_makes_one_authorization(served: Demo, programs: list[Program]) -> None:
    for _ in range(ROUNDS):
        key, label = uuid4().hex, f"race-{uuid4().hex[:12]}"
        calls = [lambda p=p, k=key, n=label: p.start(label=n, **{"Idempotency-Key": k}) for p in programs[:8]]
        answers = at_once(calls)
        good = [answer for answer in answers if answer.status_code == 200]
        assert good
        assert set(refusals(answers)) <= {(409, "idempotency_in_progress")}
        assert len({answer.text for answer in good}) == 1
        assert [a.headers.get("Idempotency-Replayed") for a in good].count(None) == 1
        again = programs[0].start(None, label, **{"Idempotency-Key": key})
        assert again.text == good[0].text
        assert again.headers["Idempotency-Replayed"] == "true"
        made = served.sql("SELECT count(*) FROM accounts_deviceauthorization WHERE client_label = %s", label)
        assert made[0][0] == 1


def test_starts_at_once_are_all_served_and_counted(served: Demo, programs: list[Program]) -> None:
    """One fingerprint, one address, sixteen callers: every code is another one, no count is lost."""
    label = f"race-{uuid4().hex[:12]}"
    codes = []
    for _ in range(ROUNDS):
        answers = at_once([lambda p=program: p.start(label=label) for program in programs])  # type: ignore[misc]
        assert [answer.status_code for answer in answers] == [200] * POLLS
        codes += [answer.json()["data"]["user_code"] for answer in answers]
    assert len(set(codes)) == ROUNDS * POLLS
    assert tokens_of(served, label) == 0
    secret = json.loads((served.folder / "secrets.json").read_text())["DEVICE_RATE_LIMIT_SECRET"]
    key = hmac.digest(secret.encode(), f"device-start-fingerprint\0json:print-{label}".encode(), hashlib.sha256)
    assert served.sql("SELECT count FROM accounts_ratelimitcounter WHERE key = %s", key) == [(ROUNDS * POLLS,)]
