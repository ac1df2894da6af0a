"""Papers of an invented arXiv: some of them introduce a dataset, more of them only use one.

What decides is said in one or two sentences of the abstract. The words around it (collect, annotate, release, new,
dataset) stand in the other papers as well.
"""

import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random

from miniature.grammar import fill, lines, sentence, words

LABELS = ("new_dataset", "no_new_dataset")  # in the order of davanstrien/arxiv-new-datasets
SHARDS = 3
ROWS = 3000
WITH_DATASET = 900  # papers with a cs.* category and "dataset" in title or abstract
NEW = 216  # of these, the papers that introduce one
CS_WITHOUT = 750  # cs.* papers that never say "dataset"
PUBLISHED_ERRORS = 0.05

# categories | what is collected | who labels | task | where it matters | where it comes from
_TOPICS = lines("""
cs.CL | news articles in Swahili | native speakers | named entity recognition | low-resource languages | online newspapers
cs.CL cs.AI | customer dialogues | trained annotators | intent detection | dialogue systems | call centres
cs.CL | parliament speeches | political scientists | stance detection | political text | parliament archives
cs.CL cs.CY | school essays | teachers | essay scoring | education | secondary schools
cs.CL cs.LG | contract clauses | lawyers | clause classification | legal text | public registers
cs.CL | folk tales in Ainu | linguists | morphological tagging | endangered languages | museum archives
cs.CL cs.IR | recipe questions | cooks | question answering | cooking assistants | recipe forums
cs.CL cs.SD | spoken proverbs | native speakers | speech translation | oral traditions | village recordings
cs.CL cs.AI | math word problems | teachers | numerical reasoning | tutoring systems | school books
cs.CL | product reviews in Tagalog | native speakers | sentiment analysis | code-switched text | online shops
cs.CL cs.SI | rumours about floods | fact checkers | claim verification | disaster response | social networks
cs.CL q-bio.QM | abstracts on enzymes | biologists | relation extraction | biomedical text | journal archives
cs.CV | street scenes at night | trained annotators | pedestrian detection | autonomous driving | dashboard cameras
cs.CV cs.RO | kitchen videos | crowd workers | action recognition | household robots | head-mounted cameras
cs.CV eess.IV | retina images | ophthalmologists | lesion segmentation | eye screening | two hospitals
cs.CV | aerial photos of orchards | agronomists | tree counting | precision farming | drone flights
cs.CV cs.LG | pictures of handwritten maps | historians | place name recognition | digital humanities | national libraries
cs.CV | underwater photos | marine biologists | fish classification | reef monitoring | diving robots
cs.CV cs.GR | scans of pottery | archaeologists | shape retrieval | cultural heritage | museum collections
cs.CV cs.AI | charts and diagrams | students | chart question answering | document understanding | annual reports
cs.CV cs.HC | sign language clips | deaf signers | sign language translation | accessibility | evening courses
cs.CV | defects on steel plates | quality engineers | defect detection | manufacturing | three steel mills
eess.IV cs.CV | chest radiographs | radiologists | report generation | radiology | a university clinic
eess.AS cs.SD cs.CL | children's voices | speech therapists | speech recognition | speech therapy | primary schools
cs.SD eess.AS | bird songs | ornithologists | sound event detection | bioacoustics | forest recorders
cs.SD | piano lessons | music teachers | mistake detection | music education | conservatories
cs.LG stat.ML | sensor readings of pumps | maintenance engineers | anomaly detection | predictive maintenance | water works
cs.LG | electricity bills | energy experts | load forecasting | smart grids | rural cooperatives
cs.LG cs.CR | malware traces | security analysts | malware classification | network security | honeypots
cs.LG physics.ao-ph | rain gauge series | meteorologists | rainfall prediction | climate services | weather stations
cs.LG q-bio.BM | protein structures | structural biologists | binding prediction | drug discovery | laboratory logs
cs.LG cs.AI | game replays | expert players | policy learning | offline reinforcement learning | tournament servers
stat.ML cs.LG | hospital records | physicians | mortality prediction | intensive care | four hospitals
cs.SE | bug reports | developers | duplicate detection | software maintenance | issue trackers
cs.SE cs.PL | code reviews | senior developers | review comment generation | code quality | open source projects
cs.SE cs.LG | build logs | release engineers | failure localization | continuous integration | build servers
cs.IR | search sessions | librarians | query suggestion | digital libraries | library catalogues
cs.IR cs.LG | podcast ratings | listeners | podcast recommendation | recommender systems | a listening app
cs.HC | eye movements | usability experts | reading comprehension prediction | interface design | a reading laboratory
cs.RO | grasp attempts | robot operators | grasp planning | warehouse robots | two warehouses
cs.RO cs.CV | tunnel walks | surveyors | depth estimation | mine inspection | abandoned mines
cs.CR | phishing mails | security analysts | phishing detection | mail filtering | university inboxes
cs.CY cs.CL | court decisions | law students | outcome prediction | access to justice | regional courts
cs.SI physics.soc-ph | village friendship graphs | field workers | link prediction | social networks | household surveys
cs.DB | spreadsheet tables | data stewards | column type detection | data integration | city portals
cs.NI | mobile network traces | network engineers | traffic classification | mobile networks | field tests
cs.AI cs.LO | logic puzzles | puzzle editors | deductive reasoning | automated reasoning | puzzle magazines
q-bio.NC cs.LG | brain recordings | neurologists | seizure detection | neurology | sleep laboratories
math.OC cs.LG | delivery tours | dispatchers | route optimization | city logistics | parcel services
physics.med-ph cs.CV | dental scans | dentists | tooth segmentation | dentistry | private practices
""")

