"""The figure of a plan document: true to scale, lettered without overlap, the same bytes again."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.text import Text
from PIL import Image
from pypdf import PdfReader
from pyproj import CRS
from shapely import Point, box

from ecospace.crs import StudyCRS, brought
from ecospace.errors import CRSError, MapError, UsageError
from ecospace.maps.figure import PlanFigure, plan_figure
from ecospace.maps.fonts import POINTS_PER_MM, find_font
from ecospace.maps.frame import draw_scale_bar
from ecospace.maps.labels import Name, overlaps, place_names
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.save import save_figure
from tests.maps.county import SOUTH, WEST, boundary, frame, layers


@cache
def plain() -> PlanFigure:
    """The figure without options, drawn once."""
    return plan_figure(layers(), boundary=boundary(), title="生态保护红线图")


def draw(**options: object) -> PlanFigure:
    if not options:
        return plain()
    return plan_figure(**{"layers": layers(), "boundary": boundary(), "title": "生态保护红线图"} | options)  # type: ignore[arg-type]


def texts(figure: PlanFigure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def on_paper_mm(figure: PlanFigure, easting: float, northing: float) -> np.ndarray:
    """Where matplotlib puts a point of the plane, in millimetres of the sheet."""
    axes = next(axes for axes in figure.axes if axes.get_xlim()[0] > 1000)
    pixels = axes.transData.transform((easting, northing))
    return pixels / figure.dpi * 25.4


def test_ground_distance_is_paper_distance_times_scale() -> None:
    figure = draw(scale=150_000)
    one, other = on_paper_mm(figure, WEST, SOUTH), on_paper_mm(figure, WEST + 30_000, SOUTH + 15_000)
    # 30 km and 15 km at 1:150 000 are 200 mm and 100 mm.
    assert other - one == pytest.approx([200.0, 100.0], abs=1e-6)


@pytest.mark.parametrize(("paper", "size"), [("A3", (420, 297)), ("A4", (297, 210))])
def test_the_sheet_has_its_size_and_the_frame_lies_in_it(paper: str, size: tuple[int, int]) -> None:
    figure = draw(paper=paper)
    assert figure.get_size_inches() * 25.4 == pytest.approx(size)
    frame = figure.plan.frame
    west, south, east, north = frame.bounds
    assert (east - west, north - south) == pytest.approx(
        (frame.box.width * figure.plan.denominator / 1000, frame.box.height * figure.plan.denominator / 1000)
    )
    assert on_paper_mm(figure, west, south) == pytest.approx([frame.box.left, frame.box.bottom], abs=1e-6)


def test_a_usual_scale_is_taken_and_the_area_fits() -> None:
    figure = draw()
    # 40 km in 292 mm of frame: 1:137 000, so 1:150 000.
    assert figure.plan.denominator == 150_000
    assert shapely.box(*figure.plan.frame.bounds).contains(boundary().geometry.iloc[0])
    assert "比例尺 1:150 000" in texts(figure)


def test_a_figure_in_a_text_keeps_its_size_its_scale_and_letters_that_can_be_read() -> None:
    figure = draw(size_mm=(158.0, 99.0))
    assert figure.get_size_inches() * 25.4 == pytest.approx([158.0, 99.0])
    assert texts(figure).count("生态保护红线图") == 0  # the caption below it is the title
    assert any("比例尺" in text for text in texts(figure))
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text()) >= 5.5
    one, other = on_paper_mm(figure, WEST, SOUTH), on_paper_mm(figure, WEST + 30_000, SOUTH)
    assert other - one == pytest.approx([30_000_000 / figure.plan.denominator, 0.0], abs=1e-6)
    inside = figure.plan.layout.page.shrunk(0.1)
    box_ = figure.plan.layout.panel
    assert inside.left <= box_.left and box_.right <= inside.right
    # Panel and map stand on one line, above and below.
    assert (box_.bottom, box_.top) == pytest.approx((figure.plan.frame.box.bottom, figure.plan.frame.box.top))


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    figure = draw()
    sheet = type("Sheet", (), {"unit": 1.0, "rectangle": lambda *a, **k: None, "text": lambda *a, **k: None})()
    bar = draw_scale_bar(sheet, 10.0, 10.0, 70.0, figure.plan.denominator)  # type: ignore[arg-type]
    # 10 km at 1:150 000 are 66.7 mm, the longest of 4 × (1, 2, 2.5, 4, 5) km that fits 70 mm.
    assert bar.width == pytest.approx(10_000 / 150)
    # In the 59 mm of the panel it takes 4 × 2 km.
    assert {"0", "2", "4", "8", "千米"} <= set(texts(figure))


@pytest.mark.parametrize(("width", "height"), [(15, 70), (70, 15), (40, 40)])
def test_tall_and_wide_areas_get_the_sheet_that_shows_them_largest(width: float, height: float) -> None:
    figure = draw(boundary=boundary(width, height))
    others = [draw(boundary=boundary(width, height), landscape=lying).plan.denominator for lying in (True, False)]
    assert figure.plan.denominator == min(others)


def test_drawn_in_a_zone_whatever_the_layers_are_in() -> None:
    plane = draw(scale=150_000)
    degrees = [
        MapLayer(
            brought(layer.frame, CRS.from_epsg(4490)), layer.style, layer.title, layer.by, layer.system, layer.label
        )
        for layer in layers()
    ]
    study = StudyCRS.for_boundary(boundary())
    for turned in (
        draw(layers=degrees, boundary=brought(boundary(), CRS.from_epsg(4490)), scale=150_000),
        draw(boundary=study.bring(boundary()), scale=150_000),
    ):
        assert turned.plan.zone.crs.to_epsg() == 4547
        assert turned.plan.frame.bounds == pytest.approx(plane.plan.frame.bounds, abs=0.01)
    assert "第38带" in "".join(texts(plane))


def test_grid_numbers_carry_the_zone() -> None:
    assert {"38420", "38440", "2470"} <= set(texts(draw(scale=150_000)))


def test_a_zone_that_does_not_hold_the_area_is_refused_and_the_advice_works() -> None:
    with pytest.raises(MapError, match=r"E-MAP-31.*zone=38"):
        draw(zone=30)
    assert draw(zone=38).plan.zone.central_meridian == 114
    assert draw(zone=37).plan.zone.number == 37  # a neighbour zone is a choice that offices make


def test_a_layer_without_crs_is_refused() -> None:
    with pytest.raises(CRSError, match="E-CRS-01"):
        draw(layers=[MapLayer(layers()[1].frame.set_crs(None, allow_override=True), "eco_redline")])


def test_names_never_overlap_and_stay_in_the_frame() -> None:
    rng = np.random.default_rng(5)
    points = [Point(WEST + x, SOUTH + y) for x, y in rng.uniform(0, (40_000, 20_000), (300, 2))]
    dense = [*layers(), MapLayer(frame(points, name=[f"第{i}号监测点位" for i in range(300)]), "outfall", label="name")]
    figure = draw(layers=dense)
    placed = figure.plan.names
    assert len(placed) > 40
    assert overlaps(placed) == []
    inside = shapely.box(*figure.plan.frame.box.bounds)
    assert all(inside.contains(name.outline) for name in placed)
    left_out = next(finding for finding in figure.plan.findings if finding.code == "F-MAP-02")
    assert left_out.count == 300 + 9 - len(placed)


def test_the_ground_kept_for_a_name_holds_the_letters_drawn() -> None:
    figure = draw()
    figure.draw_without_rendering()
    drawn = {text.get_text(): text for text in figure.findobj(Text)}
    for name in figure.plan.names:
        if name.rotation == 0:
            extent = drawn[name.name.text].get_window_extent().get_points() / figure.dpi * 25.4
            assert name.outline.buffer(0.25).contains(box(*extent.ravel()))


def test_overlaps_are_found() -> None:
    font = draw().plan.font
    name = Name("东山镇", Point(50, 50), 4)
    placed, _left = place_names([name], font, box(0, 0, 100, 100))
    moved = [placed[0], type(placed[0])(name, 51, 50, 0, shapely.transform(placed[0].outline, lambda xy: xy + 1))]
    assert overlaps(moved) == [("东山镇", "东山镇")]


def test_what_cannot_be_published_says_so() -> None:
    assert "仅供内部工作使用，未经地图审核不得公开" in texts(draw())
    reviewed = texts(draw(map_review_number="粤S（2026）001号"))
    assert "审图号：粤S（2026）001号" in reviewed
    assert "仅供内部工作使用，未经地图审核不得公开" not in reviewed


def test_a_demonstration_is_stamped() -> None:
    assert "示例数据，非法定" in texts(draw(demonstration=True))
    assert "示例数据，非法定" not in texts(draw())


def test_the_legend_names_every_class_and_unverified_colours() -> None:
    written = "".join(texts(draw(source="示例县自然资源局")))
    for title in ("饮用水水源一级保护区", "饮用水水源准保护区", "生态保护红线", "河流", "监测点位", "行政区界线"):
        assert title in written
    assert "资料来源：示例县自然资源局" in written
    assert "图式依通行做法，未与官方附录核对。" in written


def test_a_stricter_level_is_never_hidden_by_a_milder_one_that_holds_it(tmp_path: Path) -> None:
    nested = [Point(WEST + 20_000, SOUTH + 10_000).buffer(radius) for radius in (8000, 5000, 2000)]
    zones = MapLayer(frame(nested, zone=["一般控制区", "一般控制区", "核心保护区"]), by="zone", system="protected_zone")
    figure = draw(layers=[zones])
    path = save_figure(figure, tmp_path / "figure.png", dpi=50)
    x, y = on_paper_mm(figure, WEST + 20_700, SOUTH + 10_700) / 25.4 * 50
    with Image.open(path) as image:
        pixel = image.convert("RGB").getpixel((int(x), image.height - int(y)))
    # #00734C at 85 % on white, as in the legend; over the general zone it would be darker.
    assert pixel == pytest.approx((38, 136, 103), abs=2)


def test_a_legend_that_cannot_be_read_is_refused() -> None:
    squares = [box(WEST + 100 * i, SOUTH, WEST + 100 * i + 100, SOUTH + 100) for i in range(400)]
    many = MapLayer(frame(squares, code=[f"第{i}类土地" for i in range(400)]), by="code")
    with pytest.raises(MapError, match="E-MAP-33"):
        draw(layers=[many])


def test_features_without_a_class_are_reported() -> None:
    squares = [box(WEST, SOUTH, WEST + 100, SOUTH + 100)] * 3
    figure = draw(
        layers=[MapLayer(frame(squares, code=["0301", None, np.nan]), by="code", system="dlbm", title="地类")]
    )
    finding = next(finding for finding in figure.plan.findings if finding.code == "F-MAP-03")
    assert (finding.count, finding.features) == (2, ("1", "2"))


def test_a_scale_too_large_for_the_sheet_is_reported() -> None:
    figure = draw(scale=50_000)
    assert [finding.code for finding in figure.plan.findings if finding.level == "warning"] == ["F-MAP-01"]


def test_another_extent_than_the_study_area() -> None:
    site = frame([box(WEST + 5000, SOUTH + 5000, WEST + 5400, SOUTH + 5300)])
    figure = draw(layers=[*layers(), MapLayer(site, "site")], extent=site)
    # 400 m in 284 mm of a lying A3 sheet: 1:2000; the study area beyond the window is no finding.
    assert figure.plan.denominator == 2000
    assert not [finding for finding in figure.plan.findings if finding.level == "warning"]
    assert {f"38425{tail}" for tail in (".0", ".2")} & set(texts(figure))


def test_english() -> None:
    os.environ["ECOSPACE_LANG"] = "en"  # the fixture of conftest puts it back
    written = texts(draw(title="Redline"))
    assert {"Redline", "Scale 1:150 000", "grid north", "km"} <= set(written)


def test_names_are_no_formulas() -> None:
    named = frame([box(WEST + 9000, SOUTH + 9000, WEST + 19_000, SOUTH + 15_000)], name=["$x^2$ & <b>"])
    assert "$x^2$ & <b>" in texts(draw(layers=[MapLayer(named, "forest_park", label="name")]))


def test_table_and_location_find_their_place() -> None:
    table = pd.DataFrame({"类型": ["红线"], "面积（公顷）": ["12,845.22"]})
    around = frame([box(WEST - 50_000, SOUTH - 50_000, WEST + 90_000, SOUTH + 70_000)])
    for paper in ("A3", "A4"):
        for lying in (True, False):
            written = texts(draw(paper=paper, landscape=lying, table=table, inset=around))
            assert {"12,845.22", "区位图"} <= set(written)


def test_png_is_300_dpi_and_says_what_it_is(tmp_path: Path) -> None:
    path = save_figure(draw(paper="A4"), tmp_path / "figure.png")
    with Image.open(path) as image:
        assert image.size == (3507, 2480)
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        about = image.info["Title"] + image.info["Description"]
    for fact in (
        "生态保护红线图",
        "scale: 1:200 000",
        "Gauss-Kruger CM 114E",
        f"font: {find_font().name}",
        "paper: A4",
    ):
        assert fact in about


def test_pdf_has_its_size_and_all_its_fonts(tmp_path: Path) -> None:
    path = save_figure(draw(), tmp_path / "figure.pdf")
    page = PdfReader(path).pages[0]
    assert [float(side) for side in page.mediabox[2:]] == pytest.approx(
        [420 * POINTS_PER_MM, 297 * POINTS_PER_MM], abs=0.1
    )
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
        descriptor = inner["/FontDescriptor"].get_object()
        # A TrueType font must hold TrueType outlines: Acrobat refuses PostScript ones in that place.
        assert inner["/Subtype"] == "/CIDFontType2"
        assert descriptor["/FontFile2"].get_object().get_data()[:4] in (b"\0\1\0\0", b"true"), font["/BaseFont"]
    assert "生态保护红线图" in page.extract_text().replace(" ", "").replace("⽣", "生")


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"E-USE-20.*\.png, \.pdf|E-USE-20"):
        save_figure(draw(), tmp_path / "figure.bmp")


SCRIPT = """
import sys
from pathlib import Path
from tests.maps.test_figure import draw
from ecospace.maps.save import save_figure
for kind in ("png", "pdf", "svg"):
    save_figure(draw(paper="A4", demonstration=True), Path(sys.argv[1]) / f"figure.{kind}", dpi=100)
