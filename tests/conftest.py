"""What every suite may use."""

pytest_plugins = ["stores"]