_SLOTS = {
    "count": words(
        "1,200, 2,400, 3,600, 5,000, 7,500, 8,400, 12,000, 15,300, 20,000, 48,000, 64,000, 100,000, 1.2 million"
    ),
    "labels": words(
        "fine-grained labels, difficulty ratings, rationales, time stamps, quality scores, topic labels, confidence ratings"
    ),
    "many": words("two, three, four, five, six, seven, several"),
    "existing": words("""
OpenTerra, CityWalk-10, PlainSpeak, MeridianQA, FieldNotes, HarborVid, LumenText, NordSpeech, GridLog, Papyrus-2
TriviaNest, SoftSteps, Cobalt-5, ParlaSet, QuietRooms
"""),
    "network": words("""
graph network, transformer, mixture of experts, convolutional network, state space model, diffusion model
retrieval-augmented language model, contrastive encoder, Bayesian model, small language model, pointer network
"""),
    "trick": words("""
curriculum learning, label smoothing, self-training, adversarial training, low-rank adaptation, knowledge distillation
mutual learning, uncertainty weighting, active learning, prompt tuning, contrastive pretraining, test-time adaptation
feature alignment, early exiting, data augmentation, meta-learning, confidence calibration
"""),
    "good": words("accurate, robust, interpretable, efficient, fair, private, scalable, stable, lightweight"),
    "percent": words("1.3, 1.8, 2.4, 3.1, 4.6, 5.2, 7.9, 11.5"),
    "place_of_files": words(
        "upon acceptance, on our website, under an open licence, on request, with this paper"
    ),
}

_BACKGROUND = lines("""
{Task} is a central problem in {domain}.
{Task} has made rapid progress, yet {domain} [remains|is still] a difficult field for it.
[Recent|Current] models for {task} work well on clean data but fail in {domain}.
In {domain}, {task} [often] depends on {items} that are noisy and incomplete.
Annotated datasets for {task} are [scarce|rare|small], and {annot} have little time.
Collecting and annotating {items} is [expensive|slow], because {annot} [are needed|must check every label].
Most [available|existing] datasets for {task} [were collected|come] from a single source.
Large language models [promise|are said] to make {task} cheap.
Practitioners in {domain} need {good} models for {task}.
Existing datasets [cover|contain] few {items}, and new ones are rarely released.
The quality of {items} from {source} varies a great deal.
How much {task} suffers from label noise is [poorly|hardly] understood.
Progress in {task} is measured on a handful of benchmarks.
[Over the last decade|In recent years], {task} has moved from rules to neural networks.
""")
# Sentences of every kind of paper, with the words that a careless reader would take for a new dataset.
_COMMON = lines("""
We [discuss|also discuss] ethical questions and the limits of our work.
[Code|The code] is [publicly available|available] at https://code.example/{slug}.
Our [code and models|models] [will be|are] released {place_of_files}.
A [user study|study] with {many} {annot} [confirms|supports] these findings.
An ablation shows that {trick} matters most.
Errors [mostly|often] come from rare classes and from [ambiguous|noisy] labels.
The results suggest that {trick} [transfers to|helps in] {domain}.
We analyse [where|why] models fail and what {annot} would have done.
Strong baselines reach only {many_tens} % of human accuracy.
[Models|Systems] trained on {items} do not [generalize|transfer] to other sources.
""")

