"""The people, workspaces and the waiting code of the demo. A second run keeps what is there."""

import json
import secrets
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from accounts.actors import Actor, ActorKind, Origin
from accounts.bookkeeping import Fact
from accounts.devices import agent_rules
from accounts.devices.models import Face
from accounts.permissions import Role
from accounts.users.models import User
from accounts.workspaces.models import Membership, ProductionState, Workspace
from apps.registry import rules as apps
from apps.registry.models import Environment
from apps.runtime_keys import rules as keys

MADE_BY_DEMO = "made_by_demo"
PEOPLE = {
    "owner": "Olivia Owner",
    "developer": "Dev Developer",
    "viewer": "Vera Viewer",
    "reviewer": "Rex Reviewer",
    "stranger": "Sam Stranger",
}
WORKSPACES = {
    "sandbox": ("Paper Planes", ProductionState.SANDBOX_ONLY),
    "blocked": ("Blocked Bakery", ProductionState.SANDBOX_ONLY),
    "active": ("Active Analytics", ProductionState.PRODUCTION_APPROVED),
    "pending": ("Pending Payments", ProductionState.DECLARATION_PENDING),
    "denied": ("Denied Deliveries", ProductionState.PRODUCTION_DENIED),
    "suspended": ("Suspended Studio", ProductionState.PRODUCTION_SUSPENDED),
}
MEMBERS = {"owner": Role.OWNER, "developer": Role.DEVELOPER, "viewer": Role.VIEWER}
APPS = [
    ("sandbox", "Local staging", Environment.SANDBOX),
    ("sandbox", "Shop", Environment.STAGING),
    ("blocked", "Bakery counter", Environment.PRODUCTION),
]
SEED_SCOPES = [
    "account:workspace:read",
    "account:apps:write",
    "account:api_keys:write",
    "account:external_users:write",
    "account:caps:write",
    "account:usage:read",
]


def seed(folder: Path) -> dict[str, Any]:
    """Everything `demo.json` names. Writes the file as well and returns what it holds."""
    file = folder / "demo.json"
    known = Fact.objects.filter(name=MADE_BY_DEMO).first()
    facts: dict[str, Any] = known.value if known else {}
    if not facts:
        facts = _people_and_workspaces()
    # Passwords live only in the data folder; a database made elsewhere gets new ones.
    kept = json.loads(file.read_text()) if file.exists() else {}
    users = _with_passwords(facts["users"], kept.get("users", {}))
    written = {
        "base_url": settings.PUBLIC_URL,
        "stripe_url": None,
        "webhook_secret": None,
        "users": users,
        "workspaces": facts["workspaces"],
        "user_code": waiting_code(),
        "gateway_key": None,
    }
    write(file, written)
    return written


def waiting_code() -> str:
    """A request that waits for a human, as an agent of the demo would have made it."""
    started = agent_rules.start(
        face=Face.JSON,
        client_label="codex-local-setup",
        fingerprint=f"demo-{secrets.token_hex(4)}",
        scopes=SEED_SCOPES,
        origin=Origin(address="127.0.0.1", user_agent="countersign-demo"),
    )
    return started.authorization.shown_code


def write(file: Path, facts: dict[str, Any]) -> None:
    """In one step, readable by this user alone: it holds passwords."""
    partial = file.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(facts, indent=2) + "\n")
    partial.replace(file)


@transaction.atomic
def _people_and_workspaces() -> dict[str, Any]:
    users = {role: _person(role, name) for role, name in PEOPLE.items()}
    places = {}
    for key, (name, state) in WORKSPACES.items():
        workspace = Workspace(name=name, production_state=state)
        workspace.save(force_insert=True)
        for role, membership in MEMBERS.items():
            Membership(workspace=workspace, user=users[role], role=membership).save(force_insert=True)
        places[key] = workspace.pk
    _apps(users["owner"], places)
    facts = {"users": {role: user.email for role, user in users.items()}, "workspaces": places}
    Fact.objects.update_or_create(name=MADE_BY_DEMO, defaults={"value": facts})
    return facts


def _apps(owner: User, places: dict[str, str]) -> None:
    """Three apps; the shop has a key in each state but expired. Nobody holds their secrets."""
    for place, name, environment in APPS:
        workspace = Workspace.objects.get(pk=places[place])
        actor = Actor(kind=ActorKind.USER, user=owner, workspace=workspace, origin=Origin(address="127.0.0.1"))
        app = apps.create(actor=actor, workspace=workspace, name=name, environment=environment)
        if environment == Environment.STAGING:
            keys.revoke(keys.issue(app, actor=actor, label="Old laptop").key, actor=actor)
            keys.rotate(keys.issue(app, actor=actor, label="Web server").key, actor=actor, overlap_seconds=604_800)


def _person(role: str, name: str) -> User:
    user = User.objects.create_user(f"{role}@demo.example", None, name=name, is_staff=role == "reviewer")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def _with_passwords(emails: dict[str, str], kept: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    found = {}
    for role, email in emails.items():
        user = User.objects.get(email=email)
        password = kept.get(role, {}).get("password", "")
        if not password or not user.check_password(password):
            password = secrets.token_urlsafe(12)
            user.set_password(password)
            user.save(update_fields=["password"])
        found[role] = {"email": email, "password": password}
    return found
