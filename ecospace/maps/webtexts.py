"""What the web map says: the lines of its page in the language in force."""

from __future__ import annotations

from ecospace.language import _


def page_texts() -> dict[str, str]:
    """Every line of the page by the name that its scripts use; {names} are filled in by the page."""
    return {
        "map": _("Web map"),
        "map_label": _("Map: {title}"),
        "tools": _("Tools"),
        "panel": _("Show or hide the panel"),
        "layers": _("Layers"),
        "table": _("Feature table"),
        "notes": _("Notes"),
        "layers_of_map": _("Map layers"),
        "layer": _("Layer"),
        "legend": _("Legend"),
        "toggle_class": _("Show or hide this class"),
        "opacity_of": _("Opacity of {title}"),
        "zoom_to": _("Zoom to"),
        "feature_count": _("{count} feature(s)"),
        "basemap": _("Basemap (online)"),
        "picture": _("Aerial picture"),
        "key": _("Key of the tile service"),
        "search": _("Search all columns"),
        "found": _("{count} of {all} features"),
        "previous": _("Previous"),
        "next": _("Next"),
        "measure_length": _("Measure distance"),
        "measure_area": _("Measure area"),
        "measure_help": _("Click the corners; Enter ends, Esc leaves. By keyboard: arrows move, Space sets a corner."),
        "area_text": _("{hectares} ha ({mu} mu, {km2} km²)"),
        "perimeter": _("perimeter"),
        "m": _("metres"),
        "km": _("kilometres"),
        "swipe": _("Compare versions"),
        "paper_sheet": _("Print sheet"),
        "paper": _("Paper size"),
        "orientation": _("Orientation"),
        "landscape": _("Landscape"),
        "portrait": _("Portrait"),
        "review": _("Map review no.: "),
        "review_number": _("Map review number"),
        "none": _("(none)"),
        "print": _("Print"),
        "leave": _("Back to the map"),
        "scale_bar": _("Scale bar"),
        "overview": _("Overview"),
        "zone_coordinates": _("3-degree zone {zone} (CM {meridian}°): X {x}  Y {y}"),
        "colon": _(": "),
        "semicolon": _("; "),
        "north": _("N"),
        "datum": _("Coordinates"),
        "accuracy": _("Accuracy"),
        "source": _("Data source"),
        "layer_facts": _("{count} features, {vertices} vertices, drawn within {displacement} m"),
        "facts": _("{count} features · borders drawn within {displacement} m · {size} MB"),
        "projection_note": _(
            "Coordinates: {datum}. Screen projection: Web Mercator; the scale bar holds in the middle."
        ),
        "keyboard": _("Keyboard"),
        "keyboard_help": _(
            "Tab moves between controls; on the map, arrows pan, + and − zoom; Enter shows a row on the map; "
            "Esc leaves a tool."
        ),
        "old_browser": _("This browser is too old for the map. Use Edge, Chrome 80 or Firefox 113, or newer."),
    }
