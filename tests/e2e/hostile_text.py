"""Texts that are code somewhere, and a look for each of them on a page: as text, and only so."""

from __future__ import annotations

from playwright.sync_api import Page

_FORMS = (
    "<script>{}</script>",
    "</script><script>{}</script>",
    "<img src=x onerror={}>",
    '"><img src=x onerror={}>',
    "'><svg onload={}>",
    "<svg><script>{}</script></svg>",
    "<iframe srcdoc='<script>parent.{}</script>'></iframe>",
    '<iframe src="javascript:{}"></iframe>',
    '<a href="javascript:{}">a</a>',
    "[a](javascript:{})",
    "javascript:{}",
    '" autofocus onfocus={} x="',
    "' onmouseover={} x='",
    "<details open ontoggle={}>",
    "<body onload={}>",
    "<math><mtext><style><img src=x onerror={}></style></mtext></math>",
    "<style>@import 'javascript:{}'</style>",
    "<b>bold</b><i onclick={}>",
    "<object data=javascript:{}></object>",
    "<template><img src=x onerror={}></template>",
    "&lt;script&gt;{}&lt;/script&gt;",
    "%3Cscript%3E{}%3C/script%3E",
    "{{{{constructor.constructor('{}')()}}}}",
    "${{{}}}",
    "`{}`",
    "\\x3cscript\\x3e{}\\x3c/script\\x3e",
    "<!--><script>{}</script>-->",
    "<form action=javascript:{}><input type=submit>",
    "\u202e<script>{}</script>",
    "=HYPERLINK('javascript:{}')",
    "@SUM(1)|{}",
    "+cmd|' /C calc'!A0 {}",
)
PAYLOADS = tuple(
    form.format(f"window.__pwned={number}") for number, form in enumerate(_FORMS, start=1)
)
# Before anything of a page runs: what the content policy had to stop is a miss as well.
WATCH = """
window.__stopped = [];
addEventListener("securitypolicyviolation", (event) => {
  window.__stopped.push(event.violatedDirective + " " + event.blockedURI);
});
"""
# Of each text: in how many texts, and values that people get to see, it stands as it was written.
_FOUND = """texts => {
  const seen = [];
  const walker = document.createTreeWalker(document, NodeFilter.SHOW_ELEMENT);
  while (walker.nextNode()) {
    const element = walker.currentNode;
    if (["SCRIPT", "STYLE"].includes(element.tagName)) continue;
    for (const node of element.childNodes) if (node.nodeType === 3) seen.push(node.data);
    for (const name of ["aria-label", "title", "value"]) {
      seen.push(element.getAttribute(name) ?? "");
    }
    seen.push(typeof element.value === "string" ? element.value : "");
  }
  return texts.map((text) => seen.filter((one) => one.includes(text)).length);
}"""
# Elements that no page of ours has.
_STRANGE = """() => [...document.querySelectorAll(
  "script:not([src]), iframe, object, embed, math, [srcdoc], img[src='x']"
)].concat([...document.querySelectorAll("*")].filter((element) =>
  element.getAttributeNames().some((name) => name.startsWith("on"))
  || /^javascript:/i.test(element.getAttribute("href") ?? element.getAttribute("action") ?? "")
)).map((element) => element.outerHTML.slice(0, 200))"""


def found_as_text(page: Page, texts: tuple[str, ...]) -> list[int]:
    """Of each, how often it is there."""
    found: list[int] = page.evaluate(_FOUND, list(texts))
    return found


def came_alive(page: Page, *, inline_script: bool = False) -> list[str]:
    """What of a text has become something else. inline_script: the page has one of its own."""
    strange: list[str] = page.evaluate(_STRANGE)
    if inline_script:
        strange = [one for one in strange if not one.startswith("<script")]
    stopped: list[str] = page.evaluate("window.__stopped ?? []")
    pwned = page.evaluate("window.__pwned")
    return strange + stopped + ([] if pwned is None else [f"ran: {pwned}"])
