"""An incident report as a page of markdown that reads well as plain text too, whatever comes from outside.

Names stand in code spans, and sentences that hold words from outside in blocks of code: see `core.markdown`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hive_console.core.alerts_found import AlertsFound, SilenceFound
from hive_console.core.block_chart import chart
from hive_console.core.deed_words import where_to, whom
from hive_console.core.markdown import block, code, table
from hive_console.core.outages import Outage
from hive_console.core.plain_words import in_words, utc_time
from hive_console.core.report import Line, ModelFound, Rates, Report
from hive_console.core.states import ActionPhase, AlertState, NoticeEnd
from hive_console.core.success import Goal
from hive_console.core.wording import dollars, latency, percent, span

NAMES_TOLD = 5
"""Models named in a sentence; more are counted."""

_UNKNOWN = "-"

_GOALS = {
    Goal.UPTIME: "Uptime: requests that were answered in time",
    Goal.RECOVERY: "Recovery, 95th percentile",
    Goal.IMPACT: "Requests affected: failed, or noticeably late",
    Goal.MANUAL: "Recoveries that needed a person",
    Goal.FALLBACK_WAIT: "Waiting added by fallbacks",
    Goal.CAPACITY: "Capacity in degraded mode",
}


def page(report: Report, *, is_ascii: bool = False) -> Iterator[str]:
    """The page, line by line."""
    yield "# Incident report"
    yield ""
    yield from _head(report)
    for title, lines in (
        ("Models", _models(report)),
        ("Before, during and after", _compared(report)),
        ("Outages", _outages(report)),
        ("Timeline", _timeline(report)),
        ("Error rate and response time", _charts(report, is_ascii=is_ascii)),
        ("Targets of BIP-03", _goals(report)),
        ("By hand", _acts(report)),
        ("Alerts", _alerts(report)),
        ("What is not known", _unknowns(report)),
        ("Cost", _cost(report)),
    ):
        body = tuple(lines)
        if body:
            yield ""
            yield f"## {title}"
            yield ""
            yield from body


def _head(report: Report) -> Iterator[str]:
    length = span(report.end - report.begin)
    where = f", environment {code(report.environment)}" if report.environment else ""
    yield f"From {utc_time(report.begin)} to {utc_time(report.end)} ({length}){where}."
    if report.asked_for:
        yield f"About {_names(report.asked_for)} only."
    yield ""
    yield f"**{_headline(report)}**"
    yield ""
    if report.operations:
        judged = f"Of {_counted(report.operations, 'request')} {report.failed} failed"
        yield f"{judged}; {report.saved} that a model could not answer were answered by another."
    else:
        yield "No request came."
    if report.mttr is not None:
        yield f"Mean time to recovery of a model: {span(report.mttr)}."
    if report.degraded_for:
        yield f"The fleet was in degraded mode for {span(report.degraded_for)}."


def _headline(report: Report) -> str:
    down = [model for model in report.models if model.outages]
    if not down:
        return "No model was down."
    worst = down[0]
    still = ", and is still" if _is_down(report, worst) else ""
    if worst.served_by:
        served = f"; {_names(worst.served_by)} served in its place"
        served += ", and for a while nobody" if worst.had_nobody else ""
    else:
        served = "; nobody served in its place" if worst.had_nobody else ""
    told = f"{code(worst.model)} was down for {span(worst.down_for)}{_times(worst.outages)}{still}{served}."
    if report.models_down == 1:
        return told
    others = _names(tuple(model.model for model in down[1:]), of=report.models_down - 1)
    return f"{told} {_counted(report.models_down - 1, 'more model')} went down: {others}."


def _is_down(report: Report, model: ModelFound) -> bool:
    return any(outage.model == model.model and outage.end is None for outage in report.outages)


def _times(count: int) -> str:
    return "" if count == 1 else f" in {count} outages"


def _models(report: Report) -> Iterator[str]:
    if report.models:
        headings = ("model", "now", "down for", "times", "requests", "failed", "saved", "errors", "p95", "back in")
        yield from table(headings, map(_model_row, report.models))
        yield ""
        yield (
            "Saved: answered by another model because this one could not. Errors: of calls and health checks, in"
            " the whole time. Back in: mean time to recovery."
        )
    well = report.models_known - report.models_in_trouble
    if report.models_in_trouble > len(report.models):
        yield f"{report.models_in_trouble - len(report.models)} more had trouble and are left out here."
    if well:
        yield f"{_counted(well, 'model')} had no trouble."


def _model_row(model: ModelFound) -> tuple[str, ...]:
    return (
        code(model.model),
        _UNKNOWN if model.status is None else model.status.value,
        span(model.down_for) if model.outages else _UNKNOWN,
        str(model.outages),
        str(model.operations),
        str(model.failed),
        str(model.saved),
        _share(model.overall.error_rate),
        _seconds(model.overall.p95),
        _UNKNOWN if model.mttr is None else span(model.mttr),
    )


def _compared(report: Report) -> Iterator[str]:
    shown = [model for model in report.models if model.before or model.during or model.after]
    if not shown:
        return
    headings = ("model", "errors before / during / after", "p95 before / during / after", "served by", "its p95")
    yield from table(headings, map(_compared_row, shown))


def _compared_row(model: ModelFound) -> tuple[str, ...]:
    stages = [rates or Rates() for rates in (model.before, model.during, model.after)]
    stand_in = model.stand_in_rates or Rates()
    served = _names(model.served_by) if model.served_by else ""
    nobody = "nobody" if model.had_nobody else ""
    return (
        code(model.model),
        " / ".join(_share(rates.error_rate) for rates in stages),
        " / ".join(_seconds(rates.p95) for rates in stages),
        ", ".join(part for part in (served, nobody) if part) or _UNKNOWN,
        _seconds(stand_in.p95),
    )


def _outages(report: Report) -> Iterator[str]:
    if report.outages:
        yield from block(map(_outage_line, report.outages))
    if report.outages_counted > len(report.outages):
        yield f"{report.outages_counted - len(report.outages)} shorter ones are left out."


def _outage_line(outage: Outage) -> str:
    until = "still down" if outage.end is None else f"down until {utc_time(outage.end)[11:]}"
    lasted = "" if outage.end is None else f", {span(outage.end - outage.begin)}"
    by = f"; served by {', '.join(outage.served_by)}" if outage.served_by else ""
    nobody = "; for a while by nobody" if outage.had_nobody and by else "; served by nobody" * outage.had_nobody
    begun = "; begun by hand" if outage.is_by_hand else ""
    ended = "; ended by hand" if outage.ended_by_hand else ""
    said = f"{outage.model} {until}{lasted} ({outage.cause}){by}{nobody}{begun}{ended}"
    return in_words(f"{utc_time(outage.begin)} {said}")


def _timeline(report: Report) -> Iterator[str]:
    lines = []
    for told in report.lines:
        again = f" ({told.count} times until {utc_time(told.until)[11:]})" if told.count > 1 else ""
        lines.append(in_words(f"{utc_time(told.at)} {told.severity.value:<8} {told.text}{again}"))
    yield from block(lines or ["nothing that mattered"])
    if report.lines_left_out:
        yield f"{_counted(report.lines_left_out, 'line')} of less weight, or older, are left out."


def _charts(report: Report, *, is_ascii: bool) -> Iterator[str]:
    lines = [
        *_chart("errors, of calls and health checks", report.error_rates, _share, is_ascii=is_ascii),
        *_chart("response time, mean of good answers", report.response_times, _seconds, is_ascii=is_ascii),
    ]
    if lines:
        step = span(report.error_rates.step)
        yield from block([*lines, "", f"One column is {step}; a blank one knows nothing."])


def _chart(title: str, line: Line, say: Callable[[float | None], str], *, is_ascii: bool) -> Iterator[str]:
    known = [value for value in line.values if value is not None]
    if not known:
        return
    top = max(known)
    window = line.begin, line.begin + line.step * len(line.values)
    yield title
    yield from chart(line.values, top=top, top_label=say(top), window=window, is_ascii=is_ascii)


def _goals(report: Report) -> Iterator[str]:
    rows = []
    for found in report.goals:
        is_time = found.goal is Goal.RECOVERY
        say = _long if is_time else _share
        side = "above" if found.target.is_floor else "below"
        met = {None: "not known", True: "met", False: "MISSED"}[found.is_met]
        rows.append((_GOALS[found.goal], say(found.value), f"{side} {say(found.target.bound)}", met))
    yield from table(("what", "found", "wanted", "so"), rows)
    if report.operations:
        yield ""
    if report.operations_seen:
        yield f"From {_counted(report.operations_seen, 'request')} of {report.operations}, each looked at."
    elif report.operations:
        yield "From sums, for the requests are too many to look at each, or gone: affected are those that failed or"
        yield "moved. `--exact` looks at each that is there."
    reliability = report.metrics.system_reliability
    if reliability is not None:
        yield f"Answered of all that was judged: {_share(reliability)}."


def _acts(report: Report) -> Iterator[str]:
    lines = []
    for act in report.acts:
        why = f', because "{act.reason}"' if act.reason else ", no reason given"
        who = f"{act.actor} ({act.origin})" if act.origin else act.actor
        came = f"; {act.before} to {act.after}" if act.after else ""
        refused = f"; REFUSED: {act.detail}" if act.phase is ActionPhase.REFUSED else ""
        said = f"{who}: {act.action.value} {whom(act)}{where_to(act, 'to')}{why}{came}{refused}"
        lines.append(in_words(f"{utc_time(act.at)} {said}"))
    yield from block(lines or ["nothing was done by hand"])
    if report.acts_counted > len(report.acts):
        earlier = report.acts_counted - len(report.acts)
        yield f"{earlier} earlier ones are left out: `hive-console audit list` has them."


def _alerts(report: Report) -> Iterator[str]:
    lines = []
    for alert in report.alerts:
        over = "still firing"
        if alert.state is AlertState.RESOLVED and alert.resolved_at is not None:
            over = f"over after {span(alert.resolved_at - alert.raised_at)}"
        had = "nobody took it"
        if alert.acknowledged_by:
            after = (
                "" if alert.acknowledged_at is None else f" after {span(alert.acknowledged_at - alert.raised_at)}"
            )
            note = f' ("{alert.note}")' if alert.note else ""
            had = f"taken by {alert.acknowledged_by}{after}{note}"
        lines.append(in_words(f"{utc_time(alert.raised_at)} {alert.severity.value:<8} {alert.text}; {had}; {over}"))
    yield from block(lines or ["none fired"])
    if report.alerts_left_out:
        yield "Earlier ones are left out."
    yield from _rules(report.alerting)
    yield from _notices(report.alerting)
    hiding = [in_words(_silence(silence)) for silence in report.alerting.silences]
    if hiding:
        yield ""
        yield from block(hiding)


def _silence(silence: SilenceFound) -> str:
    what = f" of {silence.what}" if silence.what else ""
    by = f" by {silence.by}" if silence.by else ""
    why = f', because "{silence.reason}"' if silence.reason else ""
    return f"silence {silence.silence_id}{what}{by} hid {_counted(silence.hid, 'alert')}{why}"


def _rules(found: AlertsFound) -> Iterator[str]:
    """How many alerts there were of each rule, how soon somebody had them, how soon they were over."""
    if not found.rules:
        return
    yield ""
    headings = ("rule", "raised", "anew", "told to nobody", "taken", "taken in", "over", "over in")
    yield from table(
        headings,
        (
            (
                code(rule.rule),
                str(rule.raised),
                str(rule.reopened),
                str(rule.muted),
                str(rule.taken),
                _long(rule.mean_time_to_acknowledge),
                str(rule.resolved),
                _long(rule.mean_time_to_resolve),
            )
            for rule in found.rules
        ),
    )
    yield ""
    yield "Taken in, over in: mean time until somebody acknowledged one, and until it was over."


def _notices(found: AlertsFound) -> Iterator[str]:
    """What became of the notices of each channel."""
    if not found.channels:
        return
    yield ""
    headings = ("channel", "delivered", "failed attempts", "given up", "not needed", "dropped", "broke")
    yield from table(
        headings,
        (
            (
                code(channel.name),
                str(channel.ends[NoticeEnd.DELIVERED]),
                str(channel.failed),
                str(channel.ends[NoticeEnd.DEAD]),
                str(channel.ends[NoticeEnd.SUPERSEDED]),
                str(channel.ends[NoticeEnd.DROPPED]),
                str(channel.broken),
            )
            for channel in found.channels
        ),
    )


def _unknowns(report: Report) -> Iterator[str]:
    lines = []
    for gap in report.gaps:
        lost = f", {gap.dropped} events lost" if gap.dropped else ", nothing lost"
        detail = f": {gap.detail}" if gap.detail else ""
        said = f"not whole for {span(gap.end - gap.begin)} ({gap.cause.value}{lost}){detail}"
        lines.append(in_words(f"{utc_time(gap.begin)} {said}"))
    if lines:
        yield from block(lines)
    if report.gaps_counted > len(report.gaps):
        yield f"{report.gaps_counted - len(report.gaps)} earlier gaps are left out."
    if report.events_lost:
        yield f"Events lost for good: {report.events_lost}; requests among them are in the sums, and nowhere else."
    if report.recorded_from is not None:
        yield f"Nothing is recorded before {utc_time(report.recorded_from)}, though more was asked for."
    if report.recorded_until is not None:
        yield f"Nothing is recorded after {utc_time(report.recorded_until)}."
    if report.restarts:
        yield f"The engine started {_counted(report.restarts, 'time')} in this time."
    if report.skipped:
        yield f"{_counted(report.skipped, 'row')} are left out: this version does not know them."


def _cost(report: Report) -> Iterator[str]:
    if report.cost:
        yield f"{dollars(report.cost)}, of the calls whose price and tokens are known."


def _names(names: tuple[str, ...], of: int = 0) -> str:
    """The first of the names, and how many there are besides; of more than are there, where `of` says so."""
    shown = ", ".join(map(code, names[:NAMES_TOLD]))
    more = max(of, len(names)) - NAMES_TOLD
    return f"{shown} and {more} more" if more > 0 else shown


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _share(share: float | None) -> str:
    return _UNKNOWN if share is None else f"{percent(share)} %"


def _seconds(seconds: float | None) -> str:
    return _UNKNOWN if seconds is None else latency(seconds)


def _long(seconds: float | None) -> str:
    return _UNKNOWN if seconds is None else span(seconds)
