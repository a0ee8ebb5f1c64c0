  /* Rows become elements when they are shown, and stay. */

  function base() { return document.querySelector(".home").getAttribute("href").replace("index.html", ""); }

  Data.prototype.element = function (row, model) {
    if (this.rows[row]) { return this.rows[row]; }
    var i = row - this.start, data = this, refs = this.refs(row);
    var found = make("tr", { id: this.field(this.packed.id, i) });
    if (read(this.packed.m, i)) { found.className = "muted"; }
    if (refs) { found.dataset.refs = refs; }
    model.heads.forEach(function (head, at) {
      var cell = document.createElement("header" in head.dataset ? "th" : "td");
      if ("header" in head.dataset) { cell.scope = "row"; }
      if (head.className) { cell.className = head.className; }
      if (head.hidden) { cell.hidden = true; }
      fill(cell, function (name) { return data.cell(at, i, name); });
      found.appendChild(cell);
    });
    addTick(model, found);
    this.rows[row] = found;
    return found;
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
