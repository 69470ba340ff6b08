// Degrees, the CGCS2000 3-degree zones, and lengths and areas on the ellipsoid.
(function (eco) {
  "use strict";

  const RADIANS = Math.PI / 180;
  // CGCS2000 (GB 22021): a = 6 378 137 m, f = 1/298.257222101.
  const A = 6378137;
  const F = 1 / 298.257222101;
  const E2 = F * (2 - F);
  const E = Math.sqrt(E2);
  const B = A * (1 - F);

  /** Longitude and latitude of a place in the tiles' world, and back. */
  eco.toDegrees = (x, y) => [
    (x / eco.WORLD - 0.5) * 360,
    Math.asin(Math.tanh((0.5 - y / eco.WORLD) * 2 * Math.PI)) / RADIANS,
  ];
  eco.toWorld = (longitude, latitude) => [
    eco.WORLD * (longitude / 360 + 0.5),
    eco.WORLD * (0.5 - Math.atanh(Math.sin(latitude * RADIANS)) / (2 * Math.PI)),
  ];

  // Krüger's series in the third flattening, to the fourth power: better than 0.1 mm within a zone.
  const N = F / (2 - F);
  const RECTIFYING = (A / (1 + N)) * (1 + N ** 2 / 4 + N ** 4 / 64);
  const ALPHA = [
    N / 2 - (2 / 3) * N ** 2 + (5 / 16) * N ** 3 + (41 / 180) * N ** 4,
    (13 / 48) * N ** 2 - (3 / 5) * N ** 3 + (557 / 1440) * N ** 4,
    (61 / 240) * N ** 3 - (103 / 140) * N ** 4,
    (49561 / 161280) * N ** 4,
  ];

  /** Gauss–Krüger coordinates in the 3-degree zone of a place: zone, northing x and zone-prefixed easting y, metres. */
  eco.zoneCoordinates = function (longitude, latitude) {
    const zone = Math.round(longitude / 3);
    const difference = (longitude - zone * 3) * RADIANS;
    const sine = Math.sin(latitude * RADIANS);
    const t = Math.sinh(Math.atanh(sine) - E * Math.atanh(E * sine));
    const xi = Math.atan2(t, Math.cos(difference));
    const eta = Math.atanh(Math.sin(difference) / Math.sqrt(1 + t * t));
    let north = xi;
    let east = eta;
    ALPHA.forEach((alpha, j) => {
      north += alpha * Math.sin(2 * (j + 1) * xi) * Math.cosh(2 * (j + 1) * eta);
      east += alpha * Math.cos(2 * (j + 1) * xi) * Math.sinh(2 * (j + 1) * eta);
    });
    return { zone, meridian: zone * 3, x: RECTIFYING * north, y: zone * 1e6 + 5e5 + RECTIFYING * east };
  };

  const onEllipsoid = ([longitude, latitude]) => {
    const sine = Math.sin(latitude * RADIANS);
    const radius = A / Math.sqrt(1 - E2 * sine * sine);
    const across = radius * Math.cos(latitude * RADIANS);
    return [across * Math.cos(longitude * RADIANS), across * Math.sin(longitude * RADIANS), radius * (1 - E2) * sine];
  };

  /** Longitude and latitude of a point near the ellipsoid (Bowring 1976). */
  function overhead([x, y, z]) {
    const across = Math.hypot(x, y);
    const reduced = Math.atan2(z * A, across * B);
    const latitude = Math.atan2(z + (E2 / (1 - E2)) * B * Math.sin(reduced) ** 3, across - E2 * A * Math.cos(reduced) ** 3);
    return [Math.atan2(y, x) / RADIANS, latitude / RADIANS];
  }

  /** Places along the shortest line between two, the ends included: every 250 m at most, and so dense that the
   * strip between line and chord is less than a millionth of a small plot. */
  function along(from, to) {
    const p = onEllipsoid(from);
    const q = onEllipsoid(to);
    const pieces = Math.max(16, Math.ceil(Math.hypot(q[0] - p[0], q[1] - p[1], q[2] - p[2]) / 250));
    const places = [from];
    for (let i = 1; i < pieces; i++) {
      // The straight chord, lifted to the ellipsoid along its normals: within millimetres of the geodesic at 50 km.
      places.push(overhead(p.map((start, axis) => start + ((q[axis] - start) * i) / pieces)));
    }
    places.push(to);
    return places;
  }

  /** Length in metres of a line of [longitude, latitude] on the ellipsoid. */
  eco.lengthOf = function (line) {
    let length = 0;
    for (let i = 1; i < line.length; i++) {
      const places = along(line[i - 1], line[i]).map(onEllipsoid);
      for (let j = 1; j < places.length; j++) {
        const chord = Math.hypot(...places[j].map((value, axis) => value - places[j - 1][axis]));
        length += chord * (1 + (chord / A) ** 2 / 24);
      }
    }
    return length;
  };

  /** Area in square metres of a ring of [longitude, latitude] on the ellipsoid. */
  eco.areaOf = function (ring) {
    if (ring.length < 3) return 0;
    const height = (latitude) => {
      const sine = Math.sin(latitude * RADIANS);
      return (B * B * (sine / (1 - E2 * sine * sine) + Math.atanh(E * sine) / E)) / 2;
    };
    // Heights are counted from the first place: the small area of a plot is not the difference of two huge ones.
    const zero = height(ring[0][1]);
    let area = 0;
    ring.forEach((from, i) => {
      const places = along(from, ring[(i + 1) % ring.length]);
      for (let j = 1; j < places.length; j++) {
        const [one, other] = [places[j - 1], places[j]];
        area += (other[0] - one[0]) * RADIANS * ((height(one[1]) + height(other[1])) / 2 - zero);
      }
    });
    return Math.abs(area);
  };

  /** Degrees as 113°07′25.3″E. */
  eco.sexagesimal = function (degrees, letters) {
    const tenths = Math.round(Math.abs(degrees) * 36000);
    const pad = (number) => String(number).padStart(2, "0");
    const seconds = (tenths % 600) / 10;
    return `${Math.floor(tenths / 36000)}°${pad(Math.floor(tenths / 600) % 60)}′${seconds < 10 ? "0" : ""}${seconds.toFixed(1)}″${letters[degrees < 0 ? 1 : 0]}`;
  };
})((window.ecospace = window.ecospace || {}));
