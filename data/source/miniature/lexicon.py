"""Word lists and small grammars for names, places, organisations, dates, times and quantities.

Every list is cut in two by ``_divide``: one part is for training, the other is held out, so that the validation
split holds names that training never shows. Companies, parties, teams and people are invented; towns and
countries are real, what is said about them is not.
"""

from collections.abc import Callable
from random import Random

from miniature.korean import NATIVE, sino


def _words(text: str) -> list[str]:
    return text.split()


def _divide(items: list[str], every: int = 3) -> tuple[list[str], list[str]]:
    """(training part, held-out part): each ``every``-th item is held out."""
    kept = [item for index, item in enumerate(items) if index % every != every - 1]
    return kept, items[every - 1 :: every]


# --- people -------------------------------------------------------------------------------------------------
FAMILY = _words(
    "김 이 박 최 정 김 이 박 강 조 윤 장 임 한 오 서 신 권 황 안 송 전 홍 유 고 문 양 손 배 백 허 남 심 노 하 곽 성 "
    "차 주 우 구 민 나 진 지 엄 채 원 천 방 공 현 함 변 염 여 추 도 소 석 선 마 길 연 위 표 명 기 반 라 왕 금 옥 육 "
    "인 맹 제 모 탁 국 어 은 편 용 남궁 황보 제갈 선우 독고"
)
_GIVEN_FIRST = _words(
    "민 서 지 예 도 하 주 은 수 현 준 시 윤 채 유 태 승 재 성 영 정 동 상 종 혜 미 소 나 다 가 경 진 우 건 원 선 보 규"
)
_GIVEN_SECOND = _words(
    "준 서 우 윤 아 은 연 호 원 진 현 민 희 영 수 훈 석 철 주 경 린 율 빈 솔 람 나 라 혁 환 웅 태 재 규 성 식 숙 자 미"
)
# Names that look like towns: only the sentence tells them apart.
LIKE_TOWNS = _words(
    "김해진 정선우 양주희 여수진 원주희 이천호 남원석 고성현 강진우 나주연 공주은 하남준 안성호 안동주 경주현 고창민 "
    "전주영 이수원 남해원 강동구 양평호 서산하 목포수 오산들 화성우 구미선 상주희 영주아 제주원 부산이 진주아 홍천기"
)
FOREIGN_GIVEN = _words(
    "마르코 엘레나 토마스 안나 루카스 소피아 다니엘 미구엘 카를로스 이사벨 피에르 클레르 한스 그레타 요한 이반 올가 "
    "드미트리 아미르 파티마 유스프 라일라 켄지 하루토 사쿠라 메이링 응우옌 산토스 로베르토 줄리아 오스카 헬레나 제이콥 "
    "에밀리 빈센트 샤를로트 라파엘 베아트리스 니콜라 프리다 쇠렌 뵈른 뤼디거 쥘리엣 칼럼 핀 아스트리드 마티아스 레오니 "
    "콘라트 알레한드로 파올라 세바스찬 잉그리드 투오마스 밀라 조르주 테오 나디아 보리스 쩐반 쏨차이 쿤파올"
)
FOREIGN_FAMILY = _words(
    "벨리니 로시 뮐러 슈나이더 가르시아 페르난데스 모로 뒤퐁 르블랑 이바노프 페트로바 하산 알리 다나카 스즈키 나카무라 "
    "첸 왕 실바 올리베이라 요한손 닐센 한센 코왈스키 노박 호바트 존슨 브라운 윌리엄스 클라크 워커 홀 그린 베이커 "
    "쾨니히 쇤베르크 륄만 뵐레 스퇴르 쿱만스 반덴베르흐 데용 마차도 로페스 리베라 비쇼프 랑게 파블로프 체르노프 아이딘 "
    "오코너 맥그래스 도허티 켈러 피츠로이 빈터 쭈엉 릉 뜨엉"
)
NICKNAMES = _words(
    "도레미 제이드 은하 초코 라온 비누 소금 하루 별이 나무 구름 봄 가을 이슬 보람 하늘 바다 노을 솜이 달래 미르 "
    "단비 누리 해솔 아라 새벽 여울 가람 마루 다솜 블루문 제로 쏭이 뿌요 쿵짝 탱고 몽이 라쿤 베베 젤리 모카 유리 "
    "사랑 나라 슬기 한별 푸름 온새 도담 꽃님"
)
FIGURES = _words(
    "홍길동 심청 춘향 흥부 놀부 콩쥐 팥쥐 임꺽정 세종대왕 이순신 장영실 정약용 신사임당 허준 강감찬 을지문덕 김유신 "
    "원효 왕건 광개토대왕 장보고 최무선 나폴레옹 셰익스피어 모차르트 베토벤 뉴턴 갈릴레이 다윈 콜럼버스 괴테 고흐 햄릿 "
    "셜록 홈즈 돈키호테 로미오 줄리엣 피노키오 신데렐라 알라딘"
)

