"""Floors: up is never."""

import subprocess
import sys
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def test_no_floor_imports_one_above_it() -> None:
    tool = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_only_the_doors_know_requests() -> None:
    """Rules take actors and values: no `request` below the doors."""
    for rules in [*ROOT.glob("*/*/*rules.py"), *ROOT.glob("*/rules.py")]:
        assert "django.http" not in rules.read_text(), rules
