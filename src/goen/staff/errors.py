"""What the staff room can refuse."""

from __future__ import annotations

from goen.vocabulary.refusal import Refusal


class SignInRefused(Refusal):
    """Name and password, or the code, do not fit. Which of them is not told."""

    code = "sign_in_refused"

    def __init__(self) -> None:
        super().__init__("This sign-in is not known.")


class SignInLocked(Refusal):
    """Too many wrong attempts: this sign-in rests for a while."""

    code = "sign_in_locked"

    def __init__(self) -> None:
        super().__init__("Too many wrong attempts. Try again in 15 minutes.")


class StaffExists(Refusal):
    """Somebody of the staff has this login already."""

    code = "staff_exists"

    def __init__(self, login: str) -> None:
        super().__init__(f"The login {login!r} is taken.", login=login)


class UnknownStaff(Refusal):
    """Nobody of the staff has this login."""

    code = "unknown_staff"

    def __init__(self, login: str) -> None:
        super().__init__(f"Nobody has the login {login!r}.", login=login)


class TerminalCodeRefused(Refusal):
    """This code enrols no terminal: it was never made, was used, or is older than its fifteen minutes."""

    code = "terminal_code_refused"

    def __init__(self) -> None:
        super().__init__("This code is not valid (any more). Make a new one in the office.")
