"""What alerts speak of: each kind with its words and the page of the runbooks that says what to do."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of thing that needs a person."""

    title: str
    page: str  # in docs/runbooks, without .md


KINDS = {
    "unknown_delivery": Kind("unknown delivery", "unknown-delivery"),
    "failed_delivery": Kind("failed delivery", "failed-delivery"),
    "rejected_batch": Kind("rejected batch", "rejected-batch"),
    "rejected_claims": Kind("claims rejected by a 277CA", "rejected-batch"),
    "duplicate_suspected": Kind("taken for a duplicate", "duplicate-suspected"),
    "cancelled_answered": Kind("an answer to a cancelled batch", "cancelled-answered"),
    "no_999": Kind("no 999", "silent-claims"),
    "no_277ca": Kind("no 277CA", "silent-claims"),
    "no_835": Kind("no 835", "silent-claims"),
    "credentials_refused": Kind("credentials refused", "credentials-refused"),
    "host_key_refused": Kind("host key refused", "host-key-changed"),
    "partner_unreachable": Kind("partner unreachable", "partner-unreachable"),
    "partner_setup": Kind("a partner's profile does not work", "partner-setup"),
    "partner_missing": Kind("batches of a partner without a profile", "partner-setup"),
    "round_failed": Kind("a round fails", "partner-setup"),
    "unrouted_claims": Kind("claims that no partner takes", "held-claims"),
    "held_in_building": Kind("claims held while a batch was built", "held-claims"),
    "not_collected": Kind("files that are not collected", "quarantined-file"),
    "quarantined_file": Kind("quarantined file", "quarantined-file"),
    "parked_set": Kind("parked transaction set", "parked-remittance"),
    "parked_money": Kind("parked money", "parked-remittance"),
    "unmatched_money": Kind("payments that are nobody's", "unmatched-remittance"),
    "disk_low": Kind("the disk is nearly full", "disk-full"),
    "clock_wrong": Kind("the clock is wrong", "clock"),
    "key_expiry": Kind("a key ends", "key-expiry"),
    "store_differs": Kind("store, folds and archive differ", "store-differs"),
    "store_restored": Kind("the store was restored", "store-restored"),
    "store_unavailable": Kind("the store is out of reach", "store-unavailable"),
    "channel_failing": Kind("alerts do not get through", "alert-channel"),
}
