"""The people of a soak: threads that ask for legal and illegal things, and ask again."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from typing import Any

import httpx

from tests.live_server import TOKEN, web_client
from tests.soak.history import Asked, History
from tests.soak.product import Product

ANSWER_WITHIN_S = 15.0
TRIED_FOR_S = 90.0  # then a request stays unknown
PAUSE_S = (0.0, 0.25)  # between two requests of one person
ACTIVE_MAX = 4  # runs at work at once
STEPS = (1_000, 12_000)
RATES = (150.0, 500.0)  # steps a second
ASK_AGAIN_S = 0.15

ILLEGAL: tuple[dict[str, Any], ...] = (
    {"kind": "set", "values": {"learning_rate": -1.0}},
    {"kind": "set", "values": {"learning_rate": "NaN"}},
    {"kind": "set", "values": {"beta1": 0.5}},
    {"kind": "set", "values": {"no_such_thing": 1}},
    {"kind": "set", "values": {}},
    {"kind": "set", "values": {"batch_size": 10_000}},
    {"kind": "set", "values": {"momentum": 1.0}},
    {"kind": "set", "values": {"learning_rate": 0.1}, "over_steps": 0},
    {"kind": "set", "values": {"learning_rate": 0.1}, "keep_step_size": True},
    {"kind": "extend", "steps": 0},
    {"kind": "cancel", "command_id": 999_999_999},
    {"kind": "dance"},
)


class Person:
    """One client: asks, waits, asks again with the same key when no answer came."""

    def __init__(self, product: Product, history: History, draw: random.Random, name: str) -> None:
        self._product = product
        self._history = history
        self._draw = draw
        self._name = name
        self._count = 0
        self._client = web_client(timeout=ANSWER_WITHIN_S)
        self.unexpected: list[str] = []  # answers that must never come

    def live(self, until: threading.Event) -> None:
        while not until.is_set():
            with contextlib.suppress(httpx.HTTPError):  # there is no server just now
                self._act()
            time.sleep(self._draw.uniform(*PAUSE_S))

    def close(self) -> None:
        self._client.close()

    # -- asking

    def ask(self, kind: str, path: str, body: dict[str, Any]) -> Asked:
        """POST with a key of its own; again until there is an answer, or patience ends."""
        self._count += 1
        spec = self._history.invoke(kind, path, body, f"{self._name}-{self._count}")
        text = {"run": "name", "fork": "name", "note": "text"}.get(kind, "note")
        if kind != "illegal":
            body[text] = spec.key
        patient = self._draw.random() < 0.85
        end_s = time.monotonic() + (TRIED_FOR_S if patient else 0.0)
        while True:
            self.send(spec)
            if spec.outcome != "invoked":
                break
            if time.monotonic() > end_s:
                spec.outcome = "unknown"
                break
            time.sleep(ASK_AGAIN_S)
        if spec.outcome == "ok" and self._draw.random() < 0.05:
            self.repeat(spec)
        return spec

    def send(self, spec: Asked) -> None:
        """Send it once and note the answer, if one comes."""
        spec.sent += 1
        try:
            answer = self._request("POST", spec.path, spec.body, spec.key)
        except httpx.HTTPError:
            return
        if answer.status_code >= 500:
            if answer.status_code == 500:
                self.unexpected.append(f"{spec}: {answer.text}")
            return  # nothing happened, or so it says: the same key asks again
        spec.status, spec.answer = answer.status_code, answer.json()
        spec.outcome = "ok" if answer.is_success else "fail"

    def repeat(self, spec: Asked) -> None:
        """Sent again it is answered as before; its key takes no other request."""
        try:
            again = self._request("POST", spec.path, spec.body, spec.key)
            if again.status_code < 500 and (again.status_code, again.json()) != (
                spec.status,
                spec.answer,
            ):
                self.unexpected.append(f"{spec}: answered otherwise: {again.text}")
            other = self._request("POST", spec.path, {**spec.body, "x": 1}, spec.key)
            if other.status_code < 400:
                self.unexpected.append(f"{spec}: its key took another body: {other.text}")
        except httpx.HTTPError:
            return

    def look(self, path: str) -> Any:
        answer = self._request("GET", path, None, None)
        answer.raise_for_status()
        return answer.json()

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None, key: str | None
    ) -> httpx.Response:
        server = self._product.server
        if server is None:
            raise httpx.ConnectError("there is no server")
        headers = {"Authorization": f"Bearer {TOKEN}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return self._client.request(method, server.url + path, json=body, headers=headers)

    # -- what people do

    def _act(self) -> None:
        runs = self.look("/api/runs?limit=50")["runs"]
        active = [run for run in runs if run["allowed"] and "set" in run["allowed"]]
        draw = self._draw
        at_work = [run for run in active if run["status"] != "starting"]  # others may rest long
        if len(at_work) < ACTIVE_MAX and draw.random() < 0.5:
            self.ask("run", "/api/runs", self._new_run())
        elif runs and draw.random() < 0.05:
            self._fork(draw.choice(runs))
        elif runs and draw.random() < 0.05:
            self.ask("note", f"/api/runs/{draw.choice(runs)['id']}/notes", {})
        elif active:
            self._steer(draw.choice(active))

    def _new_run(self) -> dict[str, Any]:
        draw = self._draw
        return {
            "task": "counting",
            "steps": draw.randint(*STEPS),
            "seed": draw.randint(0, 1000),
            "max_steps_per_s": draw.uniform(*RATES),
            "values": {
                "learning_rate": draw.uniform(0.001, 0.1),
                "momentum": draw.choice([0.0, 0.9]),
                "batch_size": draw.randint(1, 60),
            },
        }

    def _fork(self, run: dict[str, Any]) -> None:
        draw = self._draw
        there = self.look(f"/api/runs/{run['id']}/checkpoints")
        usable = [found for found in there if found["valid"] and not found["removed"]]
        if not usable:
            return
        checkpoint = draw.choice(usable)
        values = {"learning_rate": draw.uniform(0.001, 0.1)} if draw.random() < 0.5 else {}
        steps = checkpoint["step"] + draw.randint(200, 2000)
        body = {"values": values, "steps": steps, "rewind": draw.random() < 0.1}
        self.ask("fork", f"/api/checkpoints/{checkpoint['id']}/fork", body)

    def _steer(self, run: dict[str, Any]) -> None:
        draw, path = self._draw, f"/api/runs/{run['id']}/commands"
        if draw.random() < 0.15:
            self.ask("illegal", path, dict(draw.choice(ILLEGAL)))
            return
        pending = [item["command_id"] for item in run["pending"]]
        paused = run["status"] == "paused"
        kinds = ["set"] * 6 + ["save_checkpoint", "evaluate", "extend", "stop"]
        kinds += ["resume"] * 8 if paused else ["pause"]
        kinds += ["cancel"] if pending else []
        body: dict[str, Any] = {"kind": draw.choice(kinds)}
        match body["kind"]:
            case "set":
                body |= self._change(run)
            case "extend":
                body["steps"] = draw.randint(1, 300)
            case "cancel":
                body["command_id"] = draw.choice(pending)
            case "stop" if draw.random() < 0.6:
                return
        self.ask("command", path, body)

    def _change(self, run: dict[str, Any]) -> dict[str, Any]:
        draw = self._draw
        name = draw.choice(["learning_rate", "learning_rate", "momentum", "batch_size"])
        values: dict[str, Any] = {
            "learning_rate": draw.uniform(0.001, 0.1),
            "momentum": draw.choice([0.0, 0.5, 0.9]),
            "batch_size": draw.randint(1, 60),
        }
        change: dict[str, Any] = {"values": {name: values[name]}}
        if draw.random() < 0.3:
            change["at_step"] = run["step"] + draw.randint(1, 1500)
        if name != "batch_size" and draw.random() < 0.3:
            change["over_steps"] = draw.randint(1, 200)
        if name == "momentum" and draw.random() < 0.2:
            change["keep_step_size"] = True
        if name == "batch_size":
            change["batch_now"] = draw.random() < 0.5
        return change
