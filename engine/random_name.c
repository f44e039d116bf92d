/*
 * Names for containers that were given none: an adjective and the surname of a scientist. See
 * create.h.
 */
#include "base/mem.h"
#include "base/rand.h"
#include "engine/create.h"

static const char *const adjectives[] = {
	"able",     "amber",  "apt",      "balanced", "bold",    "brave",   "bright",  "brisk",
	"calm",     "candid", "careful",  "cheerful", "clear",   "clever",  "cosmic",  "crisp",
	"curious",  "daring", "deft",     "eager",    "early",   "earnest", "easy",    "elegant",
	"exact",    "fair",   "fearless", "fluent",   "fond",    "frank",   "fresh",   "gentle",
	"glad",     "golden", "graceful", "grand",    "happy",   "hardy",   "honest",  "hopeful",
	"humble",   "jolly",  "keen",     "kind",     "lively",  "loyal",   "lucid",   "lucky",
	"mellow",   "merry",  "mindful",  "modest",   "neat",    "nimble",  "noble",   "patient",
	"playful",  "plucky", "polite",   "proud",    "quick",   "quiet",   "radiant", "ready",
	"robust",   "serene", "sharp",    "silent",   "sincere", "smooth",  "snappy",  "solid",
	"steady",   "stoic",  "sturdy",   "subtle",   "sunny",   "swift",   "tender",  "tidy",
	"tranquil", "upbeat", "vivid",    "warm",     "wise",    "witty",   "zealous", "zesty",
};

static const char *const surnames[] = {
	"ampere",        "archimedes", "babbage",   "banach",     "bardeen",     "becquerel",
	"bernoulli",     "bohr",       "boltzmann", "boole",      "borg",        "bose",
	"boyle",         "brahe",      "cantor",    "carson",     "cauchy",      "cerf",
	"chandrasekhar", "church",     "clarke",    "codd",       "cori",        "coulomb",
	"curie",         "darwin",     "davinci",   "dijkstra",   "dirac",       "edison",
	"einstein",      "elion",      "engelbart", "erdos",      "euclid",      "euler",
	"faraday",       "fermat",     "fermi",     "feynman",    "fourier",     "franklin",
	"galileo",       "galois",     "gauss",     "germain",    "goedel",      "goldberg",
	"goodall",       "hamilton",   "hawking",   "heisenberg", "hertz",       "hilbert",
	"hodgkin",       "hopper",     "hubble",    "huygens",    "hypatia",     "johnson",
	"joliot",        "joule",      "kepler",    "khorana",    "knuth",       "kovalevskaya",
	"lagrange",      "lalande",    "lamarr",    "lamport",    "laplace",     "leavitt",
	"leibniz",       "liskov",     "lovelace",  "maxwell",    "mayer",       "mcclintock",
	"meitner",       "mendel",     "mendeleev", "milner",     "minkowski",   "mirzakhani",
	"morse",         "napier",     "nash",      "newton",     "nightingale", "nobel",
	"noether",       "ohm",        "pascal",    "pasteur",    "pauli",       "perlman",
	"planck",        "poincare",   "ptolemy",   "raman",      "ramanujan",   "ride",
	"riemann",       "ritchie",    "roentgen",  "rutherford", "sammet",      "schroedinger",
	"shannon",       "shockley",   "sinoussi",  "sutherland", "tereshkova",  "tesla",
	"thompson",      "torvalds",   "turing",    "volta",      "wiles",       "wing",
	"wozniak",       "wright",     "wu",        "yalow",      "yonath",      "zuse",
};

char *create_random_name(unsigned int try)
{
	unsigned char dice[4];
	const char *adjective, *surname;

	rand_bytes(dice, sizeof(dice));
	adjective = adjectives[(dice[0] << 8 | dice[1]) % ARRAY_SIZE(adjectives)];
	surname = surnames[(dice[2] << 8 | dice[3]) % ARRAY_SIZE(surnames)];
	if (try == 0)
		return xasprintf("%s_%s", adjective, surname);
	return xasprintf("%s_%s%u", adjective, surname, try % 10);
}
