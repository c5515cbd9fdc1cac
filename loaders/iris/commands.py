"""``gb-power iris ...``"""

import click


@click.group()
def iris() -> None:
    """Real-time messages (IRIS): receive, land, backfill, check."""
