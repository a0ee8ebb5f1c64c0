  /* Rows are numbers from 0 in the order of the page: those on it first, then those of the data block behind it. */

  /* Signs stand for the row's key, for its first digits, and for the value itself. */
  function keyed(text, key) {
    if (typeof text !== "string" || !/[\u0001\u0002]/.test(text)) { return text; }
    return text.replace(/\u0001/g, key).replace(/\u0002/g, key.slice(0, 8));
  }

  /* A list in the data block: distinct values and which one each is, texts of one width in a row, or all values. */
  function read(list, i) {
    if (!list) { return undefined; }
    if (list.d) { return list.d[list.i[i]]; }
    if (list.w) { return list.b + list.a.substr(i * list.w, list.w) + list.e; }
    return list.a[i];
  }

  function Data(table) {
    var block = document.getElementById(table.id + "-rest");
    this.packed = block ? JSON.parse(block.textContent) : { n: 0, c: [] };
    this.rows = Array.prototype.slice.call(table.tBodies[0].rows);
    this.start = this.rows.length;
    this.count = this.start + this.packed.n;
    this.columns = [];
  }

  Data.prototype.key = function (i) { return read(this.packed.key, i); };

  /* A field of a row behind the page, its signs replaced. */
  Data.prototype.field = function (list, i) {
    var found = read(list, i);
    return typeof found === "string" ? keyed(found, this.key(i)) : found;
  };

  Data.prototype.cell = function (column, i, name) {
    var found = this.packed.c[column][name], text;
    if (name === "v" && found && found.f) {
      text = this.field(this.packed.c[column].t, i);
      return found.f[found.i[i]] === null ? null : parseFloat(text) * found.f[found.i[i]];
    }
    text = this.field(found, i);
    return text === "\u0003" ? this.cell(column, i, "v") : text;
  };

  Data.prototype.refs = function (row) {
    return (row < this.start ? this.rows[row].dataset.refs : this.field(this.packed.f, row - this.start)) || "";
  };

  /* A number for a number, a text for a text, undefined where there is no value. */
  Data.prototype.value = function (row, column, isNumeric) {
    var found = row < this.start ? this.rows[row].cells[column].dataset.v : this.cell(column, row - this.start, "v");
    if (found === undefined || found === null || found === "") { return undefined; }
    return isNumeric ? Number(found) : String(found);
  };

  /* A column to sort and filter by, read once: numbers, or distinct texts with which one each row has (-1: none). */
  Data.prototype.column = function (at, isNumeric) {
    if (!this.columns[at]) { this.columns[at] = isNumeric ? this.numbers(at) : this.texts(at); }
    return this.columns[at];
  };

  Data.prototype.numbers = function (at) {
    var sizes = new Float64Array(this.count), value;
    for (var row = 0; row < this.count; row += 1) {
      value = this.value(row, at, true);
      sizes[row] = value === undefined ? NaN : value;
    }
    return { sizes: sizes, orders: {} };
  };

  Data.prototype.texts = function (at) {
    var places = new Map(), texts = [], codes = new Int32Array(this.count), counts = [], value, code;
    for (var row = 0; row < this.count; row += 1) {
      value = this.value(row, at, false);
      if (value === undefined) { codes[row] = -1; continue; }
      code = places.get(value);
      if (code === undefined) { code = texts.push(value) - 1; places.set(value, code); counts.push(0); }
      counts[code] += 1;
      codes[row] = code;
    }
    return { texts: texts, codes: codes, counts: counts, orders: {} };
  };

  /* What texts are sorted by: without case and accents, numbers in them by their size. */
  function sortable(text) {
    var plain = /^[\x20-\x7e]*$/.test(text) ? text : text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
    return plain.toLowerCase().replace(/\d+/g, function (digits) {
      return digits.padStart(15, "0");
    });
  }

  /* The places of the keys, the least key's first. */
  function inKeyOrder(keys) {
    return keys.map(function (key, at) { return at; }).sort(function (a, b) { return keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : a - b; });
  }

  /* Texts become numbers: their places among each other. */
  function sizesOf(column) {
    if (column.sizes) { return column.sizes; }
    var keys = column.texts.map(sortable), places = new Float64Array(keys.length), last = 0;
    inKeyOrder(keys).forEach(function (code, at, all) {
      if (at && keys[code] !== keys[all[at - 1]]) { last = at; }
      places[code] = last;
    });
    column.sizes = Float64Array.from(column.codes, function (code) { return code < 0 ? NaN : places[code]; });
    return column.sizes;
  }

  /* All rows in the order of a column; equal ones as on the page, those without a value last, in both directions. */
  function orderOf(column, isFalling) {
    var name = isFalling ? "falling" : "rising";
    if (column.orders[name]) { return column.orders[name]; }
    var sizes = sizesOf(column), filled = [], missing = [], sign = isFalling ? -1 : 1;
    sizes.forEach(function (size, row) { (isNaN(size) ? missing : filled).push(row); });
    var sorted = Int32Array.from(filled).sort(function (a, b) { return sign * (sizes[a] - sizes[b]) || a - b; });
    column.orders[name] = { rows: Array.from(sorted).concat(missing), missing: missing.length };
    return column.orders[name];
  }
