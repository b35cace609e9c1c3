#!/usr/bin/env python3
"""How many small faults in kernels the tests notice: kernels are changed in one place each, run on the host, and tested.

    python3 tests/mutants/mutants.py [--build build] [--of WORD] [--count N] [--seed 1] [--jobs 2] [--out mutants.jsonl]
                                     [--again] [--same]

A mutant is one change in a .cu, .cuh or _math.h file below kernels/ (those with WORD in their path): a bound, an operator, a
constant, a barrier or a mask. All of a file's mutants are compiled at once, and one is chosen while the tests run
(tests/mutants/schemata.h). First each test runs once and notes which mutants it reaches, and which would have given another value
there: no other mutant can make it fail. Then each mutant's tests run, the shortest first, until one fails: those on SIMT with
sanitizers, then those with tracing, which see races and reads of what nothing wrote. What takes ten times as long as before is
noticed, too. A change in a constant expression is compiled alone; one that does not compile does not count.

Needs a build folder with cudenza_simt_tests and cudenza_traced_tests in it. Results come as they are found, a line each in --out;
a second run goes on from there, at once with --same, if neither kernels nor tests have changed. --again judges those anew that
survived, once tests were added for them.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shlex
import subprocess
import threading
import time

from changes import ROOT, all_mutants, edits_of, includers, with_all

SIMT, TRACED = "cudenza_simt_tests", "cudenza_traced_tests"
PROGRAMS = {SIMT: "cudenza_simt", TRACED: "cudenza_simt_traced"}  # and the library of kernels in each
# Tests of the tree, tests that start the program anew, those on two devices, and with tracing those of a whole training: they run
# no kernel that others do not, and ten seconds long.
OTHERS = {SIMT: "-EveryKernel*:*DeathTest*:TwoDevices*", TRACED: "-*DeathTest*:*/Floors*:*TrainingOnSimt*"}
QUICK = 1.5  # seconds of tests that nine mutants in ten do not stand
QUIET = {"ASAN_OPTIONS": "symbolize=0:detect_leaks=0", "UBSAN_OPTIONS": "symbolize=0:print_stacktrace=0", "OMP_NUM_THREADS": "1"}


class Build:
    """Compiles kernels' sources as ninja does for each library, and links the test programs with them."""

    def __init__(self, folder, jobs):
        self.folder, self.scratch, self.jobs = folder.resolve(), folder.resolve() / "mutants", jobs
        self.commands = {program: self.ninja(f"bin/{program}") for program in PROGRAMS}

    def ninja(self, target):
        out = subprocess.run(["ninja", "-C", self.folder, "-t", "commands", target], check=True, capture_output=True, text=True)
        return out.stdout.strip().split("\n")

    def run(self, words):
        return subprocess.run([str(w) for w in words], cwd=self.folder, capture_output=True, text=True)

    def command(self, program, path):
        of_library = [c for c in self.commands[program] if f"/{PROGRAMS[program]}.dir/" in c]
        words = shlex.split(next(c for c in of_library if c.endswith(" " + str(ROOT / path))))
        for option, length in (("-MD", 1), ("-MT", 2), ("-MF", 2)):  # what ninja reads, and keeps
            at = words.index(option)
            del words[at:at + length]
        return [w for w in words if w not in ("-g", "-g1", "-Werror")]

    def compile(self, program, path, sources, to):
        """`sources`: a folder whose files go before those of the tree."""
        words = self.command(program, path)
        source = sources / path if (sources / path).exists() else ROOT / path
        words[words.index("-o") + 1], words[-1] = to, source
        here = self.scratch / "source"
        before = ["-I", sources, "-I", here, "-include", ROOT / "tests/mutants/schemata.h", "-w", "-Wno-narrowing"]
        return self.run(words[:2] + before + words[2:])

    def link_library(self, objects, to):
        # By its name alone: the folder that LD_LIBRARY_PATH says decides whose it is.
        linked = self.run(["c++", "-shared", "-Wl,-Bsymbolic", f"-Wl,-soname,{to.name}", "-o", to, *objects])
        if linked.returncode:
            raise RuntimeError(linked.stderr[-2000:])

    def link_program(self, program, library, to):
        words = shlex.split(next(c for c in self.commands[program] if f"-o bin/{program}" in c).split("&&")[1])
        words[words.index("-o") + 1] = to
        words = [w for w in words if not str(w).endswith("test_main.cpp.o")]
        driver = self.scratch / "driver.o"
        made = self.run(["c++", "-std=c++20", "-O1", "-I", ROOT, "-c", ROOT / "tests/mutants/driver.cpp", "-o", driver])
        # Before the other libraries: what they have of kernels is not asked for then.
        made = made if made.returncode else self.run(words[:1] + ["-rdynamic", driver, library] + words[1:])
        if made.returncode:
            raise RuntimeError(made.stderr[-2000:])


