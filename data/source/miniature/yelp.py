"""Reviews of invented businesses with one to five stars, in the form of Yelp's: several judgements, not all of one mind."""

from random import Random

from miniature.grammar import Deck, fill, lines, sentence, words

LABELS = ("1 star", "2 star", "3 stars", "4 stars", "5 stars")
TRAIN, TEST = 2000, 500

# How far a single judgement lies from the review's stars, and the summary at its end.
_SPREAD, _SUMMARY_SPREAD = 1.0, 0.75
_PARAGRAPHS, _QUOTES, _SHOUTING, _LONG = 0.35, 0.12, 0.12, 0.03

# Words for a judgement of one to five; neighbours share some of them.
_ADJECTIVES = (
    words(
        "disgusting, horrible, terrible, awful, the worst I have ever had, inedible, a joke, a disgrace, shameful"
    ),
    words(
        "bad, poor, disappointing, below average, bland, sloppy, not good, awful, a let-down, not worth it, mediocre"
    ),
    words(
        "okay, average, decent, fine, nothing special, so-so, mediocre, all right, acceptable, not bad, hit or miss"
    ),
    words(
        "good, nice, very good, solid, decent, not bad at all, pleasant, tasty, above average, lovely, pretty great"
    ),
    words(
        "amazing, fantastic, perfect, excellent, outstanding, incredible, superb, the best in town, wonderful, lovely"
    ),
)
_PEOPLE = (
    words(
        "rude, hostile, incompetent, arrogant, nowhere to be found, insulting, unbelievably rude, dishonest"
    ),
    words("slow, unfriendly, careless, confused, not very helpful, bored, rude at times, distracted, grumpy"),
    words(
        "okay, polite enough, a bit slow, neutral, busy, neither rude nor friendly, fine, a little confused"
    ),
    words("friendly, helpful, polite, attentive, quick, kind, patient, very nice, cheerful"),
    words(
        "amazing, wonderful, extremely friendly, outstanding, like family, so kind, incredibly helpful, the best"
    ),
)
# Of food only: nobody eats a haircut.
_VERBS = (
    words(
        "threw it away, sent it back twice, got sick, wanted my money back, walked out, almost cried, filed a complaint"
    ),
    words(
        "left half of it, was not impressed, expected more, sent it back, felt cheated a little, would not order it again"
    ),
    words(
        "ate it anyway, did not mind, was neither happy nor angry, had seen better, expected a bit more, would try it again"
    ),
    words(
        "enjoyed it, finished it all, was happy with it, would order it again, liked it a lot, left with a smile"
    ),
    words(
        "could not stop smiling, loved every bit, ordered a second one, told all my friends, dream about it, loved it"
    ),
)
_SUMMARIES = (
    lines("""
[Never again|NEVER AGAIN]. [Stay away|Avoid this place|Go anywhere else][!|.|!!!]
[Zero stars if I could|I would give zero stars if I could|One star is too many].
[Worst|The worst] {kind} [ever|in {town}|I have ever been to].
I want my money back.
[Do not|DON'T] [go|waste your time|waste your money] here.
I will never [set foot in this place|come back] again, and [neither should you|I am telling everyone].
[Save|Keep] your money and go [somewhere|anywhere] else.
"""),
    lines("""
[I will not be back|I won't be back|Not coming back] [any time soon|unless things change].
There are better {kind}s in {town}.
[Two|2] stars, [because|only because] {saving}.
[Disappointing|A disappointing visit], [I expected more|and I had hoped for more].
I doubt that I will [return|come back].
Not the worst {kind}, but [not good either|far from good].
Save your money and go somewhere else, [unless you are desperate|or lower your hopes].
"""),
    lines("""
[It's okay|It is okay], [nothing more|nothing special|not great, not terrible].
[Three|3] stars, because {saving} but {flaw}.
I [might|may] [come back|give it another try], I might not.
[An average|A so-so|A middle-of-the-road] {kind}, [no more, no less|fine if you are in the area].
There are better {kind}s in {town}, but there are worse ones too.
[Some good, some bad|Half good, half bad], so [I am in the middle|three stars it is].
Not bad, but [I expected more|not worth a long drive].
"""),
    lines("""
[I will be back|I'll be back|We will be back], [even though|although] {flaw}.
A [good|solid|very nice] {kind}, [and I would recommend it|worth a visit|overall].
[Four|4] stars, [only because|one star off because] {flaw}.
Would [come back|visit again], [no question|happily].
[Just short of|Almost] perfect: {flaw}.
[Not bad at all|Better than I expected], I [might|will] come back.
One of the better {kind}s in {town}.
"""),
    lines("""
[Best|The best] {kind} [ever|in {town}|I have ever been to][!|.|!!!]
[Five|5] stars[, and I would give six if I could| are not enough||, easily].
I [cannot|can't] wait to [come back|go again][!|.]
[Highly|HIGHLY] recommended[!|.|!!!]
[Do yourself a favor and go|You have to go|Everybody should go] [here|to this place].
[We will be back|I will be back] [every week|again and again|soon], and I am telling everyone.
[A real gem|Pure perfection|My new favorite place] in {town}.
"""),
)

