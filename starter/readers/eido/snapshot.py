"""The parts of an EIDO that are read, each found once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from policy.cad_eido import EidoMapping, EidoStatus
from policy.cad_mapping import CadMapping
from starter.readers.eido.lenient import (
    Component,
    all_within,
    components,
    is_nothing,
    plain,
    registered,
    texts,
    texts_in,
    values,
    words,
)

_STATUSES = {plain(status): status for status in EidoStatus}


@dataclass(frozen=True)
class Snapshot:
    """One EIDO, and how this service's are read."""

    document: Component
    mapping: CadMapping
    eido: EidoMapping

    @cached_property
    def incidents(self) -> list[Component]:
        """The incident; one by the schema, a list in the first samples."""
        return components(self.document, "incidentComponent")

    @cached_property
    def calls(self) -> list[Component]:
        """The telephone calls that came in. Those that went out, or stayed in the house, are nobody's call for help."""
        return [
            call
            for call in components(self.document, "callComponent")
            if not registered(call, "direction") & {"outgoing", "internal"}
        ]

    @cached_property
    def persons(self) -> list[Component]:
        return components(self.document, "personComponent", "personInformationComponent")

    @cached_property
    def callers(self) -> list[Component]:
        """Who called, as persons: they stay when the telephone call's component is gone."""
        return [person for person in self.persons if "caller" in registered(person, "personIncidentRoleRegistryText")]

    @cached_property
    def organizations(self) -> list[Component]:
        return components(self.document, "organizationComponent", "organizationInformationComponent")

    @cached_property
    def callbacks(self) -> Mapping[str, list[Component]]:
        """By id, how somebody can be called back."""
        return _by_id(components(self.document, "callbackComponent"))

    @cached_property
    def units(self) -> list[Component]:
        return components(self.document, "emergencyResourceComponent")

    @cached_property
    def dispatches(self) -> list[Component]:
        return components(self.document, "dispatchComponent")

    @cached_property
    def dispositions(self) -> list[Component]:
        return [one for incident in self.incidents for one in components(incident, "dispositionComponent")]

    @cached_property
    def ids(self) -> frozenset[str]:
        """Every id by which other components name the incident, for comparison."""
        own = [words(incident, "internalIncidentId") for incident in self.incidents]
        return words(self.document, "$id", "incidentTrackingIdentifier").union(*own)

    @cached_property
    def statuses(self) -> frozenset[EidoStatus]:
        """The common statuses, and those that the folder reads in CAD's own."""
        common = {
            word for incident in self.incidents for word in registered(incident, "incidentStatusCommonRegistryText")
        }
        own = {text for incident in self.incidents for text in texts(incident, "incidentStatusInternalText")}
        read = {self.eido.statuses[text] for text in own if text in self.eido.statuses}
        return frozenset({_STATUSES[word] for word in common if word in _STATUSES} | read)

    def alternates(self, *names: str) -> list[str]:
        """What other services say of the incident instead of what stands in it. Where they know of a danger they are
        believed (R1); the schema names the component's type and not the component, so that any name and place is."""
        elements = {name.casefold() for name in names}
        found = [one for one in self.objects if values(one, "Alternate") and words(one, "Element") & elements]
        told = [alternate for one in found for alternate in components(one, "Alternate")]
        return texts_in(value for one in told for value in values(one, "OtherValue", "Value"))

    @cached_property
    def objects(self) -> list[Component]:
        """Every object in it."""
        return all_within(self.document)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name under which something stands, wherever it is, for comparison."""
        told = (key for one in self.objects for key, value in one.items() if not is_nothing(value))
        return frozenset(key.casefold() for key in told)

    def has(self, name: str) -> bool:
        """Something stands under a name that begins like this; a reference to it is something, too."""
        return any(one.startswith(name) for one in self.names)


def id_of(component: Component) -> frozenset[str]:
    return frozenset(texts(component, "$id"))


def _by_id(found: list[Component]) -> dict[str, list[Component]]:
    by_id: dict[str, list[Component]] = {}
    for component in found:
        for name in id_of(component):
            by_id.setdefault(name, []).append(component)
    return by_id


def callback_ids(of: Component) -> frozenset[str]:
    return frozenset(texts(of, "callBackReference"))