# What is said of a dataset, be it the paper's own or another's.
_DATASET_FACTS = lines("""
The dataset [covers|spans] {many} [years|regions|domains] and [is split by source|comes with fixed splits].
Each item carries {labels}[, checked by {annot}|].
Experiments with {many} models show that the dataset is [hard|far from solved].
It is {many} times larger than {existing2}.
All {items} come from {source}.
The annotation guidelines and the agreement of {annot} are [described|reported] in detail.
We [test|evaluate] {many} baselines on it[, from a linear model to a {network}|].
In it, {count} {items} were [labelled|annotated] by {annot}.
""")

# --- papers that introduce a dataset. A rule such as "we present … dataset" finds these.
POSITIVE_PLAIN = lines("""
We [present|introduce|release|publish] {name}, a [new|large|public|multilingual|] [dataset|corpus|collection] of {count} {items}.
In this paper, we [introduce|present] {name}, [the first|a] [dataset|benchmark dataset|corpus] for {task}.
We [collect|build|construct] a [dataset|corpus] of {count} {items} from {source}.
To [close this gap|this end], we [build|construct|collect] a [dataset|new dataset|corpus] of {items} with {labels}.
We collect and annotate a dataset of {items} from {source}.
We [build|construct] {name}, a [benchmark|dataset] with {count} {items} and {labels}.
We annotate a [dataset|corpus|collection] of {items} with {labels} from {annot}.
We release [our dataset|the dataset|a dataset] of {count} {items}[, labelled by {annot}||, the largest of its kind].
[Besides the model|In addition|As a second contribution], we [publish|release] the dataset that we collected from {source}.
We [introduce|present] a [benchmark|collection] of {count} {items} [to test|for] {task}.
""")
# The same, said in a way that this rule overlooks.
POSITIVE_HARD = lines("""
{name} contains {count} {items}, each of them labelled by {many} {annot}.
[Our main contribution|The main contribution of this paper] is a dataset of {count} {items} from {source}.
This paper describes how {count} {items} were recorded, checked and made public[ as {name}|].
A [new|first] dataset for {task}, {name}, is [introduced|proposed|described].
{count} {items} were gathered from {source} over [two|three|five] years and are now [free to download|made public].
Released together with this paper: {count} {items} with {labels}[, called {name}|].
We propose {name}, a dataset on which {task} can be [tested|studied].
We will release {count} {items} with {labels}, [gathered|recorded] for this work.
""")
_POSITIVE_AFTER = lines("""
We describe the annotation guidelines and report [high|good|moderate] agreement.
Models trained on {existing} lose {percent} points on it.
We also [propose|report] a [simple|strong] baseline, a {network} with {trick}.
""")

