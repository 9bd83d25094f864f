"""Why an object storage did not do what it was asked to, in words that hold no secrets.

The messages of obstore repeat answers of the storage, and these may name keys and signatures.
"""

from __future__ import annotations

import re

STATUS = re.compile(r"status code: (\d{3})|status (?:code )?(\d{3})")
CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
TIMEOUT = re.compile(r"\bTimedOut\b|kind: Timeout\b")
EXPIRED = frozenset({"ExpiredToken", "TokenRefreshRequired", "RequestExpired"})
NO_ANSWER = "it did not answer in time"
WORDS = (  # in the message: what it means
    ("builder error", "it is reached by plain HTTP: set AWS_ALLOW_HTTP=true to allow that"),
    ("timed out", NO_ANSWER),
    ("timeout", NO_ANSWER),
    ("dns error", "its name was not found"),
    ("error sending request", "there is no connection to it"),
    ("connect", "there is no connection to it"),
    ("decoding response body", "the connection was cut"),
    ("response body", "the connection was cut"),
    ("body", "the connection was cut"),
)
KINDS = {
    "UnauthenticatedError": "it does not accept the credentials",
    "PermissionDeniedError": "the credentials do not allow it",
    "NotSupportedError": "it does not support what is needed",
    "PreconditionError": "it does not support writing only what is not there",
}


def reason_of(error: BaseException) -> str:
    """A phrase such as "the credentials have expired (ExpiredToken)"."""
    text = str(error).partition("Debug source")[0].replace("retry_timeout", "")
    status = STATUS.search(text)
    code = CODE.search(text)
    number = next((group for group in status.groups() if group), "") if status else ""
    said = " ".join(part for part in (number, code[1] if code else "") if part)
    if code and code[1] in EXPIRED:
        return f"the credentials have expired ({code[1]})"
    kind = KINDS.get(type(error).__name__)
    if kind is None and number in ("401", "403"):
        kind = KINDS["PermissionDeniedError"]
    if kind is not None:
        return f"{kind} ({said})" if said else kind
    if said:
        return f"it answers {said}"
    if isinstance(error, TimeoutError) or TIMEOUT.search(str(error)):
        return NO_ANSWER
    if "credential" in text.lower() or "169.254.169.254" in text:
        return "there are no credentials for it"
    lowered = text.lower()
    found = next((meaning for word, meaning in WORDS if word in lowered), None)
    return found or f"it failed with {type(error).__name__}"
