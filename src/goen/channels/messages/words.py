"""The words of one-time codes, short enough for one text message."""

from __future__ import annotations

from goen.channels.messages.contract import ContactKind, Message


def code_message(kind: ContactKind, to: str, code: str, *, name: str, language: str, minutes: int) -> Message:
    """A one-time code as a message. ``name`` is the programme's, perhaps empty; ``language`` ja or en."""
    if language == "en":
        subject = f"Your code{f' for {name}' if name else ''}"
        text = f"{f'{name}: ' if name else ''}{code} is your code, valid for {minutes} minutes. Tell it to nobody."
    else:
        subject = f"{f'【{name}】' if name else ''}認証コードのお知らせ"
        text = (
            f"{f'【{name}】' if name else ''}認証コードは {code} です。有効期限は{minutes}分です。"
            "このコードを他の人に教えないでください。"
        )
    if kind == "email":
        text += (
            "\n\nIf you did not ask for it, nothing needs to be done."
            if language == "en"
            else "\n\nお心当たりのない場合は、このメールを破棄してください。"
        )
    return Message(kind, to, subject, text)
