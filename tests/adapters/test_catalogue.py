"""The catalogue of well-known models is sound data."""

from __future__ import annotations

import re

from hive_console.adapters.catalogue import load_catalogue
from hive_console.adapters.config_file import load_text
from hive_console.adapters.secrets import KeyReference
from hive_console.core.settings import Dialect


def test_models_of_the_specification_are_known() -> None:
    catalogue = load_catalogue()

    for name in ("claude-4-sonnet", "gpt-5", "deepseek-v3", "grok-3"):
        known = catalogue.find(name)
        assert known is not None
        assert known.id == name


def test_about_twenty_models_of_several_providers_are_known() -> None:
    models = load_catalogue().models

    assert len(models) >= 20
    assert len({model.provider for model in models}) >= 5


def test_every_name_leads_to_one_model() -> None:
    catalogue = load_catalogue()
    names = [name for model in catalogue.models for name in (model.id, *model.aliases)]

    assert len(names) == len(set(names))
    assert set(names) == set(catalogue.names())


def test_every_entry_is_usable_as_it_stands() -> None:
    catalogue = load_catalogue()
    text = "models:\n" + "".join(f"  '{model.id}': {{}}\n" for model in catalogue.models)

    settings = load_text(text, "all.yaml", {}).settings

    assert [model.id for model in settings.models] == [model.id for model in catalogue.models]
    for model in settings.models:
        assert re.fullmatch(r"https://[a-z0-9.-]+(/[a-z0-9]+)*", model.endpoint)
        assert model.key is not None
        KeyReference.parse(model.key)
        assert model.context_window == 0 or model.context_window >= 8_000


def test_wire_name_finds_its_model() -> None:
    catalogue = load_catalogue()

    for model in catalogue.models:
        found = catalogue.find(model.wire_name)
        assert found is None or found is model


def test_unknown_name_finds_nothing() -> None:
    assert load_catalogue().find("nobody") is None


def test_entry_takes_endpoint_dialect_and_key_from_its_provider() -> None:
    catalogue = load_catalogue(
        '[providers.p]\nendpoint = "https://p.example"\ndialect = "anthropic"\nkey_variable = "P_KEY"\n'
        '[models.m]\nprovider = "p"\n'
    )
    (model,) = catalogue.models

    assert (model.endpoint, model.dialect, model.key) == ("https://p.example", Dialect.ANTHROPIC, "env:P_KEY")
    assert (model.wire_name, model.aliases, model.context_window, model.key_variable) == ("m", (), 0, "P_KEY")
