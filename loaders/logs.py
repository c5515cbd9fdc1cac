"""Where log lines go: to stderr, around a moving bar on a terminal, plain and dated elsewhere."""

import logging

import click
from rich.console import Console
from rich.logging import RichHandler

ERR = Console(stderr=True)
LEVELS = click.Choice(["debug", "info", "warning", "error"])
NOISY = {"dlt": logging.CRITICAL, "urllib3": logging.ERROR, "azure": logging.CRITICAL, "asyncio": logging.CRITICAL}


def log_to_stderr(level: str) -> None:
    """Begins to log, once for a process."""
    if ERR.is_terminal:
        logging.basicConfig(
            level=level.upper(), format="%(message)s", handlers=[RichHandler(console=ERR, show_path=False)]
        )
    else:
        logging.basicConfig(
            level=level.upper(), format="%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S"
        )
    for name, lowest in NOISY.items():  # what they have to say, our own lines say in plainer words
        logging.getLogger(name).setLevel(lowest)
