"""Writes passlib.json beside this file. Needs passlib 1.7.4 with bcrypt (Debian: python3-passlib python3-bcrypt)."""

import json
import pathlib

from passlib.hash import bcrypt, bcrypt_sha256

SALTS = ["n79VH.0Q2TMWmt3Oqt9uku", "5LhMZ4bv1mHnPfLwJg9k5O", "abcdefghijklmnopqrstuu", "." * 22]

SHORT = {
    "one character": "a",
    "the seed's": "123456",
    "72 bytes": "z" * 72,
    "two-byte characters, 72 bytes": "é" * 36,
}
LONG = {
    "73 bytes": "a" * 73,
    "a difference in the last of 100 bytes": "b" * 99 + "c",
    "two-byte characters, 74 bytes": "é" * 37,
    "four-byte characters, 76 bytes": "🔐" * 19,
    "a NUL inside": "n" * 40 + "\0" + "u" * 40,
    "1,024 bytes": "x" * 1024,
    "one and two byte characters": "pässwörd " * 10,
}


def vectors(algorithm, passwords, **options):
    for number, (name, password) in enumerate(passwords.items()):
        salt = SALTS[number % len(SALTS)]
        hasher = algorithm.using(rounds=4 + number % 3, salt=salt, **options)
        yield {"name": name, "password": password, "salt": salt, "hash": hasher.hash(password)}


content = {
    "source": "passlib 1.7.4",
    "bcrypt": list(vectors(bcrypt, SHORT, ident="2b")),
    "bcryptSha256": list(vectors(bcrypt_sha256, LONG)),
}
target = pathlib.Path(__file__).with_name("passlib.json")
target.write_text(json.dumps(content, indent=2) + "\n")
