"""Words that tell statements apart from what is none: verbs, pronouns, hedges, sources, opposites."""

from __future__ import annotations

import re


def word_set(words: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(words.split())


BE = word_set("is are was were be been being am 's 're")
HAVE = word_set("has have had")
AUXILIARIES = BE | HAVE | word_set("does do did will can may might must shall could would should cannot")

_PAST = """
won wrote written built made kept led taught bore born sang sung sold bought gave given held lost left spoke spoken
stole stolen knew known began begun came became grew grown drew drawn flew flown fought thought brought took taken
saw seen drove driven rode ridden rose risen fell fallen broke broken chose chosen wore worn swam swum sank sunk
shot met paid said told spent sent stood died succeeded married fed went gone ran sat threw thrown struck buried
caught laid lay lit found felt got hit let put set cut read shut beat beaten ate eaten hung hid hidden hurt rang
understood overcame withdrew forbade arose awoke bred dealt dug fled forgot froze heard lent meant proved rebuilt
retook shook shone showed shown slept slid sought spread sprang strove swore swept tore wound withstood undertook
oversaw underwent wed split cast cost quit burst bound bent bet bid
"""
_PRESENT = """
lies stands lives plays serves holds contains includes covers flows runs borders connects leads belongs features
stars tells follows describes depicts remains became becomes works writes teaches owns operates produces makes gives
takes comes goes sits rises forms marks means uses shows hosts houses offers provides represents consists comprises
dates derives originates extends reaches crosses drains links joins occurs grows breeds feeds measures weighs
competes manages directs sings performs appears begins ends opens closes won wins airs broadcasts publishes
specializes specialises focuses deals refers stems survives ranks numbers counts revolves centers centres concerns
"""
PAST_FORMS = word_set(_PAST)
PRESENT_FORMS = word_set(_PRESENT)

_NOT_VERBS = word_set(
    "red bed hundred need seed speed feed breed weed indeed shed sacred naked wicked united limited aged infrared "
    "beloved kindred talented gifted so-called deceased"
)


def is_verb(word: str) -> bool:
    """Whether a word is likely a finite verb or a participle; lower case only.

    >>> is_verb("translated"), is_verb("was"), is_verb("hundred")
    (True, True, False)
    """
    if word in AUXILIARIES or word in PAST_FORMS or word in PRESENT_FORMS:
        return True
    return (
        len(word) > 3 and word.endswith("ed") and word.replace("-", "").isalpha() and word not in _NOT_VERBS
    )


HE_SHE = word_set("he she")
PRONOUNS = HE_SHE | word_set("it they")
POSSESSIVES = {"his": "he", "her": "she", "its": "it", "their": "they"}
UNRESOLVED = PRONOUNS | frozenset(POSSESSIVES) | word_set("this these those him them")

_PERSON_NOUNS = """
king queen prince princess emperor empress duke duchess lord lady pope bishop saint nun monk priest knight poet bard
chef host cook judge general admiral captain colonel sergeant chief guard coach athlete boxer sprinter gymnast model
architect activist diplomat scholar pilot astronaut student nurse doctor surgeon physician man woman boy girl father
mother son daughter brother sister wife husband uncle aunt cousin child twin author actress businessman mathematician
person people criminal thief spy slave hero heroine star celebrity minister president mayor senator bassist golfer
"""
_PERSON_WORDS = word_set(_PERSON_NOUNS)
_PERSON_ENDING = re.compile(r"\w{3,}(?:ist|ian|er|or|man|woman|keeper|eer|ress|crat|ogue|maker)$")
_THING_DESPITE_ENDING = word_set(
    "river number order tower paper theater chapter letter quarter center border motor sector factor "
    "computer water newspaper thriller harbor harbour member character winter summer cover layer power "
    "flower tiger timber corner composer-in-residence supper dinner trailer container frontier floor door "
    "war color mirror manor meteor error flavor corridor minor "
)


def is_person_noun(noun: str) -> bool:
    """Whether "a <noun>" says that someone is a person.

    >>> is_person_noun("mathematician"), is_person_noun("river"), is_person_noun("town")
    (True, False, False)
    """
    noun = noun.lower()
    if noun in _PERSON_WORDS:
        return True
    return noun not in _THING_DESPITE_ENDING and _PERSON_ENDING.match(noun) is not None


_LIGHT = """
located situated based found lies lie lying stands stand placed set called named known titled dubbed part
parts includes include included including consists consist consisting comprises contains contain contained
happened happens occurred occurs took takes take place became become becomes served serves serving serve
various several also remains remained
"""
LIGHT_WORDS = word_set(_LIGHT)
"""Relations so general that any sentence which puts two names side by side may say them in other words."""

_SINGULAR = """
born birth died death capital directed director written wrote author designed designer composed composer
invented inventor founded founder discovered discoverer built builder painted painter established succeeded
preceded elected buried created creator height population area length named
"""
SINGULAR_WORDS = word_set(_SINGULAR)
"""Relations that usually have one answer: who else is told to be it speaks against the claim."""

HEDGE = re.compile(
    r"\b(?:probably|perhaps|possibly|presumably|apparently|allegedly|reportedly|supposedly|likely|"
    r"arguably|seemingly|purportedly|maybe)\b,?\s*",
    re.IGNORECASE,
)
"""Words that weaken a statement; they are left out and remembered."""

UNNAMED_SOURCE = re.compile(
    r"^(?:(?:"
    r"it (?:is|was|has been) (?:widely |generally |often |commonly )?"
    r"(?:said|believed|thought|reported|known|noted|claimed|estimated)"
    r"|(?:some|many|most) (?:people |experts |scholars |sources |historians )?(?:say|believe|think|claim|argue)"
    r"|(?:sources|reports|records|historians|scholars) (?:say|show|suggest|indicate|agree)"
    r"|the (?:fact|truth) is|note|remember|recall|keep in mind|i (?:know|recall|remember)) that\s+"
    r"|(?:according to (?:some|many|most|several|the) "
    r"(?:sources?|reports|records|accounts|historians|scholars|experts)(?: above)?"
    r"|based on (?:the|these) (?:sources|passages|documents|context|evidence)(?: provided| above| given)?),?\s+)",
    re.IGNORECASE,
)
"""Attributions to nobody in particular: what follows is the claim."""

CONNECTIVE = re.compile(
    r"^(?:however|moreover|furthermore|additionally|in addition|also|besides|in fact|indeed|notably|interestingly|"
    r"for (?:example|instance)|therefore|thus|hence|so|then|consequently|as a result|meanwhile|nevertheless|"
    r"nonetheless|"
    r"in summary|in conclusion|overall|finally|first|firstly|second|secondly|third|thirdly|lastly|similarly|likewise|"
    r"on the other hand|by contrast|in contrast|of course|and|but|yet|yes|no|well|specifically|in short|to sum up),\s+"
    r"|^(?:and|but|so|yet)\s+",
    re.IGNORECASE,
)
"""What joins a sentence to the one before it and says nothing."""

NEGATIONS = word_set(
    "not no never none nobody nothing neither nor without cannot n't hardly failed fails refused unable "
    "didn't wasn't isn't aren't weren't doesn't don't hasn't haven't hadn't won't can't couldn't wouldn't"
)

_OPPOSITES = """
north south, north east, north west, south east, south west, east west, northern southern, northern
eastern, northern western, southern eastern, southern western, eastern western, northeast northwest,
northeast southeast, northeast southwest, northwest southeast, northwest southwest, southeast
southwest, left right, first last, first second, first third, second third, first fourth, second
fourth, third fourth, first final, early late, earlier later, before after, old new, older younger,
oldest youngest, elder younger, eldest youngest, oldest newest, large small, larger smaller, largest
smallest, big small, bigger smaller, biggest smallest, high low, higher lower, highest lowest, long
short, longer shorter, longest shortest, tall short, taller shorter, tallest shortest, deepest
shallowest, hot cold, warm cold, wet dry, hard soft, heavy light, rich poor, fast slow, strong weak,
public private, male female, man woman, men women, boy girl, boys girls, husband wife, father
mother, son daughter, brother sister, brothers sisters, sons daughters, uncle aunt, king queen,
prince princess, actor actress, win lose, won lost, defeat victory, rise fall, rose fell, increase
decrease, increased decreased, increases decreases, born died, birth death, begin end, began ended,
begins ends, start stop, started stopped, start finish, started finished, open close, opened closed,
enter leave, entered left, join leave, joined left, accept reject, accepted rejected, allow forbid,
allowed forbade, allowed banned, include exclude, included excluded, buy sell, bought sold, arrive
depart, arrived departed, parent child, teacher student, employer employee, married divorced, alive
dead, true false, same different, upper lower, inside outside, above below, over under, maximum
minimum, major minor, urban rural, domestic foreign, amateur professional, successful unsuccessful,
best worst, better worse, black white, red blue, red green, green blue, fiction nonfiction, pass
fail, passed failed, majority minority, single double, bachelor married, guilty innocent, active
extinct, living extinct, winner loser, more less, most least, more fewer, daily weekly, daily
monthly, weekly monthly, monthly quarterly, monthly annual, weekly quarterly, yearly monthly,
television radio, summer winter, spring autumn, predecessor successor, preceded succeeded, paternal
maternal, ancestor descendant, import export, soprano bass, comedy tragedy
"""
OPPOSITES: frozenset[frozenset[str]] = frozenset(
    frozenset(pair.split()) for pair in _OPPOSITES.replace("\n", " ").split(",") if len(pair.split()) == 2
)
"""Pairs that cannot both be meant in the same place of the same sentence."""