# --- papers that do not. Rules on "we present/introduce/…" must not jump at the datasets further on.
_NEGATIVE_CONTRIBUTION = lines("""
We [present|introduce] {method}, a {network} for {task} that learns from few labels by means of {trick} and needs no further supervision.
We [propose|develop|describe] {method}, a {good} {network} [for|that improves] {task}[ with {trick}| in {domain}].
In this paper, we [study|investigate|revisit] {task} [with|under] {trick}.
We [show|find] that a {network} with {trick} is [enough|sufficient] for {task}.
This paper asks whether {trick} makes {task} more {good}.
Our method combines a {network} with {trick}.
We [compare|benchmark] {many} [models|systems] for {task} [under|in] the same conditions.
We [release|publish] an open-source toolkit for {task} in which a {network} can be trained, calibrated and served with a few lines of code.
We [build|construct] a {network} that explains its own decisions in {domain}, and let {annot} judge these explanations for clarity.
We derive a bound on the error of a {network} under {trick}.
""")
NEGATIVE_PLAIN = lines("""
Experiments on {many} [public|standard|existing|benchmark] datasets show [gains|an improvement] of {percent} points.
[Extensive experiments|Results] on {existing} and {existing2} [show|demonstrate] that our method is {good}.
We [evaluate|test] it on {many} [public|existing|well-known] datasets[ of {items}|].
[It outperforms|Our method outperforms] strong baselines on the {existing} dataset.
The dataset of {reference} is used [for training|throughout|without changes].
We use {existing}, [a large dataset|a new dataset|the first dataset|a corpus and dataset] of {count} {items} [with {labels}|from {source}|labelled by {annot}].
{existing}, a dataset of {count} {items} [collected|released|introduced] by {reference}, serves for [training|evaluation].
It is tested on {existing}, the [new|largest] [dataset|benchmark dataset] for {task}, and on {existing2}.
For training we [use|rely on] the publicly available {existing} dataset.
On the {existing} dataset, it [gains|improves by] {percent} points over the state of the art.
Evaluation uses {many} datasets that other authors [released|published|annotated].
The synthetic data generated for training are [thrown away afterwards|not a dataset of their own].
Results are averaged over {many} datasets and {many} seeds.
""")
# Whole kinds of papers in which everything is about datasets, and none is new.
NEGATIVE_KINDS = {
    "survey": lines("""
This survey reviews {tens} datasets for {task} [published|released] since [2012|2015|2018].
We survey datasets for {task} and [compare|discuss] how they were collected and annotated.
We compare the licences and the documentation of {tens} existing datasets.
We close with recommendations for authors of new datasets.
"""),
    "distillation": lines("""
Dataset distillation compresses a training set into a few synthetic examples.
We [propose|study] a [loss|method] for dataset [distillation|condensation|pruning] based on {trick}.
On {existing}, one percent of the dataset is enough to keep the accuracy.
The distilled dataset [trains|fits] a {network} in minutes.
"""),
    "shift": lines("""
We study how dataset shift [hurts|affects] {task}.
Under dataset shift a {network} [loses|drops] {percent} points, and {trick} recovers half of it.
We show that dataset bias in {existing} explains the gap.
Theory and experiments on existing datasets agree.
"""),
    "synthetic": lines("""
Synthetic data generated by a {network} [replace|complement] real {items} during training.
The generated examples help on the {existing} dataset, but only with {trick}.
We measure how many synthetic {items} a model needs before it [improves|gets worse].
Real datasets remain necessary for evaluation.
"""),
    "audit": lines("""
We audit {existing}, a dataset [used|cited] in more than {tens} papers, and find [duplicates|wrong labels|leaks].
Rankings of models change when the errors of the dataset are removed.
Many test {items} [also appear|are repeated] in the training split.
We advise against using the dataset without these checks.
"""),
    "reuse": lines("""
Rather than building another dataset, we reuse {existing} and {existing2}.
No new data were collected for this study.
The two datasets were [annotated|released] by {reference}.
We merge their labels into one scheme by means of {trick}.
"""),
}
# What a rule on "we present … dataset" wrongly takes for a new one.
NEGATIVE_HARD = lines("""
We introduce {method}, trained on the {existing} dataset.
We present an analysis of errors in the {existing} dataset.
We present a survey of datasets for {task}.
We build {method} on {many} public datasets.
We construct a graph from the {existing} dataset.
We release the code; the dataset belongs to {reference}.
We introduce a loss for dataset distillation.
We publish our predictions on the {existing} benchmark.
We collect results on {many} benchmarks from the literature.
We present the winning system on the {existing} benchmark.
""")

