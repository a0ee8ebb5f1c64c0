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
