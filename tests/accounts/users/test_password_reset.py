"""A forgotten password: a code by mail, a new password, signed in."""

import re

from django.core import mail
from django.test import Client

from accounts import outbox
from tests.personas import PASSWORD, Human


def test_a_code_by_mail_sets_a_new_password(owner: Human) -> None:
    client = Client()
    asked = client.post("/accounts/password/reset/", {"email": owner.user.email})
    assert asked.status_code == 302
    outbox.sweep()
    code = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", str(mail.outbox[0].body), re.MULTILINE)
    assert code, mail.outbox[0].body
    entered = client.post(asked["Location"], {"code": code.group(1)})
    assert entered.status_code == 302
    fresh = "an entirely new passphrase"
    answer = client.post(entered["Location"], {"password1": fresh, "password2": fresh})
    assert answer.status_code == 302, answer.content
    owner.user.refresh_from_db()
    assert owner.user.check_password(fresh)
    assert not owner.user.check_password(PASSWORD)


def test_an_unknown_address_hears_the_same(db: None) -> None:
    asked = Client().post("/accounts/password/reset/", {"email": "nobody@example.com"})
    assert asked.status_code == 302
