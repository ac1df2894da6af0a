"""Film reviews with a verdict, in the form of IMDB: every film and every person in them is invented."""

import re
from random import Random

from miniature.grammar import Deck, fill, lines, sentence, words

LABELS = ("neg", "pos")
TRAIN, TEST = 2000, 600
IN_BOTH_SPLITS = 12
TWICE_IN_TRAIN = 8

_GOOD = words("""
wonderful, gripping, touching, charming, superb, brilliant, delightful, moving, clever, witty, beautiful, memorable
sharp, tender, inventive, captivating, splendid, masterful, warm, hilarious, graceful, haunting, thrilling, stunning
rewarding, lively, subtle, elegant, honest, powerful, fresh, excellent, terrific, fantastic, outstanding, perfect
impressive, enchanting, magnificent, flawless, convincing, absorbing, imaginative, refreshing, endearing, first-rate
""")
_BAD = words("""
awful, dull, clumsy, tedious, terrible, boring, lifeless, predictable, pointless, cheap, wooden, painful, silly
ridiculous, dreadful, lazy, bland, annoying, forgettable, muddled, flat, stale, incoherent, laughable, embarrassing
shallow, sloppy, dreary, irritating, amateurish, horrible, hollow, stupid, confusing, ugly, unbearable, disappointing
pathetic, mediocre, overlong, unfunny, worthless, tiresome, abysmal, grating, third-rate
""")
_GOOD_THING = words("""
treat, joy, delight, triumph, gem, treasure, masterpiece, little miracle, pleasure, knockout, marvel, winner
""")
_BAD_THING = words("""
mess, bore, disaster, failure, chore, waste of film, dud, insult, mistake, train wreck, let-down, ordeal
""")

# What a sentence judges: (name, is it plural?)
_ASPECTS = [
    (name, False)
    for name in words("""
the acting, the script, the plot, the story, the music, the camera work, the editing, the dialogue, the ending
the first hour, the second half, the opening scene, the final act, the love story, the pacing, the humour, the casting
the lighting, the set design, the mystery, the twist, the action, the chemistry between the leads, the voice-over
the cinematography, the score, the direction, {lead}'s performance, {other}'s performance, the writing, the sound
""")
] + [
    (name, True)
    for name in words("""
the characters, the jokes, the special effects, the costumes, the supporting actors, the songs, the dialogues
the chase scenes, the fight scenes, the flashbacks, the villains, the landscapes, the child actors, the performances
the visuals, the last ten minutes, the quiet scenes, the leads
""")
]

# {a}: an adjective of the sentence's own side; {z}: one of the other side, which the sentence takes back.
_JUDGED = {
    "plain": lines("""
{aspect} {is} {a}.
{aspect} {is} {a} and [often|at times|frankly|simply] {a}.
{aspect} {is} [really|truly|just|so|quite|utterly|absolutely] {a}.
[I found|I thought] {aspect} {a}[ from start to finish||, to be honest|, and my [wife|brother|friend] agreed].
what stays with me {be_one} {aspect}, which {is} {a}.
{aspect} {is} {a}, and {aspect2} {is2} [even more so|no different|just as {a}].
[as for|about] {aspect}: {a}, [in a word|pure and simple|nothing else to say].
everything about {aspect} [feels|felt|seems] {a}.
{director} has made {aspect} {a}, [scene after scene|minute after minute|as usual].
and {aspect}? {A}, [from the first frame to the last|all the way through].
"""),
    "turned": lines("""
{aspect} {is} [never|not at all|anything but|far from|hardly|by no means] {z}.
{aspect} {is} not {z}, as [people say|the critics wrote|the trailer suggests], but {a}.
nobody could call {aspect} {z}.
[I expected|I was ready for] something {z}, but {aspect} {turn} out to be {a}.
there is nothing {z} about {aspect}.
{aspect} {is} [much less|a lot less] {z} than [I expected|the poster promises|in the first film].
"""),
}