_KINDS = {
    "eating": {
        "kinds": words(
            "pizza place, diner, burger joint, sushi bar, taco stand, steakhouse, noodle shop, buffet, bakery, cafe"
        ),
        "things": words(
            "the pizza, the burger, the soup, the noodles, the steak, the salad, the fries, the dessert, the coffee, the bread, the tacos, the fried rice, the sauce, the breakfast, the fish"
        ),
        "plural": words("the noodles, the fries, the tacos"),
        "staff": words(
            "the waiter, our server, the waitress, the cook, the hostess, the owner, the bartender, the manager"
        ),
        "events": lines("""
We [ordered|shared|tried] {thing} and {thing}.
I had {thing} with a [glass of wine|cold beer|lemonade|cup of tea].
My [husband|wife|friend|mother] ordered {thing}.
The menu has [two|four|ten] pages, mostly {dish} and {dish}.
We sat [outside|at the bar|by the window|in the back].
We waited [five|ten|twenty|forty] minutes for a table.
They seated us [right away|after a while|next to the kitchen].
The portions are [big|small|made for two].
"""),
    },
    "hotel": {
        "kinds": words("hotel, motel, hostel, resort, guest house"),
        "things": words(
            "the room, the bed, the bathroom, the pool, the breakfast, the view, the lobby, the shower, the gym, the towels, the carpet, the air conditioning"
        ),
        "plural": words("the towels"),
        "staff": words(
            "the front desk clerk, the manager, the housekeeper, the bellman, the receptionist, the concierge"
        ),
        "events": lines("""
We stayed here for [one night|two nights|a weekend|a week].
Our room was on the [second|fifth|tenth|twentieth] floor.
We checked in at [three|six|midnight].
There was a wedding in the [lobby|garden|ballroom] that weekend.
The elevator takes [a minute|a while].
They [charge|charged] a resort fee of [ten|twenty|thirty] dollars.
"""),
    },
    "repair": {
        "kinds": words("repair shop, garage, tire shop, car wash, dealership"),
        "things": words(
            "the oil change, the brake job, the paint job, the estimate, the new tires, the waiting room, the engine repair, the inspection, the wash"
        ),
        "plural": words("the new tires"),
        "staff": words(
            "the mechanic, the guy at the counter, the manager, the owner, the salesman, the technician"
        ),
        "events": lines("""
My [truck|old car|minivan|pickup] made a strange noise, so I [brought|towed] it in.
I had an appointment at [eight|nine|noon].
They kept the car for [two hours|a day|three days|a week].
The bill was [eighty|two hundred|nine hundred] dollars.
I have been bringing my [car|truck] here since [spring|last year|2011].
"""),
    },
    "beauty": {
        "kinds": words("hair salon, nail salon, barber shop, spa, massage place"),
        "things": words(
            "the haircut, the manicure, the color, the massage, the pedicure, the shampoo, the music, the waiting area, the facial"
        ),
        "plural": [],
        "staff": words(
            "the stylist, my nail technician, the barber, the receptionist, the owner, the girl at the desk"
        ),
        "events": lines("""
I [booked|made] an appointment for [a trim|a manicure|highlights|a massage].
I walked in without an appointment on a [Monday|Saturday].
My [sister|coworker|neighbor] goes here every month.
It took [thirty minutes|an hour|almost three hours].
I brought a picture of what I wanted.
"""),
    },
    "store": {
        "kinds": words(
            "bookstore, grocery store, furniture store, pet shop, pharmacy, flower shop, bike shop"
        ),
        "things": words(
            "the selection, the checkout, the return policy, the produce, the delivery, the website, the sofa we bought, the parking lot, the clearance section"
        ),
        "plural": [],
        "staff": words(
            "the cashier, the manager, the clerk, the owner, the pharmacist, the delivery guy, the sales lady"
        ),
        "events": lines("""
I [went in|stopped by] for [a birthday present|dog food|a lamp|a few groceries].
The store is [huge|tiny|on two floors|next to the bank].
We ordered a [table|bed|bike|couch] and paid in advance.
I called ahead to ask if they had it.
There were [two|three|six] registers and one was open.
"""),
    },
}

