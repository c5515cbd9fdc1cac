"""The way to Google Sheets: the real gspread with a service account's token, against the stand-in."""

import pytest
import requests
from gspread.exceptions import APIError

from loaders.config import ConfigError
from loaders.publish.google import TRIES, CannotPublish, open_sheet
from loaders.publish.settings import SheetsSettings
from loaders.tests.stand_ins.sheets import MAIL, SHEET_ID, SheetsStandIn

ROWS = {"valueInputOption": "RAW", "data": [{"range": "'Sheet1'!A1:B1", "values": [["=1+1", 2]]}]}


@pytest.fixture
def google():
    with SheetsStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def settings(google, tmp_path) -> SheetsSettings:
    return SheetsSettings(SHEET_ID, google.key_file(tmp_path), google.url)


@pytest.fixture
def sheet(settings):
    opened = open_sheet(settings)
    opened.client.slept = []
    opened.client.sleep = opened.client.slept.append
    return opened


def test_a_token_is_fetched_with_the_key_and_rows_are_written(google, sheet):
    sheet.values_batch_update(ROWS)
    assert google.book.values("Sheet1") == [["=1+1", 2]]
    assert google.tokens == 1


def test_quota_and_outages_are_waited_out(google, sheet):
    google.failures = [429, 503, 500]
    sheet.values_batch_update(ROWS)
    slept = sheet.client.slept
    assert slept[0] == 1, "as long as Retry-After says"
    assert 2 <= slept[1] <= 3
    assert 4 <= slept[2] <= 5
    assert google.book.values("Sheet1") == [["=1+1", 2]]


def test_an_outage_that_does_not_end_is_an_error(google, sheet):
    google.failures = [503] * TRIES
    with pytest.raises(APIError):
        sheet.values_batch_update(ROWS)
    assert len(sheet.client.slept) == TRIES - 1
    assert google.book.values("Sheet1") == []


def test_what_no_try_can_change_is_not_tried_again(google, sheet):
    with pytest.raises(APIError, match="exceeds grid limits"):
        sheet.values_batch_update(ROWS | {"data": [{"range": "'Sheet1'!A1001:B1001", "values": [[1, 2]]}]})
    assert sheet.client.slept == []


def test_a_broken_connection_is_tried_again(google, sheet, monkeypatch):
    http, real, broken = sheet.client, sheet.client.session.request, []

    def breaks_once(**arguments):
        if not broken:
            broken.append(True)
            raise requests.ConnectionError("reset by peer")
        return real(**arguments)

    monkeypatch.setattr(http.session, "request", breaks_once)
    sheet.values_batch_update(ROWS)
    assert google.book.values("Sheet1") == [["=1+1", 2]]


def test_a_sheet_that_is_not_shared_says_with_whom_to_share_it(google, settings):
    google.is_shared = False
    with pytest.raises(CannotPublish, match=MAIL):
        open_sheet(settings)


def test_a_wrong_id_says_where_to_find_the_right_one(settings):
    with pytest.raises(CannotPublish, match="between /d/ and /edit"):
        open_sheet(SheetsSettings("another", settings.key_file, settings.endpoint))


@pytest.mark.parametrize(("content", "message"), [(None, "cannot read"), ("{}", "not a service account's key file")])
def test_a_key_file_that_cannot_be_used_is_named(settings, tmp_path, content, message):
    key = tmp_path / "key.json"
    if content is not None:
        key.write_text(content)
    with pytest.raises(ConfigError, match=message) as refused:
        open_sheet(SheetsSettings(SHEET_ID, key, settings.endpoint))
    assert str(key) in str(refused.value)