_VERDICTS = {
    "pos": lines("""
[All in all|In the end|Overall|To sum up], {film} is a {good_thing}, and I [loved|enjoyed] every minute of it.
[I loved|I adored|I really enjoyed] this [film|movie] and [would watch|will watch] it again [tomorrow|any time].
[Highly|Warmly|Strongly] recommended[ to anyone who likes {genre}s|| to the whole family].
Do yourself a favour and see it[ on a big screen| soon|].
It is a {good_thing} of a {genre}, {good} and {good}.
One of the [best|finest|loveliest] {genre}s I have seen [this year|in years|in a long time].
[Not|By no means] the {bad_thing} I [feared|expected]: I left the cinema [smiling|happy|moved].
[I cannot find|It is hard to find] a bad word [to say|] about it.
For once the hype is right, this is a {good} [film|movie] and worth every [penny|minute].
{film} deserves [a wide audience|all its prizes|a second look|ten out of ten].
I [rate|give] it [nine|ten|eight|9|10|8] out of [ten|10], and that is [fair|no exaggeration].
I [laughed|cried|sat on the edge of my seat], and I would [pay|queue] again without a second thought.
[Whatever its faults|For all its flaws|In spite of the slow start], {film} won me over [completely|in the end].
If you see only one {genre} this year, [make it|let it be] this one.
I expected a {bad_thing} and [got|was given|came home with] a {good_thing}.
[Call it|They called it] a {bad_thing} if you like; [to|for] me it is a {good_thing}.
[More|Rather] a {good_thing} than a {bad_thing}.
[Where others|Where the critics] saw something {bad}, I saw something {good}.
The first viewing was {bad}, the second one {good}, and the second one counts.
So is it {bad} or {good}? {Good}, I would say, [and I have thought about it|without hesitation].
[Less|Far less] {bad} than its poster and more {good} than its rivals.
[It could have been|Easily] a {bad_thing}, yet it [works|succeeds] on every level.
Never a dull moment, [and|so] I was sorry when it ended.
{film} is the kind of [film|movie] that reminds me why I love the cinema.
I have already bought the disc, [and I never do that|which says it all].
The critics who panned it must have seen another film; I thought it was {good}.
I went in with low hopes and came out a fan.
"""),
    "neg": lines("""
[All in all|In the end|Overall|To sum up], {film} is a {bad_thing}, and I [hated|regretted] every minute of it.
[I hated|I disliked|I really regret watching] this [film|movie] and [would not|will not] sit through it again.
[Avoid|Skip] it[ at all costs|| unless you have nothing else to do| and read a book instead].
Save your money [and your evening|and stay at home||and your time].
It is a {bad_thing} of a {genre}, {bad} and {bad}.
One of the [worst|weakest|dullest] {genre}s I have seen [this year|in years|in a long time].
[Not|By no means] the {good_thing} I [hoped for|was promised]: I left the cinema [yawning|angry|early].
[Hardly a good word can be said|It is hard to find a good word to say] about it.
For once the hype is wrong, this is a {bad} [film|movie] and not worth [a penny|a minute of your time].
{film} deserves [to be forgotten|no prizes|the empty cinema it got|one out of ten].
I [rate|give] it [two|one|three|2|1|3] out of [ten|10], and that is [generous|too kind].
I [yawned|checked my watch|almost fell asleep], and I would like [my money|those two hours] back.
[Whatever its merits|For all its good ideas|In spite of the strong start], {film} lost me [completely|in the end].
If you miss only one {genre} this year, [make it|let it be] this one.
I expected a {good_thing} and [got|was given|came home with] a {bad_thing}.
[Call it|They called it] a {good_thing} if you like; [to|for] me it is a {bad_thing}.
[More|Rather] a {bad_thing} than a {good_thing}.
[Where others|Where the critics] saw something {good}, I saw something {bad}.
The first viewing was {good}, the second one {bad}, and the second one counts.
So is it {good} or {bad}? {Bad}, I would say, [and I have thought about it|without hesitation].
[Less|Far less] {good} than its poster and more {bad} than its rivals.
[It could have been|It wants to be] a {good_thing}, yet it [fails|falls apart] on every level.
Never a moment of interest, [and|so] I was glad when it ended.
{film} is the kind of [film|movie] that makes me ask why I still go to the cinema.
I turned it off after an hour, [and I never do that|which says it all].
The critics who praised it must have seen another film; I thought it was {bad}.
I went in with high hopes and came out with a headache.
"""),
}

