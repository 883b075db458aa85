"""The parts of `examples/selfcal.py`: an observation with known gains, three ways to a model, one way of calibrating and imaging.

The independent sums, frames and beams are those that judge the product in `tests/oracles`.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "oracles"))