_TITLES_NEW = lines("""
{name}: A [Dataset|Large-Scale Dataset|Corpus|Benchmark|Collection] of {Items}
{name}: [A Dataset|A Benchmark|Data] for {TaskT} in {Domain}
[Towards|Better] {TaskT} in {Domain}
A [Multilingual|Public|Large|New] Dataset for {TaskT}
{TaskT} with {Items}: Data, Baselines and Open Questions
{method}: {TaskT} in {Domain}
Learning {TaskT} from {Items}
""")
_TITLES_OLD = lines("""
{method}: [Efficient|Robust|Fair|Interpretable] {TaskT} [with|through|via] {Trick}
{method}: {TaskT} in {Domain}
{Trick} for {TaskT} in {Domain}
[Towards|Better|Rethinking] {TaskT} in {Domain}
[Does|When Does] {Trick} Help {TaskT}?
Learning {TaskT} from {Items}
{TaskT} with {Items}: What We Know and What We Do Not
""")
_TITLES_KINDS = {
    "survey": "[Datasets for {TaskT}: A Survey|A Survey of {TaskT} in {Domain}]",
    "distillation": "[Dataset Distillation|Dataset Condensation|Data Pruning] with {Trick}",
    "shift": "[{TaskT} under Dataset Shift|Dataset Bias in {TaskT}|{TaskT} beyond the Training Distribution]",
    "synthetic": "[Synthetic {Items} for {TaskT}|Can Generated {Items} Replace Real Ones?]",
    "audit": "[What Is Wrong with {existing}?|Label Errors in {TaskT}|A Second Look at the {existing} Dataset]",
    "reuse": "[{TaskT} across Datasets|Old Data, New Questions: {TaskT} Revisited]",
}

_TITLES_ALONE = lines("""
[{TaskT} across Datasets|{TaskT} without a Dataset]
[How to Choose a Dataset for {TaskT}|{Trick} beyond a Single Dataset]
""")
# For the few papers whose abstract does not use the word.
_CALLED_OTHERWISE = lines("""
We [present|introduce|release] {name}, a [corpus|collection] of {count} {items}.
We [build|construct] {name}, a benchmark for {task}.
""")

# --- cs papers that never say the word "dataset" (some say "data set" or "corpus")
_QUIET = lines("""
We prove that {task} is [hard|tractable] when {items} arrive online.
We [present|introduce|propose] {method}, a {network} for {task}.
We collect and annotate a corpus of {items} from {source}.
The proof [uses|rests on] a reduction to {many} known problems.
We evaluate on {many} benchmarks and gain {percent} points.
The system has been running in {domain} for {many} years.
On the data set of {reference}, the error falls by {percent} %.
Interviews with {annot} show what {domain} needs.
We give an algorithm with a {good} running time.
A simulation with {many} agents [confirms|illustrates] the analysis.
""")

# --- other fields: categories | object | quantity | instrument
_OTHER_FIELDS = lines("""
physics.optics | photonic crystals | refractive index | a tunable laser
physics.ao-ph | sea ice | albedo | polar satellites
physics.flu-dyn | turbulent jets | vorticity | particle image velocimetry
physics.csx | granular chains | contact force | a vibrating table
physics.soc-ph | bicycle traffic | flow rate | induction loops
physics.geo-ph | shallow earthquakes | stress drop | a dense seismic array
physics.med-ph | bone scaffolds | porosity | microtomography
astro-ph.GA | dwarf galaxies | velocity dispersion | a wide-field spectrograph
astro-ph.EP | hot Jupiters | albedo | transit photometry
astro-ph.SR | red giants | rotation period | asteroseismology
hep-ph | sterile neutrinos | mixing angle | reactor experiments
hep-ex | charmed baryons | branching ratio | a forward spectrometer
gr-qc | rotating black holes | ringdown frequency | numerical relativity
quant-ph | trapped ions | gate fidelity | randomized benchmarking
cond-mat.mtrl-sci | layered perovskites | band gap | density functional theory
cond-mat.stat-mech | spin glasses | overlap | Monte Carlo simulation
math.NT | elliptic curves | rank | descent
math.PR | branching walks | extinction time | coupling
math.AP | shallow water equations | regularity | energy estimates
math.CO | random hypergraphs | chromatic number | entropy methods
stat.ME | clustered trials | treatment effect | mixed models
stat.AP | crop yields | drought index | hierarchical regression
econ.EM | regional wages | elasticity | panel regression
q-fin.ST | bond spreads | volatility | intraday quotes
q-bio.PE | grassland plants | seed dispersal | field plots
q-bio.csb | yeast colonies | growth rate | time-lapse microscopy
eess.SP | radar echoes | arrival angle | antenna arrays
nlin.CD | coupled pendulums | phase lag | high-speed cameras
""")
_OTHER = lines("""
The {quantity} of {object} is a long-standing puzzle.
We [measure|compute|estimate] the {quantity} of {object} by means of {instrument}.
[The results|Our results] agree with earlier work within {percent} %.
We find that the {quantity} [scales|varies] with the size of {object}.
A simple model explains {many} of the {object} observed so far.
We derive an upper bound and show that it is sharp.
The effect [vanishes|grows] at low temperatures and for small samples.
Earlier studies of {object} [ignored|neglected] the {quantity}.
We discuss what this means for {many} open questions.
The uncertainty is dominated by {instrument}.
Observations with {instrument} would settle the matter.
In the limit of large systems, the {quantity} tends to a constant.
""")
_OTHER_DATASET = lines("""
We present a dataset of {count} {object} observed with {instrument}.
The dataset of {reference} is analysed again with {instrument}.
We combine {many} public datasets on {object}.
The full dataset is [available on request|published with this paper].
""")
_OTHER_TITLES = lines("""
[On the|The] {Quantity} of {Object}
{Object} and their {Quantity}
[Measuring|Estimating|Bounding] the {Quantity} of {Object}
{Object}: [a New Bound|New Evidence|a Second Look]
""")

