"""Events are numbered, kept while they matter, and told again to whoever was away."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.web.events.hub import EventKind, Hub, ModelEvent

RUN = "0123abcd"
NAMES = ("a", "b", "c")

facts = st.lists(st.tuples(st.sampled_from(EventKind), st.sampled_from(NAMES)), max_size=40)


def event(kind: EventKind, subject: str, number: int = 0) -> ModelEvent:
    return ModelEvent(kind=kind, subject=subject, data={"at": number})


def hub_with(told: list[tuple[EventKind, str]], kept: int = 100) -> Hub:
    hub = Hub(RUN, kept=kept)
    for number, (kind, subject) in enumerate(told, 1):
        hub.add(event(kind, subject, number))
    return hub


@given(told=facts, known=st.integers(0, 45))
def test_who_was_away_is_told_the_newest_of_each_kind_in_order(
    told: list[tuple[EventKind, str]], known: int
) -> None:
    newest = {key: number for number, key in enumerate(told, 1)}
    expected = sorted(number for number in newest.values() if number > known)
    news = hub_with(told).after(known)
    assert [one.number for one in news] == expected
    assert [one.event.data["at"] for one in news] == expected


@given(told=facts, known=st.integers(0, 45), kept=st.integers(1, 10))
def test_a_client_is_resumed_only_if_it_misses_nothing(
    told: list[tuple[EventKind, str]], known: int, kept: int
) -> None:
    hub, everything = hub_with(told, kept), hub_with(told)
    resumed = hub.resumed(hub.id_of(known))
    if resumed is None:
        misses = [one.number for one in hub.after(known)] != [
            one.number for one in everything.after(known)
        ]
        assert known > hub.last or misses or known < hub.last
        return
    assert resumed == known <= hub.last
    assert hub.after(known) == everything.after(known)


def test_little_is_kept_however_much_happens() -> None:
    hub = Hub(RUN, kept=10)
    for number in range(1000):
        hub.add(event(EventKind.CHANGED, f"model {number % 200}", number))
    assert [one.number for one in hub.after(0)] == list(range(991, 1001))
    assert hub.resumed(hub.id_of(989)) is None
    assert hub.resumed(hub.id_of(990)) == 990


def test_an_id_that_is_made_up_or_of_another_run_resumes_nothing() -> None:
    hub = hub_with([(EventKind.ADDED, "a")])
    for last_id in ("", "1", f"{RUN}-", f"{RUN}-2", f"{RUN}-x", "ffff-1", f"{RUN}-1\n", "-1"):
        assert hub.resumed(last_id) is None, last_id
    assert hub.resumed(f"{RUN}-1") == 1
