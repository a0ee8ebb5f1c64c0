  var DRAWN = 200;
  var DRAWN_OF_MANY = 100;

  /* A table: its data, which of its rows are shown, and in which order. */
  function Model(table) {
    var self = this;
    this.table = table;
    this.body = table.tBodies[0];
    this.heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
    this.tools = "tools" in table.dataset;
    this.data = new Data(table);
    this.size = this.data.count > DRAWN ? DRAWN_OF_MANY : DRAWN;
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
    if (this.tools) { prepareTools(self); }
  }

  Model.prototype.column = function (at) { return this.data.column(at, "numeric" in this.heads[at].dataset); };

  Model.prototype.named = function (key) {
    return this.heads.findIndex(function (head) { return head.dataset.key === key; });
  };

  /* What a state asks of this table: tests for rows; keys that name no column ask nothing. */
  Model.prototype.tests = function (state) {
    var self = this, found = [];
    Object.keys(self.tools ? state : {}).forEach(function (key) {
      var dot = key.indexOf("."), kind = key.slice(0, dot), at = dot > 0 ? self.named(key.slice(dot + 1)) : -1;
      if (at < 0 || !self.heads[at].dataset.filter || !TESTS[kind]) { return; }
      var test = TESTS[kind](state[key], self.column(at), self.heads[at]);
      if (test) { found.push(test); }
    });
    var wanted = self.wanted(state);
    if (wanted) { found.push(function (row) { return self.isAmong(row, wanted); }); }
    var words = wordsOf(state.q);
    if (words.length && document.getElementById("find")) {
      found.push(function (row) { return hasAll(self.text(row), words); });
    }
    return found;
  };

  function wordsOf(text) { return (text || "").toLowerCase().split(/\s+/).filter(Boolean); }

  function hasAll(text, words) { return words.every(function (word) { return text.indexOf(word) >= 0; }); }

  /* A test of texts is made once for each that differs. */
  function onTexts(column, accepts) {
    var taken = column.texts && column.texts.map(accepts);
    return taken && function (row) { return column.codes[row] >= 0 && taken[column.codes[row]]; };
  }

  function bounded(isLeast) {
    return function (text, column, head) {
      var limit = parseFloat(text) * parseFloat(head.dataset.scale || 1);
      if (isNaN(limit) || column.texts) { return null; }
      return function (row) { return isLeast ? column.sizes[row] >= limit : column.sizes[row] <= limit; };
    };
  }

  var TESTS = {
    "in": function (text, column) {
      var values = listOf(text);
      if (!column.texts) { return function (row) { return values.indexOf(String(column.sizes[row])) >= 0; }; }
      return onTexts(column, function (value) { return values.indexOf(value) >= 0; });
    },
    has: function (text, column) {
      var words = wordsOf(text);
      if (!column.texts) { return null; }
      column.lower = column.lower || column.texts.map(function (value) { return value.toLowerCase(); });
      return onTexts(column, function (value, code) { return hasAll(column.lower[code], words); });
    },
    min: bounded(true),
    max: bounded(false)
  };

  Model.prototype.text = function (row) {
    this.searched = this.searched || [];
    if (this.searched[row] === undefined) { this.searched[row] = this.data.element(row, this).textContent.toLowerCase(); }
    return this.searched[row];
  };

  Model.prototype.isAmong = function (row, named) {
    return this.data.refs(row).split(" ").every(function (id) { return named.indexOf(id) >= 0; });
  };

  /* The records that the address names, where this page compares them and some are here. */
  Model.prototype.wanted = function (state) {
    if (!state.rows || !document.querySelector("main[data-compares]")) { return null; }
    var named = listOf(state.rows);
    for (var row = 0; row < this.data.count; row += 1) {
      if (this.isAmong(row, named)) { return named; }
    }
    return null;
  };

  Model.prototype.sorting = function (state) {
    var sort = state.sort || "", at = sort.indexOf(":");
    if (at < 1 || sort.slice(0, at) !== this.table.id) { return null; }
    var falling = sort.charAt(at + 1) === "-";
    var column = this.named(sort.slice(at + (falling ? 2 : 1)));
    return column >= 0 && this.heads[column].querySelector("button") ? { column: column, falling: falling } : null;
  };

  Model.prototype.apply = function (state) {
    var sorting = this.sorting(state), tests = this.tests(state), told = [];
    this.showColumns(state);
    this.mark(sorting);
    if (this.tools && tests.length) { this.unfold(); }
    var rows = this.ordered(sorting).filter(function (row) { return tests.every(function (test) { return test(row); }); });
    if (sorting) { told.push(this.tellOrder(sorting, rows)); }
    var pages = Math.max(1, Math.ceil(rows.length / this.size));
    this.page = Math.min(pages, Math.max(1, this.tools ? parseInt(state.p, 10) || 1 : 1)) - 1;
    this.draw(this.tools ? rows.slice(this.page * this.size, (this.page + 1) * this.size) : rows);
    this.shown = rows.length;
    if (this.count) { told.push(this.tell(rows.length, pages)); }
    return told.join(". ");
  };

  Model.prototype.ordered = function (sorting) {
    if (sorting) { return orderOf(this.column(sorting.column), sorting.falling).rows; }
    if (!this.places) { this.places = Array.from({ length: this.data.count }, function (nothing, row) { return row; }); }
    return this.places;
  };

  Model.prototype.tellOrder = function (sorting, rows) {
    var sizes = sizesOf(this.column(sorting.column));
    var missing = rows.filter(function (row) { return isNaN(sizes[row]); }).length;
    return "Sorted by " + titleOf(this.heads[sorting.column]) + (sorting.falling ? ", falling" : ", rising") +
      (missing ? "; " + missing + " without a value last" : "");
  };

  Model.prototype.draw = function (rows) {
    var now = rows.join();
    if (this.drawn === undefined && rows.length === this.data.start && rows.every(function (row, at) { return row === at; })) { this.drawn = now; }
    if (this.drawn === now) { return; }
    this.drawn = now;
    var self = this, fragment = document.createDocumentFragment();
    rows.forEach(function (row) { fragment.appendChild(self.data.element(row, self)); });
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
    var all = this.data.count, text = shown + " of " + all + " shown";
    if (shown < all) { text += ", " + (all - shown) + " hidden by filters"; }
    if (pages > 1) { text += "; rows " + (this.page * this.size + 1) + " to " + Math.min(shown, (this.page + 1) * this.size); }
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
    this.data.rows.forEach(function (row) {
      each(row.cells, function (cell, at) { cell.hidden = hidden[at]; });
    });
  };
