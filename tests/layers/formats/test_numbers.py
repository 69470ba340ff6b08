"""Numbers as surveyors write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecospace.errors import ReadError
from ecospace.layers.formats.numbers import half_width, parse_angle, parse_number, unpack_dms


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12.0), (" -3.50 ", -3.5), ("+7", 7.0), ("１２．５", 12.5), ("−4", -4.0), ("38460000.123", 38460000.123), ("5.", 5.0)],
)  # fmt: skip
def test_plain_and_full_width_digits(text: str, value: float) -> None:
    assert parse_number(text).value == value
    assert parse_number(text).normalised == (not text.isascii())


@pytest.mark.parametrize(
    "text",
    ["", " ", "1_000", "1,000", "nan", "inf", "-inf", "1e5", "3.85E+07", "0x10", "١٢", "十二", ".5", "1.2.3", "1 2", "--1", "９" * 400],
)  # fmt: skip
def test_tC11_everything_else_is_no_number(text: str) -> None:
    with pytest.raises(ReadError, match="E-READ-60"):
        parse_number(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("113°7′7.2″", 113 + 7 / 60 + 7.2 / 3600),
        ("113°27'07.2\"", 113.452),
        ("113度27分07.2秒", 113.452),
        ("22°0′0″N", 22.0),
        ("S 22°30′0″", -22.5),
        ("-22°30′0″", -22.5),
        ("西113°30′0″", -113.5),
        ("１１３°２７′０７．２″", 113.452),
        ("113.452", 113.452),
    ],
)
def test_angles(text: str, value: float) -> None:
    assert parse_angle(text).value == pytest.approx(value, abs=1e-11)


@pytest.mark.parametrize("text", ["113°60′00″", "113°27′60″", "113°99′1″"])
def test_sixty_minutes_are_no_angle(text: str) -> None:
    with pytest.raises(ReadError, match="E-READ-61"):
        parse_angle(text)


@pytest.mark.parametrize(
    ("packed", "value"), [(113.27072, 113.452), (0.3, 0.5), (-22.3, -22.5), (113.0, 113.0), (113.27, 113.45), (22.0001, 22 + 1 / 3600)]
)  # fmt: skip
def test_packed_degrees(packed: float, value: float) -> None:
    assert unpack_dms(packed) == pytest.approx(value, abs=1e-9)


@settings(max_examples=300, derandomize=True)
@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 5999))
def test_degrees_minutes_and_seconds_come_back(degrees: int, minutes: int, hundredths: int) -> None:
    seconds = hundredths / 100
    value = degrees + minutes / 60 + seconds / 3600
    assert parse_angle(f"{degrees}°{minutes}′{seconds:.2f}″").value == pytest.approx(value, abs=1e-10)
    assert unpack_dms(float(f"{degrees}.{minutes:02d}{hundredths:04d}")) == pytest.approx(value, abs=1e-9)


@settings(max_examples=300, derandomize=True)
@given(st.text(max_size=12))
def test_any_text_is_a_number_or_our_error(text: str) -> None:
    plain, changed = half_width(text)
    assert changed == (plain != text)
    for parse in (parse_number, parse_angle):
        try:
            assert isinstance(parse(text).value, float)
        except ReadError as error:
            assert error.cure
