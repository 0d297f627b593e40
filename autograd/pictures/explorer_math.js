"use strict";

// What the table of primitives has and JavaScript's Math lacks, by the table's names.

const negative = (x) => x < 0 || Object.is(x, -0);

/** A finite number as n / 2^k. */
function exactly(x) {
  let [n, k] = [x, 0];
  for (; !Number.isInteger(n); n *= 2) k += 1;
  return [BigInt(n), k];
}

/** The double nearest to n / 2^k, halves to even. */
function nearest(n, k) {
  const drop = Math.max((n < 0n ? -n : n).toString(2).length - 53, k - 1074, 0);
  const kept = n >> BigInt(drop);
  const rest = 2n * (n - (kept << BigInt(drop)));
  const half = 1n << BigInt(drop);
  return ldexp(Number(kept + BigInt(drop > 0 && (rest > half || (rest === half && kept & 1n)))), drop - k);
}

/** x 2^e in steps, since 2 ** 1024 is no number; only the last of them can round. */
function ldexp(x, e) {
  const step = Math.max(-1000, Math.min(1000, e));
  return step ? ldexp(x * 2 ** step, e - step) : x;
}

function frexp(x) {
  let [mantissa, e] = [x, 0];
  for (; mantissa && Math.abs(mantissa) < 0.5; e -= 1) mantissa *= 2;
  for (; Math.abs(mantissa) >= 1; e += 1) mantissa /= 2;
  return [mantissa, e];
}

function scaled_factorial(n) {
  let product = 1n;
  for (let k = 2; k <= n; k += 1) product *= BigInt(k);
  const size = product.toString(2).length;
  return [nearest(product, size), size];
}

function added(fractions) {
  const k = Math.max(...fractions.map((fraction) => fraction[1]));
  return [fractions.reduce((sum, [n, own]) => sum + (n << BigInt(k - own)), 0n), k];
}

function fsum(...xs) {
  return xs.every(Number.isFinite) ? nearest(...added(xs.map(exactly))) : xs.reduce((sum, x) => sum + x, 0);
}

function fma(x, y, z) {
  if (!Number.isFinite(x) || !Number.isFinite(y)) return x * y + z;
  if (!Number.isFinite(z)) return z;
  const [[a, j], [b, k]] = [exactly(x), exactly(y)];
  const exact = added([[a * b, j + k], exactly(z)]);
  return exact[0] ? nearest(...exact) : x * y + z;
}

function copysign(x, y) {
  return negative(x) === negative(y) ? x : -x;
}

/** As C has it: also of a base 1, and of -1 to an infinite power. */
function pow(x, y) {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y);
}

function exp2(x) {
  return Math.pow(2, x);
}

/** With the sign of y, as Python's x % y. */
function mod(x, y) {
  const rest = x % y;
  if (rest === 0) return copysign(0, y);
  return (rest < 0) === (y < 0) ? rest : rest + y;
}

function floordiv(x, y) {
  const rest = x % y;
  const whole = (x - rest) / y - Number(rest !== 0 && (rest < 0) !== (y < 0));
  return whole === 0 ? copysign(0, x / y) : Math.round(whole);
}

/** x - n y, n the whole number nearest to x / y, halves to even. */
function remainder(x, y) {
  const size = Math.abs(y);
  const twice = Math.abs(x) % (2 * size);
  const odd = twice >= size;
  const rest = odd ? twice - size : twice;
  const up = rest > size - rest || (odd && rest === size - rest);
  return (negative(x) ? -1 : 1) * (up ? rest - size : rest);
}

/** To so many decimals, halves to even. */
function round(x, digits) {
  if (!Number.isFinite(x) || digits > 323) return x;
  const places = Math.max(-400, Math.trunc(digits));
  const [n, k] = exactly(Math.abs(x));
  const over = 2n * n * 10n ** BigInt(Math.max(places, 0));
  const under = 10n ** BigInt(Math.max(-places, 0)) << BigInt(k);
  let whole = (over + under) / (2n * under);
  if ((over + under) % (2n * under) === 0n && whole & 1n) whole -= 1n;
  return copysign(Number(`${whole}e${-places}`), x);
}

