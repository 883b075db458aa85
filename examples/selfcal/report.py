"""What came of it, in words and pictures."""

import numpy as np

NAMES = {"calibrator": "calibrator only", "wsclean": "seeded by WSClean", "ours": "seeded by nvss-predict"}
COLOURS = {"calibrator": "#b5651d", "wsclean": "#7a4fa3", "ours": "#00797a"}


def line(name, number, r):
    """One round."""
    gains = (f"{name:<18} round {number} ({r['calmode']:>2} {r['solint']:>5}, {r['model']}): phase {r['phase_deg']:.2f} deg "
            f"(with shift {r['phase_all_deg']:.2f}, {r['shift_arcsec']:.2f} arcsec), amplitude {100 * r['amplitude']:.1f} %, "
            f"scale {r['flux_scale']:.3f}, failed {100 * r['failed']:.0f} %, SNR {r['snr']:.0f}")  # fmt: skip
    if "rms" not in r:
        return gains
    return (f"{gains}; rms {1e3 * r['rms']:.2f} mJy, artefacts {1e3 * r['artefacts']:.3f} mJy, "
            f"dynamic range {r['dynamic_range']:.0f}, over artefacts {r['artefact_range']:.0f}")  # fmt: skip


def table(result):
    """The last rounds, as the table of docs/selfcal.md."""
    lines = ["| run | phase [deg] | with the shift [deg] | amplitude [%] | failed [%] | SNR | rms [mJy/beam] | of it artefacts | dynamic range | over artefacts |",
             "|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, rounds in result["runs"].items():
        r = rounds[-1]
        lines.append(f"| {NAMES.get(name, name)} | {r['phase_deg']:.2f} | {r['phase_all_deg']:.2f} | {100 * r['amplitude']:.1f} | "
                     f"{100 * r['failed']:.0f} | {r['snr']:.0f} | {1e3 * r['rms']:.2f} | {1e3 * r['artefacts']:.2f} | {r['dynamic_range']:.0f} | {r['artefact_range']:.0f} |")  # fmt: skip
    for name in ("before", "true gains"):
        r = result[name]
        lines.append(f"| {name} | | | | | | {1e3 * r['rms']:.2f} | | {r['dynamic_range']:.0f} | |")
    return "\n".join(lines)


def pictures(out, folder, result, solutions, gains):
    """selfcal_images.png, selfcal_gains.png and selfcal_rounds.png in the folder `out`."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shown = {
        "images": images(plt, folder, result),
        "gains": recovered(plt, solutions, gains),
        "rounds": by_round(plt, result),
    }
    for name, figure in shown.items():
        figure.savefig(out / f"selfcal_{name}.png", dpi=80)


def images(plt, folder, result):
    """Half a degree about the brightest source, before and after, at the true scale of flux densities."""
    from astropy.io import fits

    panels = {"before": ("before", result["before"])}
    panels |= {NAMES[name]: (f"{name}3", result["runs"][name][-1]) for name in NAMES}
    figure, axes = plt.subplots(2, 2, figsize=(10, 10.4), layout="constrained")
    centre = None
    for axis, (title, (file, worth)) in zip(axes.flat, reversed(panels.items())):
        with fits.open(folder / f"{file}-image.fits") as hdus:
            plane, scale = hdus[0].data.squeeze(), abs(hdus[0].header["CDELT1"]) * 60
        if centre is None:
            # Where ours has it: the gains of the picture before scatter the source.
            centre = np.unravel_index(plane.argmax(), plane.shape)
        half = int(15 / scale)
        y, x = (int(np.clip(c, half, n - half)) for c, n in zip(centre, plane.shape))
        cut = plane[y - half : y + half, x - half : x + half] * 1e3 * worth.get("flux_scale", 1.0)
        shown = axis.imshow(cut, origin="lower", cmap="inferno", vmin=-4e3 * noise(result), vmax=12e3 * noise(result),
                            extent=[half * scale, -half * scale, -half * scale, half * scale])  # fmt: skip
        axis.set(title=f"{title}: rms {1e3 * worth['rms']:.2f} mJy/beam", xlabel="east [arcmin]", ylabel="north [arcmin]")
    figure.colorbar(shown, ax=axes, label="mJy/beam", shrink=0.6)
    return figure


def noise(result):
    """The rms [Jy/beam] that the true gains leave."""
    return result["true gains"]["rms"]


def recovered(plt, solutions, gains):
    """Gains found against true ones (XX, the middle of the scan), and the errors."""
    figure, axes = plt.subplots(2, 2, figsize=(10, 8), layout="constrained")
    middle = len(gains) // 2
    for name, found in solutions.items():
        if name not in NAMES:
            continue
        ratio = np.where(found.flagged, 1, found.gain)[middle, :, 0] / gains[middle, :, 0]
        common = np.exp(1j * np.angle((ratio / np.abs(ratio)).mean()))
        true = gains[middle, :, 0] * common
        # The turn nearest to the truth.
        error = np.degrees(np.angle(ratio / common))
        phase = np.degrees(np.angle(gains[middle, :, 0]))
        style = {"color": COLOURS[name], "label": NAMES[name], "s": 14}
        scale = np.median(np.abs(ratio))
        axes[0, 0].scatter(phase, phase + error, **style)
        axes[1, 0].scatter(phase, error, **style)
        axes[0, 1].scatter(np.abs(true), np.abs(ratio * true) / scale, **style)
        axes[1, 1].scatter(np.abs(true), 100 * (np.abs(ratio) / scale - 1), **style)
    for axis, limits in ((axes[0, 0], (-110, 110)), (axes[0, 1], (0.6, 1.4))):
        axis.plot(limits, limits, color="0.6", lw=0.8, zorder=0)
    for axis in axes[1]:
        axis.axhline(0, color="0.6", lw=0.8, zorder=0)
    axes[0, 0].set(ylabel="phase found [deg]")
    axes[1, 0].set(xlabel="true phase [deg]", ylabel="found - true [deg]")
    axes[0, 1].set(ylabel="amplitude found")
    axes[1, 1].set(xlabel="true amplitude", ylabel="found / true - 1 [%]")
    axes[0, 0].legend(frameon=False)
    return figure


def by_round(plt, result):
    """Errors, SNR and dynamic range after each round."""
    figure, axes = plt.subplots(2, 2, figsize=(10, 7), layout="constrained", sharex=True)
    kinds = [("phase_deg", 1, "gain-phase error [deg]"), ("amplitude", 100, "gain-amplitude error [%]"),
             ("snr", 1, "median SNR of a solution"), ("artefact_range", 1, "dynamic range over artefacts")]  # fmt: skip
    for axis, (key, unit, label) in zip(axes.flat, kinds):
        for name in NAMES:
            values = [unit * r[key] for r in result["runs"][name]]
            axis.plot(range(1, len(values) + 1), values, "o-", color=COLOURS[name], label=NAMES[name])
        axis.set(ylabel=label, xticks=[1, 2, 3])
        axis.set_ylim(bottom=0)
    axes[0, 0].legend(frameon=False)
    for axis in axes[1]:
        axis.set_xlabel("round")
    return figure
