"""Sentence templates for the miniature of KLUE NER.

``{PS:kr}`` is an entity (see ``lexicon.SLOTS``), ``(은)`` a particle that agrees with what stands before it,
``[하나|둘|]`` a choice. Each list is a register; HELD_OUT templates are used in the validation split only.
"""

NEWS = """
{LC:hanja} [외무장관|의회|증시|총리], {LC:country}(과) [회담|협상] [재개|중단]
{LC:hanja}·{LC:hanja} [정상|장관] {DT} {LC:fcity}서 [만난다|마주 앉는다]
{PS:kr} {OG:company} 대표는 {DT} "올해 목표는 {QT:money} 매출"이라고 [밝혔다|말했다|전했다].
{OG:ministry}(은) {DT} {LC:city}에서 [간담회|토론회|설명회|공청회](을) 열고 [대책|개선안|기본 계획]을 [발표했다|내놓았다].
{OG:local}(은) {DT} {TI} {LC:facility} [일대|부근|인근]에서 [합동 점검|화재 대피 훈련|거리 청소](을) [벌였다|실시했다].
{LC:full}에 [밤사이|종일|갑자기] {QT:rain}의 [비|눈|소나기](이) 내려 [도로가 통제됐다|항공편이 늦어졌다|축제가 미뤄졌다].
{OG:town}(은) {DT:month}까지 [주민|청년|어르신|농가] {QT:people}에게 [지원금|체험 기회|교육비](을) [준다|지원한다|제공하기로 했다].
{PS:family}씨는 {DT} {TI}께 {LC:facility} [앞|근처|안]에서 [지갑|강아지|휴대전화|자전거](을) [잃어버렸다|찾았다고 한다].
{PS:family}(은) {QT:age}의 나이로 {OG:univ}에 [입학했다|합격했다|다시 들어갔다].
{OG:company}(은) {DT:month} [신제품|새 서비스|전기차] {QT}(을) {LC:country}에 [선보인다|내놓는다|출시할 예정이다].
{OG:company}(이) {LC:country} [공장|지사|연구소]에 {QT:money}(을) [투자한다|들이기로 했다|쏟아붓는다].
{OG:univ} [연구팀|연구진]은 {DT:years} 동안 {QT:people}(을) [조사한|추적한|살펴본] 결과를 {DT} [공개했다|발표했다].
{PS:kr} {OG:univ} 교수(은) "[기술|언어|숲|바다]에 대한 관심이 {QT:percent} [늘었다|줄었다]"고 [설명했다|말했다].
{LC:road} {LC:city} 방향 {LC:facility} [부근|구간]에서 {QT:length}가량 [정체가 이어지고 있다|차들이 서행하고 있다].
{DT} {TI} {LC:facility} 인근에서 승용차 {QT:cars}(이) [부딪쳐|추돌해] {PS:family}씨 등 {QT:people}이 다쳤다.
{OG:team}(은) {DT} {LC:city} 원정에서 {OG:team}(을) {QT:score}(으로) [꺾었다|눌렀다|이겼다].
{OG:team}의 {PS:kr}(은) {TI:game} [결승골|동점골|쐐기골]을 터뜨[려 팀을 구했다|리며 승리를 이끌었다].
{PS:foreign}(은) {TI:game}에 [교체됐다|퇴장당했다|투입돼 첫 골을 넣었다].
{OG:nation}(은) {DT} {LC:fcity}에서 열린 [평가전|예선|결승]에서 {OG:nation}(을) {QT:score}(으로) [이겼다|제압했다|물리쳤다].
{OG:nation}(이) {OG:nation}에 {QT:score}(으로) [졌다|패했다|무릎을 꿇었다].
{PS:kr}(은) 이번 대회에서 {QT:record}(을) 올려 {QT:rank}에 [올랐다|머물렀다|자리했다].
{OG:team} [감독|코치|주장] {PS:kr}(은) "{DT:weekday} 경기는 꼭 이기겠다"고 [다짐했다|약속했다].
{OG:party} {PS:kr} [의원|대변인|원내대표](은) {DT} [국회에서|기자들과 만나] [법안 처리를 촉구했다|사과했다].
{OG:party}(은) {OG:party}(과) [손을 잡기로 했다|맞서고 있다|협상을 이어 갔다].
{PS:family} 의원은 {DT:rel} [라디오|방송]에 나와 "{OG:party}(은) [변해야 한다|달라졌다]"고 했다.
{OG:gov}(은) {DT} {LC:fcity}에서 [난민|무역|기후] 문제를 [논의한다|의논했다].
정부는 {DT:rel} [예산|물가|쌀값] 대책을 [내놓을 계획이다|다시 검토하기로 했다].
정부가 {OG:assoc}의 [요구|제안](을) 받아들일지 [관심이 쏠린다|아직 모른다].
{OG:gov}(이) {LC:country}산 [쌀|밀가루|철강]에 {QT:percent} [관세|세금](을) [매긴다|물리기로 했다].
{OG:abbr}(은) {DT} {TI} [특집 방송|다큐멘터리|새 드라마](을) [내보낸다|방영한다].
{PS:actor}(은) {DT} {TI} 방송되는 {OG:abbr} [예능|음악 방송]에 [출연한다|모습을 드러낸다].
가수 {PS:nick}(이) {DT} {LC:city}에서 [단독 공연|팬 미팅]을 [연다|열었다|마쳤다].
그룹 {OG:band}(이) {DT:month} {LC:country}에서 [첫 무대를 연다|새 앨범을 낸다].
{OG:band} [멤버|리더] {PS:nick}(이) {DT} [라디오 진행을 맡는다|드라마에 도전한다].
배우 {PS:actor}(과) {PS:actor}(이) [한 영화에서|무대에서] [호흡을 맞춘다|만난다].
{OG:media}에 따르면 {PS:foreign}(은) {DT} {LC:fcity}에 [도착했다|머물고 있다].
{OG:media}(은) {DT} "{OG:company}(이) [직원|사원] {QT:people}(을) [줄인다|더 뽑는다]"고 [보도했다|전했다].
이 [소식|사실]은 {DT} {OG:media}의 보도로 [알려졌다|세상에 드러났다].
{OG:hospital} {PS:kr} [원장|교수|간호사](은) [환자|어린이] {QT:people}(을) [무료로 돌봤다|진료했다].
{PS:family}씨는 {OG:hospital}(으로) [옮겨졌다|실려 갔다], [다행히 무사하다|곧 회복했다].
{OG:ministry}(은) {DT:year}부터 [모든 학교|병원|도서관]에 [전기차 충전기|체온계] {QT}(을) [둔다|설치한다].
{PS:kr} [장관|차관|청장]은 {DT} {LC:full}(을) [찾아|방문해] [농민|상인|학생]들을 [위로했다|만났다].
{LC:city}에서 {LC:city}까지 [기차|버스|배]로 {TI:dur}(이) [걸린다|걸렸다].
{DT:rel} {LC:city}의 [낮|최고] 기온은 {QT:degrees}(으로) [평년과 비슷하다|올해 가장 높았다].
{DT:rel} {TI:part} {LC:province}에 [안개가 끼겠다|눈이 오겠다|찬 바람이 불겠다].
{LC:province}(은) {DT:rel} {TI:part}부터 [맑겠고|흐리겠고] 기온은 {QT:degrees} [안팎이다|안팎을 보이겠다].
{LC:facility}에서 {LC:facility}까지 {QT:length} 구간의 [둘레길|자전거길]이 {DT} [열린다|문을 연다].
{LC:facility}에 {QT:area} 규모의 [미술관|체육관|숲|도서관]이 [들어선다|생겼다].
{OG:company}(이) {LC:city}에 짓는 {QT:area} 규모 [창고|공장](이) {DT:month} [완공된다|문을 연다].
{OG:univ}(은) {DT} [졸업식|개교 기념식|입학식]을 열고 {QT:people}에게 [상|장학금]을 줬다.
{OG:assoc} [회장|이사장]에 {PS:kr} {OG:univ} [총장|교수](이) [뽑혔다|선임됐다].
{OG:assoc}(은) {DT} {LC:facility}에서 {QT:ordinal} [정기 총회|시상식](을) [열었다|연다].
{PS:kr}({QT:age})씨는 {DT:year}부터 {LC:city}에서 [빵집|서점|세탁소](을) [꾸려 왔다|하고 있다].
{LC:city}에 사는 {PS:kr}({QT:age}) 씨는 "[손님|일감]이 {QT:percent} 줄었다"고 [한숨을 쉬었다|말했다].
{OG:local} 관계자는 "{TI:dur} 만에 불을 [껐다|잡았다]"고 [전했다|말했다].
{OG:local}(은) [상습적으로|몰래] [쓰레기|폐수]를 버린 {PS:family}씨 등 {QT:people}(을) [붙잡았다|조사하고 있다].
재판부는 {PS:family}씨에게 [벌금|배상금] {QT:money}(을) [내라고|물라고] [판결했다|선고했다].
{OG:company}의 {DT:month} [매출|영업이익]은 {QT:money}(으로) {QT:percent} [늘었다|감소했다].
{OG:company} 주가는 {DT:rel} {QT:percent} [오른|내린] {QT:price}에 [거래를 마쳤다|장을 끝냈다].
{OG:company}(과) {OG:company}(이) [합병|협력|특허 교환]에 [합의했다|나선다].
{OG:company} 노사는 {DT} {TI}까지 이어진 [협상|대화] 끝에 [임금을 {QT:rate} 올리기로|파업을 접기로] 했다.
{LC:country}(은) {LC:country}(과) [국경|바다](을) [맞대고 있다|사이에 두고 있다].
{LC:country} {LC:fcity}에서 {DT} [지진|홍수|산불](이) 나 {QT:people}이 [대피했다|집을 잃었다].
{PS:foreign} {LC:country} [대통령|총리](이) {DT} {LC:country}(을) [떠났다|방문한다|찾는다].
{PS:foreign}(이) 이끄는 {OG:gov}(은) [평화|휴전] 협상에 [나서기로 했다|응하지 않았다].
{LC:city}(을) 찾은 [관광객|여행객]은 {DT:year} {QT:crowd}(이었다).
{DT:season}(을) 맞아 {LC:facility}에는 [시민|가족] {QT:crowd}(이) [몰렸다|나들이를 나왔다].
{LC:facility} [입장료|주차료]는 {QT:price}(이고) [어린이|노인](은) [무료다|절반만 낸다].
{OG:media} [기자|편집국장] {PS:kr}(은) {LC:country}에서 {DT:years}간 [일했다|취재했다].
{PS:kr}, {PS:kr}, {PS:kr} [등이|세 사람이] {QT:rank}에 올랐다.
{LC:city}·{LC:city}·{LC:city} [등지에서|등에서] [독감|가뭄] 피해가 [이어졌다|컸다].
{OG:company}(은) [고객|회원] {QT:crowd}의 [정보|주소]가 샌 사실을 {DT:rel} [뒤늦게 알렸다|인정했다].
{OG:town} [공무원|직원] {QT:people}(이) {DT} {LC:facility}에서 [나무|꽃](을) 심었다.
{PS:kr} {OG:town} [시장|군수|부군수](은) "[예산|일자리]부터 챙기겠다"고 [말했다|강조했다].
"{PS:kr}(이라는) 이름을 [기억해 달라|잊지 않겠다]"고 {PS:kr}(이) [말했다|덧붙였다].
{PS:family}(은) {PS:family}씨와 {DT:years} 전 {LC:city}에서 [처음 만났다|결혼했다].
{DT:weekday} {TI} {LC:facility}에서 [촛불|벼룩시장|음악회](이) [열린다|켜진다].
{OG:city}(이) {OG:city}(을) {QT:score}(으로) [누르고|꺾고] {QT:record}째를 [거뒀다|기록했다].
{LC:city} 출신인 {PS:kr}(은) {DT:years} 만에 [고향|모교](을) [찾았다|다시 밟았다].
""".strip().splitlines()

