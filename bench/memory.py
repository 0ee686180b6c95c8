"""Memory of a worker after load, against a bare Django worker. `uv run python -m bench.memory`

PSS: pages shared between processes counted in proportion. Growth is measured over `--requests` (100,000 for the goal).
"""

import argparse
import statistics
from contextlib import ExitStack

from bench.machine import described, pss_mib, tree
from bench.rounds import Load, Options, drive, end_on_sigterm
from bench.targets import Target, bare_django, product

GOAL_MIB, GOAL_TIMES, GOAL_GROWTH = 90, 1.9, 0.05


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--requests", type=int, default=20_000, help="over which growth is measured (20,000)")
    wanted = arguments.parse_args().requests
    end_on_sigterm()
    turn = Options(rounds=1, seconds=3, connections=8, peers=[])
    with ExitStack() as stack:
        ours, bare = stack.enter_context(product()), stack.enter_context(bare_django())
        starts = Load(ours, ours.start_path, ours.start_body)
        drive([starts, Load(bare, bare.start_path, bare.start_body)], turn, may_refuse=False)
        before, other = _worker(ours), _worker(bare)
        served = 0.0
        while served < wanted:
            drive([starts], turn, may_refuse=False)
            served += starts.rates[-1] * turn.seconds
        after = _worker(ours)
    growth = after / before - 1
    print(f"Memory · {described()}\nPSS of a worker, mean of two, after load")
    print(f"Countersign {before:.0f} MiB, goal ≤ {GOAL_MIB} {_said(before <= GOAL_MIB)}")
    print(
        f"bare Django {other:.0f} MiB: ratio {before / other:.2f}, goal ≤ {GOAL_TIMES} {_said(before <= GOAL_TIMES * other)}"
    )
    print(f"growth over {served:,.0f} requests {growth:+.1%}, goal ≤ {GOAL_GROWTH:.0%} {_said(growth <= GOAL_GROWTH)}")


def _worker(target: Target) -> float:
    """The two largest processes of the tree are its workers."""
    return statistics.mean(sorted((pss_mib(pid) for pid in tree(target.process.pid)), reverse=True)[:2])


def _said(met: bool) -> str:
    return "met" if met else "MISSED"


if __name__ == "__main__":
    main()
