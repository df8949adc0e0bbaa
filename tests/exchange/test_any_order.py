"""Order does not matter: files in any order, any number of times, with a death between any two commits."""

from __future__ import annotations

import random
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from orders import Crash, Crashing, Deck, Table, differences, make_deck, picture, whole

from gateway.simulator import Scenario


@pytest.fixture(scope="session")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Deck:
    """The exchange in which the other side says everything that it can."""
    text = files("gateway.simulator").joinpath("scenarios", "everything.toml").read_text()
    return make_deck(tmp_path_factory.mktemp("deck"), Scenario.from_toml(text))


def deal(deck: Deck, chance: random.Random | None) -> list[tuple[str, int]]:
    """The files in the order in which they came, or in another one with some of them again; 837s among themselves
    stay in their order, since a claim's versions count as they were imported."""
    cards = [("sent", at) for at in range(len(deck.sent))] + [("came", at) for at in range(len(deck.came))]
    if chance is None:
        return cards
    chance.shuffle(cards)
    sent = iter(range(len(deck.sent)))
    cards = [(kind, next(sent) if kind == "sent" else at) for kind, at in cards]
    return cards + chance.choices(cards, k=6)


def take(table: Table, deck: Deck, kind: str, at: int) -> None:
    table.take_sent(deck.sent[at]) if kind == "sent" else table.take_came(deck.came[at])


@pytest.mark.parametrize("seed", range(1))
def test_any_order_comes_to_the_same(
    deck: Deck, new_store_url: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The same states, flags, facts, links, ledger and reports as in plain order, whatever died on the way."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "mixed").mkdir()
    plain = Table(tmp_path / "plain", new_store_url(), deck.profile)
    for kind, at in deal(deck, None):
        take(plain, deck, kind, at)
    wanted = picture(plain)
    plain.close()
    chance, crashing = random.Random(seed), Crashing()
    crashing.install(monkeypatch)
    mixed = Table(tmp_path / "mixed", new_store_url(), deck.profile)
    deaths = 0
    for kind, at in deal(deck, chance):
        if chance.random() < 0.4:
            crashing.arm(chance.randrange(1, 4), after=chance.random() < 0.5)
            try:
                take(mixed, deck, kind, at)
            except Crash:
                deaths += 1
                mixed.reopen()
            crashing.arm(0, after=False)
        take(mixed, deck, kind, at)
    found = picture(mixed)
    whole(mixed)
    mixed.close()
    assert deaths > 5
    assert differences(wanted, found) == []
