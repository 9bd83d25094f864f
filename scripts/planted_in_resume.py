"""Bugs for a resume: what it forgets, what it does twice, in the wrong order or not at all."""

from __future__ import annotations

from scripts.planted import Bug, Edit, bug

TRAINING, CHECKPOINT = "babysit/training.py", "babysit/checkpoint.py"
CONTROLS, OPTIMIZER = "babysit/controls.py", "babysit/optimizer.py"
ANSWER, RECOVERY, RECORDER = "babysit/answer.py", "babysit/recovery.py", "babysit/recorder.py"

EXACT = "tests/training/test_exactness.py -k"
GRID = "tests/training/test_resume_grid.py -k"
OMISSIONS = "tests/training/test_omissions.py"
TAKEN_UP = "tests/training/test_recovery.py"
TRAPS = "tests/training/test_optimizer_traps.py"

RESUME: tuple[Bug, ...] = (
    bug(
        "buffers of the network are not restored",
        TRAINING,
        "training.network.load_state_dict(fitting, strict=whole)",
        "training.network.load_state_dict(\n"
        '        {**fitting, **{n: t for n, t in own.items() if "running" in n}}, strict=whole\n'
        "    )",
        f"{EXACT} 'stop_and_fork and cnn and momentum'",
    ),
    bug(
        "the optimizer's state is not restored",
        TRAINING,
        "load_state_tensors(training.optimizer, names, snapshot.optimizer)",
        "load_state_tensors(training.optimizer, names, {})",
        f"{EXACT} 'stop_and_fork and spirals'",
    ),
    bug(
        "the schedule begins anew",
        CONTROLS,
        'schedule=Schedule(**state["schedule"]),',
        'schedule=Schedule.begun(state["values"], start=state["step"], last_step=state["steps"]),',
        f"{EXACT} 'stop_and_fork and spirals'",
    ),
    bug(
        "ramps are dropped",
        CONTROLS,
        'ramps={name: Ramp(**ramp) for name, ramp in state["ramps"].items()},',
        "ramps={},",
        f"{EXACT} 'stop_and_fork and spirals'",
    ),
    bug(
        "scheduled changes are dropped",
        CONTROLS,
        'scheduled=[ScheduledChange.from_json(change) for change in state["scheduled"]],',
        "scheduled=[],",
        f"{EXACT} 'stop_and_fork and spirals'",
    ),
    bug(
        "the place in the epoch is dropped",
        TRAINING,
        'Position(**state["position"]),',
        'Position(**{**state["position"], "index": 0}),',
        f"{EXACT} 'stop_and_fork and spirals'",
    ),
    Bug(
        "generators are restored first",
        (
            Edit(
                TRAINING,
                "    state = snapshot.state\n    data = task.load()",
                "    restore_random(snapshot.random)\n"
                "    state = snapshot.state\n    data = task.load()",
            ),
            Edit(TRAINING, "    restore_random(snapshot.random)  # last: everything", "    #"),
        ),
        f"{EXACT} 'stop_and_fork and spirals'",
    ),
    bug(
        "python's generator is forgotten",
        CHECKPOINT,
        "    random.setstate((3, words, float(gauss) if gauss.numel() else None))\n",
        "",
        OMISSIONS,
    ),
    bug(
        "half a pair of gaussians is forgotten",
        CHECKPOINT,
        "float(gauss) if gauss.numel() else None",
        "None",
        OMISSIONS,
    ),
    bug(
        "numpy's generator is forgotten",
        CHECKPOINT,
        "    np.random.set_state(",
        "    str(",
        OMISSIONS,
    ),
    bug(
        "torch's generator is forgotten",
        CHECKPOINT,
        '    torch.set_rng_state(tensors["torch"])\n',
        "",
        f"{EXACT} 'stop_and_fork and spirals'",
    ),
    bug(
        "a checkpoint shares its tensors with the training",
        CHECKPOINT,
        'tensor.detach().to("cpu", copy=True).contiguous()',
        'tensor.detach().to("cpu").contiguous()',
        "tests/training/test_checkpoints.py tests/training/test_exactness.py -k "
        "'announced or killed'",
    ),
    bug(
        "what the last update used is forgotten",
        TRAINING,
        'held = {**training.controls.values, **snapshot.state["optimizer_values"]}',
        "held = dict(training.controls.values)",
        f"{EXACT} 'stop_and_fork and adam'",
    ),
    bug(
        "the values a person set are forgotten by the next attempt",
        "babysit/worker.py",
        "asked = replace(asked, values={})  # they are in the checkpoint already",
        "pass",
        TAKEN_UP,
    ),
    bug(
        "a loader draws from the run's generator",
        "babysit/data.py",
        "            generator=torch.Generator(),\n",
        "",
        f"{GRID} noisy-pairs-sgd",
    ),
    bug(
        "fetching an example moves the run's generators",
        "babysit/data.py",
        "            with KeptGenerators():\n                batch =",
        "            if True:\n                batch =",
        f"{GRID} noisy-pairs-sgd",
    ),
    bug(
        "an evaluation leaves the network in evaluation mode",
        "babysit/telemetry.py",
        "            network.train()\n",
        "            pass\n",
        f"{EXACT} evaluation",
    ),
    bug(
        "going back to before a change makes it all the same",
        TRAINING,
        "            controls.forget(undone.command_id)\n",
        "            pass\n",
        "tests/training/test_checkpoints.py -k from_before_a_change",
    ),
    bug(
        "stale velocity is kept",
        OPTIMIZER,
        'if group["momentum"] == 0 and _clear_velocity(optimizer, group):',
        'if group["momentum"] == 0 and False:',
        TRAPS,
    ),
    bug(
        "Adam's bias correction is ignored",
        OPTIMIZER,
        'step = _rescale_moments(optimizer, group, before["betas"])',
        "step = 0",
        TRAPS,
    ),
)

