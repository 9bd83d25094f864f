"""Bugs for who gets in and for what comes back: holes in the gate, and errors that say too much."""

from __future__ import annotations

from scripts.planted import Bug, Edit, bug

GATE = "app/gate.py"
MATRIX = "tests/hostile/test_gate_matrix.py"
SOCKETS = "tests/hostile/test_sockets.py"
TOKENS = "tests/server/test_tokens.py tests/server/test_gate.py"

GATEKEEPING: tuple[Bug, ...] = (
    bug(
        "a websocket is not gated",
        GATE,
        'await send({"type": "websocket.close", "code": 1008})',
        "await self._app(scope, receive, send)",
        f"{MATRIX} -k 'websocket or unknown_kinds'",
    ),
    bug(
        "DELETE is not gated",
        GATE,
        'READS = ("GET", "HEAD", "OPTIONS")',
        'READS = ("GET", "HEAD", "OPTIONS", "DELETE")',
        MATRIX,
    ),
    bug(
        "a name that begins like ours is ours",
        GATE,
        "found is None or found[0] not in self._policy.host_names",
        "found is None or not found[0].startswith(tuple(self._policy.host_names))",
        MATRIX,
    ),
    bug(
        "a name that ends like ours is ours",
        GATE,
        "found is None or found[0] not in self._policy.host_names",
        "found is None or not found[0].endswith(tuple(self._policy.host_names))",
        MATRIX,
    ),
    bug(
        "an origin is compared by how it begins",
        GATE,
        "    if found is None or (scheme.lower(), *found) != own:\n",
        '    if not origin.decode("latin-1").startswith(f"{own[0]}://{own[1]}:{own[2]}"):\n',
        MATRIX,
    ),
    bug(
        "the port of an origin does not count",
        GATE,
        "(scheme.lower(), *found) != own:",
        "(scheme.lower(), found[0]) != own[:2]:",
        MATRIX,
    ),
    bug(
        "the origin null is nobody's",
        GATE,
        "    if origin is None:\n",
        '    if origin in (None, b"null"):\n',
        MATRIX,
    ),
    bug(
        "a right origin makes a wrong site good",
        GATE,
        "        by_fetch = _check_fetch(headers, method, page=page)\n",
        "        by_fetch = by_origin or _check_fetch(headers, method, page=page)\n",
        MATRIX,
    ),
    bug(
        "another port of the same name is the same site",
        GATE,
        '    if site == b"same-origin":\n',
        '    if site in (b"same-origin", b"same-site"):\n',
        MATRIX,
    ),
    bug(
        "what a browser adds by itself is a proof",
        "app/asgi.py",
        'return token.strip() if scheme.lower() == b"bearer" else None',
        "return token.strip() if scheme else None",
        MATRIX,
    ),
    bug(
        "the content type of a change does not count",
        GATE,
        "            _check_content_type(headers)\n",
        "",
        MATRIX,
    ),
    bug(
        "a content type is looked for anywhere in the header",
        GATE,
        'if content_type.partition(b";")[0].strip().lower() != b"application/json":',
        'if b"application/json" not in content_type.lower():',
        MATRIX,
    ),
    bug(
        "a viewer may POST",
        GATE,
        "(method not in READS and (method, path) != OWN_SESSION)",
        '(method not in (*READS, "POST") and (method, path) != OWN_SESSION)',
        MATRIX,
    ),
    bug(
        "a viewer gets the link to watch",
        GATE,
        'OWNERS_PATHS = {"/api/session/link"}',
        "OWNERS_PATHS: set[str] = set()",
        MATRIX,
    ),
    bug(
        "one path needs nobody",
        GATE,
        '("POST", "/api/session")}',
        '("POST", "/api/session"), ("GET", "/api/tasks")}',
        MATRIX,
    ),
    bug(
        "a cross-origin header is sent",
        GATE,
        '    (b"x-content-type-options", b"nosniff"),\n',
        '    (b"x-content-type-options", b"nosniff"),\n'
        '    (b"access-control-allow-origin", b"*"),\n',
        MATRIX,
    ),
    bug(
        "the content policy lets scripts stand in the page",
        GATE,
        "default-src 'none'; script-src 'self';",
        "default-src 'none'; script-src 'self' 'unsafe-inline';",
        "tests/server/test_gate.py",
    ),
    bug(
        "a body is taken in whole before it is measured",
        "app/checked_body.py",
        "        if len(body) > most:\n",
        "        if not more and len(body) > most:\n",
        "tests/hostile/test_memory.py -k 'do_not_say'",
    ),
    bug(
        "an object has any number of fields",
        "app/strict_json.py",
        "    if len(pairs) > FIELDS_MAX:\n",
        "    if False:\n",
        "tests/server/test_limits.py -k fields_of_one",
    ),
    bug(
        "what is no HTTP in the middle of a body leaves a traceback",
        GATE,
        "        with contextlib.suppress(LocalProtocolError):\n",
        "        with contextlib.nullcontext():\n",
        f"{SOCKETS} -k 'two_parsers'",
    ),
    bug(
        "the beginning of a token is enough",
        "app/tokens.py",
        "role: hmac.compare_digest(token, right.encode())",
        "role: right.encode().startswith(token)",
        TOKENS,
    ),
    bug(
        "a token is taken from the query",
        GATE,
        "        bearer = headers.bearer()\n",
        '        bearer = headers.bearer() or scope["query_string"].partition(b"t=")[2] or None\n',
        "tests/server/test_gate.py -k wrong_token",
    ),
    bug(
        "sessions outlive their token",
        "app/store/sessions.py",
        "        if known is None or not valid or time.time()",
        "        if known is None or time.time()",
        TOKENS,
    ),
    bug(
        "scripts can read the cookie",
        "app/web/session.py",
        '        secure=request.url.scheme == "https",\n        httponly=True,\n',
        '        secure=request.url.scheme == "https",\n',
        "tests/server/test_gate.py -k cookie",
    ),
    bug(
        "other sites may use the cookie",
        "app/web/session.py",
        '        httponly=True,\n        samesite="strict",\n    )\n    return answer\n\n\n'
        "@router.delete",
        '        httponly=True,\n        samesite="none",\n    )\n    return answer\n\n\n'
        "@router.delete",
        "tests/server/test_gate.py -k cookie",
    ),
)

