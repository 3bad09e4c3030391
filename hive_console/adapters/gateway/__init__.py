"""The HTTP front door: an OpenAI-compatible server on loopback, in front of the engine."""

from hive_console.adapters.gateway.server import CannotListen, Gateway

__all__ = ["CannotListen", "Gateway"]
