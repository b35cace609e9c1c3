"""Holds `cudenza features` to librosa in double precision: sounds of every sample type, loud, quiet and beyond full scale, mono
and stereo, at their own rate and resampled. Within 60 dB of a clip's maximum no mel value may differ by more than 1e-3 dB.

The resampler is soxr's HQ, as librosa's, but librosa's computes in single precision within, also for doubles: its noise shows
where the filter takes away what was loud ("hard"). So we are held to the same filter in double precision. Below each way stands
what is not ours: how far that is from librosa's, and from soxr's VHQ, which cuts off later and deeper.

    python3 tests/peers/exact_sound.py [--program build/bin/cudenza] [--audio FOLDER] [--seconds 5] [--ways 48000-22050,…] [--all]

Without --audio the sounds are synthetic; with it one clip of each of its folders is taken too. --all prints every file.
"""
import argparse
import ctypes
import ctypes.util
import pathlib
import subprocess
import sys
import tempfile

import h5py
import librosa
import numpy as np
import soundfile
import soxr

BOUND = 1e-3  # dB
RATE = 22050
TYPES = {"u8": ("WAV", "PCM_U8"), "s16": ("WAV", "PCM_16"), "s24": ("WAV", "PCM_24"), "s32": ("WAV", "PCM_32"),
         "f32": ("WAV", "FLOAT"), "f64": ("WAV", "DOUBLE"), "alaw": ("WAV", "ALAW"), "ulaw": ("WAV", "ULAW"),
         "flac16": ("FLAC", "PCM_16"), "flac24": ("FLAC", "PCM_24"), "ogg": ("OGG", "VORBIS"), "mp3": ("MP3", "MPEG_LAYER_III")}
LEVELS = {"0": 0.95, "-60": 0.95e-3, "-90": 0.95 * 10**-4.5, "+6": 1.9}
# Rates of files and of spectrograms.
WAYS = [(22050, 22050), (22050, 44100), (44100, 22050), (48000, 22050), (8000, 22050), (48000, 44100)]


def tunes(rate, seconds):
    """Left and right [samples, 2] by name, in -1 to 1."""
    t = np.arange(int(rate * seconds) + 137) / rate  # no round length
    random = np.random.default_rng(1)
    sweep = np.sin(2 * np.pi * 20 * seconds / np.log(rate / 50) * ((rate / 50) ** (t / seconds) - 1))
    chord = sum(np.sin(2 * np.pi * f * t + f) / f for f in (55, 440, 660.1, 1320, 0.23 * rate, 0.4 * rate)) * 40
    beats = random.standard_normal(t.size) * np.exp(-((t * 4) % 1) * 12)
    yield "sweep", np.stack([sweep, np.roll(sweep, 7)], 1)
    yield "music", np.stack([chord + 0.3 * beats, 0.7 * chord - 0.3 * np.roll(beats, 900)], 1)
    # Quiet and low beside loud and high: here the rounding of a transform is seen first.
    yield "hard", np.stack([np.sin(2 * np.pi * 0.41 * rate * t), 3e-3 * np.sin(2 * np.pi * 200 * t) + 0.01], 1)


def clips(folder, rate, seconds):
    for genre in sorted(path for path in folder.iterdir() if path.is_dir()):
        path = sorted(p for p in genre.iterdir() if p.suffix in (".wav", ".flac"))[0]
        x, own = soundfile.read(path, dtype="float64", always_2d=True, frames=int(seconds * 48000))
        left = soxr.resample(x[:, 0], own, rate, "VHQ") if own != rate else x[:, 0]
        left = left[:int(seconds * rate)]
        yield path.stem, np.stack([left, np.roll(left, 50) * 0.6], 1)


def write_all(folder, rate, sounds):
    for name, both in sounds:
        both = both / np.abs(both).max()
        for level, gain in LEVELS.items():
            for channels in (1, 2):
                x = gain * (both[:, 0] if channels == 1 else both)
                for kind, (container, subtype) in TYPES.items():
                    path = folder / f"{name}_{level}_{channels}_{kind}.{container.lower()}"
                    # Piece by piece: some versions' Vorbis encoder overflows its stack on long ones.
                    with soundfile.SoundFile(path, "w", rate, channels, subtype, format=container) as file:
                        for begin in range(0, len(x), 4096):
                            file.write(x[begin:begin + 4096])


class IoSpec(ctypes.Structure):
    _fields_ = [("itype", ctypes.c_int), ("otype", ctypes.c_int), ("scale", ctypes.c_double), ("e", ctypes.c_void_p),
                ("flags", ctypes.c_ulong)]


