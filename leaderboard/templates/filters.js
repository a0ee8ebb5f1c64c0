  var MOST_CHOICES = 24;

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
    model.opener = make("summary", { text: "Filter rows, choose columns" });
    var folded = make("details", { "class": "tools" }, [model.opener, panel]);
    /* The filters are made when they are asked for: counting a long table's values would delay its first rows. */
    model.unfold = function () { if (!panel.firstChild) { fillPanel(model, panel); } };
    model.opener.addEventListener("click", model.unfold);
    var compare = prepareCompare(model);
    var line = make("p", { "class": "toolbar" }, [model.count, model.reset, model.earlier, model.later, compare]);
    place.parentNode.insertBefore(folded, place);
    place.parentNode.insertBefore(line, place);
    each(place.parentNode.querySelectorAll(".static-pages"), function (nav) { nav.hidden = true; });
  }

  function fillPanel(model, panel) {
    var kinds = { text: textFilter, range: rangeFilter, choice: choiceFilter };
    model.heads.forEach(function (head, column) {
      var made = head.dataset.filter ? kinds[head.dataset.filter](model, head, column) : null;
      if (made) { panel.appendChild(made); }
    });
    panel.appendChild(columnChooser(model));
    var state = readState();
    model.controls.forEach(function (show) { show(state); });
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
    var key = "in." + head.dataset.key, found = model.column(column), codes = inKeyOrder(found.texts.map(sortable));
    if (codes.length < 2) { return null; }
    return ticks(model, titleOf(head), codes.slice(0, MOST_CHOICES).map(function (code) {
      return [found.texts[code], found.texts[code] + " (" + found.counts[code] + ")"];
    }), function (state) {
      return listOf(state[key]);
    }, function (chosen) {
      var values = { p: "" };
      values[key] = toList(chosen);
      change(values);
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
