"""Cold start: how long until the product answers. `uv run python -m bench.cold_start`

`manage.py check` against `import django.db.models`, the server's start to its first answer against `check`, and
`manage.py demo` in a fresh folder to its URL. CPU time is the steadier figure on a shared machine.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench.databases import scratch
from bench.machine import cpu_microseconds, described, end
from bench.rounds import options
from bench.targets import ROOT, die_with_parent, free_port, granian, migrate, product_environment, serving

DEMO_GOAL_SECONDS = 5.0


@dataclass
class Series:
    """One thing started again and again: seconds by the clock and of CPU."""

    name: str
    act: Callable[[], tuple[float, float]]
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def once(self) -> None:
        wall, cpu = self.act()
        self.wall.append(wall)
        self.cpu.append(cpu)


def main() -> None:
    chosen = options(__doc__)
    with scratch() as database:
        migrate(database)
        environment = product_environment(1, database)
        imported = Series("import django.db.models", lambda: _command(["-c", "import django.db.models"], environment))
        checked = Series("manage.py check", lambda: _command(["manage.py", "check"], environment))
        answered = Series("start → first answer", lambda: _first_answer(database))
        demo = Series("demo → URL", _demo)
        everything = [imported, checked, answered, demo]
        for series in everything:  # byte code and disk cache
            series.once()
            series.wall.clear()
            series.cpu.clear()
        for _ in range(chosen.rounds):
            for series in everything:
                series.once()
    print(f"Cold start · {described()}\n{chosen.rounds} rounds in turns, medians; ratios by the clock (by CPU)")
    for series in everything:
        print(f"{series.name:<26}{statistics.median(series.wall):>7.2f} s{statistics.median(series.cpu):>8.2f} s CPU")
    _compare("check / import", checked, imported, 4.5)
    _compare("first answer / check", answered, checked, 1.0)
    took = statistics.median(demo.wall)
    print(
        f"demo → URL {took:.2f} s, goal ≤ {DEMO_GOAL_SECONDS:.0f} s {'met' if took <= DEMO_GOAL_SECONDS else 'MISSED'}"
    )


def _compare(name: str, ours: Series, other: Series, goal: float) -> None:
    by_clock = statistics.median(mine / theirs for mine, theirs in zip(ours.wall, other.wall, strict=True))
    by_cpu = statistics.median(mine / theirs for mine, theirs in zip(ours.cpu, other.cpu, strict=True))
    print(f"{name:<26}{by_clock:>7.2f}   ({by_cpu:.2f})  goal ≤ {goal:.1f} {'met' if by_clock <= goal else 'MISSED'}")


def _command(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed with {process.returncode}")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime


def _first_answer(database: str) -> tuple[float, float]:
    """One worker: what a container that has just been started needs before it is of use."""
    port = free_port()
    command = [part if part != "2" else "1" for part in granian("console.wsgi:application", port)]
    started = time.perf_counter()
    url = f"http://127.0.0.1:{port}/healthz"
    with serving(command, product_environment(port, database), ROOT, url) as process:
        httpx.get(url).raise_for_status()
        return time.perf_counter() - started, cpu_microseconds(process.pid) / 1_000_000


def _demo() -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder, _running_demo(Path(folder)) as process:
        started = time.perf_counter()
        assert process.stdout
        for line in process.stdout:
            if b"Countersign is at" in line:
                return time.perf_counter() - started, cpu_microseconds(process.pid) / 1_000_000
    raise SystemExit("the demo ended before it named its URL")


@contextmanager
def _running_demo(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    own = ("SECRET_KEY", "CREDENTIAL_SECRET", "DEVICE_RATE_LIMIT_SECRET", "DATABASE_URL", "PUBLIC_URL")
    environment = {name: value for name, value in os.environ.items() if name not in own}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(free_port())],
        cwd=ROOT,
        env={**environment, "DATA_DIR": str(folder), "STATIC_ROOT": str(folder / "static")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    try:
        yield process
    finally:
        end(process)


if __name__ == "__main__":
    main()
