"""Who is meant by a name: the file's ids come first, then its aliases, then the catalogue's names."""

from __future__ import annotations

from hive_console.adapters.catalogue import Catalogue, KnownModel
from hive_console.adapters.config_file.problems import Place, shown
from hive_console.adapters.config_file.readers import Name


class NameBook:
    """The names of one fleet; a catalogue entry that a fallback list names joins the fleet."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Takes the catalogue that supplies the fallbacks which the file does not define."""
        self._catalogue = catalogue
        self._owners: dict[str, str] = {}
        self._aliases: dict[str, dict[str, None]] = {}
        self._joined: list[tuple[KnownModel, int, Place]] = []
        self._routes: set[str] = set()

    def reserve(self, name: str, place: Place, line: int) -> None:
        """Gives `name` to a route; notes a problem when a model of the file has it. Call it after every `claim`."""
        owner = self._owners.get(name)
        if owner is not None:
            place.wrong(line, f"{name} already names {owner}; a name leads to one model")
        self._routes.add(name)

    def claim(self, name: str, model_id: str, place: Place, line: int) -> None:
        """Gives `name` to a model of the file; notes a problem when another has it."""
        owner = self._owners.setdefault(name, model_id)
        if owner != model_id:
            place.wrong(line, f"{name} already names {owner}; a name leads to one model")
        elif name != model_id:
            self._aliases.setdefault(model_id, {})[name] = None

    def adopt(self, known: KnownModel, model_id: str) -> None:
        """Gives the catalogue's names that nobody claimed to the model that uses the entry."""
        for name in (known.id, *known.aliases):
            if name != model_id and name in self._routes:
                continue  # what the file says comes before the catalogue
            if self._owners.setdefault(name, model_id) == model_id and name != model_id:
                self._aliases.setdefault(model_id, {})[name] = None

    def aliases_of(self, model_id: str) -> tuple[str, ...]:
        """The names beside its id that lead to a model: the file's first, then the catalogue's."""
        return tuple(self._aliases.get(model_id, ()))

    def resolve_chain(
        self, model_id: str, names: tuple[Name, ...], *, place: Place, skips_itself: bool
    ) -> tuple[str, ...]:
        """The ids that a fallback list means; what cannot be resolved is noted and left out.

        Args:
            model_id: whose list it is.
            names: the list.
            place: where it stands.
            skips_itself: whether the model's own name is left out in silence: a group's list serves all its
                models, and each leaves itself out.
        """
        chain: dict[str, str] = {}
        for name in names:
            found = self.resolve(name, place)
            if found is None:
                continue
            if found == model_id and skips_itself:
                continue
            if found == model_id:
                alias = "" if name.text == model_id else f" (it is {model_id} itself)"
                place.wrong(name.line, f"{name.text}{alias} is its own fallback; remove it")
            elif found in chain:
                same = "" if chain[found] == name.text else f": it is the same model as {shown(chain[found])}"
                place.wrong(name.line, f"{name.text} is listed twice{same}; keep one")
            else:
                chain[found] = name.text
        return tuple(chain)

    def take_joined(self) -> list[tuple[KnownModel, int, Place]]:
        """The catalogue's models that joined since the last call, each with the place that named it first."""
        taken, self._joined = self._joined, []
        return taken

    def resolve(self, name: Name, place: Place) -> str | None:
        """The id that a name means; `None` after noting that it means none."""
        owner = self._owners.get(name.text)
        if owner is not None:
            return owner
        if name.text in self._routes:
            place.wrong(name.line, f"{shown(name.text)} is a route; name a model")
            return None
        known = self._catalogue.find(name.text)
        if known is None:
            everyone = (*self._owners, *self._catalogue.names())
            place.wrong(
                name.line,
                f"{shown(name.text)} is neither a model of this file nor of the catalogue"
                f"{place.suggestion(name.text, everyone)}",
            )
            return None
        self.adopt(known, known.id)
        self._joined.append((known, name.line, place))
        return known.id