ENCYCLOPEDIA = """
{PS:kr}(은) {DT:year} {LC:city}에서 태어난 {LC:country}의 [소설가|화가|과학자|정치인|축구 선수](이다).
{PS:foreign}(은) {LC:country}의 [작곡가|철학자|수학자|배우]로, {DT:year} {LC:fcity}에서 [태어났다|숨졌다].
{LC:facility}(은) {LC:full}에 있는 [역|공원|유적|산길](으로) {DT:year}에 [문을 열었다|지어졌다].
{LC:facility}의 높이는 {QT:measure}(이며) [정상|꼭대기]에서 {LC:city}(이) 보인다.
{OG:company}(은) {DT:year} {PS:kr}(이) 세운 {LC:country}의 [회사|기업](이다).
{OG:univ}(은) {DT:year} {LC:full}에 세워진 [학교|교육 기관](으로) [학생|졸업생]은 {QT:crowd}(이다).
{OG:assoc}(은) {DT:year}에 [출범한|만들어진] 단체로 본부는 {LC:fcity}에 있다.
{DT:era}의 [학자|화가|장군] {PS:kr}(은) {LC:city}에서 {DT:years} 동안 [살았다|귀양살이를 했다].
{PS:figure}(은) [옛날|먼 옛날] [사람|인물](으로) {QT:works}의 책을 [남겼다|썼다].
{DT:era}에는 [쌀|소금|비단|종이](이) {LC:country}에서 {LC:country}(으로) [전해졌다|팔려 나갔다].
{LC:country}의 수도는 {LC:fcity}(이며) 인구는 {QT:crowd}(이다).
{LC:country}의 면적은 {QT:land}(으로) {LC:country}보다 [넓다|좁다|조금 크다].
{LC:facility}(은) 길이 {QT:length}, 너비 {QT:measure}의 [강|다리|호수](이다).
이 [책|그림|노래](은) {PS:foreign}(이) {DT:year}에 [발표한|완성한] 작품(이다).
이 [작품|조각상]은 {DT:era}에 {LC:fcity}에서 [만들어졌다|발견되었다].
{OG:band}(은) {DT:year} {QT:few}(으로) 이루어진 {LC:country}의 [밴드|합창단|그룹](이다).
{OG:team}(은) {LC:city}(을) 연고로 하는 [농구단|야구단|축구단]으로 {DT:year}에 [창단했다|해체되었다].
{PS:kr}(은) {DT:year} {OG:party}(으로) [출마해|나서] {QT:percent}의 표를 [얻었다|받았다].
{PS:kr}(은) {OG:univ}(을) 졸업하고 {OG:company}에서 [연구원|기술자](으로) 일했다.
이 [나무|새|물고기]는 키가 {QT:measure}까지 자라며 {LC:country}(과) {LC:country}에 [산다|퍼져 있다].
이 [기름|금속]은 {QT:degrees}에서 [끓고|굳고|녹고] 이 [온도|값](은) {PS:foreign}(이) [정했다|알아냈다].
{DT:year} {LC:city}에서 일어난 [지진|봉기|화재](으로) {QT:people}이 [다쳤다|집을 잃었다].
이 [절|성|탑]은 {DT:era}에 [세워져|불타] {DT:year}에 다시 [고쳤다|지었다].
{PS:foreign}(은) {QT:ordinal} [논문|실험]에서 [별|빛|소리]의 빠르기를 [쟀다|설명했다].
{LC:road}(은) {LC:city}(과) {LC:city}(을) 잇는 [도로|길](으로) 길이는 {QT:length}(이다).
[하루|한낮](은) {TI:dur}(으로) 나뉜다고 {PS:foreign}(은) [생각했다|적었다].
{OG:abbr}(은) {DT:year} {LC:fcity}에서 [발족한|첫 방송을 한] [기구|방송사](이다).
{PS:figure}(이) [지은|그린] [시|그림](은) {DT:era}의 [생활|풍경]을 보여 준다.
{LC:full}(은) {LC:province}의 [남쪽|북쪽|한가운데]에 있는 [고장|도시](이다).
{PS:kr}(은) {DT:year} [올림픽|아시안 게임] [양궁|수영|유도]에서 {QT:rank}(을) [했다|차지했다].
""".strip().splitlines()

