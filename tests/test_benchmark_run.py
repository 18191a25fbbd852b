"""The runner: where runs are done, how many at once, and what is left when one fails.  No network is trained."""

import concurrent.futures.process
import os
import subprocess
import sys
import threading
import types

import pytest
from benchmark_cases import finished, hill, protocol, record

from optlib.benchmark import job as real
from optlib.benchmark import plan, records, runner

CORES = os.cpu_count() or 1


class Fake:
    """In the place of `job.run`; counts how many run at the same time.  The first ones wait until so many are there."""

    def __init__(self, fails=lambda job: False, together=1):
        self.fails, self.barrier = fails, threading.Barrier(together)
        self.calls, self.options, self.running, self.most, self.lock = [], [], 0, 0, threading.Lock()

    def __call__(self, job, **options):
        with self.lock:
            self.calls.append(job)
            self.options.append(options)
            self.running += 1
            self.most = max(self.most, self.running)
            first = len(self.calls) <= self.barrier.parties
        if first:
            self.barrier.wait(60)
        with self.lock:
            self.running -= 1
        if self.fails(job):
            raise FloatingPointError("all is lost")
        return record(job, hill(0.01)(job))


@pytest.fixture
def fake(monkeypatch):
    def put(**options):
        run = Fake(**options)
        monkeypatch.setattr(real, "run", run)
        return run

    return put


class Pool(concurrent.futures.ProcessPoolExecutor):
    """Python's processes to the runner; in truth threads, which share the fake."""

    def submit(self, function, *arguments):
        self.threads = vars(self).get("threads") or concurrent.futures.ThreadPoolExecutor(self._max_workers)
        return self.threads.submit(function, *arguments)


def ids(runs):
    return sorted(each["id"] for each in runs)


EVERYTHING = ids(finished(protocol(), hill(0.01)))


def test_here_every_run_is_done_once_and_recorded_and_said(fake, tmp_path):
    run, lines, out = fake(), [], tmp_path / "r.jsonl"
    recorded = runner.run(protocol(), out, say=lines.append, command="the command", root=tmp_path, threads=1)
    assert ids(recorded) == ids(records.read(out)) == ids(run.calls) == EVERYTHING
    assert len(lines) == len(EVERYTHING) + 2
    assert lines[-1] == "every run of the protocol is recorded"
    assert {o["command"] for o in run.options} == {"the command"}
    assert {o["root"] for o in run.options} == {str(tmp_path)}
    assert {o["threads"] for o in run.options} == {1}
    assert {o["checkpoints"] for o in run.options} == {str(tmp_path / "r.unfinished")}
    runner.run(protocol(), out, say=lines.append)
    assert len(run.calls) == len(EVERYTHING)


def test_a_race_goes_on_in_the_precision_and_layout_of_its_first_record(fake, tmp_path):
    run, measured = fake(), protocol(training__precision="auto", training__layout="auto")
    runner.run(measured, tmp_path / "r.jsonl", say=lambda text: None)
    computed = [(job["training"]["precision"], job["training"]["layout"]) for job in run.calls]
    assert computed == [("auto", "auto")] + [("float32", "channels_last")] * (len(EVERYTHING) - 1)
    assert {each["training"]["precision"] for each in records.read(tmp_path / "r.jsonl")} == {"auto"}
    runner.run(protocol(training__precision="bfloat16"), tmp_path / "r.jsonl", say=str)
    assert {job["training"]["precision"] for job in run.calls[len(EVERYTHING) :]} == {"bfloat16"}


