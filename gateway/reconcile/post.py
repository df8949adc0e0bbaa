"""Facts into the store: the doors of this room for answers and payments, at once and again.

- answers: `post_interchange_answer` (TA1), `post_acknowledgment` (999, 997), `post_statuses` (277CA, 277)
- payments: `post_remittance` (streaming), `keep_remittance` (facts alone), `post_kept`
- again, when claims are imported: `rebind` (answers that came first), `rematch` (payments that came first)
- a person's decisions: `post_as_is`, `undo`, `match`, `unmatch`
"""

from gateway.reconcile.acknowledgments import post_acknowledgment, post_interchange_answer
from gateway.reconcile.candidates import rematch, rematch_numbers
from gateway.reconcile.late import rebind
from gateway.reconcile.origin import Origin, Posted
from gateway.reconcile.remittance_decisions import match, post_as_is, post_kept, undo, unmatch
from gateway.reconcile.remitting import keep_remittance, post_remittance
from gateway.reconcile.statuses import post_statuses

__all__ = [
    "Origin",
    "Posted",
    "keep_remittance",
    "match",
    "post_acknowledgment",
    "post_as_is",
    "post_interchange_answer",
    "post_kept",
    "post_remittance",
    "post_statuses",
    "rebind",
    "rematch",
    "rematch_numbers",
    "undo",
    "unmatch",
]
