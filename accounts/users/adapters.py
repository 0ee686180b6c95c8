"""How django-allauth behaves here: mail through the outbox, addresses as the rest of the product reads them."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from accounts import outbox
from accounts.addresses import client_address
from accounts.text import HOSTILE


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGN_UP_OPEN)

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is away must not fail a sign-up: the mail waits in the outbox."""
        message = self.render_mail(template_prefix, email, {"request": self.request, "email": email, **context})
        html = next((str(part.content) for part in getattr(message, "alternatives", [])), "")
        outbox.prepared_mail(to=email, subject=str(message.subject), text=str(message.body), html=html)


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return bool(settings.SIGN_UP_OPEN)

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        user = super().populate_user(request, sociallogin, data)
        name = data.get("name") or f"{data.get('first_name') or ''} {data.get('last_name') or ''}"
        user.name = HOSTILE.sub("", name).strip()[:80]
        return user
