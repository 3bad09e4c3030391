"""The fleet of a rehearsal without a settings file: default settings, well-known providers, chains across them."""

from __future__ import annotations

from hive_console.core.errors import SettingsError
from hive_console.core.settings import ModelSettings, Settings

PROVIDERS = ("anthropic", "openai", "google", "mistral", "deepseek", "xai")
"""Names as incident files use them; further ones are numbered. Nothing is said about these companies."""

MAX_MODELS = 500
"""More models than anybody rehearses in one run; bounds what a mistyped number costs."""

NOWHERE = "http://127.0.0.1:9/v1"
"""The discard port: no simulated call ever opens a connection."""


def standard_fleet(models: int, providers: int) -> Settings:
    """`models` models spread over `providers` by turns, all settings at their defaults.

    A chain asks first a model of another provider and another region, then the other providers: what one cause
    takes away together is never the whole chain while there are three providers.

    Raises `SettingsError` for numbers out of bounds.
    """
    if not 1 <= models <= MAX_MODELS:
        raise SettingsError("models", f"{models} is out of bounds; must be from 1 to {MAX_MODELS}")
    if not 1 <= providers <= models:
        raise SettingsError("providers", f"{providers} is out of bounds; must be from 1 to the number of models")
    names = [f"{_provider(place % providers)}-{place // providers + 1}" for place in range(models)]
    return Settings(
        models=tuple(
            ModelSettings(
                id=name,
                provider=_provider(place % providers),
                endpoint=NOWHERE,
                wire_name=name,
                fallbacks=_chain(names, place, providers),
            )
            for place, name in enumerate(names)
        )
    )


def _chain(names: list[str], place: int, providers: int) -> tuple[str, ...]:
    """Three stand-ins: another provider's model in another region, then the next two of the list."""
    wanted = (place + providers + 1, place + 2, place + 1)
    found = dict.fromkeys(names[number % len(names)] for number in wanted)
    return tuple(name for name in found if name != names[place])


def _provider(number: int) -> str:
    return PROVIDERS[number] if number < len(PROVIDERS) else f"provider-{number + 1}"
