"""The way to the providers: `HttpProviders` calls models, `KeySource` is what it asks for their keys."""

from hive_console.adapters.transport.providers import HttpProviders, KeySource

__all__ = ["HttpProviders", "KeySource"]
