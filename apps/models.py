"""The tables of this floor; each is defined in the room of its concept."""

from apps.budgets.models import BudgetPolicy, DefaultUserPolicy
from apps.external_users.models import ExternalUser
from apps.registry.models import App
from apps.runtime_keys.models import RuntimeKey

__all__ = ["App", "BudgetPolicy", "DefaultUserPolicy", "ExternalUser", "RuntimeKey"]
