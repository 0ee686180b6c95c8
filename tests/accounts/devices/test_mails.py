"""What an approval sends, and the link in it that stops the agent without signing in."""

import re
from typing import Any

import pytest
from django.core import mail, signing
from django.test import Client

from accounts import outbox
from accounts.audit.models import Action
from accounts.bookkeeping import OutboxMail
from accounts.devices.stop_links import stop_link
from accounts.models import AccountToken, AuditEntry, DeviceAuthorization, Workspace
from tests.acts import READ, Clock, approve, deny, from_address, refused
from tests.personas import Agent, Human

LINK = re.compile(r"http://testserver(/console/stop/[^\s\"<>]+)")


def letters() -> list[Any]:
    """What the worker sends, by recipient."""
    outbox.sweep()
    assert not OutboxMail.objects.filter(sent_at=None).exists(), OutboxMail.objects.values_list("error", flat=True)
    return sorted(mail.outbox, key=lambda letter: letter.to)


def link_in(letter: Any) -> str:
    found = LINK.search(letter.body)
    assert found, letter.body
    return found.group(1)


def approved(agent: Agent, human: Human, workspace: Workspace) -> dict[str, Any]:
    started = agent.start([READ], label="codex <b>bold</b>")
    assert approve(human, started["user_code"], workspace).status_code == 200
    return started


def press(client: Client, link: str) -> Any:
    """POST of the page's own form, with its CSRF token."""
    client.get(link)
    return client.post(link, {"csrfmiddlewaretoken": client.cookies["csrftoken"].value})


def test_approver_and_owners_get_a_mail_with_the_link(
    agent: Agent, owner: Human, developer: Human, admin: Human, workspace: Workspace
) -> None:
    started = approved(agent, developer, workspace)
    sent = letters()
    assert [letter.to for letter in sent] == [["developer@example.com"], ["owner@example.com"]]
    for letter in sent:
        assert "\n" not in letter.subject
        assert "Paper Planes" in letter.subject + letter.body
        assert "codex <b>bold</b>" in letter.body
        assert "developer@example.com" in letter.body
        html = str(letter.alternatives[0].content)
        assert "<b>bold</b>" not in html
        assert link_in(letter) in html.replace("&amp;", "&")
        assert started["device_code"] not in letter.body + html
    assert link_in(sent[0]) != link_in(sent[1])


def test_an_owner_who_approves_gets_one_mail(agent: Agent, owner: Human, workspace: Workspace) -> None:
    approved(agent, owner, workspace)
    assert [letter.to for letter in letters()] == [["owner@example.com"]]


@pytest.mark.parametrize("act", ["deny", "refuse"])
def test_nothing_else_sends_one(agent: Agent, owner: Human, workspace: Workspace, act: str) -> None:
    started = agent.start([READ])
    if act == "deny":
        deny(owner, started["user_code"])
    else:
        approve(owner, started["user_code"], workspace, scopes=["account:apps:write"])
    assert not OutboxMail.objects.exists()


def test_opening_the_link_changes_nothing(agent: Agent, owner: Human, workspace: Workspace) -> None:
    started = approved(agent, owner, workspace)
    agent.token = agent.poll(started["device_code"]).json()["data"]["account_access_token"]
    link = link_in(letters()[0])
    before = AuditEntry.objects.count()
    for method in ("get", "head"):
        assert getattr(Client(), method)(link).status_code == 200
    assert agent.get("/v1/account/me").status_code == 200
    assert AuditEntry.objects.count() == before


def test_pressing_stop_kills_the_token(agent: Agent, owner: Human, workspace: Workspace) -> None:
    started = approved(agent, owner, workspace)
    agent.token = agent.poll(started["device_code"]).json()["data"]["account_access_token"]
    link = link_in(letters()[0])
    client = Client(enforce_csrf_checks=True)
    assert press(client, link).status_code == 200
    refused(agent.get("/v1/account/me"), 401, "token_revoked")
    entry = AuditEntry.objects.get(action=Action.TOKEN_REVOKED)
    assert entry.actor_name == "owner@example.com"
    # Once more is no harm.
    assert press(client, link).status_code == 200
    assert AuditEntry.objects.filter(action=Action.TOKEN_REVOKED).count() == 1


