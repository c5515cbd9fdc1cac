"""Messages out, through apprise: any channel that has a URL."""

import hashlib
import logging
from itertools import takewhile

import apprise
import requests

from loaders.alerts.settings import AlertSettings
from loaders.alerts.state import AlertState, Message
from loaders.config import ConfigError

BUNDLED_ABOVE = 5  # messages at a time, above which they go out together
BUNDLE = 10
PING_SECONDS = 10
KINDS = ("failure", "warning", "success", "info")  # the worst first

log = logging.getLogger(__name__)


def channels(settings: AlertSettings) -> dict[str, apprise.Apprise]:
    """By a name that is stable and tells no secret.

    Raises:
        ConfigError: a URL that no service answers to; it is not shown, since it holds the token.
    """
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would show parts of the URL
    found = {}
    for number, url in enumerate(settings.urls, 1):
        channel = apprise.Apprise()
        if not channel.add(url):
            scheme = url.split(":", 1)[0] if "://" in url else "no scheme"
            raise ConfigError(
                f"GB_POWER_ALERT_URLS: apprise does not understand URL {number} of {len(settings.urls)} ({scheme}); "
                "its services are at https://github.com/caronc/apprise/wiki, and URLs are separated by spaces"
            )
        found[f"{channel[0].service_name}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"] = channel
    return found


def send(state: AlertState, to: dict[str, apprise.Apprise]) -> dict[str, int]:
    """Sends what waits, each channel what it has not had; returns how many messages each did not take."""
    left = {}
    for name, channel in to.items():
        waiting = state.unsent(name)
        while waiting:
            some = _together(waiting)
            if not _notify(channel, some):
                left[name] = len(waiting)
                log.warning("%s did not take a message; %s wait for the next run", name, len(waiting))
                break
            state.sent(some, name)
            waiting = waiting[len(some) :]
    state.clean(to)
    return left


def _together(waiting: list[Message]) -> list[Message]:
    """The next to be sent: one, or where many wait some in one, which are all plain text."""
    if len(waiting) <= BUNDLED_ABOVE:
        return waiting[:1]
    return list(takewhile(lambda message: message.form == "text", waiting[:BUNDLE])) or waiting[:1]


def _notify(channel: apprise.Apprise, messages: list[Message]) -> bool:
    kind = min((message.kind for message in messages), key=KINDS.index)
    title, body = messages[0].title, messages[0].body
    if len(messages) > 1:
        title = f"{len(messages)} messages: {title} ..."
        body = "\n\n".join(f"{message.title}\n{message.body}" for message in messages)
    return bool(channel.notify(body=body, title=title, notify_type=kind, body_format=messages[0].form))


def ping(url: str) -> str | None:
    """Tells whoever waits for it that this run succeeded; returns what went wrong, without the URL, which is secret."""
    try:
        answer = requests.get(url, timeout=PING_SECONDS)
    except requests.RequestException as error:
        return type(error).__name__
    return None if answer.ok else f"HTTP {answer.status_code}"


def try_out(channel: apprise.Apprise) -> bool:
    """Whether a channel takes a message that says that it is one."""
    return _notify(channel, [Message("info", "gb-power alert --test", "This channel works.")])
