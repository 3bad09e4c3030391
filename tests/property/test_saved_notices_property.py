"""Whatever a disk gives back for what was known of notices, the planner takes what it can and says the rest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hive_console.core import events as e
from hive_console.core.notifying.saved import LEDGER, NOTICES, NUMBERS
from tests.core.any_json import ANY_JSON
from tests.core.notice_driver import BUSY, T0, Desk
from tests.property.modest import MODEST


def known() -> Desk:
    desk = Desk()
    desk.fire()
    desk.until(11)
    desk.fire("A2")
    desk.until(75, answer=BUSY)
    return desk


ROWS = known().disk
FIELDS = sorted(
    (row, part, field)
    for row, content in ROWS.items()
    for part in ("entries", "notices")
    if content.get(part)
    for field in content[part][0]
)


@MODEST
@given(name=st.sampled_from([f"{LEDGER}3", f"{NOTICES}1", NUMBERS]), row=ANY_JSON)
def test_no_row_stops_an_engine(name: str, row: object) -> None:
    desk = Desk()

    events = desk.planner.restore({name: row}, T0)

    assert all(isinstance(event, e.ServiceFailed) for event in events)


@MODEST
@given(where=st.sampled_from(FIELDS), value=ANY_JSON)
def test_no_field_stops_an_engine(where: tuple[str, str, str], value: object) -> None:
    row, part, field = where
    damaged = {**ROWS, row: {part: [{**ROWS[row][part][0], field: value}]}}
    desk = known()

    events = desk.fresh().restore(damaged, desk.now, desk.alerts.values())

    assert all(isinstance(event, e.ServiceFailed | e.NoticeSettled) for event in events)
