"""Scripts that do odd things: name -> (what follows the call of attach, steps that are made)."""

ODD = {
    "changes the directory": (
        """\
for i in run.steps(5):
    os.chdir('/')
    run.log(a=turn())
""",
        5,
    ),
    "forks": (
        """\
for i in run.steps(5):
    if (child := os.fork()) == 0:
        run.log(a=99.0)
        os._exit(0)
    os.waitpid(child, 0)
    run.log(a=turn())
""",
        5,
    ),
    "forks a child that goes on with the loop": (
        """\
child = None
for i in run.steps(5):
    if i == 2:
        child = os.fork()
    run.log(a=turn())
if child == 0:
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
""",
        5,
    ),
    "ends a child by SIGTERM": (
        """\
for i in run.steps(40):
    child = multiprocessing.get_context('fork').Process(target=time.sleep, args=(600,))
    child.start()
    child.terminate()
    child.join()
    assert child.exitcode == -signal.SIGTERM
    run.log(a=turn())
""",
        40,
    ),
    "has signal handlers": (
        """\
seen = []
signal.signal(signal.SIGTERM, lambda *_: seen.append(1))
for i in run.steps(5):
    os.kill(os.getpid(), signal.SIGTERM)
    run.log(a=turn())
assert len(seen) == 5
""",
        5,
    ),
    "attaches twice": (
        """\
again = babysit.attach('other', model=net, optimizer=optimizer)
assert again is run
run.attach(optimizer=optimizer)
for i in again.steps(5):
    run.log(a=turn())
""",
        5,
    ),
    "attaches again after the end": (
        """\
import contextlib, io
for i in run.steps(3):
    run.log(a=turn())
run.finish()
with contextlib.redirect_stderr(io.StringIO()) as said:
    again = babysit.attach('other', model=net)
assert 'what follows is not recorded' in said.getvalue()
assert list(again.steps(2)) == [0, 1]
""",
        3,
    ),
    "logs 10,000 names": (
        """\
for i in run.steps(5):
    run.log({f'n{k}': 1.0 for k in range(10_000)})
""",
        5,
    ),
    "logs what is no number": (
        """\
class Odd:
    def __float__(self):
        raise KeyError('odd')
for i in run.steps(5):
    run.log(a='text', b=b'7', c=None, d=[1, 2], e=1j, f=torch.tensor(1j), g=Odd(), h={})
    run.log({'': 1.0, 'x' * 500: 1.0, 'a\\nb': 1.0, 7: 1.0, None: 2.0})
    run.log(big=torch.zeros(10_000_000), empty=torch.zeros(0), one=torch.ones(1, 1))
""",
        5,
    ),
    "logs NaN": (
        """\
for i in run.steps(5):
    run.log(a=math.nan, b=math.inf, c=torch.tensor(-math.inf))
""",
        5,
    ),
    "logs from threads": (
        """\
def many():
    for k in range(2000):
        run.log({f'n{k % 50}': k})
threads = [threading.Thread(target=many) for _ in range(4)]
[t.start() for t in threads]
for i in run.steps(300):
    run.log(a=turn())
[t.join() for t in threads]
""",
        300,
    ),
    "leaves loops": (
        """\
for e in run.epochs(3):
    for i in run.steps(5):
        run.log(a=turn())
        if i == 2:
            break
def inner():
    for i in run.steps(5):
        run.log(a=turn())
        return i
inner()
for e in run.epochs(3):
    break
for i in run.steps(2):
    run.log(a=turn())
""",
        12,
    ),
    "catches what it raises in a turn": (
        """\
for e in run.epochs(3):
    try:
        for i in run.steps(5):
            run.log(a=turn())
            if i == 2:
                raise ValueError
    except ValueError:
        pass
""",
        9,
    ),
    "nests loops": (
        """\
for e in run.epochs(2):
    for i in run.steps(4):
        run.log(a=turn())
        assert list(run.steps(3)) == [0, 1, 2]
        assert len(list(run.shuffled(10, 3))) == 4
        for k in run.epochs(2):
            assert list(run.batches([5, 6])) == [5, 6]
""",
        8,
    ),
    "has empty loops": (
        """\
from torch.utils.data import DataLoader, TensorDataset
empty = DataLoader(TensorDataset(torch.zeros(0, 2)), batch_size=4)
for e in run.epochs(0):
    raise AssertionError
for e in run.epochs(2):
    for nothing in (run.batches([]), run.batches(empty), run.batches(iter(())),
                    run.steps(0), run.shuffled(0, 4), run.batches(empty, steps=5)):
        assert list(nothing) == []
used = iter([1, 2])
assert list(used) == [1, 2]
assert list(run.batches(used)) == []
for x in run.batches([1, 2, 3]):
    run.log(a=turn())
""",
        3,
    ),
    "trains in a thread": (
        """\
def main():
    for i in run.steps(5):
        run.log(a=turn())
thread = threading.Thread(target=main)
thread.start()
thread.join()
""",
        5,
    ),
    "replaces the hooks": (
        """\
sys.excepthook = lambda *_: None
threading.excepthook = lambda *_: None
sys.exit = os._exit
for i in run.steps(5):
    run.log(a=turn())
""",
        5,
    ),
    "asks for an exit and thinks better of it": (
        """\
try:
    sys.exit(3)
except SystemExit:
    pass
for i in run.steps(5):
    run.log(a=turn())
""",
        5,
    ),
    "closes its output": (
        """\
sys.stdout.close()
sys.stderr.close()
sys.stderr = None
for i in run.steps(5):
    run.log(a=turn(), b='x')
""",
        5,
    ),
}