# --- places -------------------------------------------------------------------------------------------------
CITIES = _words(
    "서울 수원 강릉 부산 대구 인천 광주 대전 울산 제주 춘천 원주 속초 동해 삼척 태백 청주 충주 제천 천안 공주 보령 "
    "아산 서산 논산 당진 전주 군산 익산 정읍 남원 김제 목포 여수 순천 나주 광양 포항 경주 김천 안동 구미 영주 영천 "
    "상주 문경 경산 창원 진주 통영 사천 김해 밀양 거제 양산 이천 화성 고성 양평 가평 여주 안성 오산 하남 구리 파주 "
    "포천 연천 홍천 횡성 평창 정선 철원 인제 양양 옥천 영동 괴산 단양 금산 부여 서천 예산 태안 완주 무주 임실 고창 "
    "담양 곡성 구례 보성 강진 해남 영암 완도 진도 의성 청송 영덕 봉화 울진 함안 남해 하동 산청 함양 거창 합천"
)
COUNTIES = set(CITIES[CITIES.index("옥천") :]) | set(
    _words("고성 양평 가평 연천 홍천 횡성 평창 정선 철원 인제 양양")
)
LARGE = set(_words("부산 대구 인천 광주 대전 울산"))
STEMS = _words(
    "새터 가온 한밭 다래 솔밭 늘재 달빛 미리내 은행 느티 복사골 갯마을 두물 세교 돌내 새말 큰고개 작은샘 모래내 "
    "버들 청계 산들 하늘 햇살 도담 한솔 물빛 노을 꽃뫼 대숲 밤나무 참샘 너른들 들머리 무릉 백련 송암 월평 금곡 "
    "신촌 석교 장대 용두 봉림 학동 화암 운산 율하 매곡 죽림 쌍문 뒷골 갈매 왕곡 뱀골"
)
COUNTRIES = _words(
    "한국 미국 일본 중국 프랑스 독일 영국 러시아 호주 캐나다 브라질 스페인 이탈리아 네덜란드 스웨덴 노르웨이 핀란드 "
    "덴마크 스위스 오스트리아 폴란드 체코 헝가리 그리스 튀르키예 이집트 케냐 가나 칠레 페루 멕시코 인도 태국 베트남 "
    "필리핀 몽골 네팔 카타르 요르단 포르투갈 아일랜드 크로아티아 뉴질랜드 아르헨티나 우루과이 쿠바 모로코"
)
FOREIGN_CITIES = _words(
    "파리 런던 뉴욕 도쿄 베이징 베를린 로마 마드리드 바르셀로나 시드니 토론토 오사카 상하이 방콕 하노이 빈 프라하 "
    "부다페스트 암스테르담 브뤼셀 취리히 뮌헨 쾰른 함부르크 밀라노 베네치아 리스본 아테네 이스탄불 카이로 나이로비 "
    "멕시코시티 부에노스아이레스 산티아고 몬트리올 밴쿠버 시카고 보스턴 시애틀 삿포로 나고야 홍콩 타이베이 싱가포르 "
    "자카르타 울란바토르 카트만두 더블린 에든버러 스톡홀름 오슬로 헬싱키 코펜하겐 룩셈부르크 예테보리 뤼베크 쩐롱"
)
PROVINCES = _words("경기도 강원도 충북 충남 전북 전남 경북 경남 제주도 경기 강원 영남 호남 수도권 영동")
_FACILITIES = _words(
    "역 공원 고속도로 휴게소 분기점 터널 해수욕장 산 강 호 섬 시장 항 대교 광장 계곡 저수지 산성 동굴 사거리 나들목 "
    "읍 면 동 리 마을 폭포"
)
_SPACED = (
    "자연 휴양림",
    "전통 시장",
    "종합 운동장",
    "지하 상가",
    "문화 회관",
    "생태 공원",
    "국제공항",
    "중앙 공원",
)