function dist(...pq) {
  const n = pq.length / 2;
  return Math.hypot(...pq.slice(0, n).map((p, i) => p - pq[n + i]));
}

/** Its power series near 0 (Abramowitz and Stegun 7.1.6), else 1 less erfc. */
function erf(x) {
  const size = Math.abs(x);
  if (size >= 0.75) return copysign(1 - erfc(size), x);
  let [sum, term] = [x, x];
  for (let k = 1; k < 25; k += 1) sum += term *= (2 * x * x) / (2 * k + 1);
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** Its continued fraction (7.1.14), with x² in two parts as in the table. */
function erfc(x) {
  if (!(x >= 0.75)) return x < -0.75 ? 2 - erfc(-x) : 1 - erf(x);
  if (x > 28) return 0;
  let below = x;
  for (let k = Math.ceil(60 + 200 / (x * x)); k > 0; k -= 1) below = x + k / 2 / below;
  const head = Math.fround(x);
  return (Math.exp(-head * head) * Math.exp(-(x - head) * (x + head))) / Math.sqrt(Math.PI) / below;
}

/** ln Γ from 1 to 2: the integral of ψ's Taylor series at its root. */
function lgammaNearby(x) {
  const d = x - psi.ROOT - psi.REST;
  const series = psi.coefficients().reduce((sum, c, i, all) => (sum + c / (all.length + 1 - i)) * d, 0);
  return series * d - 0.12148629053584961;
}

/** Stirling's series (6.1.40) from x = 15 on: ln Γ less its first terms. */
function stirling(x) {
  return psi.BERNOULLI.reduceRight((sum, b, i) => sum / x / x + b / ((2 * i + 2) * (2 * i + 1)), 0) / x;
}

/** Γ(x) for x > 0 as two factors, of which none is too large; by Γ(x + 1) = x Γ(x). */
function gammaFactors(x) {
  if (x < 1) return [1 / x, Math.exp(lgammaNearby(x + 1))];
  if (x < 15) {
    let [product, rest] = [1, x];
    while (rest >= 2) product *= rest -= 1;
    return [product, Math.exp(lgammaNearby(rest))];
  }
  const power = Math.pow(x, x / 2);
  return [power, power * Math.exp(-x) * Math.sqrt((2 * Math.PI) / x) * Math.exp(stirling(x))];
}

/** Of negative x by reflection (6.1.17). */
function gamma(x) {
  if (Number.isNaN(x) || x === Infinity) return x;
  if (Math.abs(x) < 1e-200) return 1 / x;
  if (Number.isInteger(x) && x < 0) return NaN;
  const [a, b] = gammaFactors(Math.min(Math.abs(x), 200));
  return x > 0 ? a * b : -Math.PI / (-x * sinpi(-x)) / a / b;
}

function sinpi(x) {
  const part = remainder(x, 1);
  return Math.sin(Math.PI * part) * ((x - part) % 2 ? -1 : 1);
}

function lgamma(x) {
  const size = Math.abs(x);
  if (size === Infinity || (x <= 0 && Number.isInteger(x))) return Infinity;
  if (x < 0) return -Math.log(Math.abs(sinpi(size)) / Math.PI) - Math.log(size) - lgamma(size);
  if (x === 1 || x === 2) return 0;
  if (!(x < 15)) return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + stirling(x);
  if (x < 1) return lgammaNearby(x + 1) - Math.log(x);
  const [product] = gammaFactors(x);
  return Math.log(product) + lgammaNearby(x % 1 + 1);
}

function polygamma(n, x) {
  try {
    return psi.polygamma(n, x);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return psi.limit(n, x);
  }
}

function digamma(x) {
  return polygamma(0, x);
}