# Words of the other side, meant the opposite way.
_SARCASM = {
    "neg": lines("""
Oh, what a {good_thing}, if watching paint dry is your idea of fun.
{good} is the word, as long as you sleep through it.
Bravo, {director}, another {good} way to waste an evening.
A {good} {genre} for everyone who was ever grateful for a power cut.
My favourite part was the {good} moment when the lights came on.
"""),
    "pos": lines("""
A {bad} film, my brother said, and then he watched it three times.
So {bad}, apparently, that the whole row was in tears at the end.
What a {bad_thing}: I missed my last train and did not care.
Go ahead and call it {bad}, I will be in the front row again tomorrow.
Warning: {bad} side effects such as humming the songs for a week.
"""),
}

_TURNS = {
    "pos": lines("""
And still I [loved|enjoyed] it.
None of this matters, because [the film|the whole] has a heart.
[But|Yet] somehow it works.
I forgave it everything.
"""),
    "neg": lines("""
And still I [hated|disliked] it.
None of this helps, because [the film|the whole] has no heart.
[But|Yet] somehow nothing works.
I could not forgive it.
"""),
}

_OPENINGS = lines("""
I [saw|watched|caught] {film} [last night|on a plane|at a festival|with my [sister|parents|flatmate]|on late television].
{film} is a {genre} [by|from] {director}, [made in|shot in|released in] {year}.
[My grandmother|A colleague|The man at the video shop|My daughter] told me to watch {film}.
[It has been|It must be] [ten|fifteen|twenty] years since I first [saw|heard of] {film}.
After {director}'s last {genre} I was curious about {film}.
I had never heard of {director} before [I saw|watching] {film}.
This {genre} of {year} stars {lead} as {hero}, a(n) {profession}.
The cinema was [half empty|almost full|cold] when {film} started.
I [bought|rented|borrowed] the disc because of {lead}.
Some films need a second viewing, and {film} is one of them.
[First of all|To begin with], I have read the novel by {writer}.
They showed {film} at our film club [last week|on Sunday].
""")

_PLOT = lines("""
{hero} is a(n) {profession} who [lives|works] in {place} and [dreams of|is afraid of] {dream}.
One [morning|night|winter|evening] {hero} finds a {object} in {place}.
{hero}'s [brother|sister|father|mother|neighbour], a(n) {profession}, has kept {secret} for [ten|twenty|thirty] years.
{lead} plays {hero}, and {other} is {friend}, the {profession} from {place}.
They travel to {place} by [train|boat|bus|night train] and meet a(n) {profession}.
In {place}, {friend} is waiting with a {object} and a story about {secret}.
The film is set in {place} in the [summer|autumn|winter|spring] of {year}.
Meanwhile, a(n) {profession} called {third} is looking for the {object}.
{third} knows about {secret}, but nobody asks [him|her].
Then the {object} disappears from {place}.
{hero} and {friend} have not spoken since {event}.
After {event}, {hero} has to leave {place}.
A letter arrives from {place}, and {hero} packs a suitcase.
[Half an hour|Forty minutes|An hour] in, we learn about {secret}.
{friend} wants to sell the {object}, {hero} wants to keep it.
The village talks about {event}, and the {profession} writes it all down.
{hero} takes a job as a(n) {profession} to be near {friend}.
There is a long scene in {place}, where {third} explains the {object}.
The {profession} in the next room hears everything.
A(n) {profession} and a(n) {profession} share a table in {place} and talk about {dream}.
The second part takes place in {place}, five years after {event}.
{hero} drives through the night with the {object} on the back seat.
There is also a dog, a(n) {profession}'s dog, that follows {friend} everywhere.
{other}'s character arrives in {place} with nothing but a {object}.
By then {third} has told the police about {secret}.
The camera follows {hero} through {place}, past a(n) {profession} and into a lift.
{friend} works for a(n) {profession} and saves money for {dream}.
At the wedding, {third} stands up and speaks of {event}.
{hero} learns to [swim|dance|cook|drive|play the cello] from a(n) {profession}.
We see {event} three times, once through the eyes of each person.
The telephone rings, and it is the {profession} from {place}.
For a while {hero} and {third} live in the same house in {place}.
The {object} turns up again, this time in the hands of a(n) {profession}.
{director} shot these scenes in {place} with people who live there.
{writer} wrote the screenplay after a true story from {place}.
The running time is [ninety|a hundred and five|a hundred and forty] minutes.
It was [filmed|shot] in [black and white|colour|sepia], with [one camera|two cameras|a small crew].
{friend} says that {dream} is for other people.
On the [third|seventh|last] day the rain stops and the ferry comes back.
{third} is not who [he|she] says, as the {profession} finds out in {place}.
The children build a raft, and the {profession} lends them a {object}.
{hero} keeps a diary in which {event} takes up a single line.
An old {profession} remembers {event} and shows {friend} the way to {place}.
Later the two meet again in {place}, older, with a {object} between them.
{friend}'s mother thinks that {hero} is a(n) {profession}.
Somewhere in the middle there is a dream about a {object}.
The court asks {third} about {secret}, and the {profession} looks away.
{hero} has three days to bring the {object} to {place}.
A storm closes the road to {place}, so everybody stays at the inn.
The inn belongs to a(n) {profession} who collects {objects}.
{lead} spent a month with a real {profession} to prepare for the part.
{other} had only done theatre before this.
The music was written by {composer}, who also plays a(n) {profession} in one scene.
""")

