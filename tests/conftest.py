"""What every suite may use."""

pytest_plugins = ["sshd", "mailboxes", "stores"]
