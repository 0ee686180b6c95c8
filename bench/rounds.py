"""Targets driven in turns (A B A B …) by the same load, and the table of what came out."""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import cpu_microseconds, described
from bench.targets import Target, Unavailable

SCRIPT = Path(__file__).with_name("post.lua")


@dataclass
class Load:
    """What one target is sent: a path, a body, and for polls a file of codes."""

    target: Target
    path: str
    body: str
    codes: Path | None = None
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


@dataclass
class Options:
    rounds: int
    seconds: int
    connections: int
    peers: list[str]


def options(about: str | None) -> Options:
    arguments = argparse.ArgumentParser(description=about)
    arguments.add_argument("--rounds", type=int, default=5, help="turns of every target (5)")
    arguments.add_argument("--seconds", type=int, default=3, help="length of one turn (3)")
    arguments.add_argument("--connections", type=int, default=8, help="connections of the load (8)")
    arguments.add_argument("--peers", default="", help="comma-separated: only these (default: all)")
    given = arguments.parse_args()
    end_on_sigterm()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed; on Debian: apt-get install wrk")
    return Options(given.rounds, given.seconds, given.connections, [p for p in given.peers.split(",") if p])


def end_on_sigterm() -> None:
    """As Ctrl-C does: targets are ended and scratch databases dropped."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def started(
    stack: ExitStack, makers: Sequence[Callable[[], AbstractContextManager[Target]]], only: list[str]
) -> list[Target]:
    """The targets that run here; for each that does not, one sentence."""
    found = []
    for make in makers:
        if only and make.__name__ not in {*only, "product"}:
            continue
        try:
            found.append(stack.enter_context(make()))
        except Unavailable as why:
            print(f"{make.__name__}: {why}")
    return found


def drive(loads: Sequence[Load], chosen: Options, may_refuse: bool) -> None:
    """Round after round, one target after the other. The first, shorter turn of each only warms it up."""
    for load in loads:
        _turn(load, 1, chosen.connections, may_refuse)
        for series in (load.rates, load.costs, load.p50, load.p99):
            series.clear()
    for _ in range(chosen.rounds):
        for load in loads:
            _turn(load, chosen.seconds, chosen.connections, may_refuse)


def report(row: str, loads: Sequence[Load], goals: dict[str, float], chosen: Options) -> None:
    """Our figure, the other's, the ratio; CPU of the server's own processes, the database's not counted."""
    ours = loads[0]
    print(f"\n{row} · {described()}")
    print(
        f"{chosen.rounds} rounds in turns, {chosen.seconds} s each, c{chosen.connections}, medians; "
        "ratio = median of the rounds' ratios"
    )
    print(
        f"{'':<28}{'per second':>11}{'CPU µs':>9}{'p50 ms':>8}{'p99 ms':>8}{'ratio':>8}{'(min–max)':>14}  {'goal':>6}"
    )
    for load in loads:
        line = (
            f"{load.target.name:<28}{statistics.median(load.rates):>11,.0f}{statistics.median(load.costs):>9,.0f}"
            f"{statistics.median(load.p50):>8.1f}{statistics.median(load.p99):>8.1f}"
        )
        if load is not ours:
            ratios = [mine / theirs for mine, theirs in zip(ours.rates, load.rates, strict=True)]
            goal = goals.get(load.target.name)
            line += f"{statistics.median(ratios):>8.2f}{f'({min(ratios):.2f}–{max(ratios):.2f})':>14}"
            if goal is not None:
                met = "met" if statistics.median(ratios) >= goal else "MISSED"
                line += f"  ≥ {goal:.2f} {met}"
        print(line)


def _turn(load: Load, seconds: int, connections: int, may_refuse: bool) -> None:
    target = load.target
    environment = {**os.environ, "BENCH_BODY": load.body, "BENCH_TYPE": target.content_type}
    if load.codes:
        environment["BENCH_CODES"] = str(load.codes)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s", "-s", str(SCRIPT)]
    before = cpu_microseconds(target.process.pid)
    done = subprocess.run(
        [*command, target.base + load.path], env=environment, capture_output=True, text=True, timeout=seconds + 30
    )
    used = cpu_microseconds(target.process.pid) - before
    if done.returncode:
        sys.exit(f"wrk failed on {target.name}: {done.stderr.strip() or done.stdout.strip()}")
    seen = json.loads(done.stdout.strip().splitlines()[-1])
    if seen["broken"] or not seen["requests"] or (seen["refused"] and not may_refuse):
        sys.exit(f"{target.name} did not answer as it should: {seen}")
    load.rates.append(seen["requests"] / (seen["microseconds"] / 1_000_000))
    load.costs.append(used / seen["requests"])
    load.p50.append(seen["p50_us"] / 1000)
    load.p99.append(seen["p99_us"] / 1000)