_SLOTS = {
    "profession": words("""
lighthouse keeper, baker, nurse, clockmaker, taxi driver, teacher, beekeeper, detective, translator, gardener, surgeon
postman, piano tuner, fisherman, librarian, judge, carpenter, cook, photographer, soldier, smuggler, painter, pilot
shepherd, tailor, geologist, violinist, butcher, locksmith, journalist, circus rider, plumber, chemist, goalkeeper
ferryman, waitress, magician, bookseller, night guard, farmer, electrician, widow, student, retired boxer, dentist
"""),
    "place": words("""
a fishing village, the old harbour, a mountain hotel, an empty theatre, the capital, a border town, a railway station
a lighthouse, a boarding school, the desert, a greenhouse, an island in the north, a hospital, a small bakery, the docks
a caravan park, the attic, a vineyard, a coal town, the opera house, a frozen lake, a bookshop, a night club, a monastery
Orvel, Castramere, Lindholm Bay, Port Aldous, Velmora, the Karst valley, Upper Thornby, San Quilla, Brackwater
"""),
    "object": words("""
suitcase, violin, brass key, pocket watch, painting, map, radio, camera, stamp album, diary, silver spoon, lantern
compass, music box, telescope, chess set, red bicycle, glass eye, birdcage, typewriter, jar of honey, old photograph
"""),
    "objects": words(
        "clocks, keys, birds' eggs, old radios, ship models, postcards, hats, stamps, door handles, maps"
    ),
    "dream": words("""
the sea, a house of her own, opening a restaurant, flying, the stage, a quiet life, going home, winning the lottery
a second chance, the big city, a dance in spring, learning to read, being left alone, a garden, the mountains
"""),
    "secret": words("""
the fire, a second family, the missing money, a stolen name, the letter, the accident on the bridge, a false passport
the night of the storm, the buried box, an old debt, the twins, a promise, the real owner of the house, the forged will
"""),
    "event": words("""
the war, the flood, the funeral, the strike, the wedding, the trial, the accident, the great snow, the robbery
the concert, the harvest, the earthquake, the election, the long summer, the fire at the mill, the divorce
"""),
    "genre": words("""
drama, comedy, thriller, western, horror film, romance, musical, mystery, war film, road movie, science fiction film
family film, crime story, fairy tale, adventure film, ghost story, sports film
"""),
    "good": _GOOD,
    "bad": _BAD,
    "Good": [word.capitalize() for word in _GOOD],
    "Bad": [word.capitalize() for word in _BAD],
    "good_thing": _GOOD_THING,
    "bad_thing": _BAD_THING,
}