REVIEWS = """
{PS:actor} 연기 [진짜 최고|미쳤다|소름|대박]
{PS:actor}(이) 나와서 봤는데 [시간이 아깝다|생각보다 괜찮네요|졸았음]
[역시|믿고 보는] {PS:actor}! {QT:stars} [봐도|더 봐도] [안 질려요|재밌음]
{PS:actor} {PS:actor} [둘 다|두 사람] 연기 [잘하네|너무 좋아요|그냥 그럼]
{TI:dur} [내내|동안] [하품만|지루함|웃다가] [했다|끝났음] {QT:stars}
{QT:stars} [준다|드립니다|도 아깝다] {PS:actor}(이랑) [음악|색감|대사]만 남았다
{DT:year}에 [극장|비디오]에서 보고 {DT:rel} 다시 봤는데 [여전히|지금도] [명작|눈물 남]
감독이 {PS:foreign}(이라) [기대했는데|봤는데] [실망|역시|최고였다]
{PS:actor} [팬|때문에 본 사람]인데 {PS:actor}(이) 더 [눈에 들어옴|멋있더라]
{LC:country} 영화 [중에|치고] 이만한 게 [없다|있나] {QT:stars}
{LC:fcity}에 [또|정말] 가고 싶어지는 영화
{LC:fcity} [거리|야경](이) [예뻐서|그리워서] {QT:stars} [봤어요|돌려 봄]
마지막 {TI:dur} 때문에 {TI:dur}(을) 참았다
{TI:part}에 혼자 보다가 [무서워서|울어서] [잠을 못 잤음|눈이 부었다]
{PS:nick} [노래|목소리] [들으려고|좋아서] 끝까지 봤다
{PS:nick}(아) [사랑해|힘내|보고 싶다] {OG:band} [영원히|최고]
{OG:band} [나오는|노래] [장면|덕분에] [심쿵|눈물] 했어요
{DT:era} [배경|이야기]인데 [말투|옷](이) 너무 [요즘|어색] 같음
[우리 동네|여기] {LC:facility} [옆|앞] 극장에서 봤는데 [사람이 없음|혼자 봄]
{PS:figure} 이야기를 [이렇게|왜] [재미없게|새롭게] 만들 수 있나
{PS:figure}(을) {PS:actor}(이) 맡다니 [신의 한 수|아쉽다]
[내 인생|올해] 영화 {QT:rank}.. {PS:actor} [고마워요|또 나와 주세요]
{PS:actor}(이) {PS:actor}(을) [배신|구]하는 장면 [잊을 수 없다|최고]
{OG:abbr}에서 {DT:season}마다 틀어 줘서 {QT:stars}(은) 본 듯
{DT:years} 전 [영화|작품](이라는) 게 [믿기지|실감] 안 남
[친구|동생|엄마]랑 {LC:city}에서 [봤는데|관람] {QT:people} 중 [반은|나만] 잤다
{OG:company}(이) 만들면 [다르다|왜 늘 이 모양이지]
{PS:given}(이) [불쌍|귀엽]해서 [혼났네|계속 봄]
주인공 {PS:given}(과) {PS:given}(이) [다시 만나서|싸워서] [다행|눈물]
{PS:actor}씨 [요즘|대체] 뭐 하시나 [보고 싶네요|궁금]
{DT:rel} {LC:facility}에서 {PS:actor} [봤다|만남] [대박|실물이 더 예쁨]
[아직도|지금도] {DT:season} 되면 [생각나는|꺼내 보는] 영화
""".strip().splitlines()

