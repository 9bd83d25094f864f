"""Bugs for what is kept: checkpoints and journals that lose something, or say what is not so."""

from __future__ import annotations

from scripts.planted import Bug, Edit, bug

CHECKPOINT, SAVER = "babysit/checkpoint.py", "babysit/saver.py"
JOURNAL, APPEND = "babysit/journal.py", "babysit/append.py"

FAULTS = "tests/training/test_faults.py"
RETENTION = "tests/training/test_retention.py"
JOURNALS = "tests/training/test_journal.py"
DAMAGED = "tests/training/test_checkpoints.py -k damaged"

KEEPING: tuple[Bug, ...] = (
    Bug(
        "a checkpoint is renamed before it is synced",
        (
            Edit(
                CHECKPOINT,
                "        for name in (*FILES, MANIFEST):\n            _sync(beside / name)\n"
                "        _sync(beside)\n        os.rename(beside, place)\n"
                "        beside = place\n        _sync(checkpoints)\n",
                "        os.rename(beside, place)\n        beside = place\n"
                "        _sync(checkpoints)\n"
                "        for name in (*FILES, MANIFEST):\n            _sync(beside / name)\n",
            ),
        ),
        FAULTS,
        "whoever is told of it is told after the syncs, too: no acknowledged one is lost",
    ),
    bug(
        "the files of a checkpoint are not synced",
        CHECKPOINT,
        "            _sync(beside / name)\n",
        "            pass\n",
        FAULTS,
    ),
    bug(
        "the folder is not synced after the rename",
        CHECKPOINT,
        "        _sync(checkpoints)\n",
        "",
        FAULTS,
    ),
    bug(
        "a checkpoint is announced before it is renamed",
        CHECKPOINT,
        "        os.rename(beside, place)\n        beside = place\n",
        "        import threading\n"
        "        threading.Timer(0.3, os.rename, (beside, place)).start()\n",
        f"{FAULTS} tests/training/test_checkpoints.py",
    ),
    bug(
        "a failed write is announced all the same",
        SAVER,
        "            saved.failed = True\n",
        "            pass\n",
        "tests/training/test_checkpoints.py -k fails",
    ),
    Bug(
        "retention comes before the announcement",
        (
            Edit(
                SAVER,
                "            )\n        )\n        self._remove_unneeded()\n",
                "            )\n        )\n",
            ),
            Edit(
                SAVER,
                "        self._on_disk.append(saved)\n",
                "        self._on_disk.append(saved)\n        self._remove_unneeded()\n",
            ),
        ),
        RETENTION,
    ),
    Bug(
        "retention removes before it says so",
        (
            Edit(
                SAVER,
                "            self._on_disk.remove(saved)\n",
                "            self._on_disk.remove(saved)\n"
                "            shutil.rmtree(self._checkpoints / saved.directory)\n",
            ),
        ),
        RETENTION,
    ),
    bug(
        "retention removes what somebody refers to",
        SAVER,
        "needed = last | best | kept",
        "needed = last | best",
        RETENTION,
    ),
    bug(
        "checksums are not compared at load",
        CHECKPOINT,
        'if _file_entry(directory / name) != manifest["files"][name]:',
        "if False:",
        f"{DAMAGED} {FAULTS}",
    ),
    bug(
        "sound files of two checkpoints pass as one",
        CHECKPOINT,
        'if snapshot.state_sha256() != manifest["state_sha256"]:',
        "if False:",
        DAMAGED,
    ),
    bug(
        "a torn tail is not cut off",
        APPEND,
        "self._end = self._synced_end = find_end(path)",
        "self._end = self._synced_end = max(find_end(path), path.stat().st_size)",
        JOURNALS,
    ),
    bug(
        "a failed write leaves its half in the journal",
        APPEND,
        "        except OSError:\n            os.ftruncate(self._fd, self._end)\n"
        "            os.lseek(self._fd, self._end, os.SEEK_SET)\n",
        "        except OSError:\n",
        f"{JOURNALS} {FAULTS}",
    ),
    bug(
        "a sync after a failed one is believed",
        APPEND,
        "        if self._is_doubtful:\n",
        "        if False:\n",
        FAULTS,
    ),
    bug(
        "checksums of the journal are not compared",
        JOURNAL,
        "return end if crc32c(payload, crc32c(SEQ.pack(seq))) == checksum else None",
        "return end",
        JOURNALS,
    ),
    bug(
        "a record that comes twice is read twice",
        JOURNAL,
        "        if seq <= self.seq:",
        "        if False:",
        JOURNALS,
    ),
    bug(
        "a hole in the journal is not noticed",
        JOURNAL,
        "        if seq > self.seq + 1:",
        "        if False:",
        JOURNALS,
    ),
    bug(
        "NaN becomes null",
        JOURNAL,
        '            return "NaN"\n',
        "            return None\n",
        JOURNALS,
    ),
)
