"""Finds, reads and checks a settings file: every problem at once, or settings ready for the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hive_console.adapters.catalogue import load_catalogue
from hive_console.adapters.config_file.alert_ground import FileNames, Ground
from hive_console.adapters.config_file.fleet import Assembly, Draft, Fleet, Origin, read_groups, read_models
from hive_console.adapters.config_file.problems import Place, Problems
from hive_console.adapters.config_file.readers import name as read_name
from hive_console.adapters.config_file.remaps import lines_of
from hive_console.adapters.config_file.routes import RouteDraft, read_routes
from hive_console.adapters.config_file.schema import (
    CONSOLE,
    GATEWAY,
    NETWORK,
    RECORDING,
    RESILIENCE,
    SECTIONS,
    read_reload,
)
from hive_console.adapters.config_file.section import Given, Section, read_section, table
from hive_console.adapters.config_file.tree import Node, Table, parse
from hive_console.adapters.endpoints import EndpointRules
from hive_console.adapters.guarded_file import WRITABLE_BY_OTHERS, UnusableFile, read_guarded
from hive_console.adapters.secrets import KeyRing
from hive_console.core.alert_settings import AlertSettings
from hive_console.core.console_settings import ConsoleSettings
from hive_console.core.errors import ConfigurationError, SettingsError
from hive_console.core.gateway_settings import GatewaySettings, NetworkSettings
from hive_console.core.keeping import Keeping
from hive_console.core.settings import MAX_MODELS, ReloadMode, ResilienceSettings, Settings
from hive_console.core.text import clean

FILE_NAME = "hive.yaml"

SIZE_LIMIT = 256 * 1024
"""Bytes a settings file may have: room for 2000 models, too small to stall the start."""

ENVIRONMENT_LIMIT = 24
"""Characters of the environment's word: it shares the title bar of an 80-column terminal."""


TOKEN_LENGTH = 16
"""Characters a gateway's token has at least: a shorter one can be guessed by asking."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file that can be used.

    Attributes:
        settings: what the engine needs.
        warnings: what somebody should know, each as `file:line: key: text`.
        secrets: fetches keys; relative paths start from the file's folder.
        origins: where each model comes from, by id.
        name: the file's name as given.
        key_lines: the line of each action in `console.keys`: only the screens know whether there is such an action.
    """

    settings: Settings
    warnings: tuple[str, ...]
    secrets: KeyRing
    origins: Mapping[str, Origin]
    name: str
    key_lines: Mapping[str, int]


