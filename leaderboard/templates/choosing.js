  /* Rows that are ticked are compared on a page of their own; which ones stands in its address. */
  function prepareCompare(model) {
    if (!model.table.dataset.compare) { return null; }
    model.chosen = [];
    model.link = make("a", { "class": "compare-link", href: model.table.dataset.compare, text: "Compare" });
    model.data.rows.forEach(function (row) { addTick(model, row); });
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
      all += model.data.count;
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