SAYING_TOO_MUCH: tuple[Bug, ...] = (
    Bug(
        "requests are logged with their query",
        (
            Edit("app/cli.py", "        access_log=False,\n", "        access_log=True,\n"),
            Edit("app/cli.py", 'log_level="warning"', 'log_level="info"'),
            Edit("app/one_line.py", "level=logging.WARNING", "level=logging.INFO"),
        ),
        "tests/server/test_secrets.py -k tokens_are_in_no_file",
    ),
    bug(
        "an error repeats the input",
        "app/invalid_input.py",
        'str(error["msg"]) + "." if',
        "f\"{error['msg']}: {error.get('input')!r}.\" if",
        SOCKETS,
    ),
    bug(
        "an error without words of its own repeats the input",
        "app/invalid_input.py",
        'else "This is not right."',
        "else f\"This is not right: {error.get('input')!r}.\"",
        "tests/server/test_input.py -k is_not_repeated",
    ),
    bug(
        "a number that is none is answered as it came",
        "app/main.py",
        "            problem = problem_in(error.errors())\n",
        "            problem = problem_in(error.errors())\n"
        '            problem.details["state"] = error.errors()[0].get("input")\n',
        SOCKETS,
    ),
    bug(
        "0 passes for false",
        "app/web/bodies.py",
        "    if isinstance(value, int | float) and not isinstance(value, bool):\n",
        "    if False:\n",
        "tests/server/test_input.py -k truth_value",
    ),
    bug(
        "text is put into the page as HTML",
        "app/web/report.py",
        "name=html.escape(name, quote=False)",
        "name=name",
        "tests/browser/test_payloads.py -k exported",
    ),
)