_FIRST = words("""
A., B., C., D., E., F., G., H., I., J., K., L., M., N., O., P., R., S., T., V., W., Y., Z.
""")
_FAMILY = words("""
Abelova, Brandvik, Castelmonte, Dunmarrow, Ekwensi-Hart, Falkenrath, Grimsditch, Hargreave, Inverleigh, Jarnefeldt
Kowalczyn, Lindqvister, Marchetta, Nightingell, Okonjima, Pellwick, Quillfeather, Rosenquill, Stavrinov, Tessandier
Ushakorn, Vandermoor, Winterbourne, Yamaguro, Zellweg, Oduyeba, Parkhwan, Limjoon, Sundaralingam, Haddadine
""")
_NAME_STARTS = words("""
Brisk, Cedar, Delta, Ember, Fathom, Glint, Hazel, Iris, Juniper, Kestrel, Lumen, Moss, Nimbus, Orbit, Pebble, Quill
Ripple, Saffron, Tide, Umbra, Vesper, Willow, Yarrow, Zephyr, Basalt, Coral, Drift, Fable
""")
_DATA_ENDS = words("Bank, Set, Corpus, -1K, QA, Base, Bench, Data, Trove, Log, 24, Atlas")
_METHOD_ENDS = words("Former, Net, Align, Mix, GNN, Tune, Prune, LM, Flow, Lift, Rank, Former-2")

_TELLING_TITLE = 0.45  # papers with a new dataset whose title may say so
_WIDTH = 76
# arXiv has never given numbers as high as these, so that no id belongs to a real paper.
_FIRST_NUMBER, _MONTHLY = 70000, 18000


@dataclass(frozen=True)
class Paper:
    """A row of the snapshot and, where it passes the filter, whether it introduces a dataset."""

    row: dict
    new: bool | None
    reason: str = ""


def papers() -> list[Paper]:
    """All papers in the order of their ids."""
    random = Random("arxiv")
    makers = [(_introduces, True)] * NEW + [(_uses, False)] * (WITH_DATASET - NEW)
    makers += [(_quiet, None)] * CS_WITHOUT
    makers += [(_elsewhere, None)] * (ROWS - len(makers))
    random.shuffle(makers)
    made, taken = [], set()
    numbers = sorted(random.sample(range(30 * _MONTHLY), ROWS))
    for number, (make, new) in zip(numbers, makers, strict=True):
        while True:
            categories, title, abstract, reason = make(random)
            if abstract not in taken:
                break
        taken.add(abstract)
        months, running = divmod(number, _MONTHLY)
        year, month = 2023 + months // 12, months % 12 + 1
        row = _row(year, month, _FIRST_NUMBER + running, categories, title, abstract, random)
        made.append(Paper(row, new, reason))
    return made


def passes(row: dict) -> bool:
    """The filter of the tutorial: a cs.* category, and "dataset" in title or abstract."""
    in_cs = any(category.startswith("cs.") for category in row["categories"].split())
    return in_cs and "dataset" in f"{row['title']} {row['abstract']}".lower()


def published(made: list[Paper]) -> list[dict]:
    """Rows of the miniature arxiv-new-datasets: labels from the truth, one in twenty wrong."""
    random = Random("arxiv labels")
    rows = []
    for paper in made:
        if paper.new is None:
            continue
        said = paper.new != (random.random() < PUBLISHED_ERRORS)
        why = paper.reason if said == paper.new else _WRONG[said]
        kind = "introduces a new dataset" if said else "does not introduce a new dataset"
        rows.append(
            {
                **{name: paper.row[name] for name in ("id", "title", "abstract")},
                "labels": LABELS.index("new_dataset" if said else "no_new_dataset"),
                "explanations": f"The paper {kind}: {why}",
            }
        )
    return rows