class Schemata:
    """The programs with all mutants in them, and what their tests reach."""

    def __init__(self, build, mutants, seconds):
        self.build, self.mutants, self.seconds = build, mutants, seconds
        self.alone = {m.id for m in mutants if edits_of(m) is None}  # compiled alone
        self.units = sorted({unit for path in {m.path for m in mutants} for unit in includers(path)})
        self.objects = {program: {unit: build.scratch / f"{PROGRAMS[program]}-{pathlib.Path(unit).name}.o" for unit in self.units}
                        for program in PROGRAMS}

    def write_sources(self):
        for path in {m.path for m in self.mutants}:
            file = self.build.scratch / "source" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            text = with_all((ROOT / path).read_text(), [m for m in self.mutants if m.path == path and m.id not in self.alone])
            if not file.exists() or file.read_text() != text:
                file.write_text(text)

    def compile_all(self):
        """Lines that do not compile with a mutant to choose in them lose theirs, which are compiled alone later."""
        todo = [(program, unit) for program in PROGRAMS for unit in self.units]
        while todo:
            self.write_sources()
            with concurrent.futures.ThreadPoolExecutor(self.build.jobs) as pool:
                done = list(pool.map(self.compile_one, todo))
            if not any(done):
                return
            self.give_up("".join(done))
            todo = [unit for unit, errors in zip(todo, done) if errors]

    def compile_one(self, what):
        program, unit = what
        compiled = self.build.compile(program, unit, self.build.scratch / "source", self.objects[program][unit])
        print(f"{program} {unit}: {'errors' if compiled.returncode else 'compiled'}", flush=True)
        return compiled.stderr if compiled.returncode else ""

    def give_up(self, errors):
        place = rf"{re.escape(str(self.build.scratch))}/source/(\S+?):(\d+):"
        at = set(re.findall(place + r"\d+: error", errors)) or set(re.findall(place, errors))
        bad = {m.id for m in self.mutants if (m.path, str(m.line + 1)) in at} - self.alone
        if not bad:
            raise RuntimeError(errors[-3000:])
        print(f"{len(bad)} mutants are compiled alone", flush=True)
        self.alone |= bad

    def link(self):
        for program, library in PROGRAMS.items():
            to = self.build.scratch / f"lib{library}_mutants.so"
            self.build.link_library(self.objects[program].values(), to)
            self.build.link_program(program, to, self.build.scratch / program)

    def prepare(self, is_same):
        alone = self.build.scratch / "alone.json"
        if is_same:
            self.alone = set(json.loads(alone.read_text()))
        else:
            self.compile_all()
            self.link()
            alone.write_text(json.dumps(sorted(self.alone)))
        self.note_tests(is_same)

    def start(self, program, *arguments, libraries=None, env=None, **more):
        folders = [str(f) for f in (libraries, self.build.scratch, self.build.folder / "kernels/simt") if f]
        env = {**os.environ, **QUIET, "LD_LIBRARY_PATH": ":".join(folders), **(env or {})}
        return subprocess.Popen([self.build.scratch / program, *arguments], cwd=self.build.folder, stderr=subprocess.DEVNULL,
                                text=True, env=env, **more)

    def note_tests(self, are_noted):
        """program -> {test: (seconds, reached, differed)}, of one run each."""
        self.tests = {}
        for program in PROGRAMS:
            files = [self.build.scratch / f"{program}.{shard}.notes" for shard in range(self.build.jobs)]
            shards = [self.start(program, "--note", file, f"--gtest_filter={OTHERS[program]}", stdout=subprocess.DEVNULL,
                                 env={"GTEST_TOTAL_SHARDS": str(len(files)), "GTEST_SHARD_INDEX": str(i)})
                      for i, file in enumerate(files if not are_noted else [])]
            for shard in shards:
                shard.wait()
            self.tests[program] = {}
            for line in "".join(file.read_text() for file in files).split("\n")[:-1]:
                name, seconds, passed, reached, differed = line.split("\t")
                if passed == "0":
                    print(f"{program} fails without a mutant: {name}", flush=True)
                    continue
                self.tests[program][name] = (float(seconds), set(map(int, reached.split())), set(map(int, differed.split())))

    def tests_with(self, program, ids, reached=False):
        """[(seconds, test)], the shortest first, of so many seconds in all; on SIMT one in any case."""
        which, total, chosen = 1 if reached else 2, 0, []
        for test in sorted((test[0], name) for name, test in self.tests[program].items() if not ids.isdisjoint(test[which])):
            total += test[0]
            if total > self.seconds and (chosen or program == TRACED):
                break
            chosen.append(test)
        return chosen

    def is_alone(self, mutant):
        """Whether it has to be compiled alone: it cannot be chosen, or no test seems to run it, as with a constant expression."""
        is_run = any(mutant.id in test[1] for tests in self.tests.values() for test in tests.values())
        return mutant.id in self.alone or not is_run