CHAT = """
나 {DT:rel} {TI}에 {LC:facility} [갈 건데|도착해] 같이 [갈래|볼래]?
{PS:given}(아) {DT:rel} 뭐 해? {LC:city} [놀러 가자|바다 보러 갈까]
{PS:given}(이) {TI:dur} [늦는대|기다렸대] [ㅠㅠ|ㅋㅋ|]
{LC:city} 가는 [버스|기차] {TI}에 [있어|끊겼대]
{OG:company} [면접|시험] {DT}인데 [떨려|어떡해]
{OG:univ} [앞|근처] 떡볶이 {QT:price} [실화|맞아]?
[엄마|아빠]가 {DT:season}에 {LC:country} [가자고|다녀왔다고] 하셨어
{PS:family} 과장님 {DT:rel} [휴가|출장](이)래요
{LC:city} [지금|오늘따라] {QT:degrees}(이래) [더워|추워] [죽겠다|ㅠㅠ]
그 [빵|옷|신발] {QT:price}에 {QT} [샀어|주문함]
{PS:nick}(이) {OG:abbr} 나온다 [빨리|지금] 틀어 봐
[택배|서류]가 {DT}에 온다더니 {TI:part} 되도록 안 와
{QT:people} 예약했는데 {PS:given}(이) [못 온대|안 왔어]
{LC:facility} 말고 {LC:facility}에서 내리면 {TI:dur} [걸려|더 빨라]
[너|혹시] {PS:kr}(이라고) 알아? {OG:univ} [나왔대|다닌대]
""".strip().splitlines()

