"""What stops a command that lands messages."""

from contextlib import AbstractContextManager

from loaders.stopped import stopped_plainly


def landing_messages(command: str) -> AbstractContextManager[None]:
    """Runs the body of ``gb-power iris COMMAND``."""
    from loaders.iris.spool import SpoolCorrupt, SpoolUnavailable
    from loaders.landing import CannotLand

    then = "What had not landed is where it was; run the same command again when that is mended"
    return stopped_plainly(f"iris {command}", CannotLand, SpoolUnavailable, SpoolCorrupt, then=then)
