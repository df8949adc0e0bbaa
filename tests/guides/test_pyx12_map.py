"""The maps that we give to pyx12 are made from the guide tables, and pyx12 judges by them."""

from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as Tree

import pytest
from mutations import bases

from gateway.guides import guide
from gateway.judge import judge


@pytest.fixture(scope="module")
def maps() -> ModuleType:
    """The program that writes them."""
    path = Path(__file__).resolve().parents[2] / "docs" / "pyx12_map.py"
    spec = importlib.util.spec_from_file_location("pyx12_map", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["pyx12_map"] = module
    spec.loader.exec_module(module)
    return module


def test_maps_are_current(maps: ModuleType) -> None:
    """`make maps` would change nothing."""
    for name in maps.MAPS:
        assert maps.target(name).read_text(encoding="utf-8") == maps.MapWriter(guide(name)).document()


def test_a_map_has_every_loop(maps: ModuleType) -> None:
    """Claims stand below subscribers and below patients."""
    found = [node.get("xid") for node in Tree.parse(maps.target("837D")).getroot().iter("loop")]
    names = [name for name in guide("837D").loops if name != guide("837D").root.id]
    assert set(names) <= set(found)
    assert found.count("2300") == 2


def test_pyx12_judges_dental_claims() -> None:
    """It accepts good ones, and finds what is missing, unknown or of a wrong code."""
    text = bases("837D")[3]
    assert list(judge(io.BytesIO(text.encode()))) == []
    for old, new, code in (("*CH~", "*XX~", "pyx12-IK4-7"), ("~LX*1~", "~LX*1~QQQ*1~", "pyx12-IK3-1")):
        assert old in text
        assert code in [issue.code for issue in judge(io.BytesIO(text.replace(old, new, 1).encode()))]
