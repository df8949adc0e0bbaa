"""A clearinghouse with payers behind it, to test a claims gateway against.

It takes 837 files from a folder, over SFTP or not, and answers as a scenario says. It shares no reader, writer or model
with the gateway, so that each checks the other.
"""

from __future__ import annotations

from gateway.simulator.book import ClaimTotals, Totals
from gateway.simulator.faults import Faults
from gateway.simulator.mailbox import Folders, ReceivedFile
from gateway.simulator.scenario import Delays, Match, Options, Repeat, Rule, Scenario, Stray, Withholding
from gateway.simulator.serve import serve
from gateway.simulator.simulator import Simulator
from gateway.simulator.tables import ScenarioError
from gateway.simulator.verdicts import InterchangeVerdict, Later, Outcome, SetVerdict, StatusVerdict

__all__ = [
    "ClaimTotals",
    "Delays",
    "Faults",
    "Folders",
    "InterchangeVerdict",
    "Later",
    "Match",
    "Options",
    "Outcome",
    "ReceivedFile",
    "Repeat",
    "Rule",
    "Scenario",
    "ScenarioError",
    "SetVerdict",
    "Simulator",
    "StatusVerdict",
    "Stray",
    "Totals",
    "Withholding",
    "serve",
]
