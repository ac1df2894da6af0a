"""Word lists and small grammars for names, places, organisations, dates, times and quantities.

Every list is cut in two by ``_divide``: one part is for training, the other is held out, so that the validation
split holds names that training never shows. Companies, parties, teams and people are invented; towns and
countries are real, what is said about them is not.
"""

from collections.abc import Callable
from random import Random

from miniature.grammar import texts
from miniature.korean import NATIVE, sino

TEXT = texts("lexicon")


def _divide(items: list[str], every: int = 3) -> tuple[list[str], list[str]]:
    """(training part, held-out part): each ``every``-th item is held out."""
    kept = [item for index, item in enumerate(items) if index % every != every - 1]
    return kept, items[every - 1 :: every]


COUNTIES = set(TEXT.cities[TEXT.cities.index("옥천") :]) | set(TEXT.counties)
WELL_KNOWN = set(TEXT.cities) | set(TEXT.countries) | set(TEXT.foreign_cities)

_TRAIN, _HELD_OUT = 0, 1


class Names:
    """Draws names and expressions for one split: of training, or mostly of what training does not show."""

    def __init__(self, random: Random, held_out_share: float = 0.0) -> None:
        self._random = random
        self._held_out_share = held_out_share

    # drawing
    def _part(self) -> int:
        return _HELD_OUT if self._random.random() < self._held_out_share else _TRAIN

    def _pick(self, items: list[str]) -> str:
        """One item of a list that is divided between training and what is held out."""
        return self._random.choice(_divide(items)[self._part()])

    def _any(self, *items: str) -> str:
        return self._random.choice(items)

    def _between(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    # PS
    def given(self) -> str:
        """A given name of two syllables; the pairs of syllables are divided too."""
        wanted = self._part()
        while True:
            first, second = (
                self._between(0, len(TEXT.given_first) - 1),
                self._between(0, len(TEXT.given_second) - 1),
            )
            if TEXT.given_first[first] == TEXT.given_second[second]:
                continue
            if ((first * 7 + second * 3) % 3 == 2) == (wanted == _HELD_OUT):
                return TEXT.given_first[first] + TEXT.given_second[second]

    def family(self) -> str:
        return self._random.choice(TEXT.family[:40])

    def korean(self) -> str:
        if self._random.random() < 0.09:
            return self._pick(TEXT.like_towns)
        return self._random.choice(TEXT.family) + self.given()

    def foreign(self) -> str:
        family = self._pick(TEXT.foreign_family)
        roll = self._random.random()
        if roll < 0.3:
            return family
        given = self._pick(TEXT.foreign_given)
        return given if roll < 0.42 else f"{given}{'·' if roll > 0.95 else ' '}{family}"

    def person(self) -> str:
        return self.korean() if self._random.random() < 0.72 else self.foreign()

    def actor(self) -> str:
        """As reviewers write them: full names, given names, stage names; foreign ones often without a space."""
        roll = self._random.random()
        if roll < 0.5:
            return self.korean()
        if roll < 0.62:
            return self.given()
        if roll < 0.75:
            return self._pick(TEXT.nicknames)
        return self.foreign().replace(" ", "" if roll < 0.85 else " ")

    def nickname(self) -> str:
        return self._pick(TEXT.nicknames)

    def figure(self) -> str:
        return self._pick(TEXT.figures)

    # LC
    def city(self) -> str:
        return self._pick(TEXT.cities)

    def city_full(self) -> str:
        """A town with its rank: 수원시, 양평군, 부산 남구. A place or an organisation, as the sentence has it."""
        name = self.city()
        if name in COUNTIES:
            return f"{name}군"
        if name in TEXT.large_cities:
            return f"{name} {self._any('동구', '서구', '남구', '북구', '중구')}"
        return f"{name}시"

    def facility(self) -> str:
        stem = self._pick(TEXT.cities) if self._random.random() < 0.4 else self._pick(TEXT.stems)
        if self._random.random() < 0.15:
            return f"{stem} {self._any(*TEXT.spaced)}"
        return stem + self._any(*TEXT.facilities)

    def road(self) -> str:
        return (
            self._pick(TEXT.cities)[0]
            + self._pick(TEXT.cities)[0]
            + self._any("고속도로", "대로", "선", "터널")
        )

    def country(self) -> str:
        return self._pick(TEXT.countries)

    def hanja_country(self) -> str:
        """As headlines shorten them; none of these characters is in the miniature's vocabulary."""
        return self._pick(TEXT.hanja_countries)

    def foreign_city(self) -> str:
        return self._pick(TEXT.foreign_cities)

    def province(self) -> str:
        return self._pick(TEXT.provinces)

    def place(self) -> str:
        return self._any(self.city, self.facility, self.foreign_city, self.country)()

    # OG
    def company(self) -> str:
        name = self._pick(TEXT.brands) + self._any("", "", " ") + self._any(*TEXT.sectors)
        return "(주)" + name.replace(" ", "") if self._random.random() < 0.06 else name

    def ministry(self) -> str:
        return self._pick(TEXT.ministries)

    def local_body(self) -> str:
        name = self.city()
        if self._random.random() < 0.25:
            name += " " + self._any("남부", "북부", "중부", "동부", "서부")
        return name + self._any("", " ") + self._any(*TEXT.local_bodies)

    def university(self) -> str:
        stem = self._pick(TEXT.cities) if self._random.random() < 0.5 else self._pick(TEXT.brands)
        kind = self._any("대", "대학교", "고", "고등학교", "중학교", "초등학교", "여고", "과학고")
        field = (
            self._any("의", "공", "사범") + "대" if kind == "대학교" and self._random.random() < 0.3 else ""
        )
        return f"{stem}{kind} {field}".rstrip()

    def media(self) -> str:
        return self._any(self._pick(TEXT.brands), self.city(), self.country()) + self._any(*TEXT.media_kinds)

    def team(self) -> str:
        return f"{self._any(self.city(), self._pick(TEXT.brands))} {self._pick(TEXT.team_animals)}"

    def association(self) -> str:
        head = self._any("한국", "대한", "전국", "세계", "국제")
        return f"{head}{self._any('', ' ')}{self._pick(TEXT.topics)}{self._any('', ' ')}{self._any(*TEXT.body_kinds)}"

    def party(self) -> str:
        return self._pick(TEXT.parties)

    def hospital(self) -> str:
        return self._any(self.city(), self._pick(TEXT.brands)) + self._any(
            "병원", "의료원", "대병원", " 어린이병원"
        )

    def band(self) -> str:
        return self._pick(TEXT.groups)

    def abbreviation(self) -> str:
        return self._pick(TEXT.abbreviations)

    def government(self) -> str:
        return f"{self.country()} {self._any('정부', '외교부', '중앙은행', '의회', '대사관', '대표팀')}"

    def organisation(self) -> str:
        return self._any(self.company, self.association, self.university, self.local_body)()

    # DT
    def year(self) -> str:
        roll = self._random.random()
        if roll < 0.7:
            return f"{self._between(1905, 2024)}년"
        if roll < 0.82:
            return f"{self._any('1950', '1960', '1970', '1980', '1990', '2000', '2010')}년대"
        return f"{self._between(1950, 2024)}년 {self._between(1, 12)}월"

    def day(self) -> str:
        day = f"{self._between(1, 31)}일"
        roll = self._random.random()
        if roll < 0.35:
            return day
        if roll < 0.5:
            return f"{self._any('지난', '오는', '이달', '내달')} {day}"
        if roll < 0.75:
            return f"{self._between(1, 12)}월 {day}"
        if roll < 0.85:
            return f"{self._between(1990, 2029)}년 {self._between(1, 12)}월 {day}"
        return f"{self._any('지난', '다음 주', '이번 주', '오는')} {self.weekday()}"

    def short_day(self) -> str:
        """A day as headlines give it."""
        return self._any("", "", "내달 ", "지난 ", "오는 ", "이달 ") + f"{self._between(1, 31)}일"

    def weekday(self) -> str:
        return self._any("월", "화", "수", "목", "금", "토", "일") + "요일"

    def relative(self) -> str:
        return self._any(
            *("어제 오늘 내일 모레 이날 전날 이튿날 올해 지난해 작년 내년 주말 최근 평일".split()),
            *(
                "지난 주말|이번 주|다음 달|지난달|올여름|올해 초|지난해 말|이달 말|내달 초|올해 하반기|지난겨울".split(
                    "|"
                )
            ),
        )

    def month(self) -> str:
        return self._any(
            f"{self._between(1, 12)}월",
            f"{self._any('오는', '지난', '올해', '내년')} {self._between(1, 12)}월",
            f"{self._any('1', '2', '3', '4')}분기",
            f"올 {self._any('봄', '여름', '가을', '겨울')}",
        )

    def years(self) -> str:
        return self._any(
            f"{self._between(2, 60)}년",
            f"{sino(self._between(2, 30))} 년",
            f"{self._between(2, 11)}개월",
            f"{self._between(2, 9)}년 {self._between(2, 11)}개월",
            f"{self._between(2, 30)}일",
            f"{self._between(2, 8)}주",
        )

    def era(self) -> str:
        return self._any(
            *"조선 시대|고려 시대|삼국 시대|신라 말기|청동기 시대|일제강점기|중세|르네상스 시대|조선 후기".split(
                "|"
            ),
            f"{self._between(5, 20)}세기",
            f"{self._between(11, 20)}세기 {self._any('초', '말', '중반')}",
        )

    def season(self) -> str:
        return self._any(
            "봄", "여름", "가을", "겨울", "초여름", "늦가을", "한겨울", "설날", "추석", "성탄절", "어린이날"
        )

    # TI
    def clock(self) -> str:
        half = self._any("오전", "오후", "오후", "새벽", "밤", "저녁", "낮")
        hour = {
            "오전": (5, 11),
            "오후": (1, 11),
            "새벽": (1, 5),
            "밤": (8, 11),
            "저녁": (6, 8),
            "낮": (12, 12),
        }[half]
        roll = self._random.random()
        if roll < 0.45:
            return f"{half} {self._between(*hour)}시"
        if roll < 0.85:
            return f"{half} {self._between(*hour)}시 {self._between(1, 59)}분"
        if roll < 0.93:
            return f"{self._between(1, 12)}시 {self._any('반', '정각')}"
        return f"{self._between(6, 22):02}:{self._between(0, 59):02}"

    def part_of_day(self) -> str:
        return self._any(
            *"아침 저녁 새벽 밤 오전 오후 한낮 정오 자정 한밤중 새벽녘".split(), "늦은 밤", "이른 아침"
        )

    def duration(self) -> str:
        return self._any(
            f"{self._between(2, 150)}분",
            f"{self._any(*NATIVE)} 시간",
            f"{self._between(2, 48)}시간",
            f"{self._between(1, 5)}시간 {self._between(1, 59)}분",
            f"{self._between(3, 50)}초",
        )

    def game_time(self) -> str:
        return self._any(
            f"{self._between(1, 9)}회{self._any('초', '말')}",
            f"전반 {self._between(1, 45)}분",
            f"후반 {self._between(1, 45)}분",
            f"연장 {self._between(1, 14)}분",
        )

    # QT
    def people(self) -> str:
        return self._any(
            f"{self._between(2, 60)}명",
            f"{self._between(2, 30) * 10}여 명",
            f"{self._any(*NATIVE[:6])} 명",
            f"{self._any('두세', '서너', '대여섯', '수십')} 명",
            f"{self._between(100, 990)}명",
        )

    def few(self) -> str:
        return self._any(f"{self._between(2, 12)}명", f"{self._any(*NATIVE[1:8])} 명")

    def crowd(self) -> str:
        return self._any(
            f"{self._between(1, 99)},{self._between(0, 999):03}명",
            f"{self._between(2, 90) * 100}여 명",
            f"{self._between(1, 60)}만 명",
            f"{self._between(1, 60)}만{self._between(1, 9)}천 명",
            f"{self._any('수천', '수만', '수십만')} 명",
        )

    def money(self) -> str:
        return self._any(
            f"{self._between(2, 900)}억원",
            f"{self._between(2, 900)}억 원",
            f"{self._between(1, 9)}조 {self._between(1, 9)}천억원",
            f"{self._between(2, 9)}천{self._between(1, 9)}백억원",
            f"{self._between(2, 90)}만 달러",
        )

    def price(self) -> str:
        return self._any(
            f"{self._between(1, 90)}만{self._between(1, 9)}천원",
            f"{self._between(2, 99)},{self._between(0, 9)}00원",
            f"{self._any('이', '삼', '오', '칠')}천 원",
            f"{self._between(2, 30)}만 원",
            f"{self._between(2, 90)}유로",
        )

    def percent(self) -> str:
        return self._any(
            f"{self._between(1, 38)}.{self._between(1, 9)}%",
            f"{self._between(2, 98)}%",
            f"{self._between(2, 90)}퍼센트",
            f"{self._any(*NATIVE[1:6])} 배",
        )

    def rate(self) -> str:
        return self._any(f"{self._between(1, 9)}.{self._between(1, 9)}%", f"{self._between(1, 15)}%")

    def rank(self) -> str:
        return self._any(
            f"{self._between(1, 40)}위", f"{self._between(1, 9)}등", f"{self._any(*NATIVE)} 번째"
        )

    def ordinal(self) -> str:
        return self._any(
            "첫 번째",
            "두 번째",
            "세 번째",
            "네 번째",
            "첫째",
            "둘째",
            f"제{self._between(2, 60)}회",
            f"{self._between(2, 99)}번째",
        )

    def measure(self) -> str:
        number = self._any(
            str(self._between(2, 900)),
            f"{self._between(1, 99)}.{self._between(1, 9)}",
            f"{self._between(1, 3)},{self._between(0, 9)}00",
        )
        return number + self._any("㎜", "m", "미터", "m", "미터", "㎝", "cm")

    def length(self) -> str:
        return f"{self._between(1, 90)}{self._any('', '.' + str(self._between(1, 9)))}{self._any('㎞', '㎞', 'km', '킬로미터', 'm')}"

    def area(self) -> str:
        return f"{self._between(20, 900)}{self._any('㎡', '㎡', '평', ' 헥타르')}"

    def land(self) -> str:
        return self._any(f"{self._between(1, 99)}만 ㎢", f"{self._between(3, 90)}만{self._between(1, 9)}천㎢")

    def rain(self) -> str:
        low = self._between(1, 40)
        return self._any(
            f"{low}.{self._between(1, 9)}㎜", f"{low * 5}㎜", f"{low}∼{low + 20}㎜", f"{low}㎝", f"{low}mm"
        )

    def degrees(self) -> str:
        return self._any(
            f"{self._between(2, 38)}도",
            f"영하 {self._between(1, 20)}도",
            f"{self._between(20, 38)}.{self._between(1, 9)}도",
            f"{self._between(5, 36)}℃",
        )

    def age(self) -> str:
        return self._any(
            f"{self._between(5, 89)}세",
            f"{self._between(5, 89)}살",
            f"{self._any('10', '20', '30', '40', '50', '60')}대",
        )

    def score(self) -> str:
        return self._any(
            f"{self._between(0, 9)}-{self._between(0, 9)}",
            f"{self._between(1, 7)}대 {self._between(0, 6)}",
            f"{self._between(60, 110)}-{self._between(60, 110)}",
            f"{self._between(0, 9)}:{self._between(0, 9)}",
        )

    def count(self) -> str:
        return self._any(
            f"{self._any(*NATIVE)} {self._any('가지', '개', '종류')}",
            f"{self._between(2, 30)}{self._any('개', '가지', '종')}",
            f"{self._between(2, 30) * 10}여 개",
        )

    def works(self) -> str:
        return self._counted("권", "편")

    def cars(self) -> str:
        return self._counted("대")

    def cases(self) -> str:
        return self._counted("건", "곳")

    def _counted(self, *units: str) -> str:
        unit = self._any(*units)
        return self._any(
            f"{self._any(*NATIVE)} {unit}",
            f"{self._between(2, 60)}{unit}",
            f"{self._between(2, 30) * 10}여 {unit}",
        )

    def stars(self) -> str:
        return self._any(
            f"{self._between(1, 10)}점",
            f"{self._between(1, 9)}.{self._any('0', '5')}점",
            f"별 {self._any(*NATIVE[:5])} 개",
            f"{self._any(*NATIVE[:5])} 번",
            "하나",
            "둘",
            f"{self._between(2, 9)}번",
        )

    def season_count(self) -> str:
        return self._any(
            f"{self._between(1, 9)}승 {self._between(1, 9)}패",
            f"{self._between(2, 30)}골",
            f"{self._between(2, 40)}점",
            f"{self._between(2, 12)}연승",
            f"{self._between(2, 60)}개",
        )


# What the templates may ask for: {PS}, {LC:city}, … A name without a colon is the type's ordinary mixture.
SLOTS: dict[str, Callable[[Names], str]] = {
    "PS": Names.person,
    "PS:kr": Names.korean,
    "PS:family": Names.family,
    "PS:given": Names.given,
    "PS:foreign": Names.foreign,
    "PS:actor": Names.actor,
    "PS:nick": Names.nickname,
    "PS:figure": Names.figure,
    "LC": Names.place,
    "LC:city": Names.city,
    "LC:full": Names.city_full,
    "LC:facility": Names.facility,
    "LC:road": Names.road,
    "LC:country": Names.country,
    "LC:hanja": Names.hanja_country,
    "LC:fcity": Names.foreign_city,
    "LC:province": Names.province,
    "OG": Names.organisation,
    "OG:company": Names.company,
    "OG:ministry": Names.ministry,
    "OG:local": Names.local_body,
    "OG:town": Names.city_full,
    "OG:univ": Names.university,
    "OG:media": Names.media,
    "OG:team": Names.team,
    "OG:assoc": Names.association,
    "OG:party": Names.party,
    "OG:hospital": Names.hospital,
    "OG:band": Names.band,
    "OG:abbr": Names.abbreviation,
    "OG:gov": Names.government,
    "OG:nation": Names.country,
    "OG:city": Names.city,
    "DT": Names.day,
    "DT:short": Names.short_day,
    "DT:year": Names.year,
    "DT:rel": Names.relative,
    "DT:month": Names.month,
    "DT:years": Names.years,
    "DT:era": Names.era,
    "DT:season": Names.season,
    "DT:weekday": Names.weekday,
    "TI": Names.clock,
    "TI:part": Names.part_of_day,
    "TI:dur": Names.duration,
    "TI:game": Names.game_time,
    "QT": Names.count,
    "QT:people": Names.people,
    "QT:money": Names.money,
    "QT:few": Names.few,
    "QT:rate": Names.rate,
    "QT:land": Names.land,
    "QT:crowd": Names.crowd,
    "QT:price": Names.price,
    "QT:works": Names.works,
    "QT:cars": Names.cars,
    "QT:cases": Names.cases,
    "QT:percent": Names.percent,
    "QT:rank": Names.rank,
    "QT:ordinal": Names.ordinal,
    "QT:measure": Names.measure,
    "QT:length": Names.length,
    "QT:area": Names.area,
    "QT:rain": Names.rain,
    "QT:degrees": Names.degrees,
    "QT:age": Names.age,
    "QT:score": Names.score,
    "QT:stars": Names.stars,
    "QT:record": Names.season_count,
}
