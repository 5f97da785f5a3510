"""Whole runs over small lists: families, twins, a new name, a number that changed hands, and who is one person."""

from __future__ import annotations

import pytest

from goen.identity.matching.batch import Matched, Options, match
from goen.identity.matching.prepare import Raw


def _raw(record_id: str, name: str, kana: str = "", **fields: str) -> Raw:
    return Raw(record_id, name=name, kana=kana, **fields)


def _run(*raws: Raw, options: Options = Options()) -> Matched:  # noqa: B008
    # People who have nothing to do with it, so that there is a list around them.
    others = [
        _raw(f"x{n}", f"{family} {given}", phone=f"0803333{n:04}", birthday=f"19{60 + n}-03-{n + 1:02}")
        for n, (family, given) in enumerate(
            [
                ("大川", "実"),
                ("中井", "歩"),
                ("木口", "千夏"),
                ("西尾", "学"),
                ("東野", "茜"),
                ("上原", "望"),
                ("下村", "昇"),
            ]
        )
    ]
    return match(lambda: [*raws, *others], options)


def _together(found: Matched) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for record, cluster in found.cluster_of.items():
        groups.setdefault(cluster, set()).add(record)
    return {frozenset(group) for group in groups.values() if len(group) > 1}


def _asked(found: Matched) -> set[frozenset[str]]:
    return {frozenset((pair.left, pair.right)) for pair in found.pairs if pair.decision == "review"}


PHONE, MAIL, HOUSE = "090-1111-2222", "yamada@example.jp", "東京都中野区白鷺2-6-29"


def test_one_person_in_three_spellings_on_one_phone() -> None:
    found = _run(
        _raw("store", "山田 和歌子", "ヤマダ ワカコ", phone="+81 90 1111 2222"),
        _raw("line", "わかこ", phone="０９０ー１１１１ー２２２２"),
        _raw("app", "Wakako", phone="9011112222"),
    )
    assert _together(found) == {frozenset({"store", "line", "app"})}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Parent and child with one phone, one mail address, one house.
        (_raw("a", "山田 和歌子", "ヤマダ ワカコ", phone=PHONE, email=MAIL, address=HOUSE),
         _raw("b", "山田 翔太", "ヤマダ ショウタ", phone=PHONE, email=MAIL, address=HOUSE)),
        # The same, the child by nickname.
        (_raw("a", "山田 和歌子", "ヤマダ ワカコ", phone=PHONE), _raw("b", "しょうた", phone=PHONE)),
        # Twins: the same day as well.
        (_raw("a", "山田 真奈", "ヤマダ マナ", birthday="2000/5/5", phone=PHONE, address=HOUSE),
         _raw("b", "山田 香奈", "ヤマダ カナ", birthday="2000/5/5", phone=PHONE, address=HOUSE)),
        (_raw("a", "山田 健太", "ヤマダ ケンタ", birthday="2000/5/5", phone=PHONE),
         _raw("b", "山田 慶太", "ヤマダ ケイタ", birthday="2000/5/5", phone=PHONE)),
        # Father and son who are called alike.
        (_raw("a", "山田 正", "ヤマダ タダシ", birthday="1950/5/5", phone=PHONE, address=HOUSE),
         _raw("b", "山田 正", "ヤマダ タダシ", birthday="1980/8/8", phone=PHONE, address=HOUSE)),
        # A couple whose names read alike.
        (_raw("a", "山田 薫", "ヤマダ カオル", sex="F", phone=PHONE),
         _raw("b", "山田 馨", "ヤマダ カオル", sex="M", phone=PHONE)),
        # A number that went to somebody else.
        (_raw("a", "山田 和歌子", "ヤマダ ワカコ", birthday="1950/5/5", phone=PHONE),
         _raw("b", "小野 翔太", "オノ ショウタ", birthday="1990/9/9", phone=PHONE)),
        # The same name, and nothing else.
        (_raw("a", "山田 和歌子", "ヤマダ ワカコ", phone=PHONE),
         _raw("b", "山田 和歌子", "ヤマダ ワカコ", phone="08099998888")),
        # A phone alone.
        (_raw("a", "", phone=PHONE), _raw("b", "", phone=PHONE)),
    ],
)  # fmt: skip
def test_two_people_stay_two(one: Raw, other: Raw) -> None:
    assert _together(_run(one, other)) == set()


def test_a_maiden_name_is_asked_about_and_with_a_third_field_certain() -> None:
    before = _raw("a", "山田 和歌子", "ヤマダ ワカコ", phone=PHONE, birthday="1980-04-01")
    after = _raw("b", "小野 和歌子", "オノ ワカコ", phone=PHONE)
    asked = _run(before, after)
    assert _together(asked) == set()
    assert _asked(asked) == {frozenset({"a", "b"})}
    certain = _run(before, after._replace(birthday="昭和55年4月1日"))
    assert _together(certain) == {frozenset({"a", "b"})}


def test_a_shops_own_number_names_nobody() -> None:
    """A clerk's way out of an empty field: one number for everybody."""
    names = ["和歌子", "翔太", "真奈", "正", "薫", "次郎", "花子", "太郎", "恵", "進"]
    found = _run(*[_raw(str(n), f"山田 {name}", phone="03-1111-2222") for n, name in enumerate(names)],
                 _raw("again", "山田 花子", phone="03-1111-2222"))  # fmt: skip
    assert _together(found) == set()


def test_what_a_person_refused_stays_refused() -> None:
    records = (
        _raw("a", "山田 和歌子", "ヤマダ ワカコ", phone=PHONE, email=MAIL),
        _raw("b", "山田 和歌子", "ヤマダ ワカコ", phone=PHONE, email=MAIL),
    )
    assert _together(_run(*records)) == {frozenset({"a", "b"})}
    found = _run(*records, options=Options(not_same=[("b", "a")]))
    assert _together(found) == set()
    assert _asked(found) == set()


def test_a_source_may_hold_each_person_once() -> None:
    records = [
        _raw(name, "山田 和歌子", "ヤマダ ワカコ", phone=PHONE, source=source)
        for name, source in (("a", "line"), ("b", "line"))
    ]
    assert _together(_run(*records, options=Options(once=frozenset({"line"})))) == set()


def test_one_member_with_several_contacts_is_one_record() -> None:
    found = _run(
        _raw("a", "山田 和歌子", "ヤマダ ワカコ", phone=PHONE),
        _raw("a", "山田 和歌子", "ヤマダ ワカコ", phone="08044445555"),
        _raw("b", "わかこ", phone="08044445555"),
    )
    assert _together(found) == {frozenset({"a", "b"})}


def test_nothing_to_match() -> None:
    assert match(list).cluster_of == {}
    assert match(lambda: [Raw("only")]).cluster_of == {"only": "only"}
    assert _together(match(lambda: [Raw(str(n)) for n in range(5)])) == set()