class QualitySpec(ctypes.Structure):
    _fields_ = [("precision", ctypes.c_double), ("phase", ctypes.c_double), ("passband_end", ctypes.c_double),
                ("stopband_begin", ctypes.c_double), ("e", ctypes.c_void_p), ("flags", ctypes.c_ulong)]


def soxr_in_doubles(x, own, rate):
    """soxr's HQ in double precision, which its Python package does not offer."""
    library = ctypes.CDLL(ctypes.util.find_library("soxr"))
    library.soxr_io_spec.restype, library.soxr_quality_spec.restype = IoSpec, QualitySpec
    float64, hq, double_precision = 1, ctypes.c_ulong(4), ctypes.c_ulong(16)
    io, quality = library.soxr_io_spec(float64, float64), library.soxr_quality_spec(hq, double_precision)
    x = np.ascontiguousarray(x)
    y = np.zeros(-(-len(x) * rate // own))  # as long as librosa's
    done = ctypes.c_size_t()
    at = lambda a: a.ctypes.data_as(ctypes.c_void_p)
    error = library.soxr_oneshot(ctypes.c_double(own), ctypes.c_double(rate), 1, at(x), ctypes.c_size_t(len(x)), None, at(y),
                                 ctypes.c_size_t(len(y)), ctypes.byref(done), ctypes.byref(io), ctypes.byref(quality), None)
    assert not error
    return y


def decibels(path, rate, standardise, quality):
    """As librosa makes them, in double precision from the file on. `quality`: "double", or one of librosa's."""
    x, own = soundfile.read(path, dtype="float64", always_2d=True)
    x = x.mean(axis=1)
    if own != rate and quality == "double":
        x = soxr_in_doubles(x, own, rate)
    elif own != rate:
        x = librosa.resample(x, orig_sr=own, target_sr=rate, res_type=quality)
    if standardise:
        deviation = x.std(ddof=1)
        x = (x - x.mean()) / deviation if deviation > 0 else np.zeros_like(x)
    power = librosa.feature.melspectrogram(y=x, sr=rate, n_fft=2048, hop_length=512, n_mels=128, pad_mode="reflect",
                                           dtype=np.float64)
    return librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=80.0)


def largest(got, expected):
    loud = expected >= expected.max() - 60
    return np.abs(got - expected)[loud].max()


def held(program, folder, rate, standardise, says_all):
    """The largest difference by type of sample, and of other resamplers from soxr's HQ in doubles, by sound."""
    out = folder.parent / "features.h5"
    options = ["--standardise"] if standardise else []
    subprocess.run([program, "features", folder, "--sample-rate", str(rate), "--no-cache", "--normalize", "none", "--out", out,
                    "--quiet", *options], check=True, stderr=subprocess.DEVNULL)
    worst, others = {}, {}
    with h5py.File(out) as file:
        for path in sorted(folder.iterdir()):
            names = [name for name in (path.stem, path.name) if name in file]
            got, expected = file[f"{names[0]}/mel_db"][()], decibels(path, rate, standardise, "double")
            assert got.shape == expected.shape, (path, got.shape, expected.shape)
            difference = largest(got, expected)
            kind = path.stem.rsplit("_", 1)[1]
            worst[kind] = max(worst.get(kind, (0, "")), (difference, path.name))
            if kind == "f64" and soundfile.info(path).samplerate != rate:
                for quality in ("soxr_hq", "soxr_vhq"):
                    by = largest(decibels(path, rate, standardise, quality), expected)
                    which = (quality, path.stem.split("_")[0])
                    others[which] = max(others.get(which, 0), by)
            if says_all:
                print(f"  {path.name:40} {difference:.1e}")
    return worst, others


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default="build/bin/cudenza")
    parser.add_argument("--audio", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--ways", default=",".join(f"{own}-{rate}" for own, rate in WAYS),
                        help="rates of files and of spectrograms")
    args = parser.parse_args()
    print(f"{'Hz':16}", *(f"{kind:>8}" for kind in TYPES), "  dB at most")
    failed = []
    for own, rate in [map(int, way.split("-")) for way in args.ways.split(",")]:
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch) / "sounds"
            folder.mkdir()
            write_all(folder, own, [*tunes(own, args.seconds), *(clips(args.audio, own, args.seconds) if args.audio else ())])
            for standardise in (False, True):
                worst, others = held(args.program, folder, rate, standardise, args.all)
                print(f"{own:>6}->{rate}{' std' if standardise else '':4}", *(f"{worst[kind][0]:8.1e}" for kind in TYPES),
                      flush=True)
                for (quality, sound), by in others.items():
                    print(f"{'':17}{quality} alone, {sound}: {by:.1e}", flush=True)
                failed += [f"{own}->{rate} {name}: {by:.2e} dB" for by, name in worst.values() if not by <= BOUND]
    print("\n".join(failed) if failed else f"all within {BOUND} dB")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
