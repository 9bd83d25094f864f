"""A foreign web page that tries, in every way a browser knows, to steer or to read a Babysit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

# Each attempt says what it could read, or null. `victim` and `run` are those of the address.
PAGE = """<!doctype html><meta charset="utf-8"><title>A foreign page</title><body><script>
const asked = new URLSearchParams(location.search);
const victim = asked.get("victim"), run = asked.get("run");
const api = path => victim + "/api" + path;
const ways = {};
const bodies = {
  [`/runs/${run}/notes`]: '{"text": "pwned"}',
  [`/runs/${run}/commands`]: '{"kind": "extend", "steps": 5}',
  "/runs": '{"task": "spirals", "steps": 3, "name": "pwned"}',
  "/session": '{"token": "a-guess-of-the-attacker-0123456789"}',
};
const read = ["/runs", `/runs/${run}`, `/runs/${run}/events`, `/runs/${run}/export?format=json`,
  `/runs/${run}/curves`, "/tasks", "/openapi.json", "/session", "/session/link", "/health"];

// fetch, with and without asking for leave, with the cookie
for (const mode of ["cors", "no-cors", "same-origin"]) {
  for (const path of read)
    ways[`fetch GET ${mode} ${path}`] = async () =>
      (await (await fetch(api(path), {mode, credentials: "include"})).text()) || null;
  for (const [path, body] of Object.entries(bodies))
    for (const type of ["application/json", "text/plain", "application/x-www-form-urlencoded"])
      ways[`fetch POST ${mode} ${type} ${path}`] = async () =>
        (await (await fetch(api(path), {method: "POST", mode, credentials: "include", body,
          headers: {"content-type": type}})).text()) || null;
}
for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS"])
  ways[`fetch ${method}`] = async () =>
    (await (await fetch(api(`/runs/${run}`), {method, credentials: "include",
      body: '{"name": "pwned"}', headers: {"content-type": "application/json"}})).text()) || null;
ways["fetch with a made-up token"] = async () =>
  (await (await fetch(api("/runs"), {headers: {authorization: "Bearer guess"}})).text()) || null;

// XMLHttpRequest
for (const [path, body] of Object.entries(bodies))
  ways[`xhr POST ${path}`] = () => new Promise(done => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", api(path)); xhr.withCredentials = true;
    xhr.setRequestHeader("content-type", "text/plain");
    xhr.onloadend = () => done(xhr.responseText || null);
    xhr.send(body);
  });

// beacons
for (const [path, body] of Object.entries(bodies))
  for (const type of ["text/plain", "application/json"])
    ways[`beacon ${type} ${path}`] = async () => {
      navigator.sendBeacon(api(path), new Blob([body], {type}));
      return null;
    };

// forms; a text/plain one can send what parses as JSON
function frame(name) {
  const made = document.createElement("iframe");
  made.name = name; document.body.append(made);
  return made;
}
let forms = 0;
for (const [path, body] of Object.entries(bodies))
  for (const enctype of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
    for (const method of ["POST", "GET"])
      ways[`form ${method} ${enctype} ${path}`] = () => new Promise(done => {
        const name = `form-${forms++}`, target = frame(name), form = document.createElement("form");
        Object.assign(form, {action: api(path), method, enctype, target: name});
        const field = document.createElement("input");
        field.name = body.slice(0, -1) + ', "x": "'; field.value = '"}';
        form.append(field); document.body.append(form);
        target.onload = () => done(seenIn(target));
        form.submit();
      });
function seenIn(target) {
  try { return target.contentDocument?.body?.innerText || null; } catch { return null; }
}

// things that load: what they show or run would give something away
const framed = ["iframe", "object", "embed"]; // they load any answer; what can be seen of it counts
function loads(tag, attribute, path, extra = {}) {
  return () => new Promise(done => {
    const made = document.createElement(tag);
    Object.assign(made, extra);
    made.onload = () => done(framed.includes(tag) ? seenIn(made) : `${tag} has loaded`);
    made.onerror = () => done(null);
    made[attribute] = victim + path;
    document.body.append(made);
    if (tag === "video" || tag === "embed" || tag === "object") setTimeout(() => done(null), 500);
  });
}
const data = `/api/runs/${run}/export?format=csv`;
ways["image"] = loads("img", "src", data);
ways["image of the page"] = loads("img", "src", "/panda.svg");
ways["script"] = loads("script", "src", "/api/runs");
ways["script of the page"] = loads("script", "src", "/theme.js");
ways["module script"] = loads("script", "src", "/api/tasks", {type: "module"});
ways["stylesheet"] = loads("link", "href", "/api/runs", {rel: "stylesheet"});
ways["stylesheet of the page"] = loads("link", "href", "/plotly.css", {rel: "stylesheet"});
ways["iframe of the page"] = loads("iframe", "src", "/");
ways["iframe of the API"] = loads("iframe", "src", "/api/runs");
ways["iframe without an origin"] = loads("iframe", "src", "/api/runs", {sandbox: "allow-scripts"});
ways["object"] = loads("object", "data", "/api/runs");
ways["embed"] = loads("embed", "src", "/api/runs");
ways["video"] = loads("video", "src", data);

// streams and sockets
for (const path of ["/api/stream", `/api/stream?runs=${run}`])
  ways[`EventSource ${path}`] = () => new Promise(done => {
    const source = new EventSource(victim + path, {withCredentials: true});
    const heard = message => { source.close(); done(message.data ?? "it has opened"); };
    for (const kind of ["open", "message", "event", "points", "run"])
      source.addEventListener(kind, heard);
    source.onerror = () => { source.close(); done(null); };
  });
for (const path of ["/", "/api/stream", "/ws", `/api/runs/${run}/commands`])
  ways[`WebSocket ${path}`] = () => new Promise(done => {
    const socket = new WebSocket(victim.replace("http", "ws") + path);
    socket.onopen = () => { socket.send('{"kind": "stop"}'); done("it has opened"); };
    socket.onerror = () => done(null);
  });

// a window of it, and what its opener can reach
ways["window"] = () => new Promise(done => {
  const opened = open(victim + "/");
  setTimeout(() => {
    let seen = null;
    try { seen = opened?.document?.body?.innerText || null; } catch { }
    opened?.close();
    done(seen);
  }, 800);
});

async function attack() {
  const stolen = [];
  for (const [name, way] of Object.entries(ways)) {
    const late = new Promise(done => setTimeout(() => done(null), 3000));
    const got = await Promise.race([way(), late]).catch(() => null);
    if (got !== null) stolen.push(`${name}: ${got}`.slice(0, 200));
  }
  return {tried: Object.keys(ways).length, stolen};
}
</script>"""


class _ForeignPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        content = PAGE.encode() if asked else b"<!doctype html><title>Nothing</title>"
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def attacker() -> Iterator[int]:
    """The port of the foreign page's server, on every name of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _ForeignPage)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
