"""Refusals of merges, in the order they are checked."""

from __future__ import annotations

from goen.members.errors import UnknownMember
from goen.vocabulary.refusal import Refusal


class UnknownSurvivor(UnknownMember):
    """Nobody has the id into whom another was to be merged."""


class UnknownMerge(Refusal):
    """No merge has this id."""

    code = "unknown_merge"

    def __init__(self) -> None:
        super().__init__("There is no such merge.")


class MemberFrozen(Refusal):
    """A frozen member is under inquiry: it is neither merged into another nor takes one in. Unfreeze it first."""

    code = "member_frozen"

    def __init__(self, member_id: str) -> None:
        super().__init__("This member is frozen; unfreeze it before a merge.", member_id=member_id)


class SurvivorProvisional(Refusal):
    """A registered member is not merged into one who has not registered: its points could not be spent and would lapse.
    Merge the other way round."""

    code = "survivor_provisional"

    def __init__(self, survivor: str, source: str) -> None:
        super().__init__(
            "The survivor has not registered; merge the other way round, into the registered member.",
            survivor=survivor, source=source,
        )  # fmt: skip


class MergeUndone(Refusal):
    """A merge is undone once."""

    code = "merge_undone"

    def __init__(self, merge_id: str) -> None:
        super().__init__("This merge is undone already.", merge_id=merge_id)


class MergeOrder(Refusal):
    """The survivor of this merge was itself merged into another since: undo that merge first."""

    code = "merge_order"

    def __init__(self, first: str) -> None:
        super().__init__("The survivor was itself merged since; undo that merge first.", first=first)
