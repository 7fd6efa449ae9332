"""Where the data of the tests stand."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
SPECS = DATA / "specs"
CORPUS = SPECS / "corpus"
TRACES = DATA / "traces"
"""Golden traces, some with their stories."""
GALLERY = ROOT / "traces" / "gallery"
RECORDED = ROOT / "traces" / "recorded"
