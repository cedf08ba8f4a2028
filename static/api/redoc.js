// Starts ReDoc on the schema named in the page. Fonts and logo stay local: nothing is loaded from elsewhere.
const place = document.getElementById("redoc");

Redoc.init(
  place.dataset.schema,
  { disableSearch: false, hideDownloadButton: false, theme: { typography: { fontFamily: "system-ui, sans-serif", headings: { fontFamily: "system-ui, sans-serif" } } } },
  place,
);