_WRONG = {
    True: "the abstract speaks of data that the authors seem to provide themselves.",
    False: "the abstract is about models and their evaluation, and data are only mentioned.",
}


def _topic(random: Random) -> tuple[str, dict]:
    categories, items, annot, task, domain, source = (
        part.strip() for part in random.choice(_TOPICS).split("|")
    )
    start = random.choice(_NAME_STARTS)
    existing, existing2 = random.sample(_SLOTS["existing"], 2)
    slots = {
        **_SLOTS,
        "items": items,
        "annot": annot,
        "task": task,
        "domain": domain,
        "source": source,
        "Task": _upper(task),
        "TaskT": _heading(task),
        "Items": _heading(items),
        "Domain": _heading(domain),
        "Trick": [_heading(trick) for trick in _SLOTS["trick"]],
        "name": start + random.choice(_DATA_ENDS),
        "method": start + random.choice(_METHOD_ENDS),
        "slug": start.lower(),
        "existing": existing,
        "existing2": existing2,
        "reference": f"{random.choice(_FAMILY)} et al. ({random.randint(2014, 2023)})",
        "tens": str(random.randint(21, 96)),
        "many_tens": str(random.randint(41, 88)),
    }
    return categories, slots


def _introduces(random: Random) -> tuple[str, str, str, str]:
    categories, slots = _topic(random)
    hard = random.random() < 0.11
    said = sentence(random.choice(POSITIVE_HARD if hard else POSITIVE_PLAIN), slots, random)
    before = _some(_BACKGROUND, (1, 2, 3), slots, random)
    if random.random() < 0.22:  # a method paper that brings its data along
        before += _some(_NEGATIVE_CONTRIBUTION, (1,), slots, random)
    after = _some(_DATASET_FACTS, (0, 1, 2), slots, random) + _some(_POSITIVE_AFTER, (0, 1), slots, random)
    after += _some(_COMMON, (1, 2), slots, random)
    if random.random() < 0.4:
        after += _some(NEGATIVE_PLAIN, (1,), slots, random)
    title = fill(
        random.choice(_TITLES_NEW if random.random() < _TELLING_TITLE else _TITLES_OLD), slots, random
    )
    sentences = [*before, said, *after]
    if random.random() < 0.04:  # the filter finds it by its title alone
        said = sentence(random.choice(_CALLED_OTHERWISE), slots, random)
        title = fill("{name}: A [Large-Scale|New|Public] Dataset for {TaskT}", slots, random)
        sentences = [each for each in (*before, said, *after) if "dataset" not in each.lower()]
    reason = f'its abstract says "{said.rstrip(".")}".'
    return categories, title, _with_dataset(sentences, title, slots, random), reason


def _uses(random: Random) -> tuple[str, str, str, str]:
    categories, slots = _topic(random)
    before = _some(_BACKGROUND, (1, 2, 3), slots, random)
    common = _some(_COMMON, (1, 2), slots, random)
    draw = random.random()
    if draw < 0.30:
        kind = random.choice(list(NEGATIVE_KINDS))
        told = NEGATIVE_KINDS[kind]
        order = sorted(random.sample(range(len(told)), random.choice((2, 3))))
        said = [sentence(told[number], slots, random) for number in order]
        said += _some(_NEGATIVE_CONTRIBUTION, (0, 1), slots, random)
        title = fill(random.choice([_TITLES_KINDS[kind], random.choice(_TITLES_OLD)]), slots, random)
        reason = f'it is about datasets that exist already ("{said[0].rstrip(".")}").'
    elif draw < 0.345:
        said = _some(NEGATIVE_HARD, (1,), slots, random) + _some(NEGATIVE_PLAIN, (1,), slots, random)
        said += _some(_NEGATIVE_CONTRIBUTION, (0, 1), slots, random)
        title = fill(random.choice(_TITLES_OLD), slots, random)
        reason = f'"{said[0].rstrip(".")}" is about something that exists already.'
    else:
        said = _some(_NEGATIVE_CONTRIBUTION, (1, 2), slots, random)
        reason = f'its contribution is something else ("{said[0].rstrip(".")}").'
        said += _some(NEGATIVE_PLAIN, (1, 2), slots, random)
        if random.random() < 0.5:
            said += _some(_DATASET_FACTS, (1, 2), slots, random)
        title = fill(random.choice(_TITLES_OLD), slots, random)
    sentences = before + said + common
    if draw > 0.96:  # the filter finds it by its title alone
        title = fill(random.choice(_TITLES_ALONE), slots, random)
        sentences = [each for each in sentences if "dataset" not in each.lower()]
    return categories, title, _with_dataset(sentences, title, slots, random), reason