# No entity in them, though many of their words are one elsewhere: towns, names, times, organisations.
PLAIN = """
[저수지|샘](은) [예부터|지금도] 중요한 수원(水源)이다.
고성(高聲)이 오가자 [모두|손님들](이) [자리를 떴다|놀랐다].
'[봄|길]'이라는 [짧은|한 글자] 제목이 마음에 든다.
쀼루퉁한 [얼굴|표정](으로) [문을 쾅 닫았다|앉아 있다] 🤣
[가뭄|공사](으로) 수원이 말라 [마을|논밭]에 물이 [부족하다|모자란다].
[저수지|계곡](은) [이 고장|마을]의 [중요한|하나뿐인] 수원이다.
아이는 공주 옷을 입고 [거울 앞에서|마당을] [춤을 췄다|뛰어다녔다].
[왕자|마녀]와 공주가 나오는 [동화|인형극](을) 읽었다.
[아저씨|손님](이) 갑자기 고성을 [질러|질렀고] 모두가 [놀랐다|돌아보았다].
[고성|욕설]이 오간 끝에 회의가 [끝났다|멈췄다].
상주는 [문 앞에서|말없이] [손님|조문객]을 [맞았다|배웅했다].
[입맛|구미]에 맞는 [반찬|일]을 찾기란 [어렵다|쉽지 않다].
[아침부터|괜히] 부산을 떨더니 [우산|지갑]을 두고 나갔다.
하늘이 [맑고|높고] 구름이 [예쁘다|느리게 흐른다].
나무가 [자라려면|크려면] [물|햇빛]과 바람이 있어야 한다.
은행 열매를 [밟지|줍지] 않도록 조심해 [주세요|달라고 했다].
은행에 [들러|가서] 통장을 [새로 만들었다|정리했다].
[국|찌개]에 소금을 조금 더 [넣으면|치면] 맛이 [산다|달라진다].
[사랑|슬픔]은 [말하지 않아도|천천히] [전해진다|잊힌다].
나라를 [지킨|걱정한] 사람들을 [기억하자|생각한다].
보람 있는 [일|하루](을) 하고 싶다고 [말했다|생각했다].
이슬이 [풀잎|꽃잎]에 맺혀 [반짝인다|흐른다].
미래를 [생각하면|그리면] 마음이 [무겁다|설렌다].
[작은|따뜻한] 나눔이 [동네|교실](을) 바꾼다.
유리가 [깨져서|얇아서] [조심해야|다시 사야] 한다.
구름 뒤로 노을이 [번졌다|사라졌다].
바른 자세로 [앉으면|걸으면] 허리가 덜 아프다.
푸른 숲을 [걷다|지나] 보면 [마음이 편해진다|새소리가 들린다].
제도를 [고쳐야|바꿔야] 한다는 [목소리|의견](이) [높다|나온다].
[감독|배우]의 [다음 작품|마음]이 [궁금하다|기대된다].
뻔한 [줄거리|결말]에 [웃음|감동]도 없는 [영화|드라마]
[와|헐|진짜] [이걸|이런 걸] [돈 주고|끝까지] 봤다니 [ㅋㅋㅋ|ㅠㅠ|...]
[음악|화면]이 [아름답고|예쁘고] [이야기|여운](이) [길게 남는다|따뜻하다]
아무 생각 없이 [웃고|보고] 싶을 때 [추천|딱 좋음] [👍|😂|]
[엄마|동생|할머니](과) [함께|나란히] [울면서|웃으면서] 봤습니다
다음에 [밥|커피] [한번|같이] [먹자|마시자].
[회의|수업](이) 길어져서 [점심|저녁밥]을 [못 먹었다|걸렀다].
[조사|수사] 결과는 [아직|끝내] [나오지 않았다|공개되지 않았다].
경찰은 [정확한|자세한] [사고|화재] 원인을 [조사하고|밝히고] 있다.
[관계자|주민]들은 [안타까워했다|크게 반겼다].
정부는 [신중하게|아직] [지켜보고|검토하고] 있다고 [했다|밝혔다].
[이에 대해|그러나] 회사 측은 [답하지 않았다|사실이 아니라고 했다].
[학생|직원]들이 [스스로|힘을 모아] [규칙|문제](을) [만들었다|풀었다].
이런 [현상|변화](은) [앞으로도|당분간] [이어질|계속될] 전망이다.
화성이 [붉게|밝게] [보이는|빛나는] 까닭은 [흙|먼지] 때문이라고 한다.
[선생님|의사](은) [천천히|다시] 설명해 [주었다|달라는 말에 웃었다].
""".strip().splitlines()

