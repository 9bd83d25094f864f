// Ask a server in the named ways that a page has; what each way got to see, or null.
async ({target, method, body, within, names}) => {
  const late = () => new Promise((done) => setTimeout(() => done("late"), within));
  const put = (tag, extra) => {
    const made = Object.assign(document.createElement(tag), extra);
    document.body.append(made);
    return made;
  };
  // What loads gives something away; of what loads any answer, only what can be seen of it counts.
  const loads = (tag, attribute, extra = {}) => new Promise((done) => {
    const made = Object.assign(document.createElement(tag), extra);
    made.onload = made.onloadedmetadata = () => done("loaded");
    made.onerror = () => done(null);
    made[attribute] = target;
    document.body.append(made);
  });
  const inside = (frame) => {
    try { return frame.contentDocument?.body?.innerText || null; } catch { return null; }
  };
  const frames = (tag, attribute, extra = {}) => new Promise((done) => {
    const made = Object.assign(document.createElement(tag), extra);
    made.onload = made.onerror = () => done(inside(made));
    made[attribute] = target;
    document.body.append(made);
  });
  const read = async (options) => {
    try { return (await (await fetch(target, options)).text()) || null; } catch { return null; }
  };
  const changes = !["GET", "HEAD"].includes(method);
  const sent = changes ? {method, body} : {method};
  const simple = changes ? {method: "POST", body} : {method: "GET"};
  const typed = (type) => ({headers: {"Content-Type": type}, credentials: "include"});
  const form = (enctype) => new Promise((done) => {
    const frame = put("iframe", {name: "f" + Math.random()});
    const made = put("form", {action: target, method: simple.method, enctype, target: frame.name});
    const field = Object.assign(document.createElement("input"), {
      name: body.slice(0, -1) + ',"x":"', value: '"}'});
    made.append(field);
    frame.onload = () => done(inside(frame));
    made.submit();
  });
  const beacon = async (type) => {
    navigator.sendBeacon(target, new Blob([body], {type}));
    return null;
  };
  const ways = {
    "fetch": () => read({...sent, credentials: "include"}),
    "fetch JSON": () => read({...sent, ...typed("application/json")}),
    "fetch as a form": () => read({...sent, ...typed("application/x-www-form-urlencoded")}),
    "fetch with a guess": () => read({...sent, headers: {Authorization: "Bearer x"}, credentials: "include"}),
    "fetch no-cors": () => read({...simple, ...typed("text/plain"), mode: "no-cors"}),
    "fetch same-origin": () => read({...sent, ...typed("application/json"), mode: "same-origin"}),
    "XMLHttpRequest": () => new Promise((done) => {
      const xhr = new XMLHttpRequest();
      xhr.open(simple.method, target);
      xhr.withCredentials = true;
      if (changes) xhr.setRequestHeader("content-type", "text/plain");
      xhr.onloadend = () => done(xhr.responseText || null);
      xhr.send(simple.body);
    }),
    "beacon": () => beacon("text/plain"),
    "beacon JSON": () => beacon("application/json"),
    "image": () => loads("img", "src"),
    "script": async () => {
      const loaded = await loads("script", "src");
      return window.__read ?? loaded;
    },
    "module": () => loads("script", "src", {type: "module"}),
    "style": () => loads("link", "href", {rel: "stylesheet"}),
    "video": () => loads("video", "src"),
    "stream": () => new Promise((done) => {
      const source = new EventSource(target, {withCredentials: true});
      source.onopen = source.onmessage = () => { source.close(); done("opened"); };
      source.onerror = () => { source.close(); done(null); };
    }),
    "socket": () => new Promise((done) => {
      const socket = new WebSocket(target.replace("http", "ws"));
      socket.onopen = () => done("opened");
      socket.onerror = () => done(null);
    }),
    "frame": () => frames("iframe", "src"),
    "frame without an origin": () => frames("iframe", "src", {sandbox: "allow-scripts"}),
    "object": () => frames("object", "data"),
    "embed": () => frames("embed", "src"),
    "form text/plain": () => form("text/plain"),
    "form urlencoded": () => form("application/x-www-form-urlencoded"),
    "form multipart": () => form("multipart/form-data"),
  };
  const seen = {};
  await Promise.all(names.map(async (name) => {
    seen[name] = await Promise.race([ways[name](), late()]);
  }));
  document.body.replaceChildren();
  return seen;
}
