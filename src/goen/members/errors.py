"""Refusals of the members room, in the order they are checked: unknown, ambiguous, withdrawn, taken."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from goen.members.model import Candidate
from goen.vocabulary.refusal import Refusal


class UnknownMember(Refusal):
    """Nobody is known by this name; ask for another card, or enrol."""

    code = "unknown_member"

    def __init__(self) -> None:
        super().__init__("No member is known by this.")


class AmbiguousMember(Refusal):
    """Several members carry this phone number or mail address: let the customer say which, then name the card."""

    code = "ambiguous_member"

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        super().__init__(
            f"{len(candidates)} members share this. Ask which one it is, then name the member by number.",
            candidates=msgspec.to_builtins(list(candidates)),
        )


class MemberWithdrawn(Refusal):
    """The member has left; the books are kept, but nothing is added to them."""

    code = "member_withdrawn"

    def __init__(self, member_id: str) -> None:
        super().__init__("This member has withdrawn.", member_id=member_id)


class IdentifierTaken(Refusal):
    """Another active member has this identifier already."""

    code = "identifier_taken"

    def __init__(self, kind: str, field: str) -> None:
        super().__init__("Another member has this already.", kind=kind, field=field)


class UnknownIdentifier(Refusal):
    """The member has no such identifier (any more)."""

    code = "unknown_identifier"

    def __init__(self) -> None:
        super().__init__("The member has no such identifier.")


class PinLocked(Refusal):
    """Too many wrong PINs in a row; another proof, or patience."""

    code = "proof_required"

    def __init__(self) -> None:
        super().__init__("The PIN was wrong too often and rests for a while. Use another proof.", reason="pin_locked")


class UnknownWording(Refusal):
    """The texts of this purpose are registered, and the version named is none of them."""

    code = "unknown_wording"

    def __init__(self, kind: str) -> None:
        super().__init__(f"No text of this version is registered for {kind}.", kind=kind)


class WordingExists(Refusal):
    """This version of the text is registered with other words; give the new words a new version."""

    code = "wording_exists"

    def __init__(self, kind: str, version: str) -> None:
        super().__init__(f"Version {version} of {kind} has another text.", kind=kind, version=version)