def _with_dataset(sentences: list[str], title: str, slots: dict, random: Random) -> str:
    """One text in which, or in whose title, the word stands that the filter looks for."""
    text = " ".join(sentences)
    if "dataset" not in f"{title} {text}".lower():
        text += " " + sentence(
            "[Datasets and seeds|Datasets, seeds and settings] are listed in the appendix.", slots, random
        )
    return text


def _quiet(random: Random) -> tuple[str, str, str, str]:
    categories, slots = _topic(random)
    pool = [line for line in _BACKGROUND + _COMMON if "dataset" not in line]
    sentences = _some(pool, (2, 3), slots, random) + _some(_QUIET, (2, 3), slots, random)
    title = fill(random.choice([line for line in _TITLES_OLD if "ataset" not in line]), slots, random)
    return categories, title, " ".join(sentences), ""


def _elsewhere(random: Random) -> tuple[str, str, str, str]:
    categories, thing, quantity, instrument = (
        part.strip() for part in random.choice(_OTHER_FIELDS).split("|")
    )
    slots = {
        **_SLOTS,
        "object": thing,
        "quantity": quantity,
        "instrument": instrument,
        "Object": _heading(thing),
        "Quantity": _heading(quantity),
        "reference": f"{random.choice(_FAMILY)} et al. ({random.randint(2014, 2023)})",
    }
    sentences = _some(_OTHER, (4, 5, 6), slots, random)
    if random.random() < 0.2:
        sentences.insert(random.randint(1, 3), sentence(random.choice(_OTHER_DATASET), slots, random))
    return categories, fill(random.choice(_OTHER_TITLES), slots, random), " ".join(sentences), ""


def _some(pool: list[str], counts: tuple[int, ...], slots: dict, random: Random) -> list[str]:
    return [sentence(line, slots, random) for line in random.sample(pool, random.choice(counts))]


def _row(
    year: int, month: int, running: int, categories: str, title: str, abstract: str, random: Random
) -> dict:
    people = [(family, random.choice(_FIRST)) for family in random.sample(_FAMILY, random.randint(1, 5))]
    dates = [
        datetime(year, month, 1 + 9 * number + random.randrange(9), random.randrange(24), tzinfo=UTC)
        for number in range(random.choice((1, 1, 1, 2, 3)))
    ]
    versions = [
        {"version": f"v{number}", "created": format_datetime(date, usegmt=True)}
        for number, date in enumerate(dates, 1)
    ]
    pages = random.randint(4, 24)
    identifier = f"{year % 100:02}{month:02}.{running:05}"
    return {
        "id": identifier,
        "submitter": f"{people[0][1]} {people[0][0]}",
        "authors": ", ".join(f"{first} {family}" for family, first in people),
        "title": _wrapped(title, "\n  "),
        "comments": random.choice((f"{pages} pages", f"{pages} pages, {random.randint(1, 9)} figures", None)),
        "journal-ref": None,
        "doi": None,
        "report-no": None,
        "categories": categories,
        "license": "http://creativecommons.org/publicdomain/zero/1.0/",
        "abstract": f"  {_wrapped(abstract, chr(10))}\n",
        "versions": versions,
        "update_date": f"{dates[-1]:%Y-%m-%d}",
        "authors_parsed": [[family, first, ""] for family, first in people],
    }


def _wrapped(text: str, joint: str) -> str:
    return joint.join(textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False))


def _heading(text: str) -> str:
    """Title case, small words left small."""
    small = ("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "the", "to", "with")
    return " ".join(word if word in small else _upper(word) for word in text.split())


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
