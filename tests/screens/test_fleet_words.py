"""The pure parts of the fleet screen: cells, trends, filter words, orders, title and lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest
from rich.style import Style

from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.core.snapshot import BreakerView, FleetSnapshot, HoldView, LimitsView
from hive_console.core.states import BreakerState, DegradationLevel, HoldKind
from hive_console.engine.client import EventPage
from hive_console.ui.event_log import KEPT, REPEATS_WITHIN, EventLog, inbox_lines
from hive_console.ui.filtering import Filter, complete, parse
from hive_console.ui.sorting import ORDERS, Order
from hive_console.ui.title import sentence, title_pieces
from hive_widgets.fleet_cells import age_cell, badge_of, breaker_cell, in_flight_cell, notes_of, short_span
from hive_widgets.fleet_columns import Row, header_pieces, plan, row_pieces
from hive_widgets.glyphs import Role
from hive_widgets.pieces import Piece, changed_cells, fit, harmless, strip_of, wrapped
from hive_widgets.sparkline import error_level, latency_level, sparkline
from tests.screens import posted
from tests.screens.posted import NOW


def breaker(state: BreakerState, failures: int = 0, open_until: float | None = None) -> BreakerView:
    return BreakerView(state, NOW, 5, 20.0, consecutive_failures=failures, open_until=open_until)


STILL = BreakerView(BreakerState.CLOSED, NOW, 5, 20.0, is_frozen=True, frozen_until=NOW + 2520)


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (breaker(BreakerState.OPEN, 5, NOW + 20.2), "OPEN 0:21"),
        (breaker(BreakerState.OPEN, 5, NOW - 3), "OPEN 0:00"),
        (breaker(BreakerState.OPEN), "OPEN"),
        (breaker(BreakerState.HALF_OPEN), "HALF probing"),
        (breaker(BreakerState.CLOSED, 3), "CLOSED 3/5"),
        (breaker(BreakerState.CLOSED), "CLOSED"),
        (breaker(BreakerState.ISOLATED), "ISOLATED"),
    ],
)
def test_the_breaker_says_what_comes_next(view: BreakerView, said: str) -> None:
    assert breaker_cell(posted.model("m", breaker=view), NOW).text == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("claude-4-sonnet", "RAMP 25%"),
        ("gpt-5", "FROZEN 50%"),
        ("deepseek-v3", "FROZEN open"),
        ("grok-3", "FROZEN 3/5"),
        ("claude-4-opus", "OPEN 0:12"),
        ("mistral-large", "METRICS"),
        ("qwen-3-max", "OFF"),
    ],
)
def test_the_breaker_tells_ramps_and_what_is_held_still(name: str, said: str) -> None:
    view = posted.returning().model(name)
    assert view is not None

    cell = breaker_cell(view, NOW)

    assert cell.text == said
    assert len(cell.text) <= 12


def test_a_count_that_is_not_recorded_is_not_told() -> None:
    view = posted.model("m", breaker=replace(STILL, is_count_known=False))

    assert breaker_cell(view, NOW).text == "FROZEN"
    assert breaker_cell(replace(view, ramp=0.25), NOW).text == "FROZEN 25%"


@pytest.mark.parametrize("state", BreakerState)
@pytest.mark.parametrize("ramp", [None, 0.001, 0.5])
def test_no_breaker_outgrows_its_column(state: BreakerState, ramp: float | None) -> None:
    open_view = replace(breaker(state, 999, NOW + 99 * 60), failure_threshold=999)
    still = replace(open_view, is_frozen=True)

    for view in (open_view, still):
        said = breaker_cell(posted.model("m", breaker=replace(view, consecutive_failures=1), ramp=ramp), NOW).text
        assert len(said) <= 12, said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86400 * 400, "400d"), (-5, "0s")],
)
def test_short_spans(seconds: float, said: str) -> None:
    assert short_span(seconds) == said


def age_of(age: float, interval: float = 0.0) -> Piece:
    model = posted.model("m", last_health_check=NOW - age, limits=LimitsView(check_interval=interval))
    return age_cell(model, NOW)


@pytest.mark.parametrize(("interval", "limit"), [(30.0, 60.0), (300.0, 600.0), (0.0, 75.0), (1.0, 5.0)])
def test_an_age_is_marked_once_it_is_twice_the_interval_between_checks(interval: float, limit: float) -> None:
    fresh, stale = age_of(limit, interval), age_of(limit + 1, interval)

    assert not fresh.is_bold
    assert stale.is_bold
    assert stale.text.endswith("!")


def test_the_age_of_a_model_that_a_hand_keeps_checks_from_is_no_alarm() -> None:
    out = posted.model("m", last_health_check=NOW - 3000, breaker=breaker(BreakerState.ISOLATED))

    assert age_cell(out, NOW).text == "50m"


def test_a_young_age_moves_in_steps_so_that_a_quiet_table_is_quiet() -> None:
    said = [age_cell(posted.model("m", last_health_check=NOW - age), NOW).text for age in (4.9, 5, 9.9, 10)]

    assert said == ["0s", "5s", "5s", "10s"]


def test_badges_say_the_gravest_and_notes_say_all() -> None:
    model = posted.model("m", fault="key refused", throttled_until=NOW + 5)
    pin = (HoldView(HoldKind.PINNED, "m", "maria", NOW, NOW + 65, detail="gpt-5"),)

    assert badge_of(model, NOW, pin).text == "F"
    assert [note.text for note in notes_of(model, NOW, pin)] == [
        "FAULT key refused",
        "throttled 0:05",
        "pinned → gpt-5 by maria, 1:05 left",
    ]
    assert badge_of(replace(model, fault=""), NOW, pin).text == "T"
    assert badge_of(replace(model, fault=""), NOW + 6, pin).text == "P"
    assert badge_of(posted.model("m"), NOW).text == " "


@pytest.mark.parametrize(
    ("kind", "letter"),
    [(HoldKind.KILLED, "K"), (HoldKind.FROZEN, "Z"), (HoldKind.WEIGHTED, "W"), (HoldKind.SAFE_MODE, "S")],
)
def test_every_hold_has_a_letter(kind: HoldKind, letter: str) -> None:
    assert badge_of(posted.model("m"), NOW, (HoldView(kind, "m", "bob", NOW),)).text == letter


def test_an_ejected_model_is_told_with_its_countdown() -> None:
    out = posted.model("m", ejected_until=NOW + 25)

    assert badge_of(out, NOW).text == "E"
    assert notes_of(out, NOW)[0].text == "ejected 0:25"


def test_a_kill_switch_stands_in_place_of_the_breaker() -> None:
    kill = HoldView(HoldKind.KILLED, "*", "bob", NOW, NOW + 599)

    assert breaker_cell(posted.model("m"), NOW, (kill,)).text == "KILLED 9:59"
    assert breaker_cell(posted.model("m"), NOW, (replace(kill, until=None),)).text == "KILLED"


def test_a_half_open_breaker_counts_its_trials() -> None:
    view = replace(breaker(BreakerState.HALF_OPEN), trials_passed=1, trials_needed=3)

    assert breaker_cell(posted.model("m", breaker=view), NOW).text == "HALF 1/3"


def test_calls_in_flight_are_told_with_their_bound_and_those_that_wait() -> None:
    full = in_flight_cell(posted.model("m", in_flight=8, waiting=3))

    assert (full.text, full.role) == ("8/10+3", Role.WARN)
    assert in_flight_cell(posted.model("m", max_in_flight=0)).text == "—"


@pytest.mark.parametrize("width", [1, 8, 20, 40, 60, 72, 80, 99, 100, 116, 120, 136, 140, 160, 200, 250])
def test_rows_and_header_fill_the_width_they_were_planned_for(width: int) -> None:
    columns = plan(width)
    lines = [header_pieces(columns), *(row_pieces(columns, Row(model, NOW)) for model in posted.incident().models)]

    lengths = {sum(len(piece.text) for piece in line) for line in lines}

    assert len(lengths) == 1
    assert lengths.pop() <= width


def test_latency_bars_double() -> None:
    assert [latency_level(seconds) for seconds in (0, 0.125, 0.126, 0.25, 1, 2, 8, 8.1, 900)] == [
        0, 0, 1, 1, 3, 4, 6, 7, 7,
    ]  # fmt: skip


def test_a_single_failure_lifts_the_error_bar() -> None:
    assert [error_level(rate) for rate in (0, 0.001, 0.5, 1.0)] == [0, 1, 4, 7]


def test_a_gap_is_drawn_and_a_short_series_starts_with_one() -> None:
    assert sparkline((1.0, None, 0.0), 6, error_level, span=6) == "···█·▁"
    assert sparkline((), 4, latency_level) == "····"
    assert sparkline((None, 1.0), 2, error_level, span=2, is_ascii=True) == ".#"
    assert sparkline((1.0,), 0, error_level) == ""


def admitted(chosen: Filter, fleet: FleetSnapshot) -> set[str]:
    return {model.model_id for model in fleet.models if chosen.admits(model, fleet, NOW)}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("status:down", {"claude-4-sonnet", "mistral-large"}),
        ("status:down,degraded !breaker:isolated", {"claude-4-sonnet", "deepseek-v3", "grok-3"}),
        ("breaker:open", {"claude-4-sonnet"}),
        ("breaker:half", {"deepseek-v3"}),
        ("provider:anthropic", {"claude-4-sonnet", "claude-4-opus"}),
        ("p95>3.9s", {"deepseek-v3"}),
        ("p95>=3900ms", {"deepseek-v3", "grok-3"}),
        ("err>=12", {"claude-4-sonnet", "deepseek-v3"}),
        ("err>=12% !sonnet", {"deepseek-v3"}),
        ("GPT !mini", {"gpt-5"}),
        ("pinned", {"claude-4-opus"}),
        ("throttled", {"grok-3"}),
        ("fault", {"command-r-plus"}),
        ("status:d !status:deg", {"claude-4-sonnet", "mistral-large"}),
        ("since<2m", {"grok-3"}),
        ("since<15m status:down", {"claude-4-sonnet"}),
        ("checked>30m", {"mistral-large"}),
        ("hold:pinned", {"claude-4-opus"}),
        ("hold:any", {"claude-4-opus", "mistral-large"}),
        ("~g3", {"grok-3"}),
        ("~CSNT", {"claude-4-sonnet"}),
    ],
)
def test_filter_words(words: str, names: set[str]) -> None:
    chosen = parse(words)

    assert not chosen.problems
    assert admitted(chosen, posted.incident()) == names


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("ramping", {"claude-4-sonnet", "gpt-5"}),
        ("frozen", {"gpt-5", "deepseek-v3", "grok-3"}),
        ("frozen !ramping breaker:open", {"deepseek-v3"}),
        ("ejected", {"gemini-2.5-pro"}),
        ("tripped", {"claude-4-sonnet", "gpt-5", "deepseek-v3", "claude-4-opus"}),
        ("breaker:metrics-only", {"mistral-large"}),
        ("breaker:metrics,off", {"mistral-large", "qwen-3-max"}),
    ],
)
def test_filter_words_of_the_way_back(words: str, names: set[str]) -> None:
    chosen = parse(words)

    assert not chosen.problems
    assert admitted(chosen, posted.returning()) == names


@pytest.mark.parametrize(
    "word",
    [
        "status:dwon",
        "breaker:ajar",
        "p95>fast",
        "p95>5%",
        "err>2s",
        "err>",
        "!p95<",
        "status:",
        "status>3",
        "provider:",
        "hold:tied",
        "since<soon",
        "p95:2s",
        "staus:down",
    ],
)
def test_a_word_that_is_not_understood_is_said_and_narrows_nothing(word: str) -> None:
    chosen = parse(word)

    assert len(chosen.problems) == 1
    assert len(admitted(chosen, posted.incident())) == 12


def test_a_problem_tells_its_place_and_what_is_possible() -> None:
    (problem,) = parse("grok status:dwon").problems

    assert str(problem).startswith("at 6: dwon is no status: ok, degraded, down, unknown")


def test_a_hold_that_the_engine_tells_of_a_provider_is_found() -> None:
    kill = HoldView(HoldKind.KILLED, "provider:anthropic", "bob", NOW)

    found = admitted(parse("hold:killed"), replace(posted.healthy(), holds=(kill,)))

    assert found == {"claude-4-sonnet", "claude-4-opus"}


@pytest.mark.parametrize(
    ("line", "after", "offered"),
    [
        ("sta", "status:", 1),
        ("status:d", "status:d", 2),
        ("!status:ok,deg", "!status:ok,degraded", 1),
        ("provider:an", "provider:anthropic", 1),
        ("breaker:open claude-4-s", "breaker:open claude-4-sonnet", 1),
        ("zzz", "zzz", 0),
        ("p9", "p95>", 1),
    ],
)
def test_tab_completes_keys_words_providers_and_names(line: str, after: str, offered: int) -> None:
    found = complete(line, len(line), posted.incident())

    assert (found.line, found.cursor, len(found.offers)) == (after, len(after), offered)


def test_tab_completes_in_the_middle_of_a_line() -> None:
    found = complete("sta err>5", 3, posted.incident())

    assert (found.line, found.cursor) == ("status: err>5", 7)


def test_no_words_admit_all() -> None:
    assert len(admitted(parse("  "), posted.incident())) == 12


def test_the_worst_is_who_is_down_and_not_by_hand() -> None:
    ids = Order().sorted_anew(posted.incident().models).ids

    assert ids[:5] == ("claude-4-sonnet", "mistral-large", "deepseek-v3", "grok-3", "command-r-plus")


def test_what_comes_back_or_is_held_still_stands_above_what_is_settled() -> None:
    ids = Order().sorted_anew(posted.returning().models).ids

    assert ids[:6] == ("claude-4-opus", "deepseek-v3", "gemini-2.5-pro", "claude-4-sonnet", "gpt-5", "grok-3")


def test_the_order_of_breakers_begins_with_those_that_keep_traffic_away() -> None:
    ids = Order("breaker").sorted_anew((*posted.returning().models, posted.half_open_model())).ids

    assert ids[:6] == ("claude-4-opus", "deepseek-v3", "deepseek-v3", "claude-4-sonnet", "gpt-5", "grok-3")
    assert ids[-2:] == ("mistral-large", "qwen-3-max")


@pytest.mark.parametrize("name", list(ORDERS))
def test_every_order_is_total_on_any_fleet(name: str) -> None:
    models = (*posted.incident().models, *posted.unknown().models[:1])

    assert set(Order(name).sorted_anew(models).ids) == {model.model_id for model in models}


def test_rows_stay_where_they_are_and_new_ones_come_last() -> None:
    order = Order("name").sorted_anew((posted.model("b"), posted.model("a")))

    shown = order.apply((posted.model("c"), posted.model("b")))

    assert [model.model_id for model in shown] == ["b", "c"]


def test_orders_go_round() -> None:
    order = Order()
    for _ in ORDERS:
        order = order.next()

    assert order == Order()


def title(width: int, *, read_only: bool = False) -> str:
    pieces = title_pieces(posted.incident(), NOW, width=width, is_read_only=read_only)
    return "".join(piece.text for piece in pieces)


@pytest.mark.parametrize("read_only", [False, True])
def test_the_title_fits_80_cells_and_keeps_states_and_alerts(read_only: bool) -> None:  # noqa: FBT001 - by name
    said = title(80, read_only=read_only)

    assert len(said) <= 80
    assert all(word in said for word in ("HIVE prod", "LIVE", "8 ok", "2 degraded", "2 down", "2 alerts"))


def test_the_title_tells_the_level_in_a_word() -> None:
    pieces = title_pieces(posted.returning(), NOW, width=80)

    said = "".join(piece.text for piece in pieces)
    assert "LIVE  ESSENTIAL  ● 9 ok" in said
    assert len(said) <= 80


def test_degraded_mode_of_an_older_engine_is_told_without_a_level() -> None:
    fleet = replace(posted.healthy(), is_degraded=True)

    assert "DEGRADED MODE" in "".join(piece.text for piece in title_pieces(fleet, NOW, width=80))


def test_where_room_is_short_live_goes_before_the_level_and_the_level_before_the_counts() -> None:
    fleet = replace(posted.incident(), is_degraded=True, level=DegradationLevel.CRITICAL)

    def said(width: int) -> str:
        return "".join(piece.text for piece in title_pieces(fleet, NOW, width=width, is_read_only=True))

    assert "LIVE" not in said(80)
    assert "CRITICAL" in said(80)
    assert len(said(80)) <= 80
    assert "CRITICAL" not in said(60)
    assert "2 alerts" in said(60)


def test_a_paused_demo_says_both() -> None:
    demo = replace(posted.healthy(), environment="DEMO")

    said = "".join(piece.text for piece in title_pieces(demo, NOW + 0.7, width=80, paused_since=NOW))

    assert "DEMO  PAUSED 0 s" in said


def test_a_calm_fleet_says_so() -> None:
    assert "well" in sentence(posted.healthy(), NOW).text


def test_a_late_engine_is_said_first() -> None:
    assert sentence(replace(posted.healthy(), loop_lag=0.4), NOW).text.startswith("The engine is 400 ms late.")


def test_the_log_is_bounded() -> None:
    log = EventLog()
    events = tuple(e.EngineStopped(at=NOW, cause=str(index)) for index in range(KEPT + 50))

    log.take(EventPage(events, cursor=7), NOW)

    assert log.cursor == 7
    assert len(log.lines(10_000, None)) == KEPT


def call_failed(at: float, model: str = "a") -> e.AttemptFinished:
    return e.AttemptFinished(
        at=at, operation="o", model=model, number=1, kind=OutcomeKind.CONNECTION_FAILED, latency=0.001
    )


def log_of(*events: e.Event) -> list[str]:
    log = EventLog()
    log.take(EventPage(events, cursor=1), NOW)
    return ["".join(piece.text for piece in line) for line in log.lines(100, UTC)]


def test_more_of_the_same_is_counted_on_one_line_that_moves_on() -> None:
    stopped = e.EngineStopped(at=NOW + 1)

    said = log_of(call_failed(NOW), stopped, call_failed(NOW + 2), call_failed(NOW + 3))

    assert said == [" 03:12:45 · engine stopped", " 03:12:47 ▲ 3× call a connection failed, after 1ms"]


def test_the_steps_of_a_ramp_are_one_line_without_a_count() -> None:
    steps = (e.RampAdvanced(at=NOW + step, model="a", share=share) for step, share in enumerate((0.1, 0.25, 0.5)))
    ended = e.RecoveryEnded(at=NOW + 9, model="a", took=20.0, ramp=9.0)

    said = log_of(*steps, e.RampAdvanced(at=NOW + 9, model="a", share=1.0), ended)

    assert said == [
        " 03:12:46 · a gets 50 % of its traffic again",
        " 03:12:53 · a has all of its traffic again after 20 s (9 s in steps)",
    ]


def test_what_comes_of_another_model_or_much_later_stands_for_itself() -> None:
    assert len(log_of(call_failed(NOW), call_failed(NOW, "b"))) == 2
    assert len(log_of(call_failed(NOW), call_failed(NOW + REPEATS_WITHIN + 1))) == 2


def test_a_clocks_tick_changes_its_own_cells() -> None:
    before = (Piece("HIVE  "), Piece("12:00:01"), Piece("  3 ok"))
    after = (Piece("HIVE  "), Piece("12:00:02"), Piece("  3 ok"))

    assert changed_cells(before, after, 40) == (6, 8)


@pytest.mark.parametrize(
    ("before", "after"), [("ab", "abc"), ("", "x"), ("x", ""), ("y" * 50, "z" * 50), ("日本", "ab")]
)
def test_what_follows_a_piece_that_grew_or_did_not_fit_changes_too(before: str, after: str) -> None:
    old, new = (Piece("> "), Piece(before), Piece("end")), (Piece("> "), Piece(after), Piece("end"))

    assert changed_cells(old, new, 40) == (2, 38)


@pytest.mark.parametrize("width", [20, 45, 60, 66, 79])
def test_a_narrow_table_has_whole_columns_only(width: int) -> None:
    drawn = "".join(piece.text for piece in header_pieces(plan(width)))

    assert len(drawn) <= width
    assert "…" not in drawn


def test_models_that_are_well_stand_by_name() -> None:
    models = (posted.model("b", status_since=NOW - 9), posted.model("a", status_since=NOW - 1))

    assert Order().sorted_anew(models).ids == ("a", "b")


def test_the_inbox_shows_first_what_wants_somebody() -> None:
    first, second, third = ("".join(p.text for p in line) for line in inbox_lines(posted.incident(), NOW))

    assert "✖ claude-4-sonnet is unavailable" in first
    assert "✔ maria" in second
    assert "over: grok-3" in third
    assert "no alerts" in inbox_lines(posted.healthy(), NOW)[0][0].text


@pytest.mark.parametrize("text", ["abc", "日本語", "a\u0301b", "x" * 50, "\x1b[31m"])
@pytest.mark.parametrize("width", [1, 2, 5, 10])
def test_fit_fills_exactly(text: str, width: int) -> None:
    drawn = strip_of((Piece(fit(text, width)),), width, {}, base=Style())

    assert drawn.cell_length == width


def test_what_is_not_printable_is_made_visible() -> None:
    assert harmless("a\x1b]0;x\x07") == "a␛]0;x␇"


def test_a_line_too_long_ends_in_an_ellipsis() -> None:
    strip = strip_of((Piece("abcdef"),), 4, {}, base=Style())

    assert strip.text == "abc…"


def test_a_sentence_is_broken_at_spaces_and_cut_at_the_end() -> None:
    assert wrapped("one two three four", 9, 2) == ("one two", "three fo…")
    assert wrapped("one", 9, 2) == ("one",)


def test_a_slow_line_is_named_where_there_is_room() -> None:
    def title(width: int) -> str:
        pieces = title_pieces(posted.healthy(), NOW, width=width, link="link 420 ms 0.5 Hz")
        return "".join(piece.text for piece in pieces)

    assert "link 420 ms 0.5 Hz" in title(80)
    assert "link" not in title(40)
