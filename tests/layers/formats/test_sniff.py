"""A file is what its bytes say; what would read other files or call the network is never opened."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from ecospace.errors import EcospaceError, ReadError, UnsafeError
from ecospace.layers import gdal
from ecospace.layers.formats.sniff import sniff
from ecospace.layers.read import read_layer

VRT = "<OGRVRTDataSource><OGRVRTLayer name='secret'><SrcDataSource>{path}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.gpkg"
    gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.box(113, 23, 113.1, 23.1)], crs=4490).to_file(path, driver="GPKG")
    return path


@pytest.mark.parametrize(
    "suffix", [".geojson", ".shp", ".kml", ".gpkg", ".csv", ".dxf", ".gml", ".tab", ".txt", ".fgb"]
)
@pytest.mark.parametrize("start", ["", "\ufeff", "<?xml version='1.0'?>\n", "  \n<!-- a layer -->\n"])
def test_tS05_a_virtual_file_reads_no_other(tmp_path: Path, secret: Path, suffix: str, start: str) -> None:
    path = tmp_path / f"red{suffix}"
    path.write_text(start + VRT.format(path=secret), encoding="utf-8")
    with pytest.raises(UnsafeError, match="E-SAFE-02"):
        read_layer(path)


def test_tS05_the_drivers_of_virtual_files_are_not_there() -> None:
    script = (
        "from ecospace.layers import gdal\n"
        "names = set(gdal.vector().list_drivers())\n"
        "import rasterio\n"
        "with rasterio.Env() as env: names |= set(env.drivers())\n"
        "print(sorted(names & {'OGR_VRT', 'VRT', 'HTTP', 'WFS', 'WMS', 'GDALG', 'OAPIF', 'CSW', 'Elasticsearch'}))\n"
        "print({'GPKG', 'OpenFileGDB', 'GTiff', 'FlatGeobuf'} <= names)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert done.stdout.split("\n")[:2] == ["[]", "True"]
    assert "Unable to find driver" not in done.stderr


@pytest.mark.parametrize(
    "path", ["http://127.0.0.1/red.gpkg", "/vsicurl/http://127.0.0.1/red.gpkg", "GPKG:/tmp/red.gpkg", r"\\server\red.shp",
             "PG:dbname=x", "WFS:http://127.0.0.1/"],
)  # fmt: skip
def test_tS06_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(UnsafeError, match="E-SAFE-01"):
        read_layer(path)


def test_tS06_a_crs_link_in_geojson_is_not_followed(tmp_path: Path) -> None:
    calls: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(1)
        port = server.getsockname()[1]

        def listen() -> None:
            try:
                connection, _address = server.accept()
            except TimeoutError:
                return
            calls.append(connection.recv(100))
            connection.close()

        listener = threading.Thread(target=listen)
        listener.start()
        path = tmp_path / "red.geojson"
        path.write_text(
            '{"type":"FeatureCollection","crs":{"type":"link","properties":{"href":"http://127.0.0.1:%d/crs"}},"features":[{'
            '"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[113,23]}}]}'.replace(
                "%d", str(port)
            )
        )
        layer = read_layer(path)
        listener.join()
    assert calls == []
    assert "F-READ-51" in [finding.code for finding in layer.findings]


@pytest.mark.parametrize("suffix", [".gml", ".kml"])
def test_tS07_xml_with_a_document_type_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text('<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>')
    with pytest.raises(UnsafeError, match="E-SAFE-03"):
        read_layer(path)


def test_a_name_that_lies_is_said(tmp_path: Path, secret: Path) -> None:
    path = secret.rename(tmp_path / "red.shp")
    layer = read_layer(path)
    assert len(layer.frame) == 1
    assert "F-READ-20" in [finding.code for finding in layer.findings]


@pytest.mark.parametrize(
    ("head", "word"),
    [(b"AC1032", "DXF"), (b"\x00\x01\x00\x00Standard Jet DB", "mdb"), (b"Rar!\x1a", "RAR"), (b"%PDF-1.7", "PDF"),
     (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"), (bytes(40), "E-READ-23")],
)  # fmt: skip
def test_what_cannot_be_read_is_explained(tmp_path: Path, head: bytes, word: str) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(head + bytes(100))
    with pytest.raises(ReadError, match=word) as caught:
        sniff(path)
    assert caught.value.code == "E-READ-23"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(EcospaceError, match="E-READ-21"):
        sniff(tmp_path / "none.shp")
    (tmp_path / "empty.shp").write_bytes(b"")
    with pytest.raises(EcospaceError, match="E-READ-22"):
        sniff(tmp_path / "empty.shp")
    with pytest.raises(EcospaceError, match="E-READ-23"):
        sniff(tmp_path)


def test_the_network_of_proj_stays_off() -> None:
    assert os.environ["PROJ_NETWORK"] == "OFF"
    assert gdal.local_path("a.shp") == Path("a.shp")
