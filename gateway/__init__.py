"""Healthcare claims to payers as X12 5010 837 files, and the money's story back."""

__version__ = "0.1.0"