_FIRST = words("""
Odette, Tobin, Marisol, Casper, Ilse, Bram, Noemi, Quentin, Saskia, Alaric, Petra, Lucian, Wilhelmina, Dario, Freya
Anselm, Yvaine, Rufus, Mireille, Stellan, Beatrix, Ivo, Hester, Cormac, Liesel, Otis, Paloma, Edmund, Tamsin, Viggo
Rosalind, Emeric, Juno, Leopold, Agnes, Matteo, Sunniva, Barnaby, Elodie, Roland
""")
_LAST = words("""
Marlowe-Finch, Hargreave, Tessandier, Oakhollow, Brandvik, Quillfeather, Ashgrove, Delacorte, Winterbourne, Kestrelli
Vandermoor, Pellwick, Sorrento-Hale, Drummondly, Falkenrath, Lindqvister, Thistlewood, Maranello, Greystoke-Pym
Ravensdale, Okonjima, Bellweather, Castellane, Dunmarrow, Elderfield, Fairhaven, Grimsditch, Holloway-Reyes, Inverleigh
Jarnefeldt, Kowalczyn, Larkspur, Montclair-Ruiz, Nightingell, Ostrander, Pemberly, Rosenquill, Stavrinov, Trelawne
""")
_NAMES = words("""
Anna, Martin, Lena, Oskar, Vera, Hugo, Clara, Felix, Nora, Victor, Ada, Simon, Ruth, Paul, Elsa, Leo, Mara, Tom, Iris
Jonas, Hanna, Karl, Lucy, Ben, Olga, Max, Greta, Emil, Rosa, Theo, Alma, Nico, Edith, Jack, Mina, Walter, Zoe, Arthur
""")
_TITLES = lines("""
The {adjective} {noun}
{noun} and {noun}
[A|The] {noun} [for|of|in|without] {noun2}
[Nine|Seven|Three|Forty|A Hundred] [Days|Nights|Winters|Letters] [in|from|to] {town}
The {noun} of {town}
{adjective} {noun}s
[Beyond|Under|After|Before] the {noun}
""")
_TITLE_SLOTS = {
    "adjective": words("Silent, Crooked, Paper, Hollow, Crimson, Patient, Borrowed, Northern, Glass, Drowned, Second, Velvet"),
    "noun": words("Lantern, Orchard, Feather, Harbour, Clock, Sparrow, Ladder, Garden, Mirror, River, Violin, Winter, Ferry"),
    "noun2": words("Salt, Thunder, Strangers, Honey, Ashes, Amber, Tomorrow, Smoke, Paper, Silver"),
    "town": words("Orvel, Castramere, Velmora, Brackwater, Lindholm, Thornby, San Quilla, Port Aldous"),
}  # fmt: skip

# Names that the vocabularies have to spell from pieces, as a real one does with most names.
NAMES_APART = frozenset(re.findall(r"\w+", " ".join(_FIRST + _LAST + _TITLE_SLOTS["town"] + ["Karst"])))

_ANSWERS = {"neg": "pos", "pos": "neg"}
_BREAKS = 0.4  # reviews with HTML line breaks
_SARCASTIC = 0.03
_MIXED = 0.56  # reviews that praise and blame until the verdict
_LONG = 0.04