_EVERYWHERE = lines("""
We [came|went] here on a [Friday night|Tuesday|Sunday morning|holiday weekend] [with friends|with the kids|after work|before a show].
This was my [first|second|third] visit.
I [read|saw] the reviews and [decided to try it|wanted to see for myself].
The place is on [Main Street|the corner of 5th and Oak|the strip|the second floor of the mall].
[Parking|Street parking] [is free|costs five dollars|is behind the building].
My [boss|cousin|roommate|dentist] [told me about it|recommended it].
We were a party of [two|four|six|nine].
I live around the corner and [walk|drive] past it every day.
I had a coupon from [the paper|a website].
They are open until [nine|ten|midnight].
It was raining and we were [hungry|tired|early].
""")
_LONG_STORY = lines("""
So there we were, [six people and a stroller|my wife, my mother and me], at [seven|eight] in the evening.
First somebody took our name, then somebody else asked for it again.
I asked about [the special|the warranty|the price list|the hours] and [was told to wait|got three answers].
The couple next to us had come all the way from [Ohio|Phoenix|the north side].
My phone died, so I read every poster on the wall.
By the way, the restroom is down the hall and to the left.
A [delivery driver|tall man|woman in a red coat] came in and left again.
I looked around: [plants|old signs|mirrors|photos of the owners] on every wall.
Then the [music|television|air conditioning] went off for a minute.
We talked about [the game|the weather|my sister's wedding|our trip] in the meantime.
My son dropped his [cup|toy|hat] and we all looked for it.
The line went out the door by the time we left.
I used to go to the other location when I lived [downtown|near the airport].
I paid [cash|by card] and kept the receipt.
It has been here for [two|five|twenty] years, as the sign says.
They were changing the menu board that day.
Somebody's birthday was sung in the back.
We had driven [two hours|all day] and nobody wanted to look for another place.
There is a painting of a [horse|ship|lady with a fan] over the counter, and my daughter asked who she was.
On the way in I met an old neighbor who now lives three streets away.
The first time we came, the sign was green, and now it is blue.
I called my sister from the parking lot to ask what she wanted.
Two men were carrying a [ladder|mattress|piano] through the front door.
At some point the fire alarm rang, and everybody looked at everybody else.
My wallet was in the other coat, so we went home and came back.
The radio was playing the same song when we arrived and when we left.
Our friends came late because of the road work on the bridge.
I sat next to a lady who told me about her [knee|cats|garden|trip to Maine].
They gave us a number on a piece of paper, and we waited for it to be called.
The clock on the wall was [ten minutes|an hour] slow.
A sparrow had flown in and sat on the lamp the whole time.
""")
_JUDGED_THING = lines("""
{thing} {be} {adjective}.
{thing} {be} {adjective}, {and_adjective}.
I [thought|found] {thing} {adjective}.
{thing}? {Adjective}.
as for {thing}, {adjective}.
[honestly|frankly|to be fair], {thing} {be} {adjective}.
{thing} {be} {adjective} [this time|again|as always|that day].
""")
_JUDGED_STAFF = lines("""
{staff} was {people}.
{staff} was {people} [from the start|the whole time|when we asked a question|on the phone].
[the service|the staff] was {people}.
{staff} seemed {people}.
[service|the service] [was|is] {adjective}.
""")
_PRICES = (
    lines("""
the prices are [a rip-off|insane|an insult|highway robbery].
they overcharged [me|us] and [laughed about it|would not fix it|called it policy].
"""),
    lines("""
[too expensive|overpriced] for what [you get|it is].
the prices are [high|too high|hard to justify].
"""),
    lines("""
the prices are [okay|average|what you would expect|a bit high].
you get what you pay for.
"""),
    lines("""
the prices are [fair|reasonable|good].
[good|fair] value [for the money|for the area].
"""),
    lines("""
the prices are [unbeatable|amazing|a steal].
worth every [penny|cent|dollar].
"""),
)
_FLAWS = words("""
the parking is bad, it was a bit loud, the wait was long, it is small, they only take cash, the prices went up
the music was too loud, it gets crowded, the chairs are hard, they forgot the napkins
""")
_SAVINGS = words("""
the place is clean, the parking is easy, the location is great, they apologized, the coffee was hot, it was quick
the kids liked it, the view is nice, the restroom was clean
""")
_NAMES = words("""
Rosita's, The Copper Kettle, Lucky Panda, Big Al's, Blue Heron, Sunny Side, Desert Rose, Nonna Pia, Golden Gate Grill
Mill Street, The Rusty Anchor, Green Leaf, Uncle Bo's, Silver Spoon, Maple and Main, Red Door, Three Sisters, Olive Tree
Happy Valley, Pico's, North Star, The Yellow Umbrella, Little Lisbon, Harbor House, Prime Time, Cactus Jack's
""")
_TOWNS = words(
    "Phoenix, Las Vegas, Pittsburgh, Charlotte, Madison, Scottsdale, town, the valley, the neighborhood, Cleveland"
)
_QUOTED = words("fresh, homemade, deluxe, famous, authentic, gourmet, special, luxury, quick, professional")


