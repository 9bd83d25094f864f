"""Bugs around the gate: input that costs too much, and what is let in for too long."""

from __future__ import annotations

from scripts.planted import Bug, Edit, bug

RECIPES = "tests/training/test_recipes.py"
FOREIGN = "tests/server/test_foreign.py"
LIMITS = "tests/server/test_limits.py"
STREAM = "tests/server/test_stream.py"
TOKENS = "tests/server/test_tokens.py"

COSTING_TOO_MUCH: tuple[Bug, ...] = (
    bug(
        "a port of 5,000 digits is made a number",
        "app/asgi.py",
        'port.isdigit() and len(port) <= len("65535")',
        "port.isdigit()",
        "tests/server/test_gate.py -k other_hosts",
    ),
    bug(
        "what proxies say has any length",
        "app/forwarded.py",
        "    if len(text) > FORWARDED_CHARACTERS_MAX:\n",
        "    if False:\n",
        "tests/server/test_modes.py -k no_more_than_proxies",
    ),
    bug(
        "a sign-in may be as long as any request",
        "app/checked_body.py",
        ', "/api/session": SIGN_IN_BODY_BYTES_MAX',
        "",
        f"{LIMITS} -k bodies",
    ),
    bug(
        "who waits for the tasks holds a thread",
        "app/web/tasks.py",
        "        await asyncio.sleep(LOOK_EVERY_S)",
        "        time.sleep(LOOK_EVERY_S)",  # the bug itself: no test waits by it
        f"{FOREIGN} -k many_who_wait",
    ),
    bug(
        "sessions are never too many",
        "app/store/sessions.py",
        "        return own[: max(0, len(own) + 1 - SESSIONS_MAX)]\n",
        "        return []\n",
        f"{LIMITS} -k sessions",
    ),
    bug(
        "any number of bytes is remembered for streams",
        "app/web/hub.py",
        "len(self._ring) > RING_MAX or self._ring_bytes > RING_BYTES_MAX",
        "len(self._ring) > RING_MAX",
        f"{STREAM} -k bounded_in_bytes",
    ),
    bug(
        "a stream that comes back gets any number of bytes",
        "app/web/hub.py",
        "        return found if sum(map(len, found)) <= QUEUE_BYTES_MAX else [RESET]\n",
        "        return found\n",
        f"{STREAM} -k bounded_in_bytes",
    ),
    bug(
        "a new stream gets any number of bytes from the database",
        "app/web/stream.py",
        "    return messages if sum(map(len, messages)) <= QUEUE_BYTES_MAX else [RESET]\n",
        "    return messages\n",
        f"{STREAM} -k missed_too_many",
    ),
    bug(
        "aliases are followed in a recipe",
        "babysit/plain_yaml.py",
        'isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:\n',
        "False:\n",
        f"{RECIPES} -k 'bomb or alias'",
    ),
    Bug(
        "a tag in a recipe makes what it says",
        (
            Edit(
                "babysit/plain_yaml.py",
                '        if getattr(event, "tag", None) is not None:\n',
                "        if False:\n",
            ),
        ),
        f"{RECIPES} -k refused_in_one_line",
        defended_by="the safe loader makes plain values only, and each place looks at its kind",
    ),
    bug(
        "what YAML stumbles over is a fault of ours",
        "babysit/plain_yaml.py",
        "    except Exception as error:  # whatever",
        "    except yaml.YAMLError as error:  # whatever",
        f"{RECIPES} -k refused_in_one_line",
    ),
    bug(
        "a recipe may be nested as deep as it likes",
        "babysit/plain_yaml.py",
        "        if depth > DEPTH_MAX:\n",
        "        if False:\n",
        f"{RECIPES} -k refused_in_one_line",
    ),
    bug(
        "a text in a recipe may hold a NUL",
        "babysit/plain_text.py",
        '    if "\\0" in text:\n',
        "    if False:\n",
        f"{RECIPES} -k refused_in_one_line",
    ),
    bug(
        "a number in a recipe may be huge",
        "babysit/plain_yaml.py",
        "isinstance(value, int) and abs(value) > INT_MAX:\n",
        "False:\n",
        f"{RECIPES} -k refused_in_one_line",
    ),
    bug(
        "a few bytes of a recipe become gigabytes of numbers",
        "babysit/recipe_file.py",
        '_whole(body, "count", 1, COUNT_MAX)',
        '_whole(body, "count", 1, RECIPE_BYTES_MAX)',
        f"{RECIPES} -k more_numbers",
    ),
    bug(
        "a refused recipe repeats what stands where a name should",
        "babysit/recipe_file.py",
        "isinstance(name, str) and _WORD.fullmatch(name) else",
        "isinstance(name, str) else",
        f"{RECIPES} -k repeats_nothing",
    ),
    bug(
        "a picture is read whatever it is",
        "app/web/runs.py",
        "with opened(path, PICTURE_BYTES_MAX) as file:",
        'with open(path, "rb") as file:',
        f"{FOREIGN} -k picture",
    ),
    bug(
        "what a checkpoint holds is read whatever it is",
        "app/store/acts.py",
        "        with opened(path, STATE_BYTES_MAX) as file:\n",
        '        with open(path, "rb") as file:\n',
        f"{FOREIGN} -k recipe_does_not_wait",
    ),
)

LASTING_TOO_LONG: tuple[Bug, ...] = (
    bug(
        "a stream that waited for its turn outlives its token",
        "app/web/stream.py",
        "        _check_still_known(parts, request, bearer, cookie)\n",
        "",
        f"{TOKENS} -k ended_meanwhile",
    ),
    bug(
        "a stream that is refused late stays open",
        "app/web/stream.py",
        "    except BaseException:\n        parts.hub.leave(subscriber)\n        raise\n",
        "    except TimeoutError:\n        parts.hub.leave(subscriber)\n        raise\n",
        f"{TOKENS} -k ended_meanwhile",
    ),
    bug(
        "a stream outlives the session that opened it",
        "app/web/session.py",
        "        parts.hub.end_session(sha256(cookie))\n",
        "",
        f"{TOKENS} -k signing_out",
    ),
    bug(
        "signing out ends everybody's streams",
        "app/web/hub.py",
        "            if session in (None, subscriber.session):\n",
        "            if True:\n",
        f"{TOKENS} -k signing_out",
    ),
    bug(
        "a worker says where its checkpoints lie",
        "app/store/apply.py",
        "    if isinstance(event, CheckpointSaved) and not",
        "    if False and not",
        f"{FOREIGN} -k no_directory",
    ),
    bug(
        "a fork's worker takes whatever checkpoint lies there",
        "babysit/worker.py",
        "load_checkpoint(directory, announced_in(asked))",
        "load_checkpoint(directory)",
        f"{FOREIGN} -k before_the_fork",
    ),
)
