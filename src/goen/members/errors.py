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


class CardRetired(Refusal):
    """This paper card was exchanged for the member's own number; it serves no more, for anybody."""

    code = "card_retired"

    def __init__(self) -> None:
        super().__init__("This card was exchanged and serves no more.")


class UnknownIdentifier(Refusal):
    """The member has no such identifier (any more)."""

    code = "unknown_identifier"

    def __init__(self) -> None:
        super().__init__("The member has no such identifier.")


class UnknownDevice(Refusal):
    """The member is not signed in on such a device (any more)."""

    code = "unknown_device"

    def __init__(self) -> None:
        super().__init__("Nobody of yours is signed in there.")


class PinLocked(Refusal):
    """Too many wrong PINs in a row; another proof, or patience."""

    code = "proof_required"

    def __init__(self) -> None:
        super().__init__("The PIN was wrong too often and rests for a while. Use another proof.", reason="pin_locked")


class UnknownHousehold(Refusal):
    """No household has this id, or the member is not of it."""

    code = "unknown_household"

    def __init__(self) -> None:
        super().__init__("There is no such household, or the member does not belong to it.")


class HouseholdState(Refusal):
    """A household or one of its people is not in a state that allows this (rule 40); ``reason`` says which."""

    code = "household_state"

    def __init__(self, reason: str) -> None:
        words = {
            "in_household": "The member belongs to a household already.",
            "not_active": "Only a registered member who is not frozen joins a household.",
            "in_debt": "The member owes points; they are to be earned before joining.",
            "not_invited": "The member was not invited, or has answered already.",
            "not_joined": "The member has not joined, or has left.",
            "head_stays": "The head hands the household over or dissolves it.",
            "open_orders": "Orders, holds or debts of the household are open; end them first.",
            "closed": "The household was dissolved.",
        }
        super().__init__(words[reason], reason=reason)


class TooManyCodes(Refusal):
    """Codes were asked for too often, for this contact or from this address; ``retry_after`` says when to come back."""

    code = "rate_limited"

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many codes were asked for. Please wait a while.", retry_after=retry_after)


class CodeNotValid(Refusal):
    """The code is not the one that was sent, was tried too often, or its time is over: ask for a new one."""

    code = "code_not_valid"

    def __init__(self) -> None:
        super().__init__("This code is not valid, or its time is over. Try again, or ask for a new one.")


class NoAgreement(Refusal):
    """The contact is proven, but no one member who carries it has this birth date, kana or card: enrol, and let
    the duplicates be reviewed later (rule 44)."""

    code = "no_agreement"

    def __init__(self) -> None:
        super().__init__("No one member with this contact agrees with what was given beside it.")


class NoContact(Refusal):
    """The member has no phone or mail address on file that a code could be sent to."""

    code = "no_contact"

    def __init__(self) -> None:
        super().__init__("No phone or mail address of this member can be sent a code.")


class SenderMissing(Refusal):
    """This installation has no service set up that sends to such a contact (``GOEN_MAIL_URL``, ``GOEN_SMS_URL``)."""

    code = "sender_missing"

    def __init__(self, kind: str) -> None:
        super().__init__("Nothing is set up that could send a message there.", kind=kind)


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


class UnknownTerms(Refusal):
    """There are no such terms of membership, or none hold on that day, or members cannot read them yet."""

    code = "unknown_terms"

    def __init__(self, version: str | None) -> None:
        super().__init__("There are no such terms of membership.", version=version)


class TermsExist(Refusal):
    """This version of the terms of membership is there with other words or dates; give them a new version."""

    code = "terms_exist"

    def __init__(self, version: str) -> None:
        super().__init__(f"Version {version} of the terms of membership says something else.", version=version)


class TermsHold(Refusal):
    """Terms of membership that hold, or have held, are not taken back; a new version replaces them."""

    code = "terms_hold"

    def __init__(self, version: str) -> None:
        super().__init__("These terms hold already. Publish a new version to replace them.", version=version)
