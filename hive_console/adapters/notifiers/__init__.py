"""The ways out for notices: `Notifiers` makes a transport for each channel; each attempt has a receipt."""

from hive_console.adapters.notifiers.notifiers import Notifiers

__all__ = ["Notifiers"]