def rows() -> dict[str, list[dict]]:
    """Both splits; stars drawn evenly, no review twice."""
    random, taken = Random("yelp"), set()
    made = {}
    for split, count in (("train", TRAIN), ("test", TEST)):
        made[split] = []
        while len(made[split]) < count:
            label = random.randrange(5)
            if (text := review(label, random)) not in taken:
                taken.add(text)
                made[split].append({"label": label, "text": text})
    return made


def review(label: int, random: Random) -> str:
    """One review of ``label`` + 1 stars."""
    facts = random.choice(list(_KINDS.values()))
    slots = {
        "kind": random.choice(facts["kinds"]),
        "town": random.choice(_TOWNS),
        "thing": facts["things"],
        "dish": [thing.removeprefix("the ") for thing in facts["things"]],
        "flaw": _FLAWS,
        "saving": _SAVINGS,
    }
    things, staff = Deck(facts["things"], random), Deck(facts["staff"], random)
    events = Deck(facts["events"] + _EVERYWHERE, random)

    def level(spread: float) -> int:
        return min(4, max(0, round(random.gauss(label, spread))))

    said = []
    for _ in range(random.choices((1, 2, 3, 4), (15, 35, 32, 18))[0]):
        kind = random.random()
        if kind < 0.5:
            said.append(_about_thing(level(_SPREAD), things.draw(), facts["plural"], slots, random))
        elif kind < 0.8:
            at = level(_SPREAD)
            extra = {"staff": staff.draw(), "people": _PEOPLE[at], "adjective": _plain(at)}
            said.append(sentence(random.choice(_JUDGED_STAFF), {**slots, **extra}, random))
        else:
            said.append(sentence(random.choice(_PRICES[level(_SPREAD)]), slots, random))
    if random.random() < 0.3 and 0 < label < 4:
        turn = random.choice(("but", "then again,", "on the other hand,"))
        said.append(sentence(f"{turn} " + random.choice(("{flaw}.", "{saving}.")), slots, random))

    told = [
        sentence(events.draw(), slots, random)
        for _ in range(random.choices((1, 2, 3, 4, 5, 7), (22, 28, 22, 14, 10, 4))[0])
    ]
    if random.random() < 0.4:
        name = random.choice(_NAMES)
        told.insert(
            0, fill(f"[{name} is a(n) {{kind}} in {{town}}|I went to {name}|We tried {name}].", slots, random)
        )
    if random.random() < _LONG:
        told += [
            sentence(line, slots, random)
            for line in random.sample(_LONG_STORY, random.randint(8, len(_LONG_STORY)))
        ]
        told += [sentence(events.draw(), slots, random) for _ in range(random.randint(3, 12))]
    summary = [sentence(random.choice(_SUMMARIES[level(_SUMMARY_SPREAD)]), slots, random)]
    if random.random() < 0.2:
        summary = []
    parts = summary + told + said if random.random() < 0.2 else told + said + summary
    if random.random() < _SHOUTING:
        place = random.randrange(len(parts))
        parts[place] = parts[place].upper()
    return _join(parts, random)


def _about_thing(at: int, thing: str, plural: list[str], slots: dict, random: Random) -> str:
    many, food = thing in plural, slots["kind"] in _KINDS["eating"]["kinds"]
    if random.random() < _QUOTES:
        thing = f'the \\"{random.choice(_QUOTED)}\\" {thing.removeprefix("the ")}'
    adjective, second = random.sample(_plain(at, food), 2)
    extra = {
        "thing": thing,
        "be": "were" if many else "was",
        "adjective": adjective,
        "Adjective": adjective[:1].upper() + adjective[1:],
        "and_adjective": f"[even|maybe|almost] {second}",
        "verb": random.choice(_VERBS[at]),
    }
    templates = [*_JUDGED_THING, "I tried {thing} and {verb}."] if food else _JUDGED_THING
    return sentence(random.choice(templates), {**slots, **extra}, random)


def _plain(at: int, food: bool = False) -> list[str]:
    return [word for word in _ADJECTIVES[at] if food or word not in ("inedible", "bland", "tasty")]


def _join(parts: list[str], random: Random) -> str:
    """One text; new lines are written as backslash and n, as in Yelp's file."""
    if len(parts) < 3 or random.random() >= _PARAGRAPHS:
        return " ".join(parts)
    text = parts[0]
    for part in parts[1:]:
        text += random.choices((" ", "\\n\\n", "\\n"), (6, 3, 1))[0] + part
    return text
