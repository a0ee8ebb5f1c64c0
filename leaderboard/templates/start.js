  var models = [];

  function apply() {
    var state = readState(), told = models.map(function (model) { return model.apply(state); }).filter(Boolean);
    models.forEach(function (model) { (model.controls || []).forEach(function (show) { show(state); }); });
    var found = applyFind(state);
    say(found || told.join(". "));
  }

  /* What sorting needs is worked out while the reader reads, a column at a time, so that a press is answered at once. */
  function workAhead() {
    var left = [], wait = window.requestIdleCallback || function (act) { setTimeout(act, 50); };
    models.forEach(function (model) {
      model.heads.forEach(function (head, at) {
        if (model.data.packed.n && head.querySelector("button")) { left.push(function () { sizesOf(model.column(at)); }); }
      });
    });
    function next() {
      if (!left.length) { return; }
      left.shift()();
      wait(next);
    }
    wait(next);
  }

  document.addEventListener("DOMContentLoaded", function () {
    prepareTheme();
    prepareFind();
    each(document.querySelectorAll("main table"), function (table) { models.push(new Model(table)); });
    apply();
    workAhead();
    window.addEventListener("popstate", apply);
    window.addEventListener("hashchange", apply);
  });
