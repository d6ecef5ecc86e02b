"""The account of what is known so far: it can be had after any batch, and having it changes nothing."""

from fakes import CoinRunner, inquiry_of

from crossroads.analysis.account import AccountBuilder
from crossroads.analysis.results import Account
from crossroads.analysis.too_late import find_too_late
from crossroads.analysis.turning import JumpSearch

STAIRS = [0.1] * 40 + [0.6] * 40 + [1.0] * 20


def looked_into(seed: int, *, at_each_batch: bool) -> tuple[Account, list[Account]]:
    inquiry = inquiry_of(CoinRunner(STAIRS), seed)
    inquiry.pool(0, 100, 1_000)
    builder = AccountBuilder(inquiry, 0.01)
    glimpses: list[Account] = []
    if at_each_batch:
        inquiry.on_batch = lambda: glimpses.append(builder.build())
    builder.too_late = find_too_late(inquiry, eps=0.01, confidence=0.95)
    builder.search = JumpSearch(inquiry, builder.too_late.step)
    builder.search.run()
    builder.find_survivor()
    return builder.build(), glimpses


def test_looking_on_the_way_changes_nothing() -> None:
    account, glimpses = looked_into(3, at_each_batch=True)
    assert account == looked_into(3, at_each_batch=False)[0]
    assert len(glimpses) > 3


def test_the_curve_tightens() -> None:
    _, glimpses = looked_into(3, at_each_batch=True)
    spent = [account.futures_spent for account in glimpses]
    assert spent == sorted(spent)
    first, last = ({point.point: point.failure for point in account.curve} for account in (glimpses[0], glimpses[-1]))
    both = first.keys() & last.keys()
    assert len(last) > len(first)
    assert sum(last[point].high - last[point].low for point in both) < sum(first[point].high - first[point].low for point in both)


def test_a_sentence_that_ceases_to_be_true_is_not_kept() -> None:
    inquiry = inquiry_of(CoinRunner(STAIRS), 3)
    builder = AccountBuilder(inquiry, 0.01)
    builder.too_late = find_too_late(inquiry, eps=0.01, confidence=0.95)
    builder.find_survivor()
    assert builder.build() == builder.build()