# --- organisations ------------------------------------------------------------------------------------------
BRANDS = _words(
    "한빛 다온 새롬 누리 미래 온누리 해솔 가람 늘봄 세움 태산 나래 노바 오로라 루멘 제니스 벨로 코스모 이노 넥스트 "
    "그린 블루 한길 다올 아라 참빛 푸른숲 하늘 바른 두레 초록 해밀 도우리 마루 시냇물 나눔 큰나무 새벽 유니온 알파 "
    "델타 오메가 퀀텀 스카이 모던 클로버 피닉스 타이탄 아틀라스 솔라 루나 비전 브릿지 하모니 페가수스 뉴런 쏠 쿠잉 "
    "라임 엠버 웰스 조은 든든 세종 대륙 동방 신성 삼화 우진 태평 금강 백두 한라 청해 고려 가야 대성 화신 국민"
)
_SECTORS = _words(
    "전자 건설 제약 화학 항공 물산 중공업 식품 소프트 게임즈 엔터테인먼트 바이오 증권 은행 카드 생명 해운 모터스 "
    "에너지 통신 푸드 미디어 테크 홀딩스 로보틱스 출판사 서점 그룹 백화점 택배"
)
MINISTRIES = _words(
    "교육부 국토교통부 환경부 보건복지부 고용노동부 문화체육관광부 과학기술정보통신부 기획재정부 외교부 통일부 국방부 "
    "법무부 행정안전부 여성가족부 농림축산식품부 해양수산부 기상청 경찰청 소방청 산림청 통계청 관세청 특허청 병무청 "
    "국세청 조달청 질병관리청 문화재청 방송통신위원회 금융위원회 공정거래위원회 감사원 헌법재판소 대법원 국회 한국은행"
)
_LOCAL_BODIES = _words(
    "시청 경찰서 소방서 교육청 시의회 지방법원 지검 보건소 도서관 문화재단 우체국 상공회의소 복지관 시립미술관"
)
_TOPICS = _words(
    "나무 바다 날씨 식물 소비자 독서 과학 수학 체육 농구 축구 배구 탁구 양궁 빙상 음악 연극 만화 영화 게임 로봇 "
    "인공지능 반도체 전기 원예 조류 해양 지질 천문 한글 관광 교통 도시 주택 노인 청소년 여성 유아 환경 기후 에너지"
)
_BODY_KINDS = _words("협회 연구원 학회 재단 연맹 위원회 진흥원 연합회 센터 공사 공단 노동조합")
_TEAM_ANIMALS = _words(
    "호랑이즈 돌핀스 이글루스 베어스타 스파크스 웨이브 팔콘스 타이푼 선더스 로켓츠 라이노스 울브즈 유나이티드 FC "
    "스톰 제트 샤크스 드래곤스타 나이츠 피닉스"
)
_PARTIES = _words(
    "새길당 푸른당 함께당 미래당 시민당 민생당 통합당 초록당 한걸음당 자유연대 바른길 희망연합 국민연대"
)
_MEDIA_KINDS = _words("일보 신문 방송 타임스 뉴스 매일 통신 저널")
_GROUPS = _words(
    "블루문 스텔라 원더독 네온 하이파이브 루프 몽키스핸드 달무리 세븐노트 오렌지 글로우 피카소 에코 트와일라잇 루비 "
    "카멜레온 플로라 엑스텐 비타민 쿼츠 뭉게구름 소나기 나침반 별사탕 솜사탕 쿵치팍"
)
HANJA_COUNTRIES = _words("美 日 中 英 佛 獨 露 北 伊 印 韓")
ABBREVIATIONS = _words("KBN MBN2 SNT YTV EBN KTL SDK LMN NHX UNX WFO OEC FIB KLPA NBC7 GDX HRT ABL CXN PTV")

