"""What is wrong with a request, in Japanese: the messages of :class:`InvalidRequest`, by their English.

What no row says is told by naming the field. The English stays in ``errors``, for whoever connects the till.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_MESSAGES: Mapping[str, str] = {
    "is required": "入力が必要です",
    "is needed": "入力が必要です",
    "is missing": "指定がありません",
    "is not a known field": "この操作にない項目です",
    "is given twice": "重複しています",
    "is there already": "すでにあります",
    "U+0000 is not a character of a text": "使用できない文字（U+0000）が含まれています",
    "is a date": "日付の形式で入力してください",
    "is a day": "日付の形式で入力してください",
    "is a day and a time of it": "日付と時刻を入力してください",
    "is a month, as in 2026-11": "年月の形式（例：2026-11）で入力してください",
    "is a whole number": "整数で入力してください",
    "is out of range": "範囲を超えています",
    "is in the future": "未来の日時です",
    "lies in the future": "未来の日付です",
    "lies in the past": "過去の日付です",
    "is before from": "開始より前になっています",
    "lies before from": "開始より前になっています",
    "must lie after to": "変更後の値より後である必要があります",
    "is before the first day": "初日より前の日付です",
    "lies before the beginning": "開始より前になっています",
    "must not be zero": "0は指定できません",
    "must be a finite number": "有限の数値で入力してください",
    "is not zero, and below 1000000000": "0以外の、1,000,000,000未満の数値で入力してください",
    "above 0, at most 100, at most 6 decimal places": "0より大きく100以下、小数点以下6桁までで入力してください",
    "needs an offset, as in 2026-11-22T12:00:00+09:00": "時差の指定（例：2026-11-22T12:00:00+09:00）が必要です",
    "needs an offset, such as +09:00": "時差の指定（例：+09:00）が必要です",
    "is more than a day ahead of the server's clock": "サーバーの時刻より1日以上先の日時です",
    "is more than a week away from occurred_at": "取引日時から1週間以上離れています",
    "is one of female, male, other": "female、male、other のいずれかを指定してください",
    "is one of the list": "一覧から選んでください",
    "is not one of ours": "登録されていない値です",
    "is yes or later": "同意するか、あとにするかを選んでください",
    "is yes, no or ask": "はい・いいえ・確認のいずれかを選んでください",
    "is not a cursor of this list": "この一覧のカーソルではありません",
    "is not the id of an event": "イベントのIDではありません",
    "is no IP address": "IPアドレスではありません",
    "is not a web shop": "Webショップではありません",
    "is not the token's account": "トークンのアカウントと一致しません",
    "is not the token's user": "トークンのユーザーと一致しません",
    "is the same member": "同じ会員が指定されています",
    "is the member's own number": "この会員自身の会員番号です",
    "needs a member": "会員の指定が必要です",
    "a sale without a member has no points to use": "会員の指定がないお会計では、ポイントを利用できません",
    "a purchase has at least one line": "明細が1行以上必要です",
    "a return has at least one line": "返品する明細が1行以上必要です",
    "give a quantity above 0 or an amount": "0より大きい数量、または金額を指定してください",
    "a placed order holds its points itself; release the hold first": (
        "注文は自らポイントを確保します。先に利用予約を解除してください"
    ),
    "is no mobile phone that codes are sent to": "認証コードを送信できる携帯電話番号ではありません",
    "and kana and birth date are needed": "お名前・フリガナ・生年月日を入力してください",
    "have to be accepted": "同意が必要です",
    "leaving has to be confirmed": "退会の確認が必要です",
    "the sharing of points has to be agreed to": "ポイントの共有への同意が必要です",
    "both the head and the member agree to a household": "家族会員には、代表者と会員ご本人の両方の同意が必要です",
    "or its text has changed meanwhile; load the page again": "文面が変更されています。画面を開き直してください",
    "need a phone, mail, LINE or web account to register with": (
        "本登録には、電話番号・メールアドレス・LINE・Webアカウントのいずれかが必要です"
    ),
    "proves nothing: confirm a new code for this contact": "確認の有効期限が切れています。もう一度確認してください",
    "was used before; ask the web shop for a new one": "使用済みのトークンです。Webショップで新しく取得してください",
    "has expired": "有効期限が切れています",
    "only a phone number or mail address is verified": "確認できるのは電話番号とメールアドレスだけです",
    "the member number stays as long as the member does": "会員番号は削除できません",
    "a member_id belongs to somebody who is a member already": "会員IDは登録済みの会員のものです",
    "terminals stand in stores": "端末を置けるのは店舗だけです",
    "the body is nested too deeply": "データの入れ子が深すぎます",
    "the query string is not readable as UTF-8, or has too many fields": "URLの検索条件を読み取れません",
    "a value is outside of what can be kept": "保存できる範囲を超える値があります",
    "is no JAN: 13 or 8 digits, the last one their check digit": "JANコード（13桁または8桁）ではありません",
    "has letters, digits, . _ and - alone": "英数字と . _ - で入力してください",
    "has 1 to 40 letters, digits, - or _": "英数字と - _ で、40文字以内で入力してください",
    "has letters, digits and . _ @ + -, 100 at most": "英数字と . _ @ + - で、100文字以内で入力してください",
    "is required where the reason is 'other'": "理由が「その他」のときは入力が必要です",
    "belongs to points given, not to points taken": "付与のときだけ指定できます",
    "a rotating code is for tills": "回転コードはレジ専用です",
    "is required for what is shipped": "発送する特典には住所が必要です",
}

#: Messages with figures in them: a pattern, and the Japanese that takes its groups in turn.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), japanese)
    for pattern, japanese in (
        (r"cannot be a phone number", "電話番号として読み取れません"),
        (r"cannot be a mail address", "メールアドレスとして読み取れません"),
        (r"cannot be a card number", "カード番号として読み取れません"),
        (r"cannot be a .*", "この種類の値として読み取れません"),
        (r"is a whole number from (\d+) to (\d+)", "{0}～{1}の整数で入力してください"),
        (r"has (\d+) to (\d+) digits", "{0}～{1}桁の数字で入力してください"),
        (r"(?:has|takes) at least (\d+) characters|takes (\d+) characters at least", "{0}文字以上で入力してください"),
        (r"(\d+) characters at most", "{0}文字以内で入力してください"),
        (r"is more than the hold's (\d+) points", "利用予約の{0}ポイントを超えています"),
        (r"worth ([\d,]+), more than the ([\d,]+) to pay", "利用額{0}が、お支払い額{1}を超えています"),
        (r"sum to ([\d,]+), but ([\d,]+) is payable", "支払いの合計{0}が、お支払い額{1}と一致しません"),
        (r"take off ([\d,]+), more than the lines' ([\d,]+)", "値引き{0}が、明細の合計{1}を超えています"),
        (r"line (\S+) is there twice", "明細{0}が重複しています"),
        (r"the purchase has no line (\S+)", "このお買い上げに明細{0}はありません"),
        (r"a household has (\d+) people at most", "家族会員は{0}人までです"),
        (r"a member has (\d+) identifiers at most", "会員に登録できるカード・連絡先は{0}件までです"),
        (r"Expected `(?:int|decimal|float)[^`]*`, got .*", "数値で入力してください"),
        (r"Expected `int[^`]*` >= (-?\d+)", "{0}以上の整数で入力してください"),
        (r"Expected `int[^`]*` <= (-?\d+)", "{0}以下の整数で入力してください"),
        (r"Expected `str[^`]*`, got .*", "文字で入力してください"),
        (r"Expected `str[^`]*` of length >= (\d+)", "{0}文字以上で入力してください"),
        (r"Expected `str[^`]*` of length <= (\d+)", "{0}文字以内で入力してください"),
        (r"Expected `array[^`]*` of length >= (\d+)", "{0}件以上必要です"),
        (r"Expected `array[^`]*` of length <= (\d+)", "{0}件以内にしてください"),
        (r"Expected `(?:datetime|date)[^`]*`.*|Invalid RFC3339.*", "日付・時刻の形式が正しくありません"),
        (r"Invalid enum value.*", "選べない値です"),
        (r"the body is not JSON in UTF-8.*", "本文がUTF-8のJSONではありません"),
        (r"is not a valid (?:id )?token.*", "有効なトークンではありません"),
    )
)
_UNSAID = "内容が正しくありません"

#: What people call a field that stands on a page.
_FIELDS: Mapping[str, str] = {
    "name": "お名前",
    "kana": "フリガナ",
    "birth_date": "生年月日",
    "gender": "性別",
    "postal_code": "郵便番号",
    "address": "住所",
    "contact": "連絡先",
    "phone": "電話番号",
    "email": "メールアドレス",
    "card": "カード番号",
    "value": "値",
    "points": "ポイント数",
    "reason": "理由",
    "note": "メモ",
    "expires_on": "有効期限",
    "member": "会員",
    "shop": "店舗",
    "shops": "店舗",
    "receipt": "レシート番号",
    "total": "合計金額",
    "code": "コード",
    "login": "ログイン名",
    "password": "パスワード",
    "pin": "暗証番号",
    "role": "役割",
    "kind": "種類",
    "url": "送信先URL",
    "events": "イベント",
    "from": "開始",
    "to": "終了",
    "starts_at": "開始日時",
    "ends_at": "終了日時",
    "title": "表題",
    "text": "文面",
    "version": "版",
    "file": "ファイル",
    "mapping": "列の対応",
    "count": "件数",
    "quantity": "数量",
    "amount": "金額",
    "sku": "商品コード",
    "price": "価格",
    "cost": "原価",
    "category": "部門",
    "terms": "会員規約",
    "purchase": "お買い上げ",
    "segment": "会員の絞り込み",
    "codes": "コード",
    "batch": "発行名",
    "number": "会員番号",
    "language": "言語",
}


def said(field: str, message: str, *, on_a_page: bool = False) -> str:
    """What is wrong with a field, as one sentence; ``message`` is what :class:`InvalidRequest` was made with. Programs
    hear the field's path, people what it is called."""
    if on_a_page:
        field = _FIELDS.get(field.rpartition(".")[2], "")
    return f"{field}：{wrong(message)}。" if field else f"{wrong(message)}。"


def wrong(message: str) -> str:
    """What a message says, without the field and the full stop."""
    if message in _MESSAGES:
        return _MESSAGES[message]
    if not message.isascii():
        return message.rstrip("。")  # What a rule of the programme says is in its own language already.
    for pattern, japanese in _PATTERNS:
        if found := pattern.fullmatch(message):
            return japanese.format(*(each for each in found.groups() if each is not None))
    return _UNSAID
