  var root = document.documentElement;

  function each(list, act) { Array.prototype.forEach.call(list, act); }

  function make(tag, options, children) {
    var found = document.createElement(tag);
    Object.keys(options || {}).forEach(function (key) {
      if (key === "text") { found.textContent = options[key]; } else { found.setAttribute(key, options[key]); }
    });
    (children || []).forEach(function (child) { if (child) { found.appendChild(child); } });
    return found;
  }

  function say(text) { document.getElementById("said").textContent = text; }

  /* The theme. */
  function remembered() {
    try { return localStorage.getItem("theme"); } catch (error) { return null; }
  }

  function isDark() {
    if (root.dataset.theme) { return root.dataset.theme === "dark"; }
    return window.matchMedia("(prefers-color-scheme: dark)").matches;
  }

  var kept = remembered();
  if (kept === "dark" || kept === "light") { root.dataset.theme = kept; }

  function prepareTheme() {
    var button = document.getElementById("theme");
    function label() { button.textContent = isDark() ? "Light theme" : "Dark theme"; }
    button.addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch (error) { /* it then lasts for this page */ }
      label();
    });
    button.hidden = false;
    label();
  }
