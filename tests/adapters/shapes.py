"""The shape of each section of the settings file that has keys of its own."""

from __future__ import annotations

from hive_console.adapters.config_file.schema import CONSOLE, GATEWAY, MODEL, NETWORK, RECORDING, RESILIENCE, ROUTE

SHAPES = {
    "models": MODEL,
    "routes": ROUTE,
    "resilience": RESILIENCE,
    "gateway": GATEWAY,
    "network": NETWORK,
    "recording": RECORDING,
    "console": CONSOLE,
}
