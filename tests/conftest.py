"""What every suite may use, and how Hypothesis runs: without deadlines; in CI the same examples each time."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("laptop", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("laptop"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "laptop")

pytest_plugins = ["gpg_keys", "sshd", "mailboxes", "stores"]
