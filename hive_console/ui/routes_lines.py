"""Chains in words: a row, its details, what several have in common, what a filter can say; pure."""

from __future__ import annotations

from hive_console.core.chains import Chain, Link, SharedRisk, Standing, can_serve
from hive_console.core.holding import hold_words
from hive_console.core.past import past_of
from hive_console.core.settings import Strategy
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import BreakerState
from hive_console.core.wording import latency, whole_percent
from hive_console.ui.labeled import LABEL, labeled
from hive_console.ui.list_filter import Grammar
from hive_console.ui.model_story import glyph_of, status_words
from hive_widgets.glyphs import BREAKER_MARKS, STATUS_MARKS, Mark, Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, fit, width_of

HINT = "model:x serving:x next:x provider:x state:moved word !word"
"""The grammar by example."""

STANDING_MARKS = {
    Standing.NOBODY: Mark("✖", "X", Standing.NOBODY.value, Role.BAD),
    Standing.LAST: Mark("▲", "!", Standing.LAST.value, Role.WARN),
    Standing.MOVED: Mark("►", ">", Standing.MOVED.value, Role.WARN),
    Standing.ALONE: Mark("▲", "!", Standing.ALONE.value, Role.WARN),
    Standing.PINNED: Mark("P", "P", Standing.PINNED.value, Role.HELD),
    Standing.ITSELF: Mark("●", "o", Standing.ITSELF.value, Role.GOOD),
    Standing.UNKNOWN: Mark("?", "?", Standing.UNKNOWN.value, Role.MUTED),
}

_WORD = 9
_RISKS_TOLD = 2


def _providers(chain: Chain) -> tuple[str, ...]:
    return tuple(link.model.provider for link in chain.links if link.model is not None)


def _told(chain: Chain) -> str:
    names = (chain.name, chain.standing.value, chain.strategy.value, *(link.name for link in chain.links))
    return " ".join((*names, "route" if chain.is_virtual else ""))


GRAMMAR: Grammar[Chain] = Grammar(
    named={
        "model": lambda chain: tuple(link.name for link in chain.links),
        "serving": lambda chain: (chain.serving or "nobody",),
        "next": lambda chain: (chain.next or "nobody",),
        "provider": _providers,
        "state": lambda chain: (chain.standing.value,),
        "strategy": lambda chain: (chain.strategy.value,),
    },
    told=_told,
)
"""What a filter of the routes can say."""


def row_pieces(chain: Chain, *, width: int, plain: bool) -> Pieces:
    """A chain as one line: how it stands, and who serves, from left to right in the order they are asked."""
    mark = STANDING_MARKS[chain.standing]
    pieces = [Piece(f"{glyph_of(mark, plain=plain)} ", mark.role), Piece(fit(mark.word, _WORD), mark.role)]
    pieces += chain_pieces(chain, plain=plain)
    kept: list[Piece] = []
    room = width
    for piece in pieces:
        if width_of(piece.text) > room:
            kept.append(Piece(fit(piece.text, room), piece.role, is_bold=piece.is_bold))
            break
        kept.append(piece)
        room -= width_of(piece.text)
    return tuple(kept)


def chain_pieces(chain: Chain, *, plain: bool) -> list[Piece]:
    """`claude ✖ ═► gpt-5 ● serving 100 % ─► deepseek ▲ next`."""
    pieces: list[Piece] = []
    if chain.is_virtual:
        pieces.append(Piece(f"{chain.name}: ", is_bold=True))
    for place, link in enumerate(chain.links):
        is_used = link.name == chain.serving
        if place:
            arrow = (" => " if is_used else " -> ") if plain else (" ═► " if is_used else " ─► ")
            pieces.append(Piece(arrow, Role.ACCENT if is_used else Role.MUTED))
        pieces += _link(link, chain, plain=plain)
    if chain.standing is Standing.NOBODY:
        pieces.append(Piece("  NOBODY serves", Role.BAD))
    return pieces


def _link(link: Link, chain: Chain, *, plain: bool) -> list[Piece]:
    is_serving = link.name == chain.serving
    name = Piece(f"{link.name} ", is_bold=is_serving or (not chain.is_virtual and link.name == chain.name))
    if link.model is None:
        return [name, Piece("?", Role.MUTED)]
    isolated = link.model.breaker.state is BreakerState.ISOLATED
    mark = BREAKER_MARKS[BreakerState.ISOLATED] if isolated else STATUS_MARKS[link.model.status]
    pieces = [name, Piece(glyph_of(mark, plain=plain), mark.role)]
    if is_serving:
        pieces.append(Piece(f" serving{_share(link)}", Role.ACCENT, is_bold=True))
    elif link.share:
        pieces.append(Piece(_share(link), Role.ACCENT))
    if link.is_next:
        pieces.append(Piece(" next", Role.PLAIN))
    return pieces


def _share(link: Link) -> str:
    return "" if link.share is None else f" {whole_percent(link.share)} %"


