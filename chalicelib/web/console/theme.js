// Light or dark: what somebody has chosen, otherwise what the system has. Not a module, so that the first thing that is drawn has its colours.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    document.documentElement.dataset.theme = localStorage.getItem("crm-theme") || (dark.matches ? "dark" : "light");
  };
  dark.addEventListener("change", apply);
  window.addEventListener("preferences", apply);
  window.addEventListener("storage", apply);
  apply();
})();
