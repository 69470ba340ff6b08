// Folium calls these: a map that stands alone, and the page round it.
(function (eco) {
  "use strict";

  /** The page of a map (web.py: Page). It waits until every layer of the map has been named. */
  eco.dress = function (map, id) {
    const dress = () => {
      const page = (eco.page = JSON.parse(document.getElementById(id).textContent));
      page.map = map;
      page.layers = eco.layers.filter((layer) => page.order.includes(layer.id));
      page.tool = null;
      if (typeof DecompressionStream === "undefined") {
        document.body.prepend(eco.make("p", { class: "eco-demo", role: "alert" }, eco.say("old_browser")));
        return;
      }
      eco.buildFrame(map);
      eco.addOverview(map);
      eco.addScale(map);
      eco.buildFoot(map);
      eco.addLegend(map);
      eco.addMeasuring(map);
      eco.addSwipe(map);
      eco.addPaper(map);
      eco.buildTable(map);
      eco.answerClicks(map);
      new eco.Decor().addTo(map);
      // A tile service would be hidden by it.
      if (!page.basemaps.length) page.layers.filter((layer) => layer.outline && layer.shape === "polygon").forEach((layer) => new eco.Ground(layer).addTo(map));
      document.addEventListener("keydown", (event) => event.key === "Escape" && eco.stopTool());
      new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(map.getContainer());
      map.invalidateSize({ animate: false });
      const [west, south, east, north] = page.bounds;
      map.fitBounds([[south, west], [north, east]], { animate: false, padding: [12, 12] });
      watch(map);
    };
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", dress);
    else dress();
  };

  /** Marks the moments when everything shown has been drawn: for tests, and for `ecospace.settled()` in the console. */
  function watch(map) {
    const busy = () => eco.page.layers.some((layer) => map.hasLayer(layer) && layer.isLoading());
    eco.settled = () =>
      new Promise((resolve) => {
        const look = () => (busy() ? setTimeout(look, 10) : requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now()))));
        look();
      });
    eco.settled().then((at) => {
      eco.firstDrawn = at;
      document.body.dataset.drawn = "yes";
    });
  }
})((window.ecospace = window.ecospace || {}));