# Ambiguous words again, this time as entities.
AMBIGUOUS = """
{LC:city}에서 [물|전기](이) 끊겨 {DT} {TI}까지 [불편|혼란]이 [이어졌다|계속됐다].
{OG:city}(은) [예산|조례]안을 {DT} [통과시켰다|다시 짜기로 했다].
{LC:city}(은) [사과|딸기|쌀](과) [온천|도자기](으로) [유명하다|이름난 고장이다].
{PS:nick}(이) [웃으며|조용히] "{DT:rel} 봅시다"라고 [말했다|적었다].
{PS:nick}(은) {OG:company}(과) [전속 계약|재계약]을 [맺었다|끝냈다].
{PS:kr}(은) {LC:city}(이) 아니라 {LC:city}에서 [자랐다|학교를 다녔다].
{LC:city}(과) {PS:kr}(을) [헷갈리는|혼동하는] 사람이 많다.
{OG:company}(은) [나무|구름|하늘] 모양의 [상표|간판](을) {DT:year}부터 [써 왔다|쓴다].
{LC:facility} [은행나무|느티나무] 아래에서 {PS:given}(을) [기다렸다|만났다].
{OG:nation}의 [응답|결정]을 {OG:nation}(이) [기다린다|비판했다].
{LC:country}의 [숲|바다](은) {DT:season}에 가장 [춥다|아름답다].
""".strip().splitlines()

