"""Bugs for the server: what is stored twice or not at all, and who is taken for whom."""

from __future__ import annotations

from scripts.planted import Bug, Edit, bug

INGEST = "app/supervise/ingest.py"
STORE = "app/store/store.py"
EVIDENCE = "app/supervise/evidence.py"
AFTERMATH = "app/supervise/aftermath.py"
INGESTED = "tests/server/test_ingest.py"
DYING = "tests/server/test_dying.py -k"
CHANGED = "tests/server/test_commands.py -k"

STORED: tuple[Bug, ...] = (
    Bug(
        "the cursor moves outside the transaction",
        (
            Edit(
                INGEST,
                "    _move_cursor(write, followed, cursor)\n    write.touch(run)\n",
                "    write.touch(run)\n",
            ),
            Edit(
                INGEST,
                "                    store_records(write, followed)\n",
                "                    store_records(write, followed)\n"
                "            with self._store.writing() as write:\n"
                "                for followed in due:\n"
                "                    place = (followed.run_id, followed.attempt)\n"
                "                    cursor = write.session.get(JournalCursorRow, place)\n"
                "                    _move_cursor(write, followed, cursor)\n",
            ),
        ),
        INGESTED,
    ),
    bug(
        "of a journal read before, the open chunks are taken for none",
        INGEST,
        "    return {} if cursor is None else None\n",
        "    return {}\n",
        INGESTED,
    ),
    bug(
        "a change is stored before the points that stand before it",
        INGEST,
        'WITHOUT_POINTS = ("checkpoint_saved", ',
        'WITHOUT_POINTS = ("changed", "checkpoint_saved", ',
        "tests/server/test_read_together.py",
    ),
    bug(
        "the journal is written before the commit",
        STORE,
        "                said = _said_by_server(write.events)\n",
        "                said = _said_by_server(write.events)\n"
        "                for run_id, rows in said.items():\n"
        "                    self._pass_on(run_id, rows)\n"
        "                session.flush()\n"
        "                said = {}\n",
        INGESTED,
    ),
    bug(
        "the journal is appended to with a hole in it",
        STORE,
        "if self.journals.seq(run_id) == rows[0][0] - 1:",
        "if True:",
        INGESTED,
    ),
    bug(
        "what the journal lacks is never made good",
        "app/store/catch_up.py",
        "        elif written < known:\n",
        "        elif False:\n",
        INGESTED,
    ),
    bug(
        "viewers are told before the commit",
        STORE,
        "                    news, stored = write.news(), write.stored()\n",
        "                    news, stored = write.news(), write.stored()\n"
        "                    self.announce(news)\n",
        INGESTED,
    ),
    bug(
        "a later answer overwrites the first",
        "app/store/answered.py",
        'if command is None or command.status != "pending":',
        "if command is None:",
        f"{INGESTED} tests/server/test_restart.py -k 'answer or carried_out'",
    ),
    bug(
        "what still waits when a run is over is forgotten",
        INGEST,
        "        refuse_what_is_left(write, run)\n",
        "        pass\n",
        INGESTED,
    ),
    bug(
        "a key takes any request",
        "app/store/once.py",
        "if row.request_sha256 != request_sha256:",
        "if False:",
        f"{CHANGED} key",
    ),
    bug(
        "an answer is kept only in memory",
        "app/store/once.py",
        "    session.add(IdempotencyKeyRow(**answered))\n",
        "    pass\n",
        f"{CHANGED} 'key or older_answer'",
    ),
    bug(
        "any status may follow any other",
        "app/store/apply.py",
        "    if event.status != run.status and event.status not in MOVES",
        "    if False and event.status not in MOVES",
        INGESTED,
    ),
)

WATCHED: tuple[Bug, ...] = (
    bug(
        "exit code 0 is taken for finished",
        AFTERMATH,
        "    return Aftermath(RunStatus.LOST, how)\n",
        '    return Aftermath(RunStatus.FINISHED if "code 0" in how else RunStatus.LOST, how)\n',
        f"{DYING} exits",
    ),
    bug(
        "a process is known by its number alone",
        EVIDENCE,
        "return ticks is not None and ticks == identity.start_ticks",
        "return ticks is not None",
        "tests/server/test_evidence.py",
    ),
    bug(
        "a process of before the reboot is taken for one of now",
        EVIDENCE,
        "    if identity.boot_id != boot_id():\n        return False\n",
        "",
        "tests/server/test_evidence.py",
    ),
    bug(
        "the signal that killed a worker is not named",
        EVIDENCE,
        "    if number is not None:\n",
        "    if False:\n",
        "tests/server/test_restart.py -k signal_is_named",
    ),
    bug(
        "a step that kills is tried until the attempts are used up",
        "babysit/heartbeat.py",
        "    return mine.step == earlier.step != BETWEEN_STEPS",
        "    return False",
        f"{DYING} 'kills_two or always_raises'",
    ),
    bug(
        "attempts have no limit",
        AFTERMATH,
        "if recovers and run.attempt < ATTEMPTS_MAX and not",
        "if recovers and not",
        "tests/server/test_recovery.py -k three_dead",
    ),
    bug(
        "a stop that a dead worker did not answer is forgotten",
        AFTERMATH,
        "    if stops:\n",
        "    if False:\n",
        f"{DYING} stuck",
    ),
    bug(
        "a process that describes keeps the spare one alive",
        "babysit/nursery.py",
        "        if self._spare is not None:\n            self._spare.let_go()\n        live(",
        "        live(",
        "tests/training/test_nursery.py -k ends_with",
    ),
)
