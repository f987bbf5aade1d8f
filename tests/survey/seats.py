"""Who can be whose, where every answer has one link and every used link one answer: what some full matching holds."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tests.survey.loot import Invitation


@dataclass(kw_only=True)
class Seats:
    """One full matching, in which every used link has its cell, and what may change places in it."""

    can_be: Mapping[Hashable, Sequence[Invitation]]
    room: Mapping[Hashable, int]
    holder: dict[str, Hashable] = field(default_factory=dict)

    def fill(self) -> None:
        for cell in sorted(self.can_be, key=lambda cell: len(self.can_be[cell])):
            for _ in range(self.room[cell]):
                assert self._find_one_for(cell), "the attacker's own reasoning excludes the truth"
        fits = defaultdict(list)
        used = {one.call_id: one.used for all_of_them in self.can_be.values() for one in all_of_them}
        for cell, all_of_them in self.can_be.items():
            for one in all_of_them:
                fits[one.call_id].append(cell)
        for call in [call for call, is_used in used.items() if is_used and call not in self.holder]:
            assert self._seat(call, fits, used), "the attacker's own reasoning excludes the truth"

    def _find_one_for(self, cell: Hashable) -> bool:
        """Breadth first along those who would have to move."""
        came: dict[Hashable, tuple[Hashable, str]] = {}
        todo = [cell]
        for here in todo:
            for one in self.can_be[here]:
                owner = self.holder.get(one.call_id)
                if owner is None:
                    self._move(one.call_id, here, cell, came)
                    return True
                if owner != cell and owner not in came:
                    came[owner] = (here, one.call_id)
                    todo.append(owner)
        return False

    def _move(self, call: str, here: Hashable, end: Hashable, came: Mapping[Hashable, tuple[Hashable, str]]) -> None:
        self.holder[call] = here
        while here != end:
            here, call = came[here]
            self.holder[call] = here

    def _seat(self, call: str, fits: Mapping[str, Sequence[Hashable]], used: Mapping[str, bool]) -> bool:
        """A used link takes the place of one that need not have been: directly, or by way of others that move on."""
        before: dict[str, str] = {}
        todo = [call]
        for mover in todo:
            for cell in fits[mover]:
                for other in [other for other, owner in self.holder.items() if owner == cell and other not in before]:
                    before[other] = mover
                    if not used[other]:
                        self._push(other, before, call)
                        return True
                    todo.append(other)
        return False

    def _push(self, evicted: str, before: Mapping[str, str], first: str) -> None:
        cell = self.holder.pop(evicted)
        here = before[evicted]
        while True:
            old = self.holder.get(here)
            self.holder[here] = cell
            if here == first or old is None:
                return
            cell, here = old, before[here]

    def possible(self) -> dict[Hashable, list[Invitation]]:
        """A pair is possible where those who must give way for it can go elsewhere."""
        feeds = {cell: self._feeds(cell) for cell in self.can_be}
        holds_idle = {self.holder[one.call_id] for one in self._all() if not one.used and one.call_id in self.holder}
        idle_for = {
            cell
            for cell, all_of_them in self.can_be.items()
            if any(not one.used and one.call_id not in self.holder for one in all_of_them)
        }
        fed = {cell for cell in self.can_be if feeds[cell] & idle_for}
        dumps = {cell for end in holds_idle for cell in feeds[end]}

        def may(cell: Hashable, one: Invitation) -> bool:
            owner = self.holder.get(one.call_id)
            if owner is None:
                return cell in dumps
            return owner == cell or cell in feeds[owner] or (owner in fed and cell in dumps)

        return {cell: [one for one in all_of_them if may(cell, one)] for cell, all_of_them in self.can_be.items()}

    def _all(self) -> Iterable[Invitation]:
        return (one for all_of_them in self.can_be.values() for one in all_of_them)

    def _feeds(self, cell: Hashable) -> set[Hashable]:
        """The cells that can give a call to it, directly or through others."""
        found, todo = {cell}, [cell]
        while todo:
            owners = self._owners[todo.pop()] - found
            found |= owners
            todo.extend(owners)
        return found

    @cached_property
    def _owners(self) -> dict[Hashable, set[Hashable]]:
        return {
            cell: {self.holder[one.call_id] for one in all_of_them if one.call_id in self.holder}
            for cell, all_of_them in self.can_be.items()
        }
