"""Mailboxes of partners (SFTP, a local folder), delivering to and collecting from them, and the archive."""
