"""A sealed stream opens with its passphrase, whole and unchanged, or not at all."""

import io

import pytest

from gridmgr.backup import sealing
from gridmgr.backup.sealing import NotOpened, Opened, is_sealed, seal


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "PIECE", 64)


def sealed(content: bytes, passphrase: str = "大城小巷") -> bytes:
    out = io.BytesIO()
    seal(io.BytesIO(content), out, passphrase)
    return out.getvalue()


def opened(content: bytes, passphrase: str = "大城小巷") -> bytes:
    return io.BufferedReader(Opened(io.BytesIO(content), passphrase)).read()


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 1000])
def test_what_was_sealed_opens(size: int) -> None:
    content = bytes(n % 251 for n in range(size))
    box = sealed(content)
    assert is_sealed(io.BytesIO(box))
    assert content == b"" or content not in box
    assert opened(box) == content


def test_the_same_content_never_looks_the_same() -> None:
    assert sealed(b"a") != sealed(b"a")


def test_a_wrong_passphrase_opens_nothing() -> None:
    with pytest.raises(NotOpened):
        opened(sealed(b"content"), "大城小港")


@pytest.mark.parametrize(
    "change",
    {
        "cut in a piece": lambda box: box[:-1],
        "cut between pieces": lambda box: box[: 33 + 2 * 80],
        "one bit": lambda box: box[:100] + bytes([box[100] ^ 1]) + box[101:],
        "salt": lambda box: box[:20] + bytes([box[20] ^ 1]) + box[21:],
        "more": lambda box: box + b"x",
        "pieces swapped": lambda box: box[:33] + box[113:193] + box[33:113] + box[193:],
        "a piece left out": lambda box: box[:33] + box[113:],
    }.items(),
    ids=lambda change: change[0],
)
def test_what_was_changed_or_cut_short_does_not_open(change: tuple[str, object]) -> None:
    box = sealed(bytes(200))
    with pytest.raises(NotOpened):
        opened(change[1](box))  # type: ignore[operator]
