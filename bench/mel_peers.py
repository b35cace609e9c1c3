#!/usr/bin/env python3
"""Log-mel spectrograms beside librosa and torchaudio: the same clips, one core, taking turns.

    mel_peers.py AUDIO [--bench build/bin/cudenza_bench] [--clips 4] [--rounds 7]

AUDIO is a folder of *.flac or *.wav; clips are resampled to 44,100 Hz and cut to 30 s first, which is not timed. Prints a table
of clips a second (best and median of all tries) and the ratios of the bests: on a machine that others use, the best try is the
one that was least disturbed. A second table says where the time of our own goes, stage by stage (bench/mel_stages.cpp).
"""
import argparse
import json
import os
import pathlib
import subprocess
import statistics
import tempfile
import time

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import librosa
import numpy as np
import soundfile
import torch
import torchaudio

RATE, SAMPLES = 44100, 30 * 44100
torch.set_num_threads(1)


def load(folder, count):
    clips = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".flac", ".wav"))[:count]:
        x, rate = soundfile.read(path, dtype="float32", always_2d=True)
        x = librosa.resample(x.mean(axis=1), orig_sr=rate, target_sr=RATE)
        clips.append(np.resize(x, SAMPLES))
    return np.stack(clips).astype(np.float32)


def ours(bench, name, clips_file):
    command = [bench, f"--benchmark_filter=^mel/{name}/gpu:0", "--benchmark_format=json",
               "--benchmark_min_time=0.01", "--benchmark_repetitions=6"]
    environment = {**os.environ, "CUDENZA_BENCH_CLIPS": str(clips_file)}
    run = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    return [b["clips_per_s"] for b in json.loads(run.stdout)["benchmarks"] if b["run_type"] == "iteration"]


def timed(function, clips):
    rates = []
    for clip in clips:
        start = time.perf_counter()
        function(clip)
        rates.append(1 / (time.perf_counter() - start))
    return rates


def librosa_seed(x):
    power = librosa.feature.melspectrogram(y=x, sr=RATE, n_fft=2048, hop_length=512, n_mels=128)
    return librosa.power_to_db(power, amin=1e-10, top_db=80.0)


def stages(bench, rounds):
    """Milliseconds and arithmetic of each stage: the best of all tries."""
    command = [bench, "--benchmark_filter=^mel/stage/", "--benchmark_format=json", "--benchmark_min_time=0.05",
               f"--benchmark_repetitions={3 * rounds}"]
    run = subprocess.run(command, capture_output=True, check=True, text=True)
    best, flop = {}, {}
    for b in json.loads(run.stdout)["benchmarks"]:
        if b["run_type"] == "iteration":
            name = b["run_name"].split("/")[2]
            best[name] = min(best.get(name, b["real_time"]), b["real_time"])
            flop[name] = b["flop"]
    return best, flop


def print_stages(best, flop):
    inner = ("transform", "power", "filters", "decibels")
    best["reading"] = best["all"] - sum(best[name] for name in inner)
    flop["reading"] = flop["all"] - sum(flop[name] for name in inner)
    peak = flop["most_flop"] / best["most_flop"]
    words = {"reading": "reading, framing, window (what the others leave)", "transform": "Fourier transform", "power": "powers",
             "filters": "mel filters", "decibels": "decibels", "all": "**all of these**", "top_db": "top_db",
             "picture": "picture 224 x 224 x 3 (resize)"}
    print(f"\nMost this core can do, measured: {peak / 1e6:.0f} GFLOP/s\n")
    print("| stage | ms a clip | of all | GFLOP/s | of the most |\n|---|---|---|---|---|")
    for name, text in words.items():
        rate = flop[name] / best[name]
        print(f"| {text} | {best[name]:.2f} | {best[name] / best['all']:.0%} | {rate / 1e6:.0f} | {rate / peak:.0%} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("audio", type=pathlib.Path)
    parser.add_argument("--bench", default="build/bin/cudenza_bench")
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    clips = load(arguments.audio, arguments.clips)
    tensors = [torch.from_numpy(clip) for clip in clips]
    seed = torchaudio.transforms.MelSpectrogram(RATE, n_fft=2048, hop_length=512, n_mels=128, mel_scale="slaney", norm="slaney")
    default = torchaudio.transforms.MelSpectrogram(RATE, n_fft=400, hop_length=200, n_mels=128)
    top_db, no_top_db = (torchaudio.transforms.AmplitudeToDB("power", top_db=t) for t in (80.0, None))
    with tempfile.NamedTemporaryFile(suffix=".f32") as file:
        clips.tofile(file.name)
        contestants = {
            ("seed", "cudenza f32"): lambda: ours(arguments.bench, "seed/f32", file.name),
            ("seed", "cudenza i16"): lambda: ours(arguments.bench, "seed/i16", file.name),
            ("seed", f"torchaudio {torchaudio.__version__}"): lambda: timed(lambda x: top_db(seed(x)), tensors),
            ("seed", f"librosa {librosa.__version__}"): lambda: timed(librosa_seed, clips),
            ("torchaudio", "cudenza f32"): lambda: ours(arguments.bench, "torchaudio/f32", file.name),
            ("torchaudio", f"torchaudio {torchaudio.__version__}"): lambda: timed(lambda x: no_top_db(default(x)), tensors),
        }
        rates = {key: [] for key in contestants}
        for key, run in contestants.items():
            run()
        for _ in range(arguments.rounds):
            for key, run in contestants.items():
                rates[key] += run()
    print("| preset | program | clips/s, best | clips/s, median | cudenza f32 is faster by |\n|---|---|---|---|---|")
    for (preset, name), values in rates.items():
        ratio = max(rates[preset, "cudenza f32"]) / max(values)
        print(f"| {preset} | {name} | {max(values):.1f} | {statistics.median(values):.1f} | {ratio:.1f} |")
    print_stages(*stages(arguments.bench, arguments.rounds))


if __name__ == "__main__":
    main()