def test_pressing_stop_before_the_token_is_collected(agent: Agent, owner: Human, workspace: Workspace) -> None:
    started = approved(agent, owner, workspace)
    assert press(Client(enforce_csrf_checks=True), link_in(letters()[0])).status_code == 200
    assert agent.poll(started["device_code"]).json()["data"]["status"] == "denied"
    assert not AccountToken.objects.exists()


def test_an_owner_may_stop_what_a_developer_let_in(
    agent: Agent, owner: Human, developer: Human, workspace: Workspace
) -> None:
    started = approved(agent, developer, workspace)
    agent.token = agent.poll(started["device_code"]).json()["data"]["account_access_token"]
    assert press(Client(enforce_csrf_checks=True), link_in(letters()[1])).status_code == 200
    refused(agent.get("/v1/account/me"), 401, "token_revoked")


def test_without_the_csrf_token_nothing_stops(agent: Agent, owner: Human, workspace: Workspace) -> None:
    approved(agent, owner, workspace)
    answer = Client(enforce_csrf_checks=True).post(link_in(letters()[0]))
    assert answer.status_code == 403
    assert DeviceAuthorization.objects.get().state == "approved"


def test_the_link_of_somebody_who_lost_the_right_stops_nothing(
    agent: Agent, owner: Human, developer: Human, workspace: Workspace
) -> None:
    approved(agent, developer, workspace)
    link = link_in(letters()[1])
    owner.user.memberships.all().delete()
    assert press(Client(enforce_csrf_checks=True), link).status_code in {403, 404}
    assert DeviceAuthorization.objects.get().state == "approved"


def test_forged_links_are_not_there(agent: Agent, owner: Human, workspace: Workspace) -> None:
    approved(agent, owner, workspace)
    row = DeviceAuthorization.objects.get()
    link = stop_link(row.pk, owner.user.email).removeprefix("http://testserver")
    forged = signing.dumps([row.pk, owner.user.email], salt="another", key="x" * 50)
    for wrong in (link[:-1], link + "x", f"/console/stop/{forged}", "/console/stop/nonsense", "/console/stop/a:b:c"):
        for method in ("get", "post"):
            assert getattr(Client(), method)(wrong).status_code == 404, wrong
    assert DeviceAuthorization.objects.get().state == "approved"


def test_an_expired_link_is_not_there(agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
    approved(agent, owner, workspace)
    link = link_in(letters()[0])
    clock.forward(hours=9)
    assert Client().get(link).status_code == 200
    clock.forward(seconds=1)
    for method in ("get", "post"):
        assert getattr(Client(), method)(link).status_code == 404


def test_the_link_of_somebody_deactivated_is_not_there(agent: Agent, owner: Human, workspace: Workspace) -> None:
    approved(agent, owner, workspace)
    link = link_in(letters()[0])
    type(owner.user).objects.update(is_active=False)
    assert Client().get(link).status_code == 404


def test_a_reused_code_is_told_to_the_owners(agent: Agent, owner: Human, workspace: Workspace, clock: Clock) -> None:
    started = approved(agent, owner, workspace)
    agent.poll(started["device_code"])
    clock.forward(seconds=61)
    letters()
    mail.outbox.clear()
    from_address("203.0.113.9").poll(started["device_code"])
    [letter] = letters()
    assert letter.to == ["owner@example.com"]
    assert "203.0.113.9" in letter.body


def test_a_mail_server_that_is_away_costs_nothing_but_time(
    agent: Agent, owner: Human, workspace: Workspace, clock: Clock, settings: Any
) -> None:
    kept = settings.MAILERS
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 1, "timeout": 1},
        }
    }
    approved(agent, owner, workspace)
    assert outbox.sweep() == 0
    row = OutboxMail.objects.get()
    assert (row.attempts, row.sent_at) == (1, None)
    assert row.error
    assert outbox.sweep() == 0
    settings.MAILERS = kept
    clock.forward(seconds=5)
    assert len(letters()) == 1
