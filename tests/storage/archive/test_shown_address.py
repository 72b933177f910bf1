"""Addresses are shown and written without parts that may be secret."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.archive.shown_address import shown_address, without_secrets

SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("/films/a b?c@d.mp4", "/films/a b?c@d.mp4"),
        ("films/a.mp4", "films/a.mp4"),
        ("https://me:secret@host/a.mp4", "https://host/a.mp4"),
        ("https://host/a.csv?X-Amz-Signature=secret", "https://host/a.csv"),
        ("https://host/a.csv#secret", "https://host/a.csv"),
        ("https://me:sec/ret@host/a.mp4", "https://***"),
        ("https://me:sec?ret@host/a.mp4", "https://***"),
        ("https://host:8080/a.mp4", "https://host:8080/a.mp4"),
        ("s3://bucket/a@b.mp4", "s3://bucket/a@b.mp4"),
        ("HTTP://u@h/x?y", "HTTP://h/x"),
    ],
)
def test_examples(address: str, shown: str) -> None:
    assert shown_address(address) == shown


@given(SECRETS)
def test_no_part_of_a_password_is_shown(secret: str) -> None:
    marked = f"Z{secret}Z"
    shown = shown_address(f"https://me:{marked}@host/a.mp4")
    assert shown in ("https://host/a.mp4", "https://***")
    assert "Z" not in shown


@given(SECRETS)
def test_no_part_of_a_query_is_shown(secret: str) -> None:
    assert shown_address(f"https://host/a.mp4?token={secret}") == "https://host/a.mp4"


@given(SECRETS.map(lambda secret: f"QQQ{secret}"))
def test_texts_of_others_lose_the_secrets_of_the_address(secret: str) -> None:
    token = quote(secret, safe="")
    address = f"https://me:{token}@host/a.mp4?token={token}&name=b"
    for text in (f"cannot open {address}", f"404, url={address!r}: no", f"bad token {token}."):
        told = without_secrets(text, address)
        assert "QQQ" not in told, told


def test_any_address_in_a_text_is_shown_without_its_query() -> None:
    text = "302 to 'https://me:pw@store/a?sig=QQQQ', then no answer"
    assert without_secrets(text) == "302 to 'https://store/a', then no answer"
