"""Nothing is long, counted in lines that say something: above that there is a concept without a name.

Staging is left out, which is one column a line, and so are tests, which tell a story.
"""

import ast
import re

import pytest

from loaders.tests.warehouse import ROOT

MODELS = [path for path in (ROOT / "dbt_project" / "models").rglob("*.sql") if "staging" not in path.parts]
MODULES = [path for path in (ROOT / "loaders").rglob("*.py") if "tests" not in path.parts]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_models_are_short(path):
    said = re.findall(r"^ *(?!--)[^\s].*$", path.read_text(), re.MULTILINE)
    assert len(said) <= (40 if path.parent.name == "unified" else 100)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_functions_have_thirty_lines_at_most_and_modules_250(path):
    text = path.read_text()
    said = {number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*[^\s#]", line)}
    nodes = list(ast.walk(ast.parse(text)))
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            said -= lines(node)  # a docstring
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [node.name for node in functions if len(said & lines(node)) > 30] == []
    assert len(said) <= 250


def lines(node: ast.stmt) -> set[int]:
    """The numbers of the lines that a node is in."""
    assert node.end_lineno
    return set(range(node.lineno, node.end_lineno + 1))