WELL_KNOWN = set(CITIES) | set(COUNTRIES) | set(FOREIGN_CITIES)

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
            first, second = self._between(0, len(_GIVEN_FIRST) - 1), self._between(0, len(_GIVEN_SECOND) - 1)
            if _GIVEN_FIRST[first] == _GIVEN_SECOND[second]:
                continue
            if ((first * 7 + second * 3) % 3 == 2) == (wanted == _HELD_OUT):
                return _GIVEN_FIRST[first] + _GIVEN_SECOND[second]

    def family(self) -> str:
        return self._random.choice(FAMILY[:40])

    def korean(self) -> str:
        if self._random.random() < 0.09:
            return self._pick(LIKE_TOWNS)
        return self._random.choice(FAMILY) + self.given()

    def foreign(self) -> str:
        family = self._pick(FOREIGN_FAMILY)
        roll = self._random.random()
        if roll < 0.3:
            return family
        given = self._pick(FOREIGN_GIVEN)
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
            return self._pick(NICKNAMES)
        return self.foreign().replace(" ", "" if roll < 0.85 else " ")

    def nickname(self) -> str:
        return self._pick(NICKNAMES)

    def figure(self) -> str:
        return self._pick(FIGURES)

    # LC
    def city(self) -> str:
        return self._pick(CITIES)

    def city_full(self) -> str:
        """A town with its rank: 수원시, 양평군, 부산 남구. A place or an organisation, as the sentence has it."""
        name = self.city()
        if name in COUNTIES:
            return f"{name}군"
        if name in LARGE:
            return f"{name} {self._any('동구', '서구', '남구', '북구', '중구')}"
        return f"{name}시"

    def facility(self) -> str:
        stem = self._pick(CITIES) if self._random.random() < 0.4 else self._pick(STEMS)
        if self._random.random() < 0.15:
            return f"{stem} {self._any(*_SPACED)}"
        return stem + self._any(*_FACILITIES)

    def road(self) -> str:
        return self._pick(CITIES)[0] + self._pick(CITIES)[0] + self._any("고속도로", "대로", "선", "터널")

    def country(self) -> str:
        return self._pick(COUNTRIES)

    def hanja_country(self) -> str:
        """As headlines shorten them; none of these characters is in the miniature's vocabulary."""
        return self._pick(HANJA_COUNTRIES)

    def foreign_city(self) -> str:
        return self._pick(FOREIGN_CITIES)

    def province(self) -> str:
        return self._pick(PROVINCES)

    def place(self) -> str:
        return self._any(self.city, self.facility, self.foreign_city, self.country)()

    # OG
    def company(self) -> str:
        name = self._pick(BRANDS) + self._any("", "", " ") + self._any(*_SECTORS)
        return "(주)" + name.replace(" ", "") if self._random.random() < 0.06 else name

    def ministry(self) -> str:
        return self._pick(MINISTRIES)

    def local_body(self) -> str:
        name = self.city()
        if self._random.random() < 0.25:
            name += " " + self._any("남부", "북부", "중부", "동부", "서부")
        return name + self._any("", " ") + self._any(*_LOCAL_BODIES)

    def university(self) -> str:
        stem = self._pick(CITIES) if self._random.random() < 0.5 else self._pick(BRANDS)
        kind = self._any("대", "대학교", "고", "고등학교", "중학교", "초등학교", "여고", "과학고")
        field = (
            self._any("의", "공", "사범") + "대" if kind == "대학교" and self._random.random() < 0.3 else ""
        )
        return f"{stem}{kind} {field}".rstrip()

    def media(self) -> str:
        return self._any(self._pick(BRANDS), self.city(), self.country()) + self._any(*_MEDIA_KINDS)

    def team(self) -> str:
        return f"{self._any(self.city(), self._pick(BRANDS))} {self._pick(_TEAM_ANIMALS)}"

    def association(self) -> str:
        head = self._any("한국", "대한", "전국", "세계", "국제")
        return f"{head}{self._any('', ' ')}{self._pick(_TOPICS)}{self._any('', ' ')}{self._any(*_BODY_KINDS)}"

    def party(self) -> str:
        return self._pick(_PARTIES)

    def hospital(self) -> str:
        return self._any(self.city(), self._pick(BRANDS)) + self._any(
            "병원", "의료원", "대병원", " 어린이병원"
        )

    def band(self) -> str:
        return self._pick(_GROUPS)

    def abbreviation(self) -> str:
        return self._pick(ABBREVIATIONS)

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
