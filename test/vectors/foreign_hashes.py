"""Writes foreign-hashes.json beside this file, with the hashes of the real libraries.

Debian's python3-django (3.2), python3-werkzeug (2.2), python3-argon2, python3-bcrypt and
python3-passlib make all but scrypt, which came with Django 4.0 and Werkzeug 2.3. Run this once more
in a virtual environment with newer ones (Django 5.2, Werkzeug 3.1): it adds those.
"""

import json
import pathlib
import sys

import django
from django.conf import settings

settings.configure()
from django.contrib.auth import hashers as django_hashers

PASSWORDS = {
    "ASCII": "correct horse battery staple",
    "spaces at the ends": "  two spaces  ",
    "two-byte characters": "pässwörd",
    "four-byte characters": "🔐 key 🔑",
    "72 bytes": "a" * 71 + "z",
    "100 bytes": "b" * 99 + "c",
    "1,024 bytes": "é" * 512,
}
WITH_NUL = {"a NUL inside": "before\0after"}
target = pathlib.Path(__file__).with_name("foreign-hashes.json")


def all_of(family, system, make, passwords=PASSWORDS):
    return [
        {"family": family, "system": system, "name": name, "password": password, "hash": make(password)}
        for name, password in passwords.items()
    ]


def newer():
    from werkzeug.security import generate_password_hash

    everything = PASSWORDS | WITH_NUL
    for work in ["1024:8:1", "1024:4:3"]:
        yield from all_of("scrypt", f"Werkzeug, {work}", lambda pw: generate_password_hash(pw, f"scrypt:{work}"), everything)
    default = {"the default of Werkzeug 3": "correct horse battery staple"}
    yield from all_of("scrypt", "Werkzeug", lambda pw: generate_password_hash(pw, "scrypt:32768:8:1"), default)
    scrypt = django_hashers.ScryptPasswordHasher()
    yield from all_of("scrypt", "Django", lambda pw: scrypt.encode(pw, scrypt.salt(), n=1024), everything)
    default = {"the default of Django 5.2": "correct horse battery staple"}
    yield from all_of("scrypt", "Django", lambda pw: scrypt.encode(pw, scrypt.salt()), default)


def from_django():
    sha256, sha1 = django_hashers.PBKDF2PasswordHasher(), django_hashers.PBKDF2SHA1PasswordHasher()
    everything = PASSWORDS | WITH_NUL
    yield from all_of("pbkdf2", "Django", lambda pw: sha256.encode(pw, sha256.salt(), 1000), everything)
    yield from all_of("pbkdf2", "Django, SHA-1", lambda pw: sha1.encode(pw, sha1.salt(), 1000), everything)
    most = {"100,000 rounds, which is the most": "correct horse battery staple"}
    yield from all_of("pbkdf2", "Django", lambda pw: sha256.encode(pw, sha256.salt(), 100_000), most)
    plain, prehashed = django_hashers.BCryptPasswordHasher(), django_hashers.BCryptSHA256PasswordHasher()
    plain.rounds = prehashed.rounds = 4
    yield from all_of("bcrypt", "Django", lambda pw: plain.encode(pw, plain.salt()))
    yield from all_of("bcrypt-sha256", "Django", lambda pw: prehashed.encode(pw, prehashed.salt()), everything)
    argon2 = django_hashers.Argon2PasswordHasher()
    argon2.memory_cost = 1024
    yield from all_of("argon2id", "Django", lambda pw: argon2.encode(pw, argon2.salt()), everything)


def from_werkzeug():
    from werkzeug.security import generate_password_hash

    everything = PASSWORDS | WITH_NUL
    for method in ["pbkdf2:sha1:1000", "pbkdf2:sha256:1000", "pbkdf2:sha512:1000"]:
        yield from all_of("pbkdf2", f"Werkzeug, {method}", lambda pw: generate_password_hash(pw, method), everything)


def from_bcrypt():
    import bcrypt

    yield from all_of("bcrypt", "bcrypt, $2a$", lambda pw: bcrypt.hashpw(pw.encode(), bcrypt.gensalt(4, b"2a")).decode())
    # PHP's password_hash writes $2y$ for the same algorithm.
    yield from all_of(
        "bcrypt", "PHP, $2y$", lambda pw: bcrypt.hashpw(pw.encode(), bcrypt.gensalt(5, b"2b")).decode().replace("$2b$", "$2y$")
    )


def from_passlib():
    from passlib.hash import bcrypt_sha256, pbkdf2_sha1, pbkdf2_sha256, pbkdf2_sha512

    everything = PASSWORDS | WITH_NUL
    first = bcrypt_sha256.using(rounds=4, version=1)
    yield from all_of("bcrypt-sha256", "passlib, version 1", first.hash, everything)
    for algorithm in [pbkdf2_sha1, pbkdf2_sha256, pbkdf2_sha512]:
        yield from all_of("pbkdf2", f"passlib, {algorithm.name}", algorithm.using(rounds=1000).hash, everything)


def from_argon2():
    from argon2 import PasswordHasher

    # In the memory of the default, one pass for each of its three.
    for kib, passes, lanes, tag in [(64, 1, 1, 32), (1024, 3, 4, 16), (520, 2, 3, 64), (8, 40, 1, 24)]:
        hasher = PasswordHasher(passes, kib, lanes, hash_len=tag)
        yield from all_of("argon2id", f"argon2-cffi, m={kib}, t={passes}, p={lanes}", hasher.hash, PASSWORDS | WITH_NUL)
    for name, hasher in {
        "RFC 9106's second choice": PasswordHasher(3, 65536, 4),
        "OWASP's first choice": PasswordHasher(2, 19456, 1),
    }.items():
        yield from all_of("argon2id", "argon2-cffi", hasher.hash, {name: "correct horse battery staple"})


def refused():
    sha256 = django_hashers.PBKDF2PasswordHasher()
    from werkzeug.security import generate_password_hash

    from argon2 import PasswordHasher

    password = "correct horse battery staple"
    argon2 = django_hashers.Argon2PasswordHasher()
    yield {"name": "the default of Django's argon2", "hash": argon2.encode(password, argon2.salt()), "says": "argon2id with m=102,400"}
    yield {"name": "the default of argon2-cffi 21.1", "hash": PasswordHasher().hash(password), "says": "argon2id with m=102,400"}
    yield {"name": "the default of Django 3.2", "hash": sha256.encode(password, sha256.salt()), "says": "PBKDF2 with 260,000 rounds"}
    yield {"name": "the default of Werkzeug 2.2", "hash": generate_password_hash(password, "pbkdf2:sha256"), "says": "PBKDF2 with 260,000 rounds"}


if django.VERSION >= (4, 0):
    content = json.loads(target.read_text())
    content["vectors"] = [one for one in content["vectors"] if one["family"] != "scrypt"]
    content["vectors"] += newer()
else:
    makers = [from_django, from_werkzeug, from_bcrypt, from_passlib, from_argon2]
    content = {"vectors": [one for maker in makers for one in maker()], "refused": list(refused())}
target.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
print(f"{len(content['vectors'])} vectors by Django {django.get_version()}", file=sys.stderr)
