"""The schema's revisions. The newest is named here, so that opening a store does not load the migration tool."""

REVISIONS = ("0001", "0002", "0005", "0003", "0004", "0006", "0020", "0030", "0036", "0041")
HEAD = REVISIONS[-1]
