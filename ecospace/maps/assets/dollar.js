// The two things that folium asks of jQuery: an element from HTML, and "when the page is ready".
window.$ = function (what) {
  if (what === document) return { ready: (run) => (document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", run) : run()) };
  const holder = document.createElement("template");
  holder.innerHTML = String(what).trim();
  return [holder.content.firstElementChild];
};
