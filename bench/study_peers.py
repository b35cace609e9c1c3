"""Networks trained from scratch here and in PyTorch with one recipe, in turns: validation accuracies, seconds an epoch.

    python3 bench/study_peers.py DATA --split-dir SPLITS --work FOLDER [--models resnet34,…] [--seeds 1] [--epochs 20]
                                 [--image-size 96] [--device cuda] [--jobs 4] [--program build/bin/cudenza]

Recipe: fastai's head, Adam (beta2 0.99, eps 1e-5, decoupled decay 0.01 but on norms and biases), one-cycle, batches of 32, no
augmentation, f32, the last epoch's weights, one plain pass. DATA holds pictures, or sounds at 22,050 Hz, of which 3 seconds are
heard. Every finished training is kept in FOLDER (…json), and a second call goes on where the first one ended.
"""
import concurrent.futures
import json
import statistics
import sys

from runs import HERE, RATES, SOUND, is_sound, parser_of, run, train_from_scratch, wilson


def kept(path, make):
    """The JSON in a file, made now where it is not there yet."""
    if not path.exists():
        path.write_text(json.dumps(make()))
    return json.loads(path.read_text())


def train_torch(a, model, seed, folder):
    return json.loads(run(sys.executable, HERE / "torch_study.py", "--splits", folder / "splits.csv", "--data", a.data,
                          "--model", model, "--epochs", a.epochs, "--lr", RATES[model], "--image-size", a.image_size,
                          "--device", a.device, "--threads", a.threads, "--seed", seed, *(SOUND if is_sound(a.data) else [])))


def train_both(a, model, seed):
    folder = a.work / f"{a.data.name}-{model}-{a.image_size}-{a.epochs}-{seed}"
    ours = kept(folder.with_name(folder.name + "-ours.json"), lambda: train_from_scratch(a, model, seed, folder))
    return ours, kept(folder.with_name(folder.name + "-torch.json"), lambda: train_torch(a, model, seed, folder))


def described(results):
    """Accuracies of all seeds, the median's interval and the seconds an epoch, as cells of a table."""
    count = results[0]["validation"]
    last = [r["accuracies"][-1] for r in results]
    low, high = wilson(statistics.median(last), count)
    seconds = statistics.median(s for r in results for s in r["seconds"])
    each = " ".join(f"{100 * x:.1f}" for x in last)
    return f"{each} | {100 * statistics.median(last):.1f} ({100 * low:.1f} to {100 * high:.1f}) | {seconds:.1f}"


def main():
    parser = parser_of(__doc__, seeds=["1"], epochs=20, image_size=96)
    parser.add_argument("--models", default="alexnet,resnet34,resnet50,resnetrs50,vgg16")
    a = parser.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    print("| network | by | accuracy of each seed, % | median (95 % interval) | seconds an epoch |")
    print("| --- | --- | --- | --- | --- |")
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        models = a.models.split(",")
        trainings = {model: [pool.submit(train_both, a, model, seed) for seed in a.seeds] for model in models}
        for model in models:
            ours, torch = zip(*(training.result() for training in trainings[model]))
            for side, results in ("Cudenza", ours), ("PyTorch", torch):
                print(f"| {model} | {side} | {described(results)} |", flush=True)


main()