class Judge:
    """One thread's: programs that wait for mutants."""

    def __init__(self, schemata):
        self.schemata, self.servers = schemata, {}
        self.scratch = schemata.build.scratch / f"alone-{threading.get_ident()}"

    def server(self, program):
        if program not in self.servers:
            self.servers[program] = self.schemata.start(program, "--serve", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            shortest = sorted((seconds, name) for name, (seconds, _, _) in self.schemata.tests[program].items())[:9]
            fate, test = self.ask(self.servers[program], 0, shortest)
            if fate != "survived":
                raise RuntimeError(f"{program}: {test} without a mutant: {fate}")
        return self.servers[program]

    @staticmethod
    def ask(server, number, tests):
        server.stdin.write("\t".join([str(number)] + [f"{name} {seconds}" for seconds, name in tests]) + "\n")
        server.stdin.flush()
        return server.stdout.readline().rstrip("\n").split("\t")

    def judge(self, mutant, program):
        tests = self.schemata.tests_with(program, {mutant.id})
        if not tests:
            return {"fate": "survived", "why": "no test has another value there"}
        fate, test = self.ask(self.server(program), mutant.id, tests)
        return {"fate": "survived", "why": ""} if fate == "survived" else {"fate": fate, "program": program, "test": test}

    def judge_alone(self, mutant):
        """In a source of its own; on the tests that reach its file."""
        source = self.scratch / mutant.path
        source.parent.mkdir(parents=True, exist_ok=True)
        lines = (ROOT / mutant.path).read_text().split("\n")
        lines[mutant.line] = mutant.after
        source.write_text("\n".join(lines))
        try:
            return self.judge_source(mutant)
        finally:
            source.unlink()

    def judge_source(self, mutant):
        neighbours, units = {m.id for m in self.schemata.mutants if m.path == mutant.path}, includers(mutant.path)
        for program, library in PROGRAMS.items():
            objects = dict(self.schemata.objects[program])
            for unit in units:
                objects[unit] = self.scratch / (pathlib.Path(unit).name + ".o")
                if self.schemata.build.compile(program, unit, self.scratch, objects[unit]).returncode:
                    return {"fate": "not built"}
            self.schemata.build.link_library(objects.values(), self.scratch / f"lib{library}_mutants.so")
            tests = self.schemata.tests_with(program, neighbours, reached=True)
            with self.schemata.start(program, "--serve", libraries=self.scratch, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE) as server:
                fate, test = self.ask(server, 0, tests)
                server.stdin.close()
            if fate != "survived":
                return {"fate": fate, "program": program, "test": test}
        return {"fate": "survived", "why": "compiled alone"}


def summary(results):
    counted = [r for r in results if r["fate"] != "not built"]
    noticed = [r for r in counted if r["fate"] != "survived"]
    traced = sum(r["program"] == TRACED for r in noticed)
    return (f"{len(results)} tried, {len(counted)} built, {len(noticed)} noticed "
            f"({100 * len(noticed) / max(1, len(counted)):.1f} %), {traced} of them by tracing alone")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--of", default="")
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--seconds", type=float, default=60, help="of each program's tests for a mutant, at most")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--same", action="store_true")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("mutants.jsonl"))
    return parser.parse_args()


def main():
    a = arguments()
    every = all_mutants(a.of)
    known = [json.loads(line) for line in a.out.read_text().split("\n")[:-1]] if a.out.exists() else []
    known = {r["key"]: r for r in known if not (a.again and r["fate"] == "survived")}
    chosen = random.Random(a.seed).sample(every, min(a.count or len(every), len(every)))
    todo = [m for m in chosen if m.key not in known]
    schemata = Schemata(Build(a.build, a.jobs), every, a.seconds)
    schemata.prepare(a.same)
    threads, lock, end = threading.local(), threading.Lock(), time.time() + 60 * a.minutes

    def one(mutant, judge):
        if time.time() > end:
            return
        if not hasattr(threads, "judge"):
            threads.judge = Judge(schemata)
        result = {"key": mutant.key, "file": mutant.path, "line": mutant.line + 1, "kind": mutant.kind,
                  "before": mutant.before.strip(), "after": mutant.after.strip(), **judge(threads.judge, mutant)}
        with lock, a.out.open("a") as out:
            known[mutant.key] = result
            out.write(json.dumps(result) + "\n")

    def all_of(mutants, judge):
        with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
            list(pool.map(lambda m: one(m, judge), mutants))

    def alive():
        return [m for m in chosen if known.get(m.key, {}).get("why") == "" and not known[m.key]["traced"]]

    schemata.seconds = min(a.seconds, QUICK)
    all_of([m for m in todo if not schemata.is_alone(m)], lambda judge, m: {**judge.judge(m, SIMT), "traced": False})
    schemata.seconds = a.seconds
    all_of(alive(), lambda judge, m: {**judge.judge(m, SIMT), "traced": False})
    all_of(alive(), lambda judge, m: {**judge.judge(m, TRACED), "traced": True})
    all_of([m for m in todo if schemata.is_alone(m)], lambda judge, m: judge.judge_alone(m))
    for result in known.values():
        if result["fate"] == "survived":
            print(f"survived: {result['file']}:{result['line']}: {result['before']}  ->  {result['after']}  {result['why']}")
    print(f"{len(every)} possible, {summary([known[m.key] for m in chosen if m.key in known])}")


if __name__ == "__main__":
    main()
