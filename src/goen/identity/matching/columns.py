"""Which column of a list is what, from its header: Japanese or English, as shops and systems write them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from unicodedata import normalize

#: Every field a record may have. ``record_id`` is the only one that must be there.
FIELDS = (
    "record_id", "source", "name", "family_name", "given_name", "kana", "family_kana", "given_kana", "sex", "birthday",
    "phone", "email", "postcode", "postal_address", "street_number", "street", "building", "city", "region",
)  # fmt: skip

_WORDS: Mapping[str, str] = {
    "record_id": (
        "record_id rec_id id unique_id customer_id member_id member_no 会員id 会員番号 会員コード 顧客id "
        "顧客番号 顧客コード"
    ),
    "source": "source source_dataset list channel 取込元 チャネル 区分 リスト",
    "name": "name full_name display_name customer_name 氏名 名前 お名前 会員名 顧客名 表示名 ニックネーム",
    "family_name": "family_name surname last_name lastname sei 姓 名字 苗字 お名前姓 氏名姓",
    "given_name": "given_name first_name firstname forename mei 名 お名前名 氏名名",
    "kana": (
        "kana name_kana full_name_kana furigana カナ かな フリガナ ふりがな 氏名カナ 氏名かな 名前カナ "
        "会員名カナ 顧客名カナ 氏名フリガナ"
    ),
    "family_kana": (
        "family_kana family_name_kana last_name_kana sei_kana セイ 姓カナ 姓かな 姓フリガナ お名前フリガナ姓 "
        "フリガナ姓"
    ),
    "given_kana": (
        "given_kana given_name_kana first_name_kana mei_kana メイ 名カナ 名かな 名フリガナ お名前フリガナ名 "
        "フリガナ名"
    ),
    "sex": "sex gender 性別",
    "birthday": "birthday birth_date birthdate date_of_birth dob 生年月日 誕生日",
    "phone": "phone phone_number tel telephone mobile mobile_phone 電話 電話番号 携帯 携帯電話 携帯番号 携帯電話番号",
    "email": "email e_mail mail mail_address email_address メール メールアドレス eメール",
    "postcode": "postcode postal_code zip zip_code zipcode 郵便番号 郵便",
    "postal_address": "postal_address address full_address 住所",
    "street_number": "street_number house_number 番地",
    "street": "street address_1 address1 street_name 住所1",
    "building": "building address_2 address2 住所2 建物 建物名",
    "city": "city suburb town 市区町村 都市",
    "region": "region state prefecture county 都道府県",
}  # fmt: skip

_SIGNS = re.compile(r"[\s_\-.()\[\]【】・/:]+")


def _plain(header: str) -> str:
    return _SIGNS.sub("", normalize("NFKC", header).lower())


_FIELD_OF = {_plain(word): field for field, words in _WORDS.items() for word in words.split()}


class NoRecordId(ValueError):  # noqa: N818 - like Refusal: the world's mistake, not ours.
    """A list must name its records: no column could be taken for ``record_id``."""


def recognise(header: Sequence[str], mapping: Mapping[str, str] | None = None) -> dict[str, int]:
    """The position of each field that the header has; ``mapping`` (field to column name) goes first.

    Of two columns for one field the first is taken; columns that mean nothing here are left alone.

    Raises:
        NoRecordId: nothing names the records.
        KeyError: ``mapping`` names a field or a column that is not there.
    """
    found: dict[str, int] = {}
    for field, column in (mapping or {}).items():
        if field not in FIELDS:
            raise KeyError(field)
        if column not in header:
            raise KeyError(column)
        found[field] = list(header).index(column)
    taken = set(found.values())
    for position, column in enumerate(header):
        meant = _FIELD_OF.get(_plain(column))
        if meant is not None and meant not in found and position not in taken:
            found[meant] = position
    if "record_id" not in found:
        raise NoRecordId("no column names the records; call one record_id, or say which it is")
    return found
