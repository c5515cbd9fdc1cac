"""gspread with an endpoint that can be chosen and retries that end."""

import json
import random
import time
from pathlib import Path

import gspread
import requests
from google.auth.exceptions import GoogleAuthError

from loaders.config import ConfigError
from loaders.publish.exposures import CannotPublish
from loaders.publish.settings import SheetsSettings

GOOGLE = "https://sheets.googleapis.com"
SCOPES = ["https://www.googleapis.com/auth/spreadsheets"]  # no access to anything else in the account
TRIES = 6
LONGEST_WAIT = 64.0
TRANSIENT = {408, 429, 500, 502, 503, 504}


class Http(gspread.HTTPClient):
    """Tries again on 429 (after as long as Retry-After says), 5xx and broken connections, and on nothing else."""

    def __init__(self, auth, session: requests.Session | None = None):
        super().__init__(auth, session)
        self.set_timeout((10, 60))
        self.endpoint = GOOGLE
        self.sleep = time.sleep

    def request(self, method, endpoint, **arguments) -> requests.Response:
        """As gspread's, after which it is named."""
        url = endpoint.replace(GOOGLE, self.endpoint, 1)
        for tries in range(1, TRIES + 1):
            try:
                return super().request(method, url, **arguments)
            except gspread.exceptions.APIError as error:
                if error.response.status_code not in TRANSIENT or tries == TRIES:
                    raise
                said = error.response.headers.get("Retry-After", "")
            except (requests.ConnectionError, requests.Timeout):
                if tries == TRIES:
                    raise
                said = ""
            wait = float(said) if said.isdigit() else 2 ** (tries - 1) + random.random()
            self.sleep(min(LONGEST_WAIT, wait))
        raise AssertionError("unreachable: the last try returns or raises")


def open_sheet(settings: SheetsSettings) -> gspread.Spreadsheet:
    """The spreadsheet that the settings name.

    Raises:
        CannotPublish: the key file, the id or the permission is wrong, or Google does not answer.
    """
    mail = _client_email(settings.key_file)
    client = gspread.service_account(settings.key_file, scopes=SCOPES, http_client=Http)
    client.http_client.endpoint = settings.endpoint or GOOGLE
    try:
        return client.open_by_key(settings.sheet_id)
    except PermissionError:
        raise CannotPublish(f"Google refuses access to the sheet: share it with {mail} as an editor") from None
    except gspread.SpreadsheetNotFound:
        raise CannotPublish(
            f"there is no spreadsheet {settings.sheet_id!r}: SHEETS_ID is the part of its address between /d/ and /edit"
        ) from None
    except (gspread.exceptions.APIError, requests.RequestException, GoogleAuthError) as error:
        raise CannotPublish(f"Google Sheets: {error}") from None


def _client_email(key_file: Path) -> str:
    try:
        key = json.loads(key_file.read_text())
        return key["client_email"]
    except OSError as error:
        raise ConfigError(f"GOOGLE_APPLICATION_CREDENTIALS: cannot read {key_file}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise ConfigError(f"GOOGLE_APPLICATION_CREDENTIALS: {key_file} is not a service account's key file") from None
