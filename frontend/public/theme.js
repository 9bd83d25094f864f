/* Sets the theme before the first paint, so that a dark page never flashes white. */
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("babysit.theme");
  } catch (error) {
    chosen = null; // storage may be blocked; the system's preference is then used
  }
  var dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
