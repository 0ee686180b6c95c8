"""What a figure was measured on, and what the processes of one target have used."""

import os
import platform
import signal
import subprocess
from pathlib import Path

import psycopg

from bench.databases import SERVER

TICKS = os.sysconf("SC_CLK_TCK")


def described() -> str:
    """Cores, Python and database: a ratio means something only beside them."""
    with psycopg.connect(SERVER) as server:
        version = server.info.parameter_status("server_version")
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL {version}, "
        f"load average at start {load:.1f}"
    )


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        for children in Path(f"/proc/{current}/task").glob("*/children"):
            try:
                waiting += [int(child) for child in children.read_text().split()]
            except OSError:  # that thread ended while we looked
                continue
    return found


def cpu_microseconds(pid: int) -> float:
    """User and system time of a process tree so far."""
    ticks = 0
    for member in tree(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks * 1_000_000 / TICKS


def pss_mib(pid: int) -> float:
    """Memory of one process, pages shared with others counted in proportion."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a target and, when it does not listen, everything in the session it leads."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
