"""The front door: OpenAI's and Anthropic's APIs in front of the engine, over HTTP or within the process."""

from hive_console.adapters.gateway.server import CannotListen, Gateway

__all__ = ["CannotListen", "Gateway"]
