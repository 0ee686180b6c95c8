"""Device start: an agent asks to be let in. `uv run python -m bench.device_start`"""

from contextlib import ExitStack

from bench.rounds import Load, drive, options, report, started
from bench.targets import bare_wsgi, better_auth, django_oauth_toolkit, oidc_provider, product

GOALS = {"django-oauth-toolkit 3.4.1": 3.0, "better-auth": 3.0, "oidc-provider in memory": 0.5, "bare WSGI": 0.40}


def main() -> None:
    chosen = options(__doc__)
    with ExitStack() as stack:
        makers = [product, bare_wsgi, django_oauth_toolkit, oidc_provider, better_auth]
        targets = started(stack, makers, chosen.peers)
        for target in targets:
            target.device_code(0)
        loads = [Load(target, target.start_path, target.start_body) for target in targets]
        drive(loads, chosen, may_refuse=False)
        report("Device start", loads, GOALS, chosen)


if __name__ == "__main__":
    main()
