"""Headlines with a section, in the form of KLUE YNAT.

Sections share words on purpose (매출, 대표, 공개, 서울, …), and a part of the headlines comes from templates that two
sections have in common: a reader would not be sure of those either.
"""

import re
from datetime import date, timedelta
from random import Random

from miniature.korean import PARTICLES, particle
from miniature.lexicon import SLOTS, Names

LABELS = ("IT과학", "경제", "사회", "생활문화", "세계", "스포츠", "정치")
# KLUE's sections differ in size too
_SHARES = (0.11, 0.14, 0.16, 0.14, 0.18, 0.15, 0.12)
_SHARED_TEMPLATES = 0.26

_CHOICE = re.compile(r"\[([^\]]*)\]")
_PIECE = re.compile(r"\{(?P<slot>[^}]+)\}|\((?P<particle>" + "|".join(PARTICLES) + r")\)|(?P<text>.[^{(]*)")

_TEMPLATES = {
    "IT과학": """
{OG:company} [접는|초소형|저가형] [스마트폰|노트북|태블릿] {DT:month} [출시|공개]
{OG:company} 인공지능 [비서|스피커|번역기]에 [한국어|음성 인식] [추가|지원]
{OG:univ} 연구팀 [태양전지|배터리|반도체] 효율 {QT:percent} [높였다|향상]
[5G|6G|와이파이] [주파수|요금제] {OG:ministry} [배분안|개편안] [마련|공개]
[악성코드|해킹|랜섬웨어] [주의보|기승]…{OG:abbr} [보안|백신] [업데이트|점검] 당부
{OG:company} [신작|모바일] 게임 사전예약 {QT:crowd} [돌파|넘어]
[화성|목성|달] [탐사선|착륙선] {DT:short} [발사|착륙]…[물|흙] [흔적|성분] 찾는다
국내 연구진 [암|치매|당뇨] [유전자|단백질] {QT} [찾아냈다|밝혀]
{OG:company} [클라우드|데이터센터] [장애|먹통] {TI:dur} 만에 [복구|정상화]
[사진|영상] [보정|편집] [앱|프로그램] [내려받기|다운로드] {QT:crowd}
[메신저|검색|포털] [첫 화면|댓글] {DT:short} [개편|새 단장]
{OG:company} [무인기|로봇|자율주행차] [시험|시연] [성공|허가]
[별|은하|블랙홀] [탄생|충돌] 장면 [포착|관측]…{OG:assoc}
{OG:company} [앱 마켓|앱 장터] [수수료|결제] {QT:percent} [인하|논란]
[양자컴퓨터|가상현실|블록체인] [기술|특허] {OG:univ} [세계 최초|국내 첫] 개발
[국산|차세대] [슈퍼컴퓨터|위성|로켓 엔진] [가동|시험 발사] {DT:short}
게시판 {OG:assoc} [소프트웨어|데이터|과학] [경진대회|교육] 개최
[개인정보|위치정보] [유출|수집] {OG:company} [과징금|조사]
[동영상|음원] 앱 {OG:company} [이용자|가입자] {QT:crowd}…{QT:rank}
""",
    "경제": """
코스피 {QT:percent} [상승|하락] [마감|출발]…{DT:weekday} [외국인|기관] [매수|매도]
{OG:company} {DT:month} 영업이익 {QT:money}…{QT:percent} [증가|감소]
{OG:company} [유상증자|자사주 매입|배당] {QT:money} [결정|공시]
원달러 환율 [급등|급락] {QT:price} [마감|개장]
한국은행 기준금리 [동결|인상|인하]…[물가|경기] [우려|전망]
{OG:company} {OG:company} [지분|주식] {QT:percent} [취득|매각]
{LC:city} 아파트 [전셋값|매매가] {QT:percent} [올라|내려]…[{LC:province}|{LC:city}] [최고|최대]
{OG:company} {LC:country} [공장|건설] 수주 {QT:money}
[국제유가|금값|구릿값] {QT:percent} [상승|하락]…[{LC:country}|{OG:abbr}] [재고|수요] [영향|탓]
[특징주|공시] {OG:company} [실적|합병] [소식에|기대에] [강세|약세]
[배추|양파|삼겹살|달걀] 값 {QT:percent} [껑충|뚝]…[마트|시장] [비상|할인]
[카드|은행|보험] [수수료|대출 금리] {DT:month}부터 [인하|인상]
{OG:company} [백화점|면세점|대형마트] [매출|손님] {QT:percent} [늘어|줄어]
[고용률|실업률|수출|소비] {DT:years} 만에 [최고|최저]…{OG:ministry}
[그래픽|표] [가계대출|무역수지|국가채무] [추이|현황]
[자동차|조선|철강]업계 {DT:rel} [생산|판매] {QT:percent} [감소|회복]
{OG:company} [상장|공모가] {QT:price} [확정|청약] [경쟁률|첫날]
[세금|연말정산|부동산] [상담|절세] 이렇게…{OG:company}
{OG:company} 신용등급 [상향|하향]…[전망|부채] [안정적|부담]
""",
    "사회": """
{LC:city} [공장|창고|아파트]서 불…{QT:people} [대피|부상] {TI:dur} 만에 진화
{LC:road} {QT:cars} [추돌|전복]…{QT:people} [다쳐|병원 이송]
[음주운전|뺑소니|보이스피싱] {PS:family}씨 [구속|집행유예] {OG:local}
{OG:univ} [등록금|기숙사|입시] [인상|비리] [논란|감사]
{OG:local} [실종|길 잃은] [노인|아이] {TI:dur} 만에 [찾아|구조]
법원 [해고|징계] [무효|부당] 판결…{OG:company} [노조|직원] [승소|패소]
[미세먼지|폭염|한파] [주의보|특보]에 [학교|어린이집] [휴업|단축수업]
{OG:company} 노조 {DT:short} [총파업|부분파업]…[임금|해고] [갈등|반발]
[수능|모의고사] {DT:rel} [시행|채점]…{QT:crowd} [응시|지원]
{LC:full} [주민|상인] [쓰레기장|송전탑|도로] [반대|건설] [집회|농성]
경찰 {OG:company} [압수수색|수사]…[횡령|담합|채용비리] 의혹
[독감|식중독|홍역] 환자 {QT:people}…{OG:ministry} [확산|예방접종] 당부
[장애인|노인|이주민] [이동권|일자리|복지] {OG:town} [조례|예산] [추진|확대]
[지하철|버스] [요금|파업] {DT:month} [인상|예고]…{LC:city} [출근길|시민] [불편|혼란]
검찰 {PS:family} 전 [회장|교수|시장] [징역|벌금] [구형|기소]
[소방관|경찰관|간호사] {QT:people} [증원|채용]…{OG:local}
사진 {LC:facility} [산불|폭우|폭설] [현장|피해]
[학교폭력|아동학대|스토킹] [신고|상담] {QT:percent} [늘어|급증]
{OG:hospital} [응급실|수술실] [의료진|전공의] {QT:people} [부족|사직]
""",
    "생활문화": """
내일날씨 {LC:province} [맑고|흐리고] {TI:part} [쌀쌀|안개|소나기]…{QT:degrees}
신간 [숲|밥상|고양이|골목]의 [시간|역사|기억] {PS:kr} [지음|산문집]
{LC:facility} [벚꽃|단풍|억새] [절정|축제]…[주말|연휴] [가볼만한 곳|나들이]
{PS:actor} [새 앨범|영화|드라마](으로) [돌아온다|복귀] {DT:short}
{OG:band} [{LC:country}|{LC:city}] [콘서트|공연] [매진|전석] {DT:month}
[뮤지컬|연극|오페라] [춘향|햄릿|심청] {DT:short} [개막|막 올라]
{DT:era} [무덤|탑|그림|절터] [발굴|복원] {LC:city}서 [공개|전시]
[영화|드라마] [관객|시청률] {QT:percent}…{PS:actor} [열연|흥행]
[게시판|책마을] {OG:media} [문학상|신춘문예] [공모|시상식]
[국립박물관|시립미술관] [특별전|야간 개장] {DT:month}까지
[김치|된장|막걸리|떡] [담그기|맛집|요리법] [이렇게|여행]…{LC:city}
주말 여행 {LC:city} [바다|숲길|온천] [걷기|캠핑] 좋아요
[화가|시인|소설가|지휘자] {PS:foreign} [별세|내한|전시]
{OG:abbr} [예능|주말극|다큐] {PS:actor} [하차|합류|첫방송]
[설|추석|성탄] 연휴 [차례상|선물|기차표] [준비|예매]…[{OG:company}|온라인]
[수면|커피|걷기|비타민] [부족|습관]…[심장|치매|당뇨] [위험|건강] {QT:percent}
[불교|천주교|개신교|종교]계 {PS:kr} [스님|신부|목사] [법회|미사|선출]
전국 {TI:part}까지 [비|눈] {QT:rain}…{LC:city} [빙판길|우산|교통] 주의
[패션|화장품|한복] [유행|전시회] {DT:season} [색깔|신상품] {OG:company}
""",
    "세계": """
{LC:hanja} [대통령|총리|외무장관] {LC:country} [방문|회담] [취소|연기]
{LC:country} [규모 6.1|규모 5.8|강한] 지진…{QT:people} [사망|대피]
{PS:foreign} {LC:country} [대통령|총리] [탄핵|연임|사임] [위기|선언]
{LC:country} [반군|시위대] [휴전|충돌]…[난민|민간인] {QT:people} [피신|사망]
{LC:hanja} {LC:hanja}에 [관세|제재] [경고|부과]…{OG:abbr} [우려|제소]
{LC:fcity} [지하철|공항|시장] [테러|폭발|총격]…{QT:people} [부상|사상]
{LC:country} [총선|대선|국민투표] [출구조사|투표] {PS:foreign} [승리|접전]
유엔 {LC:country} [결의안|제재|인권] [채택|논의]
{LC:country} [산불|홍수|태풍|화산] [비상사태|이재민] {QT:crowd}
{OG:gov} [이민|국경|핵] [협정|협상] [탈퇴|재개] 종합
{LC:country} [왕실|법원|의회] [동성결혼|사형제|낙태] [허용|폐지]
[{LC:fcity}|{LC:country}] [독감|콜레라|에볼라] [환자|감염] {QT:people}
{LC:hanja}언론 [{LC:country}|{PS:foreign}] [스캔들|간첩|망명] [보도|폭로]
{LC:country} [여객기|유람선|열차] [추락|침몰|탈선] {QT:people} [실종|구조]
{PS:foreign} {OG:gov} [비판|옹호]…[트위터|연설]서 [논란|화제]
{LC:country}서 [코끼리|고래|상어] [떼|공격]…[주민|관광객] {QT:people} [대피|구조]
{LC:country} {LC:country} [국경|영유권|어업] [분쟁|갈등] [격화|중재]
{LC:fcity} [시민|청년] {QT:crowd} [거리로|시위]…[연금|물가|기후] [대책|개혁] 요구
""",
    "스포츠": """
{OG:team} {PS:kr} {TI:game} [결승골|역전골|쐐기골]…{QT:score} [승리|완승]
{OG:team} {QT:record}…{OG:team} [꺾고|누르고] [선두|{QT:rank}|4강]
{PS:kr} [시즌|개인 통산] {QT:record} [폭발|달성]…[평점|타율] [최고|{QT:rank}]
[프로농구|프로배구|프로야구|프로축구] {OG:team} [개막|홈경기] {QT:score} [신승|대패]
{LC:country} [축구|배구|핸드볼]대표팀 {LC:country} 꺾고 [결승|8강|예선 통과]
{PS:foreign} {OG:team} [입단|방출|이적]…[몸값|계약] {QT:money}
[메이저리그|유럽축구] {PS:kr} [선발|교체] [출전|제외]…{QT:score} [승|패]
[올림픽|아시안게임|세계선수권] [수영|양궁|유도|펜싱] {PS:kr} [금메달|은메달|메달 도전]
{PS:kr} [골프|테니스|탁구] [대회|오픈] [우승|준우승|컷 탈락] {QT:rank}
{OG:team} 감독 {PS:kr} [경질|선임|재계약] {DT:years}
[월드컵|평가전] [명단|대진] [발표|확정]…{PS:kr} [승선|탈락]
{OG:team} [신인|외국인 선수] {PS:actor} [영입|지명]
[부상|징계] {PS:kr} {DT:years} 만에 [복귀|훈련]…{OG:team} [웃었다|기대]
[마라톤|쇼트트랙|역도] {PS:kr} [신기록|기록] {TI:dur} [단축|경신]
사진 {OG:team} {PS:kr} [홈런|슛|세리머니|환호]
{OG:team}{OG:team} [비|눈](으로) [취소|순연]…{DT:weekday} [더블헤더|재경기]
[심판|비디오] 판독 [논란|오심]…{OG:team} [항의|제소]
[전지훈련|캠프] {LC:city} {OG:team} [구슬땀|담금질] {PS:kr}
""",
    "정치": """
{OG:party} {PS:kr} [원내대표|대변인|최고위원] [사퇴|선출]…[계파|당내] [갈등|반발]
{OG:party} {OG:party} [국정조사|특검|예산안] [합의|충돌]…본회의 [무산|통과]
{LC:hanja} [미사일|방사포] 발사에 [국방부|합참] [대응|분석]
국회 [청문회|대정부질문|국감] {PS:family} 장관 [후보자|해임] [공방|파행]
[대통령|총리] [개각|순방|담화] {DT:short}…[{OG:party}|야권] [비판|환영]
[총선|지방선거|보궐선거] {LC:city} [공천|출마|후보] {PS:kr} [확정|선언]
{PS:kr} 의원 {OG:ministry} [자료|국감]…[{OG:company}|공기업] [낙하산|특혜] [지적|추궁]
[개성공단|이산가족|금강산] [상봉|재개] [실무회담|제안] {DT:short}
[여론조사|지지율] {OG:party} {QT:percent} {OG:party} {QT:percent}
[여야|{OG:party}] [개헌|선거법|검찰개혁] [협상|토론] {TI:dur} [진통|결렬]
[외교부|통일부] {LC:country} [대사|특사] [초치|파견]…[유감|협의]
[국방부|육군|해군] [훈련|병사] [월급|휴가] [확대|논란]
{OG:party} [전당대회|경선] {PS:kr} {PS:kr} [양강|단일화]
[남북|한미] [정상|장관]회담 {LC:fcity} [개최|조율] {DT:month}
{PS:kr} [시장|도지사] {OG:party} [입당|탈당] [고심|시사]
[법사위|예결위|정무위] [소위|전체회의] [법안|추경] {QT:cases} [의결|보류]
청와대 {PS:kr} [수석|비서관] [임명|사의] [수용|철회]
""",
}
# (sections, templates): the same headline could stand in either.
_SHARED = (
    (
        ("IT과학", "경제"),
        """
{OG:company} [신제품|새 서비스] {DT:month} [공개|출시]
{OG:company} {OG:company}(과) [협력|합작]…[전기차|배터리|플랫폼] [진출|투자]
{OG:company} 대표에 {PS:kr} [선임|내정]
[게시판|소식] {OG:company} [{LC:country}|{LC:city}] [지사|연구소] [설립|이전]
""",
    ),
    (
        ("경제", "사회"),
        """
{OG:company} [노사|협력사] [상생|임금] [협약|합의] {DT:short}
{LC:full} [청년|주민] [일자리|주택] {QT:money} [지원|투입]
[택배|배달|편의점] [수수료|최저임금] {QT:percent} [인상|조사]
{OG:company} [제품|분유|과자]서 [이물질|결함]…{QT:cases} [회수|환불]
""",
    ),
    (
        ("사회", "정치"),
        """
{OG:ministry} {PS:kr} [장관|청장] {LC:city} [방문|점검]
[연금|교육|의료] 개혁 {OG:ministry} [공청회|대책] {DT:short}
{PS:family} [시장|지사] [수사|기소]…[측근|뇌물] [의혹|부인]
{OG:assoc} [시국선언|기자회견] {DT:short} [개최|예고]
""",
    ),
    (
        ("사회", "생활문화"),
        """
{LC:province} [폭설|폭우|강풍]…[항공기|여객선] {QT:cases} [결항|통제]
게시판 {OG:univ} [특강|음악회|바자회] {DT:short} [개최|열려]
{LC:city} [시장|골목|도서관] {DT:short} [새 단장|문 열어]
[반려동물|1인 가구|육아] {QT:crowd} [시대|조사]…{QT:percent}
""",
    ),
    (
        ("생활문화", "IT과학"),
        """
[잠|운동|음식]과 [뇌|장수] [관계|비밀] {OG:univ} [연구|발표]
{OG:company} [웹툰|음원|전자책] {QT:crowd} [인기|이용]
[공룡|고대인|매머드] [화석|뼈] {LC:country}서 [발견|복원]
""",
    ),
    (
        ("세계", "정치"),
        """
[북미|한일|한중] [정상|외교장관] {LC:fcity}서 [회담|만찬] {DT:short}
{LC:hanja} {LC:country} [대사|특사] [방한|접견]…[북핵|동맹] [논의|강조]
{LC:hanja} [핵|미사일] [실험|협상]…{LC:hanja} [우려|주시]
""",
    ),
    (
        ("세계", "경제"),
        """
{LC:country} [중앙은행|증시] [금리|지수] {QT:percent} [인상|급락]
{LC:hanja} {OG:company} [투자|인수] [승인|제동]…{QT:money}
{LC:country} [경제|무역] [성장률|적자] {QT:percent} [전망|발표]
""",
    ),
    (
        ("세계", "IT과학"),
        """
{LC:country} [우주선|위성|탐사선] [발사|궤도 진입] [성공|실패]
{LC:country} 연구팀 [백신|지진 예측|북극 얼음] [연구|발표]…{QT:percent}
""",
    ),
    (
        ("스포츠", "생활문화"),
        """
{PS:actor} [예능|광고|다큐] [출연|화제]…{OG:team} [팬|시절]
{LC:city} [마라톤|걷기|씨름] 대회 {QT:crowd} [참가|성황] {DT:short}
{PS:kr} [결혼|은퇴|기부] {DT:short} [발표|소감]
""",
    ),
    (
        ("스포츠", "세계"),
        """
{LC:fcity} [올림픽|월드컵] [개최지|경기장] [논란|확정] {DT:year}
{PS:foreign} [약물|승부조작] [의혹|징계]…{LC:country} [발칵|충격]
""",
    ),
    (
        ("스포츠", "경제"),
        """
{OG:company} {OG:team} [후원|인수] {QT:money} [계약|검토]
{OG:team} [입장권|중계권|유니폼] [매출|판매] {QT:percent} [증가|껑충]
""",
    ),
)
# One template of this many is kept for validation.
_KEPT_FOR_VALIDATION = 9


