"""What is kept sealed: master keys, and the form that archive files and backups have on the disk."""
