"""Invented customers. Nobody here exists, and nobody can be reached.

Surname and given name go together with their kana and romaji. Phone numbers are 090-0000-xxxx, which no
carrier has been given; mail addresses are at example.jp, which is reserved for examples.
"""

from __future__ import annotations

from datetime import date
from hashlib import blake2b
from typing import NamedTuple

# 漢字 カナ romaji
_SURNAMES = """
佐藤 サトウ sato,鈴木 スズキ suzuki,高橋 タカハシ takahashi,田中 タナカ tanaka,伊藤 イトウ ito,渡辺 ワタナベ watanabe
山本 ヤマモト yamamoto,中村 ナカムラ nakamura,小林 コバヤシ kobayashi,加藤 カトウ kato,吉田 ヨシダ yoshida
山田 ヤマダ yamada,佐々木 ササキ sasaki,山口 ヤマグチ yamaguchi,松本 マツモト matsumoto,井上 イノウエ inoue
木村 キムラ kimura,林 ハヤシ hayashi,斎藤 サイトウ saito,清水 シミズ shimizu,山崎 ヤマザキ yamazaki,森 モリ mori
池田 イケダ ikeda,橋本 ハシモト hashimoto,阿部 アベ abe,石川 イシカワ ishikawa,山下 ヤマシタ yamashita
中島 ナカジマ nakajima,石井 イシイ ishii,小川 オガワ ogawa,前田 マエダ maeda,岡田 オカダ okada,長谷川 ハセガワ hasegawa
藤田 フジタ fujita,後藤 ゴトウ goto,近藤 コンドウ kondo,村上 ムラカミ murakami,遠藤 エンドウ endo,青木 アオキ aoki
坂本 サカモト sakamoto
福田 フクダ fukuda,太田 オオタ ota,西村 ニシムラ nishimura,藤井 フジイ fujii,岡本 オカモト okamoto
金子 カネコ kaneko,三浦 ミウラ miura,中野 ナカノ nakano,原田 ハラダ harada,松田 マツダ matsuda,竹内 タケウチ takeuchi
"""
_WOMEN = """
美咲 ミサキ misaki,陽子 ヨウコ yoko,由美 ユミ yumi,恵 メグミ megumi,久美子 クミコ kumiko,真由美 マユミ mayumi
智子 トモコ tomoko,裕子 ユウコ yuko,幸子 サチコ sachiko,愛 アイ ai,彩 アヤ aya,さくら サクラ sakura,七海 ナナミ nanami
葵 アオイ aoi,千尋 チヒロ chihiro,直美 ナオミ naomi,明美 アケミ akemi,優子 ユウコ yuko,奈々 ナナ nana,結衣 ユイ yui
麻衣 マイ mai,香織 カオリ kaori,理恵 リエ rie,典子 ノリコ noriko
"""
_MEN = """
翔太 ショウタ shota,健太 ケンタ kenta,大輔 ダイスケ daisuke,誠 マコト makoto,浩 ヒロシ hiroshi,隆 タカシ takashi
健一 ケンイチ kenichi,拓也 タクヤ takuya,直樹 ナオキ naoki,修 オサム osamu,剛 ツヨシ tsuyoshi,陽介 ヨウスケ yosuke
達也 タツヤ tatsuya,和也 カズヤ kazuya,哲也 テツヤ tetsuya,亮 リョウ ryo,悠斗 ユウト yuto,蓮 レン ren,学 マナブ manabu
正樹 マサキ masaki
"""
# Towns around the stores; addresses end there, without a block.
_TOWNS = (
    ("150-0002", "東京都渋谷区渋谷"),
    ("154-0004", "東京都世田谷区太子堂"),
    ("160-0022", "東京都新宿区新宿"),
    ("171-0022", "東京都豊島区南池袋"),
    ("180-0004", "東京都武蔵野市吉祥寺本町"),
    ("190-0012", "東京都立川市曙町"),
    ("210-0007", "神奈川県川崎市川崎区駅前本町"),
    ("220-0011", "神奈川県横浜市西区高島"),
    ("260-0015", "千葉県千葉市中央区富士見"),
    ("330-0853", "埼玉県さいたま市大宮区錦町"),
)


class _Name(NamedTuple):
    kanji: str
    kana: str
    romaji: str


def _table(words: str) -> tuple[_Name, ...]:
    return tuple(_Name(*entry.split()) for line in words.split("\n") for entry in line.split(",") if entry)


SURNAMES, WOMEN, MEN = _table(_SURNAMES), _table(_WOMEN), _table(_MEN)


class Customer(NamedTuple):
    """One invented person, in the columns of a Goen members file."""

    card: str
    name: str
    kana: str
    gender: str
    birth_date: date
    phone: str
    email: str
    postal_code: str
    address: str


def customer(number: int, household: int, age_band: str | None, this_year: int) -> Customer:
    """The ``number``-th customer, the same every time for a household of the data.

    ``age_band`` is the household's, as the data has it (``35-44``, ``65+``), or None. ``number`` < 10,000.
    """
    assert 0 <= number < 10_000
    chance = Chance(f"customer {household}")
    surname = SURNAMES[chance.below(len(SURNAMES))]
    is_woman = chance.below(100) < 62
    given = (WOMEN if is_woman else MEN)[chance.below(len(WOMEN if is_woman else MEN))]
    youngest = int((age_band or "25").split("-")[0].rstrip("+"))
    age = youngest + chance.below(10 if age_band else 40)
    postal_code, address = _TOWNS[chance.below(len(_TOWNS))]
    return Customer(
        card=f"GC-{number + 1:06}",
        name=f"{surname.kanji} {given.kanji}",
        kana=f"{surname.kana} {given.kana}",
        gender="female" if is_woman else "male",
        birth_date=date(this_year - age, 1 + chance.below(12), 1 + chance.below(28)),
        phone=f"090-0000-{number:04}",
        email=f"{given.romaji}.{surname.romaji}.{number + 1}@example.jp",
        postal_code=postal_code,
        address=address,
    )


class Chance:
    """Chance that falls the same way every time for the same words."""

    def __init__(self, words: str) -> None:
        self._state = int.from_bytes(blake2b(words.encode(), digest_size=32).digest(), "big")

    def below(self, limit: int) -> int:
        """0 to ``limit`` - 1. Good for a few draws of small limits."""
        self._state, drawn = divmod(self._state, limit)
        return drawn
