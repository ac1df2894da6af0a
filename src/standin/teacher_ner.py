"""The scripted teacher's skill for notebook 09: named entities by rules, with a language model's slips.

No model answers here. A short list of names and patterns finds what it can; then, on a fixed draw, the answer is
bent as those of language models are: a word dropped or translated, a mark left open, words around it. Examples in
the prompt make it err less, as they do with a model.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

PROMPT = "You find named entities in Korean sentences."

_SURNAMES = (
    "김이박최정강조윤장임한오서신권황안송류홍전고문손양배백허남심노하곽성차주우구민진나지엄채원천방공현함변염"
)
_PLACES = (
    "서울 부산 대구 인천 광주 대전 울산 세종 경기 강원 충북 충남 전북 전남 경북 경남 제주 수원 여수 목포 경주 전주 군산 강릉 "
    "한국 미국 중국 일본 영국 프랑스 독일 러시아 북한 베트남 이집트 쿠바 호주 네덜란드 스페인 이탈리아 케냐 몽골 캐나다 브라질 "
    "도쿄 파리 런던 뉴욕 베이징 오사카 바르셀로나 함부르크 보스턴"
).split()
_PARTICLE = (
    r"(?=(?:은|는|이|가|을|를|의|에|과|와|도|로|으로|에서|에게|까지|부터|만|이다|씨)*(?:[\s.,!?\"'…~)]|$))"
)
_NUMBER = r"(?:\d[\d,.]{0,15}|한|두|세|네|다섯|여섯|일곱|여덟|아홉|열|몇)"
# In this order: what an earlier rule has taken, a later one leaves.
_RULES: tuple[tuple[str, str], ...] = (
    ("TI", rf"(?:(?:오전|오후|새벽|아침|저녁|밤|낮) )?{_NUMBER}(?:시간|시(?: ?{_NUMBER}분| 반)?|분|초)(?!\w*대)"),
    ("TI", r"(?<!\w)(?:오전|오후|새벽|늦은 밤|\d{1,2}:\d{2})(?!\w{3})"),
    ("DT", r"\d{1,4}년(?: \d{1,2}월)?(?: \d{1,2}일)?|\d{1,2}월(?: \d{1,2}일)?|\d{1,2}(?:일|세기(?: 말| 초)?|분기)"),
    ("DT", r"(?:지난해|올해|내년|작년|어제|오늘|내일|모레|최근|주말|추석|설날|성탄절)(?: (?:상반기|하반기|초|말))?"),
    ("DT", r"(?:지난|다음|이번) (?:달|주)(?: [월화수목금토일]요일)?|[월화수목금토일]요일|(?:조선|고려|신라|백제)(?: (?:시대|전기|후기))"),
    ("QT", rf"{_NUMBER}[천백십만억조]{{0,6}} ?(?:명|개|원|달러|위|살|세|번째|번|등|대|채|편|배|도|㎡|㎞|㎝|㎜|km|cm|mm|m|%|℃|평|골|점)"),
    ("OG", rf"[가-힣A-Za-z]{{1,10}}(?: [가-힣]{{1,6}})?(?:대학교|중학교|고등학교|병원|은행|협회|위원회|재단|통신|전자|건설|그룹|당|청){_PARTICLE}"),
    ("OG", r"[가-힣]{1,8}(?:게임즈|푸드|화학|일보|뉴스|카드|중공업|해운|신문|매일)|(?<![A-Za-z])[A-Z]{2,5}(?![A-Za-z])"),
    ("LC", rf"[가-힣]{{2,8}}(?:시|군|구|도|읍|산|강|역|대교|공항|해수욕장|폭포|저수지|공원|광장|나들목){_PARTICLE}"),
    ("LC", rf"(?<![가-힣])(?:{'|'.join(_PLACES)})(?=[\s에의은는이가을를과와,.]|로|$)"),
    ("PS", rf"(?<![가-힣])[{_SURNAMES}][가-힣]{{2}}(?=[은는이가을를과와의도]? |,|\.| ?씨)"),
    ("PS", rf"(?<![가-힣])[{_SURNAMES}](?= ?씨| 의원)"),
)  # fmt: skip
_ENGLISH = {
    "서울": "Seoul", "한국": "Korea", "미국": "the US", "지난해": "last year", "올해": "this year", "오늘": "today",
    "최근": "recently", "은행": "bank", "대학교": "University", "친구": "friend", "영화": "movie", "에서": " in ",
}  # fmt: skip


def answer(messages: Sequence[dict[str, Any]], seed: int) -> str | None:
    """The answer to notebook 09's question about entities; None where something else was asked.

    The same messages and seed give the same answer.
    """
    texts = [message["content"] for message in messages if isinstance(message.get("content"), str)]
    if len(texts) != len(messages) or not texts[0].startswith(PROMPT):
        return None
    task, _, first = texts[0].partition("\n\n")
    style = "json" if "JSON" in task else "tagged"
    sentence = texts[-1] if len(texts) > 1 else first
    taught = any(message.get("role") == "assistant" for message in messages)

    def draw(what: str) -> float:
        key = "\x1f".join((what, style, sentence, str(taught), str(seed))).encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) / 2**64

    # Without examples it more often takes the particle for a part of the name, or leaves an entity out.
    careless = 0.12 if taught else 0.30
    found = []
    for start, end, kind in _find(sentence):
        if draw(f"leave {start}") < careless / 2:
            continue
        if draw(f"particle {start}") < careless and sentence[end : end + 1] in "은는이가을를의":
            end += len(sentence[end : end + 1])
        found.append((start, end, kind))
    slip = draw("slip") / (0.35 if taught else 0.7)  # half as many with examples
    return (_as_json if style == "json" else _as_tagged)(sentence, found, slip)


def _find(sentence: str) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    for kind, pattern in _RULES:
        for match in re.finditer(pattern, sentence):
            start, end = match.span()
            if end > start and all(end <= a or b <= start for a, b, _ in found):
                found.append((start, end, kind))
    return sorted(found)


def _as_tagged(sentence: str, found: Sequence[tuple[int, int, str]], slip: float) -> str:
    words = sentence.split(" ")
    if slip < 0.15 and len(words) > 3:  # a word dropped
        gone = " ".join(words[: len(words) // 2]), " ".join(words[: len(words) // 2 + 1])
        middle = (len(gone[0]), len(gone[1]))
        kept = [e for e in found if e[1] <= middle[0]]
        return _marked(sentence[: middle[0]], kept) + sentence[middle[1] :]
    text = _marked(sentence, found)
    if slip < 0.30:  # a word translated
        return _translated(text)
    if slip < 0.40 and found:  # a mark left open
        return text.replace(f":{found[-1][2]}>", "", 1)
    if slip < 0.45 and found:  # a type of its own making
        return text.replace(f":{found[0][2]}>", ":MISC>", 1)
    if slip < 0.60:
        return f"```\n{text}\n```"
    if slip < 0.75:
        return f"Here is the tagged sentence:\n\n{text}"
    return text


def _as_json(sentence: str, found: Sequence[tuple[int, int, str]], slip: float) -> str:
    named = [{"text": sentence[start:end], "type": kind} for start, end, kind in found]
    if slip < 0.15 and named:  # a word translated
        named[0]["text"] = _ENGLISH.get(named[0]["text"], f"{named[0]['text']} (named entity)")
    if 0.15 <= slip < 0.25 and named:
        named[-1]["type"] = "MISC"
    text = json.dumps({"entities": named}, ensure_ascii=False)
    if 0.25 <= slip < 0.35:  # cut off before the end
        return text[:-2]
    if slip < 0.6:
        return f"```json\n{text}\n```"
    return text


def _marked(sentence: str, found: Sequence[tuple[int, int, str]]) -> str:
    parts, position = [], 0
    for start, end, kind in found:
        parts += [sentence[position:start], f"<{sentence[start:end]}:{kind}>"]
        position = end
    return "".join([*parts, sentence[position:]])


def _translated(text: str) -> str:
    for korean, english in _ENGLISH.items():
        if korean in text:
            return text.replace(korean, english, 1)
    return f"{text} (Translation omitted.)"
