"""A stream sealed by a passphrase: what was cut short or changed is noticed before its end is given out.

AES-256-GCM over pieces of a mebibyte, each numbered, the last one marked (the STREAM construction, as age has it); the
key by scrypt from the passphrase and a random salt. `cryptography` is here already, for identity numbers: `openssl enc`
does not notice changes, and gpg is a program with an agent that a server may not have.
"""

import io
import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"gridmgr sealed 1\n"
PIECE = 2**20
TAG = 16
SALT = 16


class NotOpened(Exception):
    """The passphrase is wrong, or what it sealed was changed or cut short."""


def is_sealed(stream: BinaryIO) -> bool:
    """Whether a sealed stream begins here; leaves it where it was."""
    start = stream.tell()
    found = stream.read(len(MAGIC)) == MAGIC
    stream.seek(start)
    return found


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=2**16, r=8, p=1).derive(passphrase.encode()))


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack(">xxxQB", number, last)


def seal(plain: BinaryIO, sealed: BinaryIO, passphrase: str) -> None:
    """Copies `plain` to `sealed`, unreadable without the passphrase."""
    salt = os.urandom(SALT)
    cipher = _cipher(passphrase, salt)
    sealed.write(MAGIC + salt)
    piece, number = plain.read(PIECE), 0
    while True:
        following = plain.read(PIECE)
        sealed.write(cipher.encrypt(_nonce(number, last=not following), piece, MAGIC + salt))
        if not following:
            return
        piece, number = following, number + 1


class Opened(io.RawIOBase):
    """Reads what was sealed, piece by piece; raises NotOpened at the first that isn't as it was."""

    def __init__(self, sealed: BinaryIO, passphrase: str) -> None:
        header = sealed.read(len(MAGIC) + SALT)
        self._pieces = _pieces(sealed, _cipher(passphrase, header[len(MAGIC) :]), header)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def _pieces(sealed: BinaryIO, cipher: AESGCM, header: bytes) -> Iterator[bytes]:
    piece, number = sealed.read(PIECE + TAG), 0
    while True:
        following = sealed.read(PIECE + TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), piece, header)
        except InvalidTag:
            raise NotOpened from None
        if not following:
            return
        piece, number = following, number + 1
