// Ask a server in every way that a page has; what each way got to see, or null.
async ({target, method, body, within, forms}) => {
  const late = new Promise((done) => setTimeout(() => done("late"), within));
  const loaded = (element, put) => new Promise((done) => {
    element.onload = () => done("loaded");
    element.onerror = () => done(null);
    put(element);
    document.body.append(element);
  });
  const read = async (options) => {
    try { return (await (await fetch(target, options)).text()) || null; } catch { return null; }
  };
  const form = (kind) => new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.name = "f" + Math.random();
    const sent = document.createElement("form");
    Object.assign(sent, {action: target, method: "post", enctype: kind, target: frame.name});
    const field = document.createElement("input");
    Object.assign(field, {name: body.slice(0, -1) + ',"x":"', value: '"}'});
    sent.append(field);
    frame.onload = () => { try { done(frame.contentDocument.body.innerText || null); } catch { done(null); } };
    document.body.append(frame, sent);
    sent.submit();
  });
  const json = {"Content-Type": "application/json"};
  const text = {"Content-Type": "text/plain"};
  const changes = !["GET", "HEAD"].includes(method);
  const sent = changes ? {method, body} : {method};
  const ways = {
    fetch: () => read({...sent, credentials: "include"}),
    json: () => read({...sent, headers: json, credentials: "include"}),
    guess: () => read({...sent, headers: {Authorization: "Bearer x"}, credentials: "include"}),
    opaque: () => read({method: changes ? "POST" : "GET", body: changes ? body : undefined,
      headers: text, mode: "no-cors", credentials: "include"}),
    beacon: async () => { navigator.sendBeacon(target, new Blob([body], {type: "text/plain"})); return null; },
    image: () => loaded(new Image(), (e) => { e.src = target; }),
    script: async () => {
      await loaded(document.createElement("script"), (e) => { e.src = target; });
      return window.__read ?? null;
    },
    style: () => loaded(document.createElement("link"), (e) => { e.rel = "stylesheet"; e.href = target; }),
    stream: () => new Promise((done) => {
      const source = new EventSource(target, {withCredentials: true});
      source.onopen = source.onmessage = () => { source.close(); done("opened"); };
      source.onerror = () => { source.close(); done(null); };
    }),
    socket: () => new Promise((done) => {
      const socket = new WebSocket(target.replace("http", "ws"));
      socket.onopen = () => done("opened");
      socket.onerror = () => done(null);
    }),
    ...(changes ? {} : {frame: () => new Promise((done) => {
      const frame = document.createElement("iframe");
      frame.onload = () => { try { done(frame.contentDocument.body.innerText || null); } catch { done(null); } };
      frame.src = target;
      document.body.append(frame);
    })}),
  };
  if (changes) for (const kind of forms) ways["form " + kind] = () => form(kind);
  const seen = {};
  await Promise.all(Object.entries(ways).map(async ([name, way]) => {
    seen[name] = await Promise.race([way(), late]);
  }));
  document.body.replaceChildren();
  return seen;
}