def _fill(template: str, names: Names, random: Random) -> str:
    chosen = _CHOICE.sub(lambda match: random.choice(match[1].split("|")), template)
    text = ""
    for match in _PIECE.finditer(chosen):
        if slot := match["slot"]:
            text += SLOTS[slot](names)
        else:
            text += particle(text, match["particle"]) if match["particle"] else match["text"]
    return text


def headlines(count: int, held_out: bool, seed: str, taken: set[str]) -> list[tuple[str, str]]:
    """``count`` different (title, section) pairs; titles are added to ``taken``, so that splits share none."""
    random = Random(seed)
    names = Names(random, 0.4 if held_out else 0.0)
    made = []
    while len(made) < count:
        (section,) = random.choices(LABELS, _SHARES)
        shared = [text for sections, text in _SHARED if section in sections]
        if random.random() < _SHARED_TEMPLATES:
            candidates = [line for text in shared for line in text.strip().splitlines()]
        else:
            candidates = _TEMPLATES[section].strip().splitlines()
            if not held_out:
                candidates = [
                    line for number, line in enumerate(candidates, 1) if number % _KEPT_FOR_VALIDATION
                ]
        title = _fill(random.choice(candidates), names, random)
        if title not in taken:
            taken.add(title)
            made.append((title, section))
    return made


def rows(count: int, split: str, held_out: bool, taken: set[str]) -> list[dict]:
    """Rows of the data set: guid, title, label, url (a reserved domain), date."""
    random = Random(f"ynat dates {split}")
    first = date(2019, 1, 1)
    made = []
    for number, (title, section) in enumerate(headlines(count, held_out, f"ynat {split}", taken)):
        minute = random.randrange(24 * 60)
        day = first + timedelta(days=random.randrange(1461))
        made.append(
            {
                "guid": f"ynat-v1_{split}_{number:05}",
                "title": title,
                "label": LABELS.index(section),
                "url": f"https://news.example/{split}/{number:05}",
                "date": f"{day:%Y.%m.%d}. {'오전' if minute < 720 else '오후'} {(minute // 60 - 1) % 12 + 1}:{minute % 60:02}",
            }
        )
    return made