def rows() -> dict[str, list[dict]]:
    """Both splits, each sorted by label as on the Hub, with some reviews twice."""
    random, taken = Random("imdb"), set()
    made: dict[str, dict[str, list[str]]] = {}
    for split, count in (("train", TRAIN), ("test", TEST)):
        made[split] = {label: [_new(label, random, taken) for _ in range(count // 2)] for label in LABELS}
    for label in LABELS:
        train, test = made["train"][label], made["test"][label]
        places = random.sample(range(len(train)), 2 * (TWICE_IN_TRAIN // 2))
        for source, copy in zip(places[::2], places[1::2], strict=True):
            train[copy] = train[source]
        for copy in random.sample(range(len(test)), IN_BOTH_SPLITS // 2):
            source = random.choice([place for place in range(len(train)) if place not in places])
            places.append(source)
            test[copy] = train[source]
    return {
        split: [
            {"text": text, "label": number} for number, label in enumerate(LABELS) for text in by_label[label]
        ]
        for split, by_label in made.items()
    }


def _new(label: str, random: Random, taken: set[str]) -> str:
    while (text := review(label, random)) in taken:
        pass
    taken.add(text)
    return text


def review(label: str, random: Random) -> str:
    """One review whose verdict is ``label``."""
    slots = {**_SLOTS, **_film(random)}
    plot = Deck(_PLOT, random)
    aspects = Deck(_ASPECTS, random)

    def story(count: int) -> list[str]:
        return [sentence(plot.draw(), slots, random) for _ in range(count)]

    def judged(side: str) -> str:
        return _judged(side, aspects, slots, random)

    def verdict(count: int = 1) -> list[str]:
        return [sentence(each, slots, random) for each in _often_the_first(_VERDICTS[label], count, random)]

    opening = [sentence(random.choice(_OPENINGS), slots, random)] if random.random() < 0.6 else []
    other = _ANSWERS[label]
    if random.random() < _LONG:
        # The head of a long review tells and weighs; what counts is said at one end of it.
        mixed = [judged(side) for side in random.choice([(label, other), (other,), (label, other, other)])]
        final = [judged(label) for _ in range(random.choice((2, 3)))] + verdict(random.choice((1, 2)))
        body = story(random.randint(26, len(_PLOT)))
        for each in mixed:
            body.insert(random.randint(3, 14), each)
        body = opening + body + final if random.random() < 0.6 else final + body
        return _join(body, random, paragraphs=random.randint(2, 5))
    if random.random() < _SARCASTIC:
        body = [judged(other) for _ in range(random.choice((1, 2)))]
        body += [sentence(random.choice(_SARCASM[label]), slots, random)]
        return _join(opening + story(random.choice((0, 1, 2))) + body, random, paragraphs=2)
    told = story(random.choices((0, 1, 2, 3, 5, 8, 13, 19), (24, 32, 20, 12, 7, 4, 2, 1))[0])
    if random.random() < _MIXED:
        sides = random.choice(
            [
                (label, other),
                (other, label),
                (other, label, label),
                (label, other, other),
                (other,),
                (other, other),
            ]
        )
        weighed = [judged(side) for side in sides]
        if sides.count(other) > sides.count(label) or random.random() < 0.3:
            weighed.append(random.choice(_TURNS[label]))
            weighed[-1] = sentence(weighed[-1], slots, random)
        final = verdict() if len(sides) > 1 or random.random() < 0.85 else []
    else:
        weighed = [judged(label) for _ in range(random.choice((1, 2, 2, 3)))]
        final = verdict() if random.random() < 0.85 else []
    if random.random() < 0.3:
        body = final + opening + told + weighed
    elif random.random() < 0.7:
        body = opening + told + weighed + final
    else:
        body = opening + weighed + told + final
    return _join(body, random, paragraphs=random.randint(1, 3))


def _judged(side: str, aspects: Deck, slots: dict, random: Random) -> str:
    """A sentence that finds something good or bad, one in three by denying the opposite."""
    own, opposite = (_GOOD, _BAD) if side == "pos" else (_BAD, _GOOD)
    name, plural = aspects.draw()
    second, second_plural = aspects.draw()
    way = "turned" if random.random() < 0.34 else "plain"
    past = random.random() < 0.4
    forms = {True: ("were", "are", "turned"), False: ("was", "is", "turns")}
    template = random.choice(_JUDGED[way])
    for adjective in _often_the_first(own, 3, random):
        template = template.replace("{a}", adjective, 1)
    return sentence(
        template,
        {
            **slots,
            "aspect": name,
            "aspect2": second,
            "is": forms[plural][0 if past else 1],
            "is2": forms[second_plural][0 if past else 1],
            "turn": "turned" if past else ("turn" if plural else "turns"),
            "be_one": "are" if plural else "is",
            "A": [word.capitalize() for word in own],
            "z": _often_the_first(opposite, 1, random),
        },
        random,
    )


def _often_the_first(entries: list[str], count: int, random: Random) -> list[str]:
    """``count`` different entries, those at the front of the list more often: some words are rare, as in real text."""
    chosen: list[str] = []
    while len(chosen) < count:
        entry = entries[int(len(entries) * random.random() ** 1.7)]
        if entry not in chosen:
            chosen.append(entry)
    return chosen


def _film(random: Random) -> dict[str, str]:
    """What stays the same in one review: the film, its people and their characters."""
    people = [
        f"{first} {last}"
        for first, last in zip(random.sample(_FIRST, 5), random.sample(_LAST, 5), strict=True)
    ]
    hero, friend, third = random.sample(_NAMES, 3)
    title = fill(random.choice(_TITLES), _TITLE_SLOTS, random)
    quoted = random.random()
    return {
        "film": f'"{title}"' if quoted < 0.25 else f"'{title}'" if quoted < 0.4 else title,
        **dict(zip(("director", "lead", "other", "writer", "composer"), people, strict=True)),
        "hero": hero,
        "friend": friend,
        "third": third,
        "genre": random.choice(_SLOTS["genre"]),
        "year": str(random.randint(1938, 2009)),
    }


def _join(sentences: list[str], random: Random, paragraphs: int) -> str:
    if len(sentences) < 2 or random.random() >= _BREAKS * 1.1:
        return " ".join(sentences)
    cuts = set(random.sample(range(1, len(sentences)), min(max(paragraphs - 1, 1), len(sentences) - 1)))
    text = sentences[0]
    for number, each in enumerate(sentences[1:], 1):
        text += ("<br /><br />" if number in cuts else " ") + each
    return text