"""


@pytest.mark.slow
def test_a_second_run_gives_the_same_bytes(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    for run in ("1", "2"):
        (tmp_path / run).mkdir()
        environment = os.environ | {"PYTHONHASHSEED": run, "PYTHONPATH": str(root)}
        subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / run)], check=True, env=environment, cwd=root)
    for kind in ("png", "pdf", "svg"):
        one, other = ((tmp_path / run / f"figure.{kind}").read_bytes() for run in ("1", "2"))
        assert one == other, kind


def test_real_places_outside_china_get_a_plane_of_their_own_datum(data: Path) -> None:
    region = gpd.read_file(data / "aachen" / "aachen.gpkg", layer="region")
    figure = plan_figure([MapLayer(region, "forest")], boundary=region, title="亚琛")
    assert figure.plan.zone.number is None
    assert figure.plan.zone.crs.geodetic_crs.name == "WGS 84"


def test_kaiping_is_drawn_in_the_zone_of_its_centre(data: Path) -> None:
    district = gpd.read_file(data / "guangdong_admin" / "guangdong_tianditu_cgcs2000.gpkg", layer="district")
    kaiping = district[district["gb"].astype(str).str.endswith("440783")]
    figure = plan_figure([MapLayer(kaiping, "boundary")], boundary=kaiping, title="开平市")
    # The centre lies at 112.5°E, between zones 37 and 38: whichever is taken is printed.
    assert figure.plan.zone.number in (37, 38)
    assert f"第{figure.plan.zone.number}带" in "".join(texts(figure))
