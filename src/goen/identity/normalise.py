"""Normal forms: one spelling for each phone number, mail address and card number (rules 42, 44).

Japanese lists write one number in a dozen ways: full width, with the long-vowel mark as a hyphen, with
+81, without its leading zero after a trip through a spreadsheet. What is compared is the normal form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from unicodedata import category, normalize

import phonenumbers

#: Everything that people and programs put where a hyphen belongs, after NFKC.
DASHES = "-\u30fc\uff70\u2212\u2010\u2011\u2012\u2013\u2014\u2015\u2500\u2501\u301c~\uff5e\uff0d\ufe63\u00ad\u2043"
_BLANKS = re.compile(r"[\s\-・]+")  # The long-vowel mark is a letter of a name.
_SPACES_AND_HYPHENS = re.compile(rf"[\s{re.escape(DASHES)}]+")

_EXTENSION = re.compile(r"(?:内線|ext\.?|extension|[x#;]).*$", re.IGNORECASE | re.DOTALL)
_PHONE = re.compile(rf"[^0-9+]{{0,20}}(\+?[0-9\s().\[\]・/_{re.escape(DASHES)}]+)[^0-9]{{0,20}}")
_NOT_DIGITS = re.compile(r"[^0-9]+")
# Numbers of Japan without their leading zero: 050 to 090 (mobile, IP, 0800) have ten digits, others nine.
_JAPANESE = re.compile(r"[5-9]0[0-9]{8}|[1-9][1-9][0-9]{7}")

_LOCAL = re.compile(r"[^\s@<>(),;:\\\"\[\]]{1,64}")
_DOMAIN = re.compile(r"(?:[^\W_]+(?:-+[^\W_]+)*\.)+[^\W_]+(?:-+[^\W_]+)*")
_EMAIL_LENGTH_MAX = 254

#: NFKC may make a text eighteen times as long; the registry's index takes this much.
LENGTH_MAX = 500

_NW7 = re.compile(r"[A-Da-d]([0-9$:/.+]+)[A-Da-d]")


def normalise(kind: str, value: str) -> str | None:
    """The normal form of an identifier's value; None where it cannot be one of this kind.

    ``kind`` is card, phone, email, line or ec. Never raises for a text.
    """
    normal = _FORMS[kind](value)
    return normal if normal is not None and len(normal) <= LENGTH_MAX else None


@lru_cache(maxsize=16_384)
def phone(value: str) -> str | None:
    """E.164 of a phone number, read as one of Japan where it names no country: ``+819012345678``.

    Labels in front (``TEL:``) and extensions behind are dropped. Foreign numbers must be valid; Japanese
    ones must have the right length for their beginning, as new ranges open before the tables know them.
    """
    if value.isascii() and value.isdigit() and value[0] == "0" and _JAPANESE.fullmatch(value, 1):
        return "+81" + value[1:]
    text = _EXTENSION.sub("", _plain(value))
    found = _PHONE.fullmatch(text)
    if not found:
        return None
    number = found[1].strip()
    digits = _NOT_DIGITS.sub("", number)
    if number.startswith("+") or digits.startswith("0081"):
        digits = "+" + digits.lstrip("0")
    elif len(digits) in (9, 10) and digits[0] != "0" and _JAPANESE.fullmatch(digits):
        # A spreadsheet took the leading zero.
        return "+81" + digits
    try:
        parsed = phonenumbers.parse(digits, "JP")
    except phonenumbers.NumberParseException:
        return None
    national = str(parsed.national_number)
    if parsed.country_code == 81 and not parsed.italian_leading_zero:
        known = _JAPANESE.fullmatch(national) or phonenumbers.is_valid_number(parsed)
    else:
        known = phonenumbers.is_valid_number(parsed)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if known else None


def email(value: str) -> str | None:
    """A mail address in one width and case. The form is for comparing and for sending.

    Consecutive dots, and dots at either end, are kept: Japanese carriers issued such addresses.
    """
    local, at, domain = _plain(value).lower().rpartition("@")
    domain = domain.replace("。", ".")
    address = f"{local}@{domain}"
    good = at and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain) and len(address) <= _EMAIL_LENGTH_MAX
    return address if good else None


def match_key(address: str) -> str:
    """What tells whether two normal addresses reach one mailbox: Gmail's dots and plus parts folded.

    For comparing only, never for sending and never as an identifier's normal form.
    """
    local, _, domain = address.partition("@")
    if domain in ("gmail.com", "googlemail.com"):
        return f"{local.partition('+')[0].replace('.', '')}@gmail.com"
    return address


def card(value: str) -> str | None:
    """A card or member number without blanks, hyphens and NW-7 start and stop letters (rule 42)."""
    if value.isascii() and value.isdigit():
        return value
    text = _SPACES_AND_HYPHENS.sub("", _plain(value))
    framed = _NW7.fullmatch(text)
    return (framed[1] if framed else text) or None


def account(value: str) -> str | None:
    """An account of a web shop or LINE: as given, without surrounding blanks."""
    text = value.strip()
    return text if text and text.isprintable() else None


_FORMS: dict[str, Callable[[str], str | None]] = {
    "card": card,
    "phone": phone,
    "email": email,
    "line": account,
    "ec": account,
}


def kana(value: str) -> str:
    """Katakana, full width and composed; hiragana becomes katakana, inner blanks one plain space."""
    return " ".join(_plain(value).translate(_HIRAGANA_TO_KATAKANA).split())


def name(value: str) -> str:
    """A name with variant kanji folded (髙橋, 高橋) and variation selectors dropped; for comparing only."""
    return " ".join(_plain(value).translate(_COMMON_KANJI).split())


def searchable(value: str) -> str:
    """What search compares: :func:`name` in katakana and small letters, without blanks and hyphens."""
    return _BLANKS.sub("", kana(name(value)).lower())


_HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}

# Each word: a common kanji and the spellings of it in family registers. NFKC folds none of them.
_VARIANTS = """
高髙 崎﨑碕嵜 辺邉邊 斎齋 斉齊 浜濵濱 徳德 吉𠮷 柳栁 桑桒 島嶋嶌 富冨 館舘 沢澤 広廣 国國 真眞 恵惠 栄榮
桜櫻 竜龍 滝瀧 渋澁 塩鹽 円圓 関關 黒黑 曽曾 蔵藏 増增 槙槇 遥遙 瑶瑤 禄祿 頼賴 薮藪 峰峯 檜桧 条條 実實
寿壽 静靜 弥彌 与與 万萬 会會 凜凛
"""
_COMMON_KANJI: dict[int, str | None] = {ord(variant): word[0] for word in _VARIANTS.split() for variant in word[1:]}
_COMMON_KANJI |= dict.fromkeys((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))


def _plain(value: str) -> str:
    """NFKC, trimmed, without control and invisible formatting characters (copied from address books)."""
    text = normalize("NFKC", value)
    if not text.isprintable():
        text = "".join(letter for letter in text if letter.isspace() or category(letter)[0] != "C")
    return text.strip()
