
(function () {
  "use strict";
  var root = document.documentElement;

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

  /* Sorting. The state lives in the address: #v=1&sort=TABLE:COLUMN, with - before a column that falls. */
  function readState() {
    var found = {};
    if (location.hash.indexOf("#v=1&") !== 0) { return found; }
    location.hash.slice(1).split("&").forEach(function (pair) {
      var at = pair.indexOf("=");
      try { found[pair.slice(0, at)] = decodeURIComponent(pair.slice(at + 1)); } catch (error) { /* not ours */ }
    });
    return found;
  }

  function writeState(sort) {
    var hash = "#v=1&sort=" + encodeURIComponent(sort);
    try { history.pushState(null, "", hash); } catch (error) { location.hash = hash; }
  }

  function compare(numeric, falling) {
    return function (a, b) {
      if (a.value === undefined || b.value === undefined) {
        return (a.value === undefined) - (b.value === undefined) || a.place - b.place;
      }
      var order = numeric ? parseFloat(a.value) - parseFloat(b.value) : a.value.localeCompare(b.value, "en", { numeric: true });
      return (falling ? -order : order) || a.place - b.place;
    };
  }

  function order(table, header, falling) {
    var body = table.tBodies[0];
    var index = header.cellIndex;
    var rows = Array.prototype.map.call(body.rows, function (row) {
      return { row: row, place: Number(row.dataset.place), value: row.cells[index].dataset.v };
    });
    rows.sort(compare("numeric" in header.dataset, falling));
    mark(table, header, falling);
    rows.forEach(function (item) { body.appendChild(item.row); });
    var missing = rows.filter(function (item) { return item.value === undefined; }).length;
    var title = header.querySelector("bdi").textContent;
    say("Sorted by " + title + (falling ? ", falling" : ", rising") + (missing ? "; " + missing + " without a value last" : ""));
  }

  function mark(table, header, falling) {
    table.querySelectorAll("th[aria-sort]").forEach(function (other) { other.removeAttribute("aria-sort"); });
    if (header) { header.setAttribute("aria-sort", falling ? "descending" : "ascending"); }
  }

  function restore(table) {
    var body = table.tBodies[0];
    mark(table, null);
    Array.prototype.slice.call(body.rows)
      .sort(function (a, b) { return a.dataset.place - b.dataset.place; })
      .forEach(function (row) { body.appendChild(row); });
  }

  function say(text) { document.getElementById("said").textContent = text; }

  function applyState() {
    var sort = readState().sort || "";
    var at = sort.indexOf(":");
    var falling = sort.charAt(at + 1) === "-";
    var key = sort.slice(at + (falling ? 2 : 1));
    document.querySelectorAll("table").forEach(function (table) {
      var header = at > 0 && table.id === sort.slice(0, at) ? findHeader(table, key) : null;
      if (header) { order(table, header, falling); } else { restore(table); }
    });
  }

  function findHeader(table, key) {
    return Array.prototype.find.call(table.tHead.rows[0].cells, function (cell) {
      return cell.dataset.key === key && cell.querySelector("button");
    });
  }

  function prepareTable(table) {
    Array.prototype.forEach.call(table.tBodies[0].rows, function (row, place) { row.dataset.place = place; });
    table.querySelectorAll("thead button").forEach(function (button) {
      var header = button.closest("th");
      button.disabled = false;
      button.addEventListener("click", function () {
        var now = header.getAttribute("aria-sort");
        var falling = now ? now === "ascending" : header.dataset.better === "higher";
        writeState(table.id + ":" + (falling ? "-" : "") + header.dataset.key);
        applyState();
      });
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    prepareTheme();
    document.querySelectorAll("table").forEach(prepareTable);
    if (readState().sort) { applyState(); }
    window.addEventListener("popstate", applyState);
    window.addEventListener("hashchange", applyState);
  });
}());
