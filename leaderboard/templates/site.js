
(function () {
  "use strict";
  var root = document.documentElement;
  var DRAWN = 200;
  var MOST_CHOICES = 24;

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

  /* The state lives in the address: #v=1&sort=TABLE:COLUMN (- before a column that falls), in.COLUMN=VALUES, has.COLUMN=WORDS,
     min.COLUMN and max.COLUMN, cols=SHOWN, rows=RECORDS, p=PAGE, q=WORDS. What is unknown is left alone. */
  function readState() {
    var found = {};
    if (location.hash.indexOf("#v=1") !== 0) { return found; }
    location.hash.slice(1).split("&").forEach(function (pair) {
      var at = pair.indexOf("=");
      try { found[decodeURIComponent(pair.slice(0, at))] = decodeURIComponent(pair.slice(at + 1)); } catch (error) { /* not ours */ }
    });
    return found;
  }

  function toHash(state) {
    var keys = Object.keys(state).filter(function (key) { return key && key !== "v" && state[key] !== ""; }).sort();
    return "#" + ["v=1"].concat(keys.map(function (key) {
      return encodeURIComponent(key) + "=" + encodeURIComponent(state[key]).replace(/%2C/g, ",").replace(/%3A/g, ":");
    })).join("&");
  }

  /* Browsers may refuse history calls on file://; the address then changes by itself, and tells us by an event. */
  function change(values, isTyping) {
    var state = readState();
    Object.keys(values).forEach(function (key) {
      if (values[key] === "" || values[key] === null) { delete state[key]; } else { state[key] = String(values[key]); }
    });
    var hash = toHash(state);
    try {
      if (isTyping) { history.replaceState(null, "", hash); } else { history.pushState(null, "", hash); }
    } catch (error) { location.hash = hash; }
    apply();
  }

  function listOf(text) {
    return (text || "").split(",").filter(Boolean).map(function (item) {
      try { return decodeURIComponent(item); } catch (error) { return item; }
    });
  }

  function toList(items) {
    return items.map(function (item) { return item.replace(/%/g, "%25").replace(/,/g, "%2C"); }).join(",");
  }

  /* A table is a list of rows: those on the page, and those in the data block behind it, which become elements when shown. */
  function Model(table) {
    var self = this;
    this.table = table;
    this.body = table.tBodies[0];
    this.heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
    this.tools = "tools" in table.dataset;
    this.rows = Array.prototype.map.call(this.body.rows, function (row, place) {
      return { element: row, place: place, refs: row.dataset.refs || "", text: null };
    });
    this.loaded = !document.getElementById(table.id + "-rest");
    this.drawn = this.rows;
    this.page = 0;
    this.heads.forEach(function (head) {
      var button = head.querySelector("button");
      if (!button) { return; }
      button.disabled = false;
      button.addEventListener("click", function () {
        var now = head.getAttribute("aria-sort");
        var falling = now ? now === "ascending" : head.dataset.better === "higher";
        change({ sort: table.id + ":" + (falling ? "-" : "") + head.dataset.key, p: "" });
      });
    });
    if (this.tools) { this.load(); prepareTools(self); }
  }

  Model.prototype.load = function () {
    if (this.loaded) { return; }
    var data = JSON.parse(document.getElementById(this.table.id + "-rest").textContent);
    var start = this.rows.length;
    for (var i = 0; i < data.n; i += 1) {
      this.rows.push({ element: null, data: data, index: i, place: start + i, refs: keyed(read(data.f, i), data.key[i]) || "", text: null });
    }
    this.loaded = true;
  };

  /* Signs stand for the row's key and for its first digits. */
  function keyed(text, key) {
    return typeof text === "string" ? text.replace(/\u0001/g, key).replace(/\u0002/g, key.slice(0, 8)) : text;
  }

  function read(list, i) {
    if (!list) { return undefined; }
    return list.d ? list.d[list.i[i]] : list.a[i];
  }

  /* A number for a number, a text for a text, undefined where there is no value. */
  Model.prototype.value = function (row, column) {
    var found = row.data ? keyed(read(row.data.c[column].v, row.index), row.data.key[row.index]) : row.element.cells[column].dataset.v;
    if (found === undefined || found === null || found === "") { return undefined; }
    if ("numeric" in this.heads[column].dataset) { return typeof found === "number" ? found : parseFloat(found); }
    return String(found);
  };

  Model.prototype.elementOf = function (row) {
    if (row.element) { return row.element; }
    var data = row.data, i = row.index, heads = this.heads;
    row.element = make("tr", { id: keyed(read(data.id, i), data.key[i]) });
    if (read(data.m, i)) { row.element.className = "muted"; }
    if (row.refs) { row.element.dataset.refs = row.refs; }
    data.c.forEach(function (column, at) {
      var head = heads[at];
      var cell = make("header" in head.dataset ? "th" : "td", {});
      if ("header" in head.dataset) { cell.scope = "row"; }
      cell.className = head.className;
      cell.hidden = head.hidden;
      fill(cell, function (name) {
        var found = keyed(read(column[name], i), data.key[i]);
        return found === "\u0003" ? keyed(read(column.v, i), data.key[i]) : found;
      });
      row.element.appendChild(cell);
    });
    addTick(this, row.element);
    return row.element;
  };

  function fill(cell, get) {
    var value = get("v");
    if (value !== null && value !== undefined) { cell.dataset.v = value; }
    var shown = make("span", { "class": get("m") ? "value muted" : "value" });
    if (get("k")) { shown.appendChild(make("span", { "class": "shape", "aria-hidden": "true", text: get("k") })); shown.append(" "); }
    var text = make("bdi", { text: get("t") || "" });
    shown.appendChild(get("h") ? make("a", { href: base() + get("h") }, [text]) : text);
    cell.appendChild(shown);
    if (get("s")) { cell.appendChild(make("span", { "class": "span", text: get("s") })); }
    if (get("u")) { cell.appendChild(make("span", { "class": "sub" }, [make("bdi", { text: get("u") })])); }
    if ((get("x") || []).length) {
      var more = make("span", { "class": "sub" });
      get("x").forEach(function (link) { more.append(make("a", { href: base() + link[1], text: link[0] }), " "); });
      cell.appendChild(more);
    }
    var reason = get("r");
    if (reason && reason.length > 40) {
      var why = make("details", { "class": "why" }, [make("summary", { text: "why" })]);
      why.append(reason);
      cell.appendChild(why);
    } else if (reason) { cell.appendChild(make("span", { "class": "sub", text: reason })); }
  }

  function base() { return document.querySelector(".home").getAttribute("href").replace("index.html", ""); }

  Model.prototype.column = function (key) {
    return this.heads.findIndex(function (head) { return head.dataset.key === key; });
  };

  /* What a state asks of this table: tests for rows; keys that name no column ask nothing. */
  Model.prototype.tests = function (state) {
    var self = this, found = [];
    function column(key, prefix) {
      var at = key.indexOf(prefix) === 0 ? self.column(key.slice(prefix.length)) : -1;
      return at >= 0 && self.heads[at].dataset.filter ? at : -1;
    }
    if (self.tools) {
      Object.keys(state).forEach(function (key) {
        var at, values, number;
        if ((at = column(key, "in.")) >= 0) {
          values = listOf(state[key]);
          found.push(function (row) { return values.indexOf(self.value(row, at)) >= 0; });
        } else if ((at = column(key, "has.")) >= 0) {
          values = state[key].toLowerCase().split(/\s+/);
          found.push(function (row) {
            var text = (self.value(row, at) || "").toLowerCase();
            return values.every(function (word) { return text.indexOf(word) >= 0; });
          });
        } else if ((at = column(key, "min.")) >= 0 || (at = column(key, "max.")) >= 0) {
          number = parseFloat(state[key]) * parseFloat(self.heads[at].dataset.scale || 1);
          if (isNaN(number)) { return; }
          var least = key.indexOf("min.") === 0, limit = number, where = at;
          found.push((function (where, limit, least) {
            return function (row) {
              var value = self.value(row, where);
              return value !== undefined && (least ? value >= limit : value <= limit);
            };
          }(where, limit, least)));
        }
      });
    }
    var wanted = self.wanted(state);
    if (wanted) { found.push(function (row) { return row.refs.split(" ").every(function (id) { return wanted.indexOf(id) >= 0; }); }); }
    var words = (state.q || "").toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length && document.getElementById("find")) {
      found.push(function (row) {
        if (row.text === null) { row.text = self.elementOf(row).textContent.toLowerCase(); }
        return words.every(function (word) { return row.text.indexOf(word) >= 0; });
      });
    }
    return found;
  };

  /* The records that the address names, where this page compares them and at least two are here. */
  Model.prototype.wanted = function (state) {
    if (!state.rows || !document.querySelector("main[data-compares]")) { return null; }
    var named = listOf(state.rows);
    this.load();
    var here = this.rows.filter(function (row) { return row.refs.split(" ").every(function (id) { return named.indexOf(id) >= 0; }); });
    return here.length ? named : null;
  };

  Model.prototype.sorting = function (state) {
    var sort = state.sort || "", at = sort.indexOf(":");
    if (at < 1 || sort.slice(0, at) !== this.table.id) { return null; }
    var falling = sort.charAt(at + 1) === "-";
    var column = this.column(sort.slice(at + (falling ? 2 : 1)));
    return column >= 0 && this.heads[column].querySelector("button") ? { column: column, falling: falling } : null;
  };

  function inOrder(falling) {
    return function (a, b) {
      if (a.value === undefined || b.value === undefined) {
        return (a.value === undefined) - (b.value === undefined) || a.row.place - b.row.place;
      }
      var order = typeof a.value === "number" ? a.value - b.value : collator.compare(a.value, b.value);
      return (falling ? -order : order) || a.row.place - b.row.place;
    };
  }

  var collator = new Intl.Collator("en", { numeric: true });

  Model.prototype.apply = function (state) {
    var self = this, sorting = this.sorting(state), tests = this.tests(state), told = [];
    if (sorting || tests.length || state.p) { this.load(); }
    this.showColumns(state);
    var rows = this.rows.filter(function (row) { return tests.every(function (test) { return test(row); }); });
    this.mark(sorting);
    if (sorting) {
      var keyed = rows.map(function (row) { return { row: row, value: self.value(row, sorting.column) }; });
      keyed.sort(inOrder(sorting.falling));
      rows = keyed.map(function (item) { return item.row; });
      var missing = keyed.filter(function (item) { return item.value === undefined; }).length;
      told.push("Sorted by " + this.heads[sorting.column].querySelector("bdi").textContent + (sorting.falling ? ", falling" : ", rising") +
        (missing ? "; " + missing + " without a value last" : ""));
    }
    var pages = Math.max(1, Math.ceil(rows.length / DRAWN));
    this.page = Math.min(pages, Math.max(1, this.tools ? parseInt(state.p, 10) || 1 : 1)) - 1;
    this.draw(this.tools ? rows.slice(this.page * DRAWN, (this.page + 1) * DRAWN) : rows);
    this.shown = rows.length;
    if (this.count) { told.push(this.tell(rows.length, pages)); }
    return told.join(". ");
  };

  Model.prototype.draw = function (rows) {
    var before = this.drawn;
    this.drawn = rows;
    if (before && before.length === rows.length && rows.every(function (row, at) { return row === before[at]; })) { return; }
    var self = this, fragment = document.createDocumentFragment();
    rows.forEach(function (row) { fragment.appendChild(self.elementOf(row)); });
    this.body.replaceChildren(fragment);
  };

  Model.prototype.mark = function (sorting) {
    this.heads.forEach(function (head, column) {
      if (sorting && sorting.column === column) {
        head.setAttribute("aria-sort", sorting.falling ? "descending" : "ascending");
      } else { head.removeAttribute("aria-sort"); }
    });
  };

  Model.prototype.tell = function (shown, pages) {
    var all = this.rows.length, text = shown + " of " + all + " shown";
    if (shown < all) { text += ", " + (all - shown) + " hidden by filters"; }
    if (pages > 1) { text += "; rows " + (this.page * DRAWN + 1) + " to " + Math.min(shown, (this.page + 1) * DRAWN); }
    this.count.textContent = text;
    this.earlier.hidden = this.later.hidden = pages < 2;
    this.earlier.disabled = this.page === 0;
    this.later.disabled = this.page === pages - 1;
    this.reset.hidden = shown === all;
    return text;
  };

  Model.prototype.showColumns = function (state) {
    if (!this.tools) { return; }
    var named = state.cols === undefined ? null : listOf(state.cols), heads = this.heads;
    var hidden = heads.map(function (head) {
      if ("header" in head.dataset) { return false; }
      return named ? named.indexOf(head.dataset.key) < 0 : "optional" in head.dataset;
    });
    heads.forEach(function (head, at) { head.hidden = hidden[at]; });
    var same = hidden.join();
    if (this.hidden === same) { return; }
    this.hidden = same;
    this.rows.forEach(function (row) {
      if (row.element) { each(row.element.cells, function (cell, at) { cell.hidden = hidden[at]; }); }
    });
  };

  /* Filters, the chooser of columns, and how many rows are shown. */
  function prepareTools(model) {
    var place = model.table.closest(".scroll");
    model.count = make("span", { "class": "count" });
    model.reset = make("button", { type: "button", "class": "plain", text: "Show all" });
    model.earlier = make("button", { type: "button", "class": "plain", text: "Earlier rows" });
    model.later = make("button", { type: "button", "class": "plain", text: "Later rows" });
    model.reset.addEventListener("click", function () {
      var none = { p: "", rows: "" };
      Object.keys(readState()).forEach(function (key) { if (/^(in|has|min|max)\./.test(key)) { none[key] = ""; } });
      model.reset.hidden = true;
      model.opener.focus();
      change(none);
    });
    model.earlier.addEventListener("click", function () { change({ p: model.page || "" }); });
    model.later.addEventListener("click", function () { change({ p: model.page + 2 }); });
    var panel = make("div", { "class": "filters" });
    model.controls = [];
    model.heads.forEach(function (head, column) {
      var kind = head.dataset.filter;
      if (kind === "text") { panel.appendChild(textFilter(model, head)); }
      if (kind === "range") { panel.appendChild(rangeFilter(model, head)); }
      if (kind === "choice") { panel.appendChild(choiceFilter(model, head, column) || make("span", {})); }
    });
    panel.appendChild(columnChooser(model));
    model.opener = make("summary", { text: "Filter rows, choose columns" });
    var folded = make("details", { "class": "tools" }, [model.opener, panel]);
    var compare = prepareCompare(model);
    var line = make("p", { "class": "toolbar" }, [model.count, model.reset, model.earlier, model.later, compare]);
    place.parentNode.insertBefore(folded, place);
    place.parentNode.insertBefore(line, place);
    each(place.parentNode.querySelectorAll(".static-pages"), function (nav) { nav.hidden = true; });
  }

  function titleOf(head) { return head.querySelector("bdi").textContent; }

  function field(label, input) { return make("label", { "class": "field" }, [make("span", { text: label }), input]); }

  function bound(model, key, input) {
    input.addEventListener("input", function () { var values = { p: "" }; values[key] = input.value; change(values, true); });
    model.controls.push(function (state) { if (document.activeElement !== input) { input.value = state[key] || ""; } });
    return input;
  }

  function textFilter(model, head) {
    var input = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    return field(titleOf(head) + " contains", bound(model, "has." + head.dataset.key, input));
  }

  function rangeFilter(model, head) {
    var unit = head.dataset.scale === "1000000.0" ? ", millions" : head.dataset.scale === "1000000000.0" ? ", billions" : "";
    var box = make("fieldset", {}, [make("legend", { text: titleOf(head) + unit })]);
    [["min.", "from"], ["max.", "to"]].forEach(function (end) {
      var input = make("input", { type: "number", step: "any", "class": "short-number" });
      box.appendChild(field(end[1], bound(model, end[0] + head.dataset.key, input)));
    });
    return box;
  }

  function choiceFilter(model, head, column) {
    var counts = {}, key = "in." + head.dataset.key;
    model.rows.forEach(function (row) {
      var value = model.value(row, column);
      if (value !== undefined) { counts[value] = (counts[value] || 0) + 1; }
    });
    var values = Object.keys(counts).sort(collator.compare).slice(0, MOST_CHOICES);
    if (values.length < 2) { return null; }
    return ticks(model, titleOf(head), values.map(function (value) { return [value, value + " (" + counts[value] + ")"]; }), function (state) {
      return listOf(state[key]);
    }, function (chosen) {
      var change_ = { p: "" };
      change_[key] = toList(chosen);
      change(change_);
    });
  }

  function columnChooser(model) {
    var heads = model.heads.filter(function (head) { return !("header" in head.dataset); });
    return ticks(model, "Columns", heads.map(function (head) { return [head.dataset.key, titleOf(head)]; }), function () {
      return heads.filter(function (head) { return !head.hidden; }).map(function (head) { return head.dataset.key; });
    }, function (chosen) { change({ cols: toList(chosen) || "," }); });
  }

  function ticks(model, title, options, current, commit) {
    var box = make("fieldset", {}, [make("legend", { text: title })]), inputs = [];
    options.forEach(function (option) {
      var input = make("input", { type: "checkbox", value: option[0] });
      inputs.push(input);
      input.addEventListener("change", function () {
        commit(inputs.filter(function (item) { return item.checked; }).map(function (item) { return item.value; }));
      });
      box.appendChild(make("label", { "class": "tick" }, [input, make("bdi", { text: option[1] })]));
    });
    model.controls.push(function (state) {
      var chosen = current(state);
      inputs.forEach(function (input) { input.checked = chosen.indexOf(input.value) >= 0; });
    });
    return box;
  }

  /* Rows that are ticked are compared on a page of their own; which ones stands in its address. */
  function prepareCompare(model) {
    if (!model.table.dataset.compare) { return null; }
    model.chosen = [];
    model.link = make("a", { "class": "compare-link", href: model.table.dataset.compare, text: "Compare" });
    model.rows.forEach(function (row) { if (row.element) { addTick(model, row.element); } });
    function show() {
      var count = model.chosen.length;
      model.link.textContent = count < 2 ? "Compare all" : "Compare " + count + " chosen";
      model.link.href = model.table.dataset.compare + (count < 2 ? "" : toHash({ rows: model.chosen.join(",") }));
    }
    model.table.addEventListener("change", function (event) {
      var id = event.target.value;
      model.chosen = model.chosen.filter(function (other) { return other !== id; });
      if (event.target.checked) { model.chosen.push(id); }
      show();
      say(model.chosen.length + " chosen to compare");
    });
    show();
    return model.link;
  }

  function addTick(model, row) {
    if (!model.table.dataset.compare || !row.dataset.refs || row.querySelector(".tick")) { return; }
    var header = row.querySelector("th");
    var input = make("input", { type: "checkbox", value: row.dataset.refs.split(" ")[0], "aria-label": "compare " + header.dataset.v + ", record " + row.dataset.refs.slice(0, 8) });
    header.appendChild(make("label", { "class": "tick sub" }, [input, make("span", { text: "compare" })]));
  }

  /* The search on the first page. */
  function prepareFind() {
    var find = document.getElementById("find");
    if (!find) { return; }
    var input = find.querySelector("input");
    input.addEventListener("input", function () { change({ q: input.value.trim() }, true); });
    find.hidden = false;
  }

  function applyFind(state) {
    var find = document.getElementById("find");
    if (!find) { return ""; }
    var input = find.querySelector("input"), words = state.q || "", shown = 0, all = 0;
    if (document.activeElement !== input) { input.value = words; }
    models.forEach(function (model) {
      all += model.rows.length;
      shown += model.shown;
      model.table.closest(".scroll").hidden = !model.shown;
    });
    each(document.querySelectorAll("main > section"), function (section) {
      var own = models.filter(function (model) { return section.contains(model.table); });
      section.hidden = own.length > 0 && own.every(function (model) { return !model.shown; });
      var folded = section.querySelector("details");
      if (words && folded && own.length) { folded.open = true; }
    });
    var text = words ? shown + " of " + all + " shown" : "";
    find.querySelector(".count").textContent = text;
    return text;
  }

  var models = [];

  function apply() {
    var state = readState(), told = models.map(function (model) { return model.apply(state); }).filter(Boolean);
    models.forEach(function (model) { (model.controls || []).forEach(function (show) { show(state); }); });
    var found = applyFind(state);
    say(found || told.join(". "));
  }

  document.addEventListener("DOMContentLoaded", function () {
    prepareTheme();
    prepareFind();
    each(document.querySelectorAll("main table"), function (table) { models.push(new Model(table)); });
    apply();
    window.addEventListener("popstate", apply);
    window.addEventListener("hashchange", apply);
  });
}());
