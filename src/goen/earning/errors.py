"""The refusals of earning and spending."""

from __future__ import annotations

from goen.vocabulary.refusal import Refusal


class UseLimit(Refusal):
    """The programme allows points to be used only from a minimum, in steps, or up to a maximum.

    ``min``, ``unit`` and ``max`` are points; ``max`` is what this very purchase allows, already in steps.
    """

    code = "use_limit"

    def __init__(self, minimum: int, unit: int, maximum: int) -> None:
        super().__init__(
            f"points can be used from {minimum}, in steps of {unit}, up to {maximum} here",
            min=minimum,
            unit=unit,
            max=maximum,
        )


class ReturnExceedsPurchase(Refusal):
    """More of a line is handed back than was bought and not yet returned.

    ``line`` is the line's number; ``asked`` and ``remaining`` are a quantity or, where ``what`` says so,
    an amount of money, both as text.
    """

    code = "return_exceeds_purchase"

    def __init__(self, line: int, asked: str, remaining: str, what: str = "quantity") -> None:
        super().__init__(
            f"line {line}: the {what} {asked} is more than the {remaining} that remains",
            line=line,
            asked=asked,
            remaining=remaining,
            what=what,
        )
