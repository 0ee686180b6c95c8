"""Device poll: an agent asks again while its human has not decided. `uv run python -m bench.device_poll`

Every target is polled with the same number of waiting codes, each started over HTTP, faster than its interval: most
answers say so, exactly as each of them decides it.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.rounds import Load, drive, options, report, started
from bench.targets import DEVICE_TARGETS, Target

CODES = 500
GOALS = {
    "DOT 3.4.1, tuned as we are": 1.8,
    "DOT 3.4.1, startproject": 1.8,
    "better-auth": 2.8,
    "oidc-provider in memory": 0.55,
}
EXPECTED = ("pending", "slow_down")


def main() -> None:
    chosen = options(__doc__)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        targets = started(stack, DEVICE_TARGETS, chosen.peers)
        loads = [
            Load(target, target.poll_path, target.poll_body, _waiting_codes(target, folder / str(number)))
            for number, target in enumerate(targets)
        ]
        drive(loads, chosen, may_refuse=True)
        report("Device poll", loads, GOALS, chosen)


def _waiting_codes(target: Target, file: Path) -> Path:
    codes = [target.device_code(0) for _ in range(CODES)]
    file.write_text("\n".join(codes) + "\n")
    answer = target.post(target.poll_path, target.poll_body.replace("{code}", codes[0]))
    if not any(word in answer.text for word in EXPECTED):
        raise SystemExit(f"{target.name} does not say that the code waits: {answer.status_code} {answer.text[:300]}")
    return file


if __name__ == "__main__":
    main()