@pytest.mark.parametrize("workers", [1, 3])
def test_never_more_runs_at_once_than_asked_for_and_they_share_the_processors(fake, tmp_path, workers):
    run = fake(together=workers)
    with Pool(8) as pool:
        runner.run(protocol(), tmp_path / "r.jsonl", workers=workers, executor=pool, say=lambda text: None)
        assert pool.submit(int, "3").result() == 3  # left open: it is the caller's
    assert run.most == workers
    assert {o["threads"] for o in run.options} == {max(1, CORES // workers) if workers > 1 else None}
    assert ids(run.calls) == EVERYTHING


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_fails_is_named_and_all_that_is_done_is_recorded(fake, tmp_path, workers):
    fails = lambda job: (job["stage"], job["rule"], job["lr"]) == ("tuning", "Adam", 1e-3)
    run, out = fake(fails=fails), tmp_path / "r.jsonl"
    with Pool(workers) as pool:
        with pytest.raises(RuntimeError, match="tuning .*Adam, lr 0.001, seed 0 failed: FloatingPointError: all is"):
            runner.run(protocol(), out, workers=workers, executor=pool, say=lambda text: None)
    good = [job for job in run.calls if not fails(job)]
    assert ids(records.read(out)) == ids(good)
    assert len(run.calls) - len(good) == 1
    run = fake()
    runner.run(protocol(), out, say=lambda text: None)
    assert ids(records.read(out)) == EVERYTHING
    assert not set(ids(run.calls)) & set(ids(good))


def test_where_several_end_together_and_one_failed_the_others_are_recorded(fake, tmp_path, monkeypatch):
    fake(fails=lambda job: job["lr"] == 0.001 and job["rule"] == "Momentum")
    wait = concurrent.futures.wait
    monkeypatch.setattr(concurrent.futures, "wait", lambda fs, **options: wait(fs))  # all at once
    with Pool(6) as pool, pytest.raises(RuntimeError, match="Momentum, lr 0.001"):
        runner.run(protocol(), tmp_path / "r.jsonl", workers=6, executor=pool, say=lambda text: None)
    assert len(records.read(tmp_path / "r.jsonl")) == 5


def test_ctrl_c_leaves_what_is_done(monkeypatch, tmp_path):
    done = []

    def stop(job, **options):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(job)
        return record(job, 0.5)

    monkeypatch.setattr(real, "run", stop)
    with pytest.raises(KeyboardInterrupt):
        runner.run(protocol(), tmp_path / "r.jsonl", say=lambda text: None)
    assert ids(records.read(tmp_path / "r.jsonl")) == ids(done)


def test_after_the_time_nothing_is_started(fake, monkeypatch, tmp_path):
    run, lines = fake(), []
    runner.run(protocol(), tmp_path / "r.jsonl", minutes=0, say=lines.append)
    assert not run.calls
    assert lines == ["at least 6 runs are left"]
    clock = types.SimpleNamespace(monotonic=lambda: 60.0 * len(run.calls))  # a run takes a minute
    monkeypatch.setattr(runner, "time", clock)
    runner.run(protocol(), tmp_path / "r.jsonl", minutes=2.5, say=lines.append)
    assert len(records.read(tmp_path / "r.jsonl")) == len(run.calls) == 3
    assert lines[1].startswith("begins with ")
    assert lines[2].startswith("     60 s  ")


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2"])
def test_workers_are_an_integer_of_at_least_one(tmp_path, workers):
    with pytest.raises((TypeError, ValueError), match=f"workers={workers!r} must be an integer of at least 1"):
        runner.run(protocol(), tmp_path / "r.jsonl", workers=workers)


@pytest.mark.parametrize("text", ["nonsense\n", '{"mine": 1}', "{}", "[1]\r\n"])
def test_a_file_of_another_kind_is_told_before_anything_runs_or_is_written(fake, tmp_path, text):
    run, out = fake(), tmp_path / "r.jsonl"
    out.write_bytes(text.encode())
    with pytest.raises(ValueError, match=r"r\.jsonl, line 1: "):
        runner.run(protocol(), out)
    assert not run.calls
    with pytest.raises(ValueError, match="is a folder; it must be a file of records"):
        runner.run(protocol(), tmp_path)
    assert [file.name for file in tmp_path.rglob("*")] == ["r.jsonl"]
    assert out.read_bytes() == text.encode()


def test_a_line_tells_rule_rate_seed_and_result():
    job = plan.make(protocol(), "final", "", "Adam", 0.001, {}, 3)
    text = runner.line({**record(job, 0.5), "flips_accuracy": 0.625})
    assert text == f"{job['id']}  final    Adam, lr 0.001, seed 3: test 50.00%, 4.0 s of training, 62.50% with flips"
    assert "diverged at step 3" in runner.line(record(job, None))
    assert "validation 50.00%" in runner.line(record(plan.make(protocol(), "tuning", "", "Adam", 1.0, {}, 0), 0.5))


class Lonely:
    """An executor with nothing but submit."""

    submitted = 0

    def submit(self, function, *arguments):
        type(self).submitted += 1
        future = concurrent.futures.Future()
        future.set_result(function(*arguments))
        return future


class Client:
    """As Dask's: not an executor itself, but it has one, which knows it."""

    def get_executor(self):
        executor = Lonely()
        executor._client = self
        return executor

    def nthreads(self):
        return {"tcp://a": 1, "tcp://b": 2}


@pytest.mark.parametrize("name", ["Lonely", "Client"])
def test_an_executor_of_ones_own_by_module_and_name(fake, tmp_path, name):
    fake()
    executor = runner.executor_from(f"{__name__}:{name}", 1)
    before = Lonely.submitted
    recorded = runner.run(protocol(), tmp_path / "r.jsonl", executor=executor, say=lambda text: None)
    assert ids(recorded) == EVERYTHING
    assert type(executor).submitted - before == len(EVERYTHING)


def test_processes_are_pythons_own_and_threads_are_refused(tmp_path):
    with runner.executor_from("processes", 2) as pool:
        assert type(pool) is concurrent.futures.ProcessPoolExecutor
    with concurrent.futures.ThreadPoolExecutor(2) as pool, pytest.raises(ValueError, match="'ThreadPoolExecutor' does"):
        runner.run(protocol(), tmp_path / "r.jsonl", executor=pool)


@pytest.mark.parametrize(("text", "message"), [
    ("threads", "must be 'processes' or 'module:name'"), ("", "must be 'processes'"), (":x", "must be"),
    ("no_such_module_here:Pool", "No module named"), ("concurrent.futures:Nothing", "Nothing"), (".x:y", "must be"),
    ("builtins:dict", "gives a dict, which has no submit"), ("textwrap:indent", "without arguments.*prefix"),
    ("math:pi", "without arguments.*not callable"), ("concurrent.futures:ThreadPoolExecutor", "runs in threads"),
    (f"{__name__}:Client", "must do one run at a time in each process: .* --nthreads 1"),
])  # fmt: skip
def test_what_is_no_executor_is_told(text, message):
    with pytest.raises(ValueError, match=f"^executor={text!r} .*{message}"):
        runner.executor_from(text, 2)


def test_slow_arithmetic_is_told(fake, tmp_path, monkeypatch):
    fake()
    best = {"cpu": ["float32"], "cuda": ["bfloat16"]}
    probe = lambda device: types.SimpleNamespace(best=lambda: best[device])
    monkeypatch.setattr("optlib.vision.precision.probe", probe)
    for default, precision, count in ("cpu", "bfloat16", 1), ("cpu", "float32", 0), ("cuda", "bfloat16", 0):
        monkeypatch.setattr("optlib.vision.precision.device_of", lambda who, device, default=default: default)
        out = tmp_path / f"{default}_{precision}"
        runner.run(protocol(training__precision=precision), out, say=(said := []).append)
        assert sum("no units" in text for text in said) == count


def test_two_commands_do_not_write_one_file(fake, tmp_path):
    fake()
    out, refused = tmp_path / "r.jsonl", []

    def second(text):
        with pytest.raises(RuntimeError, match=r"another command writes .*r\.jsonl; wait for it"):
            runner.run(protocol(), out, say=refused.append)
        assert runner.run(protocol(), tmp_path / "other.jsonl", say=str)

    runner.run(protocol(), out, say=second)
    assert refused == []
    assert ids(records.read(out)) == EVERYTHING
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["other.jsonl", "r.jsonl"]  # no lock is left
    runner.run(protocol(), out, say=refused.append)
    assert refused[0].startswith(f"{len(EVERYTHING)} recorded runs made by other code than today's; ")
    assert refused[1:] == ["every run of the protocol is recorded"]


class Mortal(concurrent.futures.Executor):
    """Breaks as Python's pool does when a worker is killed: all that is under way fails, and what comes later."""

    made, kills = 0, None  # how many pools; whether a worker is killed while it does a job

    def __init__(self):
        type(self).made += 1
        self.broken, self.waiting = False, []

    def submit(self, function, job):
        if self.broken:
            raise concurrent.futures.process.BrokenProcessPool("a process in the pool was terminated abruptly")
        future = concurrent.futures.Future()
        self.waiting.append(future)
        if type(self).kills(job):
            self.broken = True
            for each in self.waiting:
                each.set_exception(concurrent.futures.process.BrokenProcessPool("terminated abruptly"))
            self.waiting = []
        elif len(self.waiting) == 1:
            self.waiting.remove(future)
            future.set_result(function(job))
        return future


@pytest.fixture
def mortal(monkeypatch):
    def put(kills):
        monkeypatch.setattr(Mortal, "made", 0)
        monkeypatch.setattr(Mortal, "kills", staticmethod(kills))
        return f"{__name__}:Mortal"

    return put


def test_a_pool_whose_worker_is_killed_is_made_anew_and_nothing_is_lost(fake, mortal, tmp_path):
    run, said, seen = fake(), [], []

    def kills(job):
        seen.append(job["id"])
        return len(seen) in (2, 7)

    recorded = runner.run(protocol(), tmp_path / "r.jsonl", workers=2, executor=mortal(kills), say=said.append)
    assert ids(recorded) == ids(run.calls) == EVERYTHING
    assert Mortal.made == 3
    assert sum("a worker was killed" in line for line in said) == 2
    assert said[-1] == "every run of the protocol is recorded"


def test_a_run_whose_worker_is_always_killed_has_failed_and_the_others_are_recorded(fake, mortal, tmp_path):
    fake()
    kills = lambda job: (job["rule"], job["lr"]) == ("Adam", 0.001)
    with pytest.raises(RuntimeError, match="Adam, lr 0.001, seed 0 failed: BrokenProcessPool"):
        runner.run(protocol(), tmp_path / "r.jsonl", executor=mortal(kills), say=lambda text: None)
    assert Mortal.made == runner.TRIES
    assert len(records.read(tmp_path / "r.jsonl")) == 4  # those that are asked for before


def test_a_broken_pool_of_the_callers_is_told(fake, mortal, tmp_path):
    fake()
    mortal(lambda job: True)
    with pytest.raises(RuntimeError, match="seed 0 failed: BrokenProcessPool"):
        runner.run(protocol(), tmp_path / "r.jsonl", executor=Mortal(), say=lambda text: None)
    assert Mortal.made == 1


def test_the_workers_of_a_command_that_is_killed_end_with_it():
    code = (
        "import time; from optlib.benchmark.runner import executor_from; pool = executor_from('processes', 1); "
        "pool.submit(time.time).result(); pool.submit(time.sleep, 60); print(flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    process.stdout.readline()
    process.kill()
    process.communicate(timeout=20)  # returns when every process that may print has ended
