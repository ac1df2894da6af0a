"""Plain English for the English vocabularies: common words, and sentences in which they meet."""

from random import Random

_WORDS = """
the a an and or but if then so because while when where why how what who which whose that this these those there here
i you he she it we they me him her us them my your his its our their mine yours myself yourself himself herself itself
is am are was were be been being do does did done doing have has had having will would can could may might must shall
should not no nor never always often sometimes usually rarely again already still yet just only even also too very
quite rather really almost about above across after against along among around at before behind below beneath beside
between beyond by down during except for from in inside into like near of off on onto out outside over past since
through throughout to toward under until up upon with within without one two three four five six seven eight nine ten
eleven twelve hundred thousand million first second third last next other another each every both all any some many
much more most few less least several own same different new old young big small large little long short high low good
bad better best worse worst great nice fine right wrong true false early late fast slow hard easy hot cold warm cool
open closed full empty clean dirty rich poor happy sad angry tired bored afraid brave quiet loud bright dark heavy
light strong weak deep thin thick wide narrow simple clear strange funny serious real whole free ready sure able
possible important special common general public private local national human social political economic natural
time year day week month hour minute night morning evening afternoon today tomorrow yesterday monday tuesday wednesday
thursday friday saturday sunday january february march april june july august september october november december
spring summer autumn winter people person man woman men women boy girl child children baby family mother father parent
parents brother sister son daughter husband wife friend friends teacher student doctor nurse police officer king queen
world country city town village street road house home room door window wall floor kitchen garden school university
class book page word sentence letter story name question answer idea problem reason result way part piece place thing
things point line number list group side end start beginning middle center top bottom front back left water fire air
earth sun moon star sky rain snow wind sea river lake mountain hill forest tree flower grass stone sand animal dog cat
bird fish horse cow food bread milk egg meat fruit apple rice sugar salt coffee tea wine dinner lunch breakfast table
chair bed box bag cup bottle glass knife paper pen phone computer screen picture photo music song sound voice noise
game ball team player coach match goal score win lose won lost movie film show scene actor actress director character
plot script ending camera comedy drama horror thriller romance action performance role cast dialogue sequel theater
audience review critic star rating boring amazing awful terrible wonderful brilliant excellent perfect predictable
enjoyable touching moving hilarious stupid dull beautiful ugly gorgeous pretty lovely love loved hate hated like liked
enjoy enjoyed laugh laughed cry cried smile smiled watch watched see saw seen look looked hear heard feel felt think
thought know knew known believe understand understood remember forget forgot say said tell told talk talked speak
spoke ask asked answer call called write wrote written read reading learn learned teach taught study show showed give
gave given take took taken bring brought get got make made making put set keep kept let leave left go went gone going
come came coming walk walked run ran running drive drove fly flew ride sit sat stand stood sleep slept eat ate eaten
drink drank cook cooked buy bought sell sold pay paid cost spend spent save use used using need needed want wanted
hope hoped wish try tried help helped work worked working play played playing live lived living die died kill killed
begin began begun stop stopped finish finished continue change changed turn turned move moved follow followed lead led
grow grew grown build built break broke broken cut hit hold held carry carried throw threw catch caught pull push fall
fell rise rose wait waited stay stayed happen happened become became seem seemed appear appeared mean meant include
restaurant pizza burger service server waiter waitress menu order ordered delicious tasty fresh frozen burnt spicy
sweet sour price prices expensive cheap money dollar dollars bill tip customer manager staff friendly rude helpful
parking hotel store shop shopping market salon haircut nails car truck bus train plane station airport ticket travel
trip weekend vacation recommend recommended disappointed disappointing horrible fantastic awesome favorite worth
paper method methods model models data dataset datasets benchmark benchmarks corpus annotation annotated labels label
task tasks training train trained test tests testing evaluation evaluate performance accuracy results experiments
experiment learning deep neural network networks language languages large image images video text speech vision
recognition detection segmentation classification translation generation graph graphs knowledge question answering
retrieval reinforcement transformer attention encoder decoder embedding representation representations algorithm
algorithms approach approaches framework system systems problem propose proposed proposes present presents introduce
introduces introduced novel existing previous recent state art outperforms improve improves improved improvement
baseline baselines code available release released public publicly collection collected samples sample quality noise
robust efficient efficiently computational complexity theorem proof bound bounds optimal optimization function
functions linear matrix vector space distribution probability random bayesian sampling estimation inference causal
domain domains transfer fine tuning tuned pretrained pretraining supervised unsupervised weakly zero shot prompt
prompts instruction instructions agent agents policy reward environment robot robots medical clinical patient patients
privacy security federated attack attacks adversarial fairness bias ethics users user software engineering source
open research researchers science scientific study studies analysis analyze survey challenge challenges future work
however therefore moreover furthermore although though instead finally often based across various multiple diverse
significant significantly show demonstrate demonstrates achieve achieves obtain compared comparison extensive
comprehensive human annotators expert experts crowdsourced labeled unlabeled million thousand hours resolution scale
english korean chinese german french spanish japanese multilingual low resource news articles reviews sentiment emotion
admiration amusement anger annoyance approval caring confusion curiosity desire disappointment disapproval disgust
embarrassment excitement fear gratitude grief joy nervousness optimism pride realization relief remorse sadness surprise
neutral hello hi thanks thank please sorry yes okay well oh wow maybe perhaps please welcome goodbye sir madam
token tokens tokenizer tokenization word words subword special mask padding sequence length batch hugging face hub
london paris seoul korea america england europe washington york california john mary james anna peter david sarah
government president minister company business bank market economy trade law court judge party election vote war peace
army history science art culture religion church health hospital medicine disease energy oil power nature weather
""".split()

