"""A desk over each store, and one on which everything has happened."""

from __future__ import annotations

from pathlib import Path

import pytest
from posting_desk import Desk, claim_835, header_835, status_277

from gateway.store import Store


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


DENIED = """CLP*DEN1*1*240*0**12*P3*11*1
    NM1*QC*1*RIVERS*ANNA****MI*M0001
    SVC*HC:99213*100*0**1
    DTM*472*20260115
    CAS*CO*197*100
    LQ*HE*N290
    SVC*HC:99214*140*0**1
    DTM*472*20260115
    CAS*CO*50*90**45*50
    LQ*HE*M15
    """
STRANGER = """CLP*NOBODY1*1*90*70**12*P9*11*1
    NM1*QC*1*STRANGE*SAM****MI*M9999
    SVC*HC:99213*90*70**1
    DTM*472*20260105
    CAS*CO*45*20
    """


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """Claims paid, denied, rejected by each hop, silent, paid twice; a payment that is nobody's, one that is parked."""
    numbers = ["PAID1", "DEN1", "REJ1", "REJ2", "SIL1", "TWICE1"]
    members = desk.claims(*numbers)
    desk.sent(members)
    desk.receive(desk.envelope("277CA", status_277("REJ1 A7:562:85*20260202*U*240", "PAID1 A1:19*20260202*WQ*240")))
    payer = status_277("REJ2 A3:33:IL*20260203*U*240", "PAID1 A2:20*20260203*WQ*240", entity="PR", bht="2")
    desk.receive(desk.envelope("277CA", payer))
    desk.receive(desk.envelope("835", header_835("200", "CHK1") + claim_835("PAID1", "180", payer_number="P1")
                               + "PLB*1234567893*20261231*FB:CHK0*-20"))  # fmt: skip
    desk.receive(desk.envelope("835", header_835("0", "CHK2") + DENIED))
    paid = [header_835("240", trace) + claim_835("TWICE1", "240", payer_number="P5") for trace in ("CHK3", "CHK4")]
    desk.receive(desk.envelope("835", *paid))
    desk.receive(desk.envelope("835", header_835("70", "CHK5") + STRANGER))
    desk.receive(desk.envelope("835", header_835("500", "CHK6") + claim_835("SIL1", "180", payer_number="P6")))
    return desk
