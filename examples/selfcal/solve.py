"""Gains, by CASA: solved for on one MeasurementSet, applied to another that differs in nothing but its phase centre."""

import shutil
from dataclasses import dataclass

import numpy as np

REFERENCE = 0  # antenna
WAVELENGTH = 0.2133  # [m] in the middle of the band


@dataclass
class Solutions:
    """What gaincal found, [time, antenna, corr]."""

    gain: np.ndarray
    snr: np.ndarray
    flagged: np.ndarray


def gaincal(ms, table, mode, solint):
    """Solves MODEL_DATA against DATA from nothing; `mode` is "p" or "ap". Runs in CASA's process."""
    from casatasks import gaincal as task

    shutil.rmtree(table, ignore_errors=True)
    # Fields change at every integration: an interval may hold several of them.
    task(vis=ms, caltable=table, solint=solint, combine="field,scan", refant=str(REFERENCE), refantmode="strict",
         gaintype="G", calmode=mode, minsnr=3.0, minblperant=4)  # fmt: skip


def applycal(ms, table):
    """DATA through the solutions into CORRECTED_DATA. Runs in CASA's process."""
    from casatasks import applycal as task

    task(vis=ms, gaintable=[table], interp=["linear"], applymode="calonly", flagbackup=False)


def read(table, times, antennas):
    """The solutions at each of the integrations [s], the nearest in time as they stand."""
    from casacore.tables import table as open_table

    with open_table(table, ack=False) as main:
        time, antenna = main.getcol("TIME"), main.getcol("ANTENNA1")
        gain, snr, flag = (main.getcol(name)[:, 0, :] for name in ("CPARAM", "SNR", "FLAG"))
    shape = (len(times), antennas, gain.shape[1])
    out = Solutions(np.ones(shape, complex), np.zeros(shape), np.ones(shape, bool))
    for ant in range(antennas):
        rows = np.flatnonzero(antenna == ant)
        if len(rows):
            nearest = rows[np.abs(times[:, None] - time[rows]).argmin(axis=1)]
            out.gain[:, ant], out.snr[:, ant], out.flagged[:, ant] = gain[nearest], snr[nearest], flag[nearest]
    return out


def errors(solutions, truth, positions):
    """How far solutions are from the gains: rms phase [deg], rms amplitude (relative), share that failed, median SNR.

    The phase that all antennas have in common and the scale of all amplitudes are taken out: no interferometer sees the one, and the
    other is the scale of flux densities, told apart. A phase that grows evenly over the array (`positions` [antenna, xyz]) only moves the
    image: `phase_deg` is without it, `phase_all_deg` with it, `shift_arcsec` how far it moves. What was not solved for counts with the
    error of no calibration.
    """
    ratio = np.where(solutions.flagged, 1.0, solutions.gain) / truth
    phase = np.angle(ratio / np.exp(1j * np.angle((ratio / np.abs(ratio)).mean(axis=1, keepdims=True))))
    phase -= phase.mean(axis=1, keepdims=True)
    # The array is nearly flat: along its two longest axes.
    offsets = positions - positions.mean(axis=0)
    offsets = offsets @ np.linalg.svd(offsets, full_matrices=False)[2][:2].T
    gradient = np.linalg.lstsq(offsets, phase.mean(axis=(0, 2)))[0]
    straight = phase - (offsets @ gradient)[None, :, None]
    amplitude = np.abs(ratio)
    scale = np.median(amplitude)
    solved = ~solutions.flagged
    return {
        "phase_deg": float(np.degrees(straight.std())),
        "phase_all_deg": float(np.degrees(phase.std())),
        "shift_arcsec": float(np.degrees(np.linalg.norm(gradient) * WAVELENGTH / (2 * np.pi)) * 3600),
        "amplitude": float(np.sqrt(np.mean((amplitude / scale - 1) ** 2))),
        "flux_scale": float(scale**2),
        "failed": float(1 - solved.mean()),
        "snr": float(np.median(solutions.snr[solved])) if solved.any() else 0.0,
    }
