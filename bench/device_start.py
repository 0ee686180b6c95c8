"""Device start: an agent asks to be let in. `uv run python -m bench.device_start`"""

from contextlib import ExitStack

from bench.rounds import Load, drive, options, report, started
from bench.targets import DEVICE_TARGETS

GOALS = {
    "DOT 3.4.1, tuned as we are": 3.0,
    "DOT 3.4.1, startproject": 3.0,
    "better-auth": 3.0,
    "oidc-provider in memory": 0.5,
    "bare WSGI": 0.40,
}


def main() -> None:
    chosen = options(__doc__)
    with ExitStack() as stack:
        targets = started(stack, DEVICE_TARGETS, chosen.peers)
        for target in targets:
            target.device_code(0)
        loads = [Load(target, target.start_path, target.start_body) for target in targets]
        drive(loads, chosen, may_refuse=False)
        report("Device start", loads, GOALS, chosen)


if __name__ == "__main__":
    main()
