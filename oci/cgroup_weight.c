/*
 * Conversions of weights, see cgroup_weight.h; by hand, since libm would be a library more in every
 * start.
 */
#include "oci/cgroup_weight.h"

/* Bits of fraction in the logarithms below. */
#define BITS 40

/* log2(x) for x >= 1: the whole part by shifting, each bit of the fraction by squaring. */
static double log2_of(double x)
{
	double whole = 0, bit = 0.5, fraction = 0;

	while (x >= 2) {
		x /= 2;
		whole++;
	}
	for (int i = 0; i < BITS; i++) {
		x *= x;
		if (x >= 2) {
			x /= 2;
			fraction += bit;
		}
		bit /= 2;
	}
	return whole + fraction;
}

/* The root of 2 that stands for each bit of the fraction, by Newton's steps. */
static double root(double x)
{
	double r = x;

	for (int i = 0; i < 30; i++)
		r = (r + x / r) / 2;
	return r;
}

/* 2^y for y >= 0. */
static double exp2_of(double y)
{
	double x = 1, factor = 2;

	while (y >= 1) {
		x *= 2;
		y -= 1;
	}
	for (int i = 0; i < BITS; i++) {
		factor = root(factor);
		y *= 2;
		if (y >= 1) {
			x *= factor;
			y -= 1;
		}
	}
	return x;
}

/* weight = 10^((l² + 125 l) / 612 - 7 / 34) with l = log2(shares). */
uint64_t cgroup_weight_from_shares(uint64_t shares)
{
	double l, exponent;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2_of((double)shares);
	exponent = (l * l + 125 * l) / 612.0 - 7.0 / 34.0;
	/* rounded up, so that 1024 gives exactly 100 whatever the last bits are */
	return (uint64_t)(exp2_of(exponent * 3.32192809488736234787) + 0.999999);
}

uint64_t cgroup_weight_from_blkio(uint64_t weight)
{
	if (weight < 10)
		return 1;
	return 1 + (weight - 10) * 9999 / 990;
}