TAKING_UP: tuple[Bug, ...] = (
    bug(
        "a command acts twice after a restart",
        ANSWER,
        "if sent.command_id <= live.training.last_command_id or sent.command_id in live.answered:",
        "if sent.command_id <= live.training.last_command_id:",
        TAKEN_UP,
    ),
    bug(
        "changes are redone in the wrong order",
        RECOVERY,
        "return deque(sorted(redo, key=lambda item: item.place.step))",
        "return deque(sorted(redo[::-1], key=lambda item: item.place.step))",
        TAKEN_UP,
    ),
    bug(
        "changes are not redone",
        RECOVERY,
        "            redo.append(Redo(place, sent))",
        "            pass",
        TAKEN_UP,
    ),
    bug(
        "changes are redone a step late",
        RECOVERY,
        'place = Place(body["step"], past.scheduled_made_at == body["step"])',
        'place = Place(body["step"] + 1, past.scheduled_made_at == body["step"])',
        TAKEN_UP,
    ),
    bug(
        "a change is redone before the scheduled one it followed",
        RECOVERY,
        'place = Place(body["step"], past.scheduled_made_at == body["step"])',
        'place = Place(body["step"])',
        TAKEN_UP,
    ),
    bug(
        "a checkpoint claims to hold the change it was written before",
        ANSWER,
        "        if _is_carried_out(live, sent) and sent.command",
        "        live.training.last_command_id = sent.command_id\n"
        "        if _is_carried_out(live, sent) and sent.command",
        f"{TAKEN_UP} tests/training/test_resume_grid.py -k 'killed_run_is or dense-points-sgd'",
    ),
    bug(
        "a pause is forgotten by the next attempt",
        ANSWER,
        "if catch_up.past.paused_for is not None:",
        "if False:",
        TAKEN_UP,
    ),
    bug(
        "every recovery is called exact",
        ANSWER,
        "verified = catch_up.differs_at is None",
        "verified = True",
        TAKEN_UP,
    ),
    bug(
        "a damaged checkpoint ends the search for a whole one",
        RECOVERY,
        "            past.damaged.add(known.directory)\n",
        "            past.damaged.add(known.directory)\n            break\n",
        TAKEN_UP,
    ),
    bug(
        "two workers may hold one run",
        "babysit/run_lock.py",
        "fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        "tests/training/test_run_lock.py",
    ),
    bug(
        "a process that the task forks writes the journal",
        RECORDER,
        "os.register_at_fork(after_in_child=self._fall_silent)",
        "pass",
        "tests/server/test_dying.py -k forks",
    ),
    bug(
        "a replay taken up amid the changes of a step is compared with what was before them",
        "babysit/replay.py",
        '        begun = ("after",) if past.attempts else ("before", "after")\n',
        '        begun = ("before", "after")\n',
        "tests/server/test_replay.py -k between_two",
    ),
)
