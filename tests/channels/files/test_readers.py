"""Files as rows: encodings, broken rows, Excel."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from channels.files.builders import written
from goen.channels.files.errors import BadFile
from goen.channels.files.readers import Row, Shape, open_table
from goen.channels.files.refused import RefusedRows
from goen.purchases.brought import Refused

AS_IT_IS = Shape()


def rows_of(path: Path, shape: Shape = AS_IT_IS) -> tuple[list[Row], list[Refused]]:
    refused: list[Refused] = []
    return list(open_table(path, shape).rows(refused.append)), refused


@pytest.mark.parametrize(("encoding", "found"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("cp932", "cp932")])
def test_rule_61_encodings_are_found_out(tmp_path: Path, encoding: str, found: str) -> None:
    path = written(tmp_path, "番号,氏名\r\n0901,髙橋①～\r\n", encoding)
    table = open_table(path)
    assert (table.encoding, table.header) == (found, ("番号", "氏名"))
    assert list(table.rows(pytest.fail)) == [(2, ["0901", "髙橋①～"])]


def test_an_encoding_that_is_named_wins(tmp_path: Path) -> None:
    path = written(tmp_path, "é\nü\n", "latin-1")
    assert rows_of(path, Shape(encoding="latin-1")) == ([(2, ["ü"])], [])
    with pytest.raises(BadFile, match="unknown encoding"):
        open_table(path, Shape(encoding="klingon"))


def test_an_encoding_that_does_not_fit_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="line 1 is not text in utf-8"):
        open_table(written(tmp_path, "番号,氏名\n0901,髙橋\n0902,abc\n", "cp932"), Shape(encoding="utf-8"))
    found, refused = rows_of(written(tmp_path, "no,name\n0901,髙橋\n0902,abc\n", "cp932"), Shape(encoding="utf-8"))
    assert found == [(3, ["0902", "abc"])]
    assert [(each.row, each.code) for each in refused] == [(2, "undecodable")]


def test_a_repeated_header_gets_a_number(tmp_path: Path) -> None:
    assert open_table(written(tmp_path, "送料,品名, 送料 \n")).header == ("送料", "品名", "送料#2")


def test_gzip_tabs_semicolons_and_blanks(tmp_path: Path) -> None:
    zipped = tmp_path / "a.csv.gz"
    zipped.write_bytes(gzip.compress(b"a,b\n01,2\n"))
    assert rows_of(zipped) == ([(2, ["01", "2"])], [])
    assert rows_of(written(tmp_path, "a\tb\n1\t2\n")) == ([(2, ["1", "2"])], [])
    assert rows_of(written(tmp_path, "a;b\n1;2\n")) == ([(2, ["1", "2"])], [])
    blanks = Shape(delimiter="whitespace", header=("x", "y"))
    assert rows_of(written(tmp_path, " 01   2 \n\n 3 4\n"), blanks) == ([(1, ["01", "2"]), (3, ["3", "4"])], [])


def test_broken_rows_are_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1,2\n3\n4,5,6\n,\n\n7,8\n")
    rows, refused = rows_of(path)
    assert rows == [(2, ["1", "2"]), (7, ["7", "8"])]
    assert [(r.row, r.code) for r in refused] == [(3, "wrong_columns"), (4, "wrong_columns")]


def test_a_stray_quotation_mark_costs_one_row(tmp_path: Path) -> None:
    path = written(tmp_path, 'a,b\n1,"two\n3,4\n5,"six\nwith a line of its own"\n7,8\n')
    rows, refused = rows_of(path)
    assert [(r.row, r.cells, r.code) for r in refused] == [(2, ("1", '"two'), "wrong_columns")]
    assert rows == [(3, ["3", "4"]), (4, ["5", "six\nwith a line of its own"]), (5, ["7", "8"])]


def test_a_quotation_mark_that_never_closes_costs_one_row(tmp_path: Path) -> None:
    many = "".join(f"{i},x\n" for i in range(60_000))
    rows, refused = rows_of(written(tmp_path, 'a,b\n0,"open\n' + many))
    assert len(rows) == 60_000
    assert [(r.row, r.code) for r in refused] == [(2, "wrong_columns")]


def test_bytes_that_are_no_text_are_refused_and_written_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("番号,氏名\n1,高橋\n2,".encode("cp932") + b"\x81\xff\xfe" + "\n3,渡辺\n".encode("cp932"))
    table = open_table(path, Shape(encoding="cp932"))
    with RefusedRows(tmp_path / "refused.csv", table) as refused:
        rows = list(table.rows(refused))
    assert [number for number, _ in rows] == [2, 4]
    assert refused.reasons == {"undecodable": 1}
    body = (tmp_path / "refused.csv").read_bytes()
    assert body.startswith("番号,氏名,row,reason,words".encode("cp932"))
    assert b"2,\x81\xff\xfe,3,undecodable," in body


def test_refused_rows_can_be_read_again_and_are_not_written_twice(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "番号,氏名\n1,高橋\n", "utf-8-sig"))
    one, two = (Refused(n, (str(n), "髙橋"), "bad_cell", "“x” is not a number") for n in (2, 3))
    with RefusedRows(tmp_path / "refused.csv", table) as refused:
        refused(one)
    with RefusedRows(tmp_path / "refused.csv", table, keep=True) as refused:
        refused(one)
        refused(two)
        assert refused.count == 2
    again = open_table(tmp_path / "refused.csv")
    assert again.header == ("番号", "氏名", "row", "reason", "words")
    assert [cells[:3] for _, cells in again.rows(pytest.fail)] == [["2", "髙橋", "2"], ["3", "髙橋", "3"]]


def test_an_excel_sheet_keeps_zeros_dates_and_row_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write_row(1, 0, ["番号", "日時", "金額", "数量"])
        sheet.write_string(2, 0, "0000000012")
        sheet.write_datetime(2, 1, datetime(2025, 4, 1, 9, 5), day)
        sheet.write_number(2, 2, 4_900_000_000_017)
        sheet.write_number(2, 3, 1.5)
    table = open_table(path)
    assert table.header == ("番号", "日時", "金額", "数量")
    assert list(table.rows(pytest.fail)) == [(3, ["0000000012", "2025-04-01T09:05:00", "4900000000017", "1.5"])]


def test_what_is_no_table_is_said(tmp_path: Path) -> None:
    for name, content in (("a.csv", b""), ("a.xlsx", b"no workbook"), ("b.csv.gz", b"\x1f\x8bbroken")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadFile, match=name):
            open_table(tmp_path / name)
    with pytest.raises(BadFile, match="missing"):
        open_table(tmp_path / "missing.csv")


def test_a_cell_may_hold_whatever_csv_can_carry(tmp_path: Path) -> None:
    cells = ['say "hi"', "a,b", "line\nbreak", "𠮷野家", ""]
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([list("abcde"), cells])
    assert rows_of(path) == ([(2, cells)], [])
