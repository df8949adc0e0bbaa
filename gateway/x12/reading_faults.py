"""What may be said of a segment while claims are read: code, severity and sentence.

An error means that the document does not hold it as it stood; with a warning it does.
"""

from __future__ import annotations

from gateway.x12.issues import Severity

FAULTS: dict[str, tuple[Severity, str]] = {
    "version": ("error", "This version of the 837 is not read; 005010 is."),
    "segment": ("error", "The guide has no such segment here; it is left out."),
    "segment_empty": ("error", "The segment has no data; it is left out."),
    "loop_empty": ("error", "The segment has no data; its loop is left out."),
    "segment_missing": ("error", "The segment is missing; it will be written."),
    "segment_repeated": ("error", "The guide has this segment once in the loop; this further one is left out."),
    "repeat": ("warning", "There are more of these than the guide allows; they are kept."),
    "loop": ("error", "The guide has no such loop here; it is left out."),
    "loop_segment": ("error", "The segment stands in a loop that is left out."),
    "loop_repeated": ("error", "The guide has this loop once here; this further one is left out."),
    "order": ("error", "The segment stands after loops that the guide has behind it; it is kept where it belongs."),
    "torn": ("error", "The segment stands after one that does not belong into its loop; it is kept in the loop."),
    "qualifier": ("error", "The guide has another qualifier here; this one is left out."),
    "qualifier_alone": ("error", "The qualifier stands without its value; it is left out."),
    "ordinal": ("error", "The number is missing; it will be counted."),
    "qualifier_kept": ("warning", "The guide has another qualifier here; it is kept as it stands."),
    "element": ("error", "The guide does not use this element; it is left out."),
    "element_kept": ("warning", "The guide does not use this element; it is kept."),
    "components": ("error", "The element has components, which the guide does not have; it is kept as one text."),
    "repetition": ("error", "The element is repeated, which the guide does not have; it is kept as one text."),
    "format": ("error", "The value does not fit its format; it is kept as it came."),
    "date_format": ("warning", "The guide does not allow this format of the date; it is kept."),
    "level": ("error", "The guide has no HL loop of this level; what stands in it is left out."),
    "level_parent": ("warning", "HL02 names no HL loop of the level above; the nearest one is taken."),
    "level_forgotten": ("error", "HL02 names an HL loop too far back; its claims are left out."),
    "claim": ("error", "The claim stands under no subscriber; it is left out."),
    "left_out": ("error", "Left out with it"),
    "too_many": ("error", "Further faults of this set are not listed."),
}
