"""The compiled part: what the functions of the package call. Not an interface of its own."""

from typing import Any, Optional, Protocol

import numpy as np
import numpy.typing as npt

__version__: str
DEMO_CATALOGUE: str

class Watch(Protocol):
    def warning(self, text: str, /) -> None: ...
    def planned(self, text: str, /) -> None: ...
    def progress(self, rows: int, of: int, bytes: int, /) -> None: ...

def prediction_options() -> list[tuple[str, bool, bool]]: ...
def image_options() -> list[tuple[str, bool, bool]]: ...
def predict(
    words: list[str], arguments: str, held: Optional[str], watch: Watch, images: bool = False
) -> tuple[str, str]: ...
def wait_for_background(limit: float) -> int: ...
def query(words: list[str]) -> str: ...
def status(ms: str, column: str, wait: float) -> str: ...
def make_demo_ms(
    path: str, antennas: int, times: int, windows: int, channels: int
) -> tuple[int, list[tuple[float, float]]]: ...
def visibilities(
    uvw: npt.NDArray[np.float64],
    freq: npt.NDArray[np.float64],
    lmn: npt.NDArray[np.float64],
    spectra: npt.NDArray[Any],
    gaussians: Optional[npt.NDArray[np.float64]],
    correlations: list[int],
    engine_name: str,
    epsilon: float,
    threads: Optional[int],
    out: npt.NDArray[Any],
) -> None: ...
