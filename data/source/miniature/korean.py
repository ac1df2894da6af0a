"""Korean spelling helpers: particles that agree with the sound before them, numbers in words."""

import re

HANGUL_FIRST, HANGUL_LAST = 0xAC00, 0xD7A3
RIEUL = 8

# particle: (after a final consonant, after a vowel)
PARTICLES = {
    "은": ("은", "는"),
    "이": ("이", "가"),
    "을": ("을", "를"),
    "과": ("과", "와"),
    "으로": ("으로", "로"),
    "이다": ("이다", "다"),
    "이라고": ("이라고", "라고"),
    "이라는": ("이라는", "라는"),
    "이란": ("이란", "란"),
    "이나": ("이나", "나"),
    "이었다": ("이었다", "였다"),
    "이며": ("이며", "며"),
    "이고": ("이고", "고"),
    "이라": ("이라", "라"),
    "이랑": ("이랑", "랑"),
    "이야": ("이야", "야"),
    "아": ("아", "야"),
    "이래": ("이래", "래"),
}

# How digits, Latin letters and unit signs end when read aloud: the index of the final consonant, 0 for none.
_READ_ALOUD = {
    **dict(zip("0123456789", (21, 8, 0, 16, 0, 0, 1, 8, 8, 0), strict=True)),
    **{letter: 0 for letter in "ABCDEFGHIJKOPQSTUVWXYZ"},
    "L": RIEUL,
    "M": 16,
    "N": 4,
    "R": RIEUL,
    "%": 0,
    "㎞": 0,
    "㎡": 0,
    "㎜": 0,
    "㎏": 16,
    "㎝": 0,
    "㎢": 0,
    "℃": 0,
}
_UNIT = re.compile(r"\d(km|cm|mm|m|t)$")
_SKIPPED = set("'\"’”)]》」")

NATIVE = ("한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉", "열")
_DIGITS = ("", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구")


def final_consonant(text: str) -> int:
    """Index (0–27) of the final consonant that ``text`` ends in when read aloud; 0 is a vowel.

    Closing quotes and brackets are looked through. Raises ValueError where the reading is not known.
    """
    if unit := _UNIT.search(text):
        return 4 if unit[1] == "t" else 0  # 톤, 미터
    for character in reversed(text):
        if character in _SKIPPED:
            continue
        if HANGUL_FIRST <= ord(character) <= HANGUL_LAST:
            return (ord(character) - HANGUL_FIRST) % 28
        reading = _READ_ALOUD.get(character.upper() if character.isascii() else character)
        if reading is None:
            break
        return reading
    raise ValueError(f"no Korean reading is known for the end of {text!r}")


def particle(before: str, name: str) -> str:
    """The form of a particle (a key of PARTICLES) that goes after ``before``: 은 or 는, 으로 or 로, …"""
    after_consonant, after_vowel = PARTICLES[name]
    final = final_consonant(before)
    if name == "으로" and final == RIEUL:
        return after_vowel
    return after_consonant if final else after_vowel


def sino(number: int) -> str:
    """A number from 1 to 99 in Sino-Korean words: 21 is 이십일."""
    if not 1 <= number <= 99:
        raise ValueError(f"only 1 to 99 are spelt here, not {number}")
    tens, ones = divmod(number, 10)
    return (("" if tens == 1 else _DIGITS[tens]) + "십" if tens else "") + _DIGITS[ones]


def common_syllables() -> list[str]:
    """Some 1,200 ordinary syllables, from plain consonants, ordinary vowels and the frequent endings.

    An alphabet for a vocabulary: most names are spelt with it, rare syllables (쾰, 뷁, 쫑) are not in it.
    """
    initials = (0, 2, 3, 5, 6, 7, 9, 11, 12, 14, 15, 16, 17, 18)  # without the doubled consonants
    plain, gliding = (
        (0, 1, 4, 5, 8, 13, 18, 20),
        (6, 9, 11, 12, 14, 16, 17),
    )  # ㅏㅐㅓㅔㅗㅜㅡㅣ, ㅕㅘㅚㅛㅝㅟㅠ
    endings = {
        **dict.fromkeys(plain, (0, 1, 4, RIEUL, 16, 17, 21)),
        **dict.fromkeys(gliding, (0, 1, 4, RIEUL, 21)),
    }
    made = (
        chr(HANGUL_FIRST + (initial * 21 + vowel) * 28 + final)
        for initial in initials
        for vowel, finals in endings.items()
        for final in finals
    )
    return sorted(syllable for syllable in made if _in_ks_x_1001(syllable))


def _in_ks_x_1001(syllable: str) -> bool:
    try:
        return len(syllable.encode("euc_kr")) == 2
    except UnicodeEncodeError:
        return False