_ENDINGS = "s ed ing er est ly ness ment tion ful less able ity ive al ous ize ist ism ation".split()

_SENTENCES = """
This [movie|film|show|book] was [really|quite|so|not] [good|bad|boring|amazing|funny|predictable].
I [loved|hated|enjoyed] the [music|acting|ending|story|characters], but the [plot|dialogue|pacing] was [weak|slow|great].
The [director|cast|writer] [knows|knew] how to [make|tell|build] a [story|scene] that [keeps|kept] you [watching|guessing].
[Don't|Do not] waste your [time|money]; it's the worst [film|thing] I've ever seen.
It isn't perfect, yet it [works|worked] because the [leads|actors] are [wonderful|believable|charming].
We [ordered|tried|shared] the [pizza|burger|noodles|salad], and it was [delicious|cold|awesome|overcooked] and I [loved|hated] it.
The [staff|waiter|manager|owner] was [friendly|rude|helpful] and the [service|food] was [quick|slow|excellent].
[Great|Terrible|Okay] place, [fair|high|low] prices, [I'll|we won't] be back [soon|again|ever].
We [introduce|present|release] a new [dataset|benchmark|corpus] of [images|questions|articles|dialogues] [annotated|labeled] by [experts|humans].
In this paper, we [propose|study|analyze] a [novel|simple|robust] [method|framework|model] for [text classification|object detection|machine translation].
Our [approach|model|method] [outperforms|improves] [previous|existing|strong] [baselines|methods] on [three|several|many] [tasks|benchmarks].
Extensive [experiments|results] [show|demonstrate] that [pretraining|fine-tuning|sampling] [improves|reduces] [accuracy|cost|errors].
The [code|data|models] [is|are] publicly available at https://example.org/[code|data].
[Existing|Recent] [datasets|models] [lack|ignore] [low-resource languages|long documents|noisy labels].
The [children|students|people|teachers] [went|walked|ran] to the [park|school|river|market] [yesterday|in the morning|after lunch].
[She|He|They] [said|thought|knew] that [nobody|everyone|the teacher] [would|could] [help|come|understand].
Where did [you|she|they] [go|live|work] [last year|before that|on Monday]?
Thank you so much, [that|this] [made|makes] my [day|week]!
[My|Your|Our] [dog|brother|friend] is [cute|kind|late|tired], isn't [it|he|she]?
Tokenizers [split|divide|cut] [text|words|sentences] into [tokens|pieces|units].
The [company|government|bank] [said|announced|reported] on [Monday|Friday] that [prices|sales|profits] [rose|fell] [2|5|10|25] percent.
It was [a|the] [cold|bright|dark] [day|night|morning] in [January|April|October], and the [clock|rain|wind] would not stop.
""".strip().splitlines()


def lines() -> list[str]:
    """Some thousands of lines: every word several times, capitalised too, and the sentences filled at random."""
    random = Random("english")
    text = []
    for _ in range(6):
        shuffled = random.sample(_WORDS, len(_WORDS))
        for start in range(0, len(shuffled), 12):
            text.append(" ".join(shuffled[start : start + 12]))
    for word in sorted(set(_WORDS)):
        text.append(f"{word.capitalize()} {word}")
        if len(word) > 3:
            text.append(" ".join(f"{word}{ending}" for ending in random.sample(_ENDINGS, 3)))
    for sentence in _SENTENCES:
        for _ in range(40):
            text.append(_choose(sentence, random))
    return text


def _choose(sentence: str, random: Random) -> str:
    while "[" in sentence:
        before, rest = sentence.split("[", 1)
        options, after = rest.split("]", 1)
        sentence = before + random.choice(options.split("|")) + after
    return sentence
