(function () {
  "use strict";
{% include "basics.js" %}
{% include "state.js" %}
{% include "columns.js" %}
{% include "rows.js" %}
{% include "model.js" %}
{% include "filters.js" %}
{% include "choosing.js" %}
{% include "start.js" %}
}());
