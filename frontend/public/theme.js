/* Sets the theme before the first paint, so that a dark page never flashes white; and asks early for the page's own code. */
(() => {
  var chosen = null;
  try {
    chosen = localStorage.getItem("babysit.theme");
  } catch {
    chosen = null; // storage may be blocked; the system's preference is then used
  }
  var dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";

  // The charts of a run are worth nothing without the code that draws them; other pages are quicker without it.
  var page = location.pathname.split("/").pop();
  var needed =
    document.currentScript.dataset[page === "caviar" ? "caviar" : page === "runs" ? "none" : "charts"];
  if (needed) {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.crossOrigin = "";
    link.href = new URL(needed, document.currentScript.src).href;
    document.head.appendChild(link);
  }
})();
