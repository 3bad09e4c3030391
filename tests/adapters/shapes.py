"""The shape of each section of the settings file that has keys of its own."""

from __future__ import annotations

from hive_console.adapters.config_file.alert_schema import (
    ALERTS,
    CHANNEL,
    HEARTBEAT,
    MAINTENANCE,
    MAINTENANCE_ALONE,
    ON_CALL_PARTS,
    OVERRIDE,
    OWN_RULE,
    RULE,
    SHIFT,
    STEP,
    WINDOW,
)
from hive_console.adapters.config_file.alert_schema import (
    ROUTE as ALERT_ROUTE,
)
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

ALERT_SHAPES = {
    "alerts": ALERTS,
    "alerts.channels": CHANNEL,
    "alerts.routes": ALERT_ROUTE,
    "alerts.routes.steps": STEP,
    "alerts.rules": RULE,
    "alerts.rules.YOURS": OWN_RULE,
    "alerts.onCall": ON_CALL_PARTS,
    "alerts.onCall.rota": SHIFT,
    "alerts.onCall.overrides": OVERRIDE,
    "alerts.quietHours": WINDOW,
    "alerts.maintenance": MAINTENANCE._replace(keys=(*MAINTENANCE.keys, *MAINTENANCE_ALONE.keys), parts=()),
    "alerts.heartbeat": HEARTBEAT,
}
"""Likewise of the parts of `alerts:`, by the headings of docs/configuration.md."""
