// What the console's pages tell Alpine. Alpine's CSP build (static/unfold/js/alpine/alpine.js) evaluates no JavaScript:
// expressions see what is registered here and nothing global. Loaded before Alpine starts.
document.addEventListener("alpine:init", () => {
  "use strict";
  for (const name of ["theme", "searchForm"]) {
    if (typeof window[name] === "function") Alpine.data(name, window[name]);
  }
  const KEPT = "sidebarDesktopOpen";
  const body = document.body;
  const first = /activeTab:\s*'([^']*)'/.exec(body.getAttribute("x-data") || "");
  // Unfold writes the frame as an object with calls of globals; the same members, registered.
  body.removeAttribute("x-init");
  body.setAttribute("x-data", "frame");
  const focus = (id) => document.getElementById(id)?.focus();
  Alpine.data("frame", () => ({
    activeTab: getCurrentTab() || (first ? first[1] : ""),
    sidebarMobileOpen: false,
    sidebarDesktopOpen: (localStorage.getItem(KEPT) ?? "1") === "1",
    window: { location: { pathname: location.pathname, search: location.search } },
    init() {
      this.$watch(KEPT, (value) => localStorage.setItem(KEPT, value ? "1" : "0"));
    },
    openNavigation() {
      this.sidebarMobileOpen = true;
      this.$nextTick(() => focus("nav-close"));
    },
    closeNavigation() {
      if (!this.sidebarMobileOpen) return;
      this.sidebarMobileOpen = false;
      focus("nav-open");
    },
  }));
});