def find(explicit: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The settings file to use: the one named, `./hive.yaml`, or the one in the user's configuration folder.

    A file named explicitly is returned without looking whether it exists: `load` says what is wrong with it.
    """
    if explicit is not None:
        return explicit
    return next((path for path in search_path(environ) if path.exists()), None)


def search_path(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where a settings file is looked for when none is named, in order."""
    places = [Path(FILE_NAME)]
    home = environ.get("XDG_CONFIG_HOME", "")
    if Path(home).is_absolute():  # the XDG specification says to ignore a relative one
        places.append(Path(home, "hive-console", FILE_NAME))
    elif environ.get("HOME"):
        places.append(Path(environ["HOME"], ".config", "hive-console", FILE_NAME))
    return tuple(places)


def load(path: Path, environ: Mapping[str, str]) -> Loaded:
    """Reads the settings file at `path`; raises `ConfigurationError` with every problem it has.

    Args:
        path: the file; relative paths of `file:` keys start from its folder.
        environ: the environment that `env:` keys are looked up in.
    """
    return load_bytes(read_bytes(path), path, environ)


def read_bytes(path: Path) -> bytes:
    """The content of the settings file; raises `ConfigurationError` saying why it may not be used.

    It is opened once: what is checked is what is used, whoever swaps the file meanwhile.
    """
    try:
        return read_guarded(
            path,
            SIZE_LIMIT,
            forbidden_mode=WRITABLE_BY_OTHERS,
            advice="anybody could change where prompts and keys are sent: chmod o-w",
        )
    except UnusableFile as exc:
        raise ConfigurationError((f"{clean(str(path))}: {exc.problem}",)) from exc


def load_bytes(content: bytes, path: Path, environ: Mapping[str, str]) -> Loaded:
    """Reads settings from what stood in the file at `path`; raises like `load`."""
    text = _decoded(content, path)
    return load_text(text, str(path), environ, base_folder=path.absolute().parent)


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        # The cause would carry the file's bytes.
        raise ConfigurationError((f"{clean(str(path))}:{line}: is not UTF-8; save it as UTF-8",)) from None


@dataclass(frozen=True, slots=True)
class ConsolePart:
    """What a settings file says of the screen alone.

    Attributes:
        settings: its `console:`.
        key_lines: as in `Loaded`.
        name: the file's name as given; empty where there is none.
    """

    settings: ConsoleSettings
    key_lines: Mapping[str, int]
    name: str


def load_console(path: Path | None) -> ConsolePart:
    """Reads `console:` and nothing else, for a screen that runs no engine; raises like `load`.

    Models, keys and addresses may be those of another machine, and are not looked at.
    """
    if path is None:
        return ConsolePart(ConsoleSettings(), {}, "")
    problems = Problems(str(path))
    root = parse(_decoded(read_bytes(path), path), problems)
    entries = root.entries if isinstance(root, Table) else ()
    node = next((entry.value for entry in entries if entry.key.text == "console"), None)
    settings = _console(node, Place(problems, "console"))
    problems.raise_if_any()
    return ConsolePart(settings, lines_of(node), problems.name)


def load_text(text: str, name: str, environ: Mapping[str, str], *, base_folder: Path | None = None) -> Loaded:
    """Reads settings from `text`; raises `ConfigurationError` with every problem, each as `name:line: key: text`.

    Args:
        text: YAML in BIP-03's shape.
        name: what messages call the file.
        environ: the environment that `env:` keys are looked up in.
        base_folder: where relative paths of `file:` keys start; the current folder by default.
    """
    problems = Problems(name)
    root = parse(text, problems)
    if root is None:
        problems.raise_if_any()
        problems.add(1, "", "is empty; name at least one model under models:")
    sections = _sections(root, Place(problems)) if root is not None else {}
    resilience = _resilience(sections.get("resilience"), Place(problems, "resilience"))
    secrets = KeyRing(environ, base_folder if base_folder is not None else Path())
    gateway = _gateway(sections.get("gateway"), Place(problems, "gateway"), secrets)
    network, rules = _network(sections.get("network"), Place(problems, "network"))
    recording = _recording(sections.get("recording"), Place(problems, "recording"))
    console = _console(sections.get("console"), Place(problems, "console"))
    environment = _environment(sections.get("environment"), Place(problems, "environment"))
    reload = _reload(sections.get("reload"), Place(problems, "reload"))
    notes = Problems(name)
    catalogue = load_catalogue()
    groups = read_groups(sections.get("groups"), Place(problems, "groups"))
    assembly = Assembly(catalogue, resilience=resilience, secrets=secrets, rules=rules, warnings=Place(notes))
    place = Place(problems, "models")
    drafts = read_models(sections["models"], place, groups, catalogue) if "models" in sections else []
    if isinstance(root, Table) and "models" not in sections:
        place.wrong(1, "is missing; name at least one model, such as claude-4-sonnet: {}")
    if len(drafts) > MAX_MODELS:
        place.wrong(drafts[0].line, f"has {len(drafts)} entries; at most {MAX_MODELS}")
    route_drafts = read_routes(sections.get("routes"), Place(problems, "routes"))
    if len(route_drafts) > MAX_MODELS:
        Place(problems, "routes").wrong(
            route_drafts[0].line, f"has {len(route_drafts)} entries; at most {MAX_MODELS}"
        )
    fleet = assembly.build(drafts, route_drafts)
    alerts = _alerts(
        sections.get("alerts"),
        Place(problems, "alerts"),
        lambda: Ground(_names_of(fleet, drafts, groups, route_drafts), secrets, rules, notes),
    )
    _note_unused(groups, {name for model in fleet.models for name in model.groups}, notes)
    problems.raise_if_any()
    try:
        settings = Settings(
            fleet.models,
            resilience,
            gateway,
            environment,
            routes=fleet.routes,
            network=network,
            reload=reload,
            recording=recording,
            console=console,
            alerts=alerts,
        )
    except SettingsError as exc:  # a rule of core that nothing here foresees
        problems.add(1, exc.field, exc.problem)
        raise ConfigurationError(problems.told()) from exc
    return Loaded(settings, notes.told(), secrets, fleet.origins, problems.name, lines_of(sections.get("console")))


def _sections(root: Node, place: Place) -> dict[str, Node]:
    mapping = table(root, place, "models: ...")
    sections: dict[str, Node] = {}
    for entry in mapping.entries if mapping is not None else ():
        if entry.key.text in SECTIONS:
            sections[entry.key.text] = entry.value
        else:
            advice = place.suggestion(entry.key.text, SECTIONS) or f"; known are {', '.join(SECTIONS)}"
            place.below(entry.key.text).wrong(entry.key.line, f"is no known key{advice}")
    return sections


# The values' types are those of the fields: each was read by the reader of its own key.
def _values(section: Section) -> dict[str, Any]:
    return {field: given.value for field, given in section.items()}


def _resilience(node: Node | None, place: Place) -> ResilienceSettings:
    section = read_section(node, place, RESILIENCE) if node is not None else {}
    return replace(ResilienceSettings(), **_values(section))


def _gateway(node: Node | None, place: Place, secrets: KeyRing) -> GatewaySettings:
    section = read_section(node, place, GATEWAY) if node is not None else {}
    token = section.get("token")
    if token is not None:
        _check_token(token, secrets)
    try:
        return replace(GatewaySettings(), **_values(section))
    except SettingsError as exc:  # each value passed alone: it is the host that lacks a token
        host = section["host"]
        host.place.wrong(host.line, exc.problem)
        return GatewaySettings()


def _check_token(token: Given, secrets: KeyRing) -> None:
    """The token must be there at the start: a gateway without it would refuse everybody, or nobody."""
    try:
        found = secrets.key_of(str(token.value))
    except SettingsError as exc:
        token.place.wrong(token.line, exc.problem)
        return
    if len(found) < TOKEN_LENGTH:
        token.place.wrong(
            token.line,
            f"leads to fewer than {TOKEN_LENGTH} characters, which can be guessed; make one: openssl rand -hex 32",
        )


def _network(node: Node | None, place: Place) -> tuple[NetworkSettings, EndpointRules]:
    section = read_section(node, place, NETWORK) if node is not None else {}
    network = replace(NetworkSettings(), **_values(section))
    try:
        return network, EndpointRules(network.allowed_endpoints)
    except SettingsError as exc:  # each entry passed alone: there are too many
        given = section["allowed_endpoints"]
        given.place.wrong(given.line, exc.problem)
        return NetworkSettings(), EndpointRules()


def _recording(node: Node | None, place: Place) -> Keeping:
    section = read_section(node, place, RECORDING) if node is not None else {}
    return replace(Keeping(), **_values(section))


def _console(node: Node | None, place: Place) -> ConsoleSettings:
    section = read_section(node, place, CONSOLE) if node is not None else {}
    return replace(ConsoleSettings(), **_values(section))


def _environment(node: Node | None, place: Place) -> str:
    word = read_name(node, place) if node is not None else None
    if node is not None and word is not None and len(word) > ENVIRONMENT_LIMIT:
        place.wrong(node.line, f"has {len(word)} characters; at most {ENVIRONMENT_LIMIT} fit the title bar")
    return word or ""


def _reload(node: Node | None, place: Place) -> ReloadMode:
    mode = read_reload(node, place) if node is not None else None
    return mode if isinstance(mode, ReloadMode) else ReloadMode.MANUAL


def _alerts(node: Node | None, place: Place, ground: Callable[[], Ground]) -> AlertSettings:
    if node is None:
        return AlertSettings()
    from hive_console.adapters.config_file.alerts import read_alerts  # 10 ms that files without it need not pay

    return read_alerts(node, place, ground())


def _names_of(
    fleet: Fleet, drafts: Sequence[Draft], groups: Mapping[str, Section], routes: Sequence[RouteDraft]
) -> FileNames:
    names = {name: model.id for model in fleet.models for name in (model.id, *model.aliases)}
    is_whole = len(fleet.models) == len(fleet.origins)
    return FileNames(
        models={**{draft.id: draft.id for draft in drafts}, **names},
        groups=groups,
        providers={model.provider for model in fleet.models} if is_whole else None,
        routes=[route.name for route in routes],
    )


def _note_unused(groups: Mapping[str, Section], used: set[str], notes: Problems) -> None:
    for name, section in groups.items():
        if name not in used and section:
            first = next(iter(section.values()))
            notes.add(first.line, f"groups.{name}", "no model lists this group")