def summary_words(chains: tuple[Chain, ...], risks: tuple[SharedRisk, ...]) -> list[Piece]:
    """How many are served by whom, and the largest shared risk."""
    count = {standing: sum(chain.standing is standing for chain in chains) for standing in Standing}
    nobody, thin = count[Standing.NOBODY], count[Standing.LAST]
    moved = sum(chain.serving not in {None, chain.primary} for chain in chains)
    pieces = [Piece(f" {len(chains)} chains", Role.MUTED)]
    if nobody:
        pieces.append(Piece(f"  {nobody} served by NOBODY", Role.BAD))
    if thin:
        pieces.append(Piece(f"  {thin} on the last one", Role.WARN))
    if moved:
        pieces.append(Piece(f"  {moved} moved", Role.WARN))
    if not nobody + thin + moved:
        pieces.append(Piece("  all that is known of serves itself", Role.GOOD))
    if risks:
        too_much = ", more than it takes" if risks[0].is_too_much else ""
        said = f"  {risks[0].model} is next for {len(risks[0].chains)}{too_much}"
        pieces.append(Piece(said, Role.BAD if risks[0].is_too_much else Role.PLAIN))
    return pieces


def risk_words(risk: SharedRisk) -> str:
    """`gpt-5 is the next for 3 primaries: shared risk`."""
    too_much = f", {risk.load} calls for {risk.places} places" if risk.is_too_much else ""
    return f"{risk.model} is the next for {len(risk.chains)}: shared risk{too_much}"


def failures_words(chain: Chain) -> tuple[str, Role]:
    """After how many more failures nobody serves."""
    left = chain.failures_left
    if chain.standing is Standing.UNKNOWN:
        return "not known yet", Role.MUTED
    if not left:
        return "exhausted: its requests fail", Role.BAD
    return f"exhausted after {left} more failure{'' if left == 1 else 's'}", Role.WARN if left == 1 else Role.PLAIN


def detail_lines(
    chain: Chain, risks: tuple[SharedRisk, ...], fleet: FleetSnapshot, *, now: float, width: int, plain: bool
) -> tuple[Pieces, ...]:
    """All there is to know of a chain, the most telling first."""
    is_past = past_of(fleet) is not None
    serving = fleet.model(chain.serving or "")
    following = fleet.model(chain.next or "")
    said, role = failures_words(chain)
    lines: list[Pieces] = []
    if serving is not None:
        text = f"{serving.model_id} {_standing_of(serving, now, is_past=is_past, plain=plain)}"
        lines += labeled("Serving", text, width, lines=1)
    else:
        lines += labeled(
            "Serving", "NOBODY" if chain.standing is not Standing.UNKNOWN else "not known yet", width, role=role
        )
    if following is not None:
        text = f"{following.model_id} {_standing_of(following, now, is_past=is_past, plain=plain)}"
        lines += labeled("Next", text, width, lines=1)
    lines += labeled("Chain", f"{said}{_strategy_words(chain)}", width, role=role, lines=2)
    if chain.hold is not None:
        lines += labeled(
            "Pinned", f"{hold_words(chain.hold, now)}{_reason(chain.hold.reason)}", width, role=Role.HELD
        )
    lines += labeled("Risk", "; ".join(_risks_of(chain, risks, serving, following)), width, role=Role.WARN, lines=3)
    for link in chain.links:
        if link.name in {chain.serving, chain.next}:
            continue
        words = "not in the fleet" if link.model is None else status_words(link.model, now, plain=plain)
        lines += labeled(
            "Else" if link.name != chain.primary else "Primary",
            f"{link.name} {words}{_why_not(link)}",
            width,
            lines=2,
        )
    lines.append((Piece(f" {'In full':<{LABEL}}", Role.MUTED), *chain_pieces(chain, plain=plain)))
    return tuple(lines)


def _why_not(link: Link) -> str:
    if link.model is None or can_serve(link.model):
        return ""
    return f"; fault: {link.model.fault}" if link.model.fault else "; cannot serve now"


def _reason(reason: str) -> str:
    return f" “{reason}”" if reason else ""


def _standing_of(model: ModelView, now: float, *, is_past: bool, plain: bool) -> str:
    p95 = "" if model.p95 is None else f", p95 {latency(model.p95)}"
    load = "" if is_past or not model.max_in_flight else f", {model.in_flight} of {model.max_in_flight} in flight"
    return f"{status_words(model, now, plain=plain)}{load}{p95}"


def _strategy_words(chain: Chain) -> str:
    match chain.strategy:
        case Strategy.SEQUENTIAL:
            return ", asked one after the other"
        case Strategy.PARALLEL:
            return ", all asked at once: the first answer counts"
        case Strategy.FASTEST:
            return ", the faster of two that are ready is asked first"
        case Strategy.WEIGHTED:
            weights = ", ".join(
                f"{link.name} {link.model.weight:g}" for link in chain.links if link.model is not None
            )
            return f", shared by weight: {weights}"


def _risks_of(
    chain: Chain, risks: tuple[SharedRisk, ...], serving: ModelView | None, following: ModelView | None
) -> list[str]:
    said = [risk_words(risk) for risk in risks if risk.model == chain.next]
    if (
        serving is not None
        and following is not None
        and serving.provider
        and serving.provider == following.provider
    ):
        said.append(f"{serving.model_id} and {following.model_id} are both {serving.provider}'s")
    return said[:_RISKS_TOLD]
