"""`routes:` of a settings file: virtual models, what they mean and what they can get wrong."""

from __future__ import annotations

import pytest

from hive_console.adapters.config_file import Loaded, load_text
from hive_console.core.errors import ConfigurationError
from hive_console.core.settings import RouteSettings, Strategy

KEYS: dict[str, str] = dict.fromkeys(("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "DEEPSEEK_API_KEY"), "k-123456")

MODELS = "models:\n  claude-4-sonnet: {aliases: [main]}\n  gpt-5: {fallbacks: [claude-4-sonnet]}\n"


def load(routes: str, *, models: str = MODELS, environ: dict[str, str] | None = None) -> Loaded:
    """A file whose routes begin on line 5."""
    return load_text(f"{models}routes:\n{routes}", "hive.yaml", KEYS if environ is None else environ)


def problems(routes: str, *, models: str = MODELS) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load(routes, models=models)
    return caught.value.problems


def test_a_route_leads_to_its_primary_and_then_its_own_fallbacks() -> None:
    loaded = load("  smart: {primary: claude-4-sonnet, fallbacks: [gpt-5]}\n")

    assert loaded.settings.routes == (RouteSettings("smart", "claude-4-sonnet", ("gpt-5",)),)
    assert loaded.warnings == ()


def test_a_route_has_its_own_strategy_and_pace_of_copies() -> None:
    row = "  quick: {primary: gpt-5, fallbacks: [main], strategy: parallel, hedgeAfter: p95}\n"

    route = load(row).settings.routes[0]

    assert (route.strategy, route.hedge_after) == (Strategy.PARALLEL, None)


def test_targets_may_be_aliases_and_models_of_the_catalogue() -> None:
    loaded = load("  smart: {primary: main, fallbacks: [gpt-5, deepseek-v3]}\n")

    assert loaded.settings.routes[0].fallbacks == ("gpt-5", "deepseek-v3")
    assert loaded.settings.routes[0].primary == "claude-4-sonnet"
    assert [model.id for model in loaded.settings.models] == ["claude-4-sonnet", "gpt-5", "deepseek-v3"]
    assert loaded.origins["deepseek-v3"].is_stand_in


def test_a_route_takes_a_name_that_only_the_catalogue_knows() -> None:
    loaded = load("  claude-sonnet-4: {primary: gpt-5, fallbacks: [claude-4-sonnet]}\n")

    assert loaded.settings.routes[0].name == "claude-sonnet-4"
    assert "claude-sonnet-4" not in loaded.settings.model("claude-4-sonnet").aliases


BAD = {
    "no primary": ("  smart: {fallbacks: [gpt-5]}\n", "hive.yaml:5: routes.smart.primary: is missing; name the"),
    "empty route": ("  smart:\n", "hive.yaml:5: routes.smart.primary: is missing"),
    "no mapping": ("  - smart\n", "hive.yaml:5: routes: is a list; write a mapping: smart: {primary:"),
    "unknown target": ("  smart: {primary: gpt-55}\n", "routes.smart.primary: gpt-55 is neither a model"),
    "unknown fallback": ("  smart: {primary: gpt-5, fallbacks: [nobody]}\n", "routes.smart.fallbacks: "),
    "its own fallback": (
        "  smart:\n    primary: gpt-5\n    fallbacks: [gpt-5]\n",
        "hive.yaml:7: routes.smart.fallbacks: gpt-5 is its own fallback; remove it",
    ),
    "itself by its alias": (
        "  smart: {primary: claude-4-sonnet, fallbacks: [main]}\n",
        "main (it is claude-4-sonnet itself) is its own fallback",
    ),
    "a fallback twice": (
        "  smart: {primary: gpt-5, fallbacks: [claude-4-sonnet, main]}\n",
        "main is listed twice: it is the same model as claude-4-sonnet; keep one",
    ),
    "the name of a model": ("  gpt-5: {primary: gpt-5}\n", "hive.yaml:5: routes.gpt-5: gpt-5 already names gpt-5"),
    "an alias": ("  main: {primary: gpt-5}\n", "routes.main: main already names claude-4-sonnet"),
    "a route to a route": (
        "  smart: {primary: gpt-5}\n  other: {primary: smart}\n",
        "hive.yaml:6: routes.other.primary: smart is a route; name a model",
    ),
    "an unknown key": ("  smart: {primary: gpt-5, retries: 3}\n", "routes.smart.retries: is no known key"),
    "an unknown strategy": ("  smart: {primary: gpt-5, strategy: random}\n", "routes.smart.strategy: "),
    "hedges too late": ("  smart: {primary: gpt-5, hedgeAfter: 48h}\n", "routes.smart.hedgeAfter: "),
    "no name": ("  'a b': {primary: gpt-5}\n", '"a b" is no name'),
}


@pytest.mark.parametrize(("routes", "told"), BAD.values(), ids=BAD)
def test_what_a_route_can_get_wrong_is_told_with_its_place(routes: str, told: str) -> None:
    assert [problem for problem in problems(routes) if told in problem]


def test_all_problems_of_all_routes_are_told_at_once() -> None:
    found = problems("  a: {}\n  b: {primary: nobody}\n  c: {primary: gpt-5, strategy: x}\n")

    assert [problem.split(" ")[0] for problem in found] == ["hive.yaml:5:", "hive.yaml:6:", "hive.yaml:7:"]


def test_a_weighted_route_on_which_nobody_has_weight_is_refused() -> None:
    models = "models:\n  claude-4-sonnet: {weight: 0}\n  gpt-5: {weight: 0}\n"
    row = "  even: {primary: gpt-5, fallbacks: [claude-4-sonnet], strategy: weighted}\n"

    told = "routes.even.strategy: every weight of gpt-5, claude-4-sonnet is 0, so none would be asked; raise one"
    assert problems(row, models=models) == (f"hive.yaml:5: {told}",)


def test_too_many_routes_are_refused() -> None:
    rows = "".join(f"  r{number}: {{primary: gpt-5}}\n" for number in range(2001))

    assert problems(rows)[0] == "hive.yaml:5: routes: has 2001 entries; at most 2000"


def test_a_dead_route_is_warned_of() -> None:
    loaded = load("  smart: {primary: claude-4-sonnet, fallbacks: [gpt-5]}\n", environ={})

    told = "hive.yaml:5: routes.smart: is dead: no key is found for claude-4-sonnet, gpt-5"
    assert told in loaded.warnings


def test_a_route_that_leaves_its_primarys_fallbacks_out_is_warned_of() -> None:
    loaded = load("  smart: {primary: gpt-5}\n")

    told = "nobody stands in for gpt-5 here: its own fallbacks (claude-4-sonnet) do not count for a route"
    assert loaded.warnings == (f"hive.yaml:5: routes.smart: {told}",)
