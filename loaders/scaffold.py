"""Writes what dbt needs to know of the catalogue.

scripts/scaffold              sources.yml, the catalogue's seed, the README's table: generated, never edited
scripts/scaffold --check      exit code 1 and a diff if those are not what the catalogue says
scripts/scaffold BOALF FREQ   first drafts of a dataset's models; what exists is left as it is
"""

import difflib
from pathlib import Path

import click

from loaders.catalogue import CatalogueError, Dataset, load_catalogue
from loaders.scaffold_models import channels, staging_sql, unified_sql, unified_yml
from loaders.scaffold_seed import catalogue_csv
from loaders.scaffold_sources import sources_yml

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- datasets:begin -->", "<!-- datasets:end -->"


@click.command(context_settings={"help_option_names": ["-h", "--help"]}, help=__doc__.replace("\n\n", "\n\n\b\n"))
@click.argument("names", metavar="[DATASET]...", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; fail with a diff if something is out of step.")
def main(names: tuple[str, ...], check: bool) -> None:
    try:
        catalogue = load_catalogue()
    except CatalogueError as error:
        raise click.ClickException(str(error)) from None
    unknown = [name for name in names if name.upper() not in catalogue]
    if unknown:
        raise click.UsageError(f"not in the catalogue: {', '.join(unknown)}; write loaders/datasets/NAME.yml first")
    for name in names:
        draft_models(ROOT, catalogue[name.upper()])
    stale = refresh(ROOT, catalogue, write=not check)
    if check and stale:
        click.echo(stale, nl=False)
        raise click.ClickException("out of step with loaders/datasets: run scripts/scaffold and commit what it wrote")


def draft_models(root: Path, entry: Dataset) -> None:
    """Writes the models of a dataset that do not exist yet."""
    models = root / "dbt_project" / "models"
    drafts = {
        models / "staging" / name / f"stg_{name}__{entry.table}.sql": staging_sql(entry, name)
        for name in channels(entry)
    }
    if entry.group != "reference":  # registers are told by their own models, with history
        unified = models / "unified" / f"bmrs_{entry.table}_unified"
        drafts |= {unified.with_suffix(".sql"): unified_sql(entry), unified.with_suffix(".yml"): unified_yml(entry)}
    for path, text in drafts.items():
        if path.exists():
            click.echo(f"kept   {path.relative_to(root)}: it exists, and it wins")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            click.echo(f"wrote  {path.relative_to(root)}")


def refresh(root: Path, catalogue: dict[str, Dataset], write: bool) -> str:
    """Brings the generated files in step with the catalogue, and returns what was different."""
    sources = root / "dbt_project" / "models" / "staging" / "sources.yml"
    seed = root / "dbt_project" / "seeds" / "dataset_catalogue.csv"
    wanted = {sources: sources_yml(catalogue), seed: catalogue_csv(catalogue)}
    readme = root / "README.md"
    if readme.exists() and BEGIN in readme.read_text():
        wanted[readme] = with_table(readme.read_text(), dataset_table(root, catalogue))
    changes = ""
    for path, text in wanted.items():
        there = path.read_text() if path.exists() else ""
        name = str(path.relative_to(root))
        lines = difflib.unified_diff(there.splitlines(True), text.splitlines(True), name, f"{name} (as it should be)")
        changes += "".join(lines)
        if write and there != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            click.echo(f"wrote  {name}")
    return changes


def with_table(readme: str, table: str) -> str:
    """The README with the table between its two marks."""
    before, rest = readme.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    return f"{before}{BEGIN}\n{table}{END}{after}"


def dataset_table(root: Path, catalogue: dict[str, Dataset]) -> str:
    """Every dataset, what it is, how it comes and what to query."""
    unified = root / "dbt_project" / "models" / "unified"
    lines = ["| Dataset | What | REST | IRIS | Query |", "|---|---|---|---|---|"]
    for entry in catalogue.values():
        model = f"bmrs_{entry.table}_unified"
        query = f"`{model}`" if (unified / f"{model}.sql").exists() else ""
        rest, iris = ("yes" if channel else "" for channel in (entry.rest, entry.iris))
        lines.append(f"| [{entry.dataset}]({entry.page}) | {entry.title} | {rest} | {iris} | {query} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