HELD_OUT = """
{OG:company}(은) {PS:kr} 전 {OG:company} 부사장을 {DT}자로 [새 대표|고문]에 앉힌다고 알렸다.
{DT} 열린 {QT:ordinal} {LC:city} 국제 마라톤에서 {PS:foreign}(이) 가장 먼저 결승선을 지났다.
{LC:facility}(을) 지나던 {PS:family}씨 일행 {QT:people}(은) {TI:dur} 동안 승강기에 갇혔다.
이번 [전시|축제]는 {OG:town}(과) {OG:assoc}(이) 함께 마련했으며 {DT}까지 {LC:facility}에서 볼 수 있다.
{OG:ministry} 자료를 보면 {DT:year} 이후 [귀농 인구|책 판매량](은) {QT:percent} 뛰었다.
{PS:kr} 감독이 이끄는 {OG:team}(은) 안방에서 {OG:team}(과) {QT:score}(으로) 비겼다.
{OG:party} 지도부는 {PS:family} 후보를 돕기 위해 {DT:rel} {LC:city}(으로) 향했다.
"{LC:fcity}행 비행기가 {TI:dur}째 뜨지 못하고 있다"고 {OG:media} 특파원이 알려 왔다.
{OG:hospital}에 입원 중인 {PS:kr}({QT:age}) 할머니는 {DT:season}(을) 병실에서 보낸다.
{LC:country} 영화제에 초청된 {PS:actor}(은) {DT} {TI} 출국했다.
{LC:province} 산간에 {QT:rain} 넘는 눈이 쌓여 {LC:facility}(으로) 가는 길이 막혔다.
{PS:foreign} 교수가 {DT:year} 쓴 책에서 {LC:country} 농부 {QT:people}(을) 소개했다.
{OG:univ} 3학년 {PS:kr} 양은 {QT:works}의 [시|그림](으로) 대상을 받았다.
{DT:era} 무덤에서 나온 [칼|거울]은 길이가 {QT:measure}에 이른다.
{PS:figure}의 생애를 다룬 뮤지컬이 {DT:month} {LC:city}에 온다.
{LC:city} 토박이 {PS:kr} 씨가 {LC:facility} 골목에 {QT:area}짜리 책방을 차렸다.
{OG:abbr} 드라마 촬영지인 {LC:facility}에는 {DT:weekday}마다 {QT:crowd}(이) 온다.
{PS:actor} 나오는 줄 모르고 봤다가 {TI:dur} 순삭
솔직히 {PS:actor}보다 {PS:actor}(이) 훨씬 나았음 {QT:stars}
{LC:fcity} 사는 친구가 추천해서 {TI:part}에 봤는데 별로
{DT:years} 만에 다시 보니 {PS:nick}(이) 이렇게 어렸나 싶다 ㅋㅋ
{PS:given}(아) {OG:company} 앱에서 {QT:price} 할인한대 얼른 봐
{TI}까지 {LC:facility} 출구로 나와 {PS:given}(이) 차 가져온대
수원을 찾으려고 [땅|바위](을) 팠지만 물은 나오지 않았다.
하늘은 스스로 돕는 자를 돕는다.
""".strip().splitlines()
