/* Grids: lanes whose slots follow a rule need no index array; grids.py in C.

   Slots are cut into terms and grids on which they are affine. */

#include "lower.h"

/* What must be affine in a grid, row by row: the slots of each operand's first term, and
   for operands with several terms the step to the second, the same in all lanes. */
static int64_t *
find_heads(Lowering *l, const Rows *rows, int count, int64_t lanes, int64_t *n)
{
    *n = count;
    for (int i = 0; i < count; i++) {
        *n += rows[i].terms > 1;
    }
    l->heads.count = 0;
    int64_t *heads = more(&l->heads, *n * lanes, sizeof *heads);
    int64_t *step = heads == NULL ? NULL : heads + count * lanes;
    for (int i = 0; heads != NULL && i < count; i++) {
        const int32_t *x = rows[i].slots;
        for (int64_t j = 0; j < lanes; j++) {
            heads[i * lanes + j] = x[j];
        }
        for (int64_t j = 0; rows[i].terms > 1 && j < lanes; j++) {
            *step++ = (int64_t)x[lanes + j] - x[j];
        }
    }
    return heads;
}

/* Where lane j + 1 is in no grid of lane j, in ``broken``, and where a row of a grid
   that has lanes j and j + 1 ends with them, in ``changes``. */
static void
find_breaks(const int64_t *heads, int64_t n, int64_t fixed, int64_t lanes,
            uint8_t *broken, uint8_t *changes)
{
    for (int64_t r = 0; r < n; r++) {
        const int64_t *x = heads + r * lanes;
        for (int64_t j = 0; r >= fixed && j + 1 < lanes; j++) {
            broken[j] |= x[j + 1] != x[j];
        }
        for (int64_t j = 0; j + 2 < lanes; j++) {
            changes[j] |= x[j + 2] - x[j + 1] != x[j + 1] - x[j];
        }
    }
    for (int64_t j = 0; j + 2 < lanes; j++) {
        changes[j] |= broken[j] | broken[j + 1];
    }
}

/* Whether the m1 lanes from ``begin`` on continue a grid whose first lane is j. */
static int
continues(const int64_t *heads, int64_t n, int64_t lanes, int64_t j, int64_t m1,
          int64_t begin)
{
    for (int64_t r = 0; r < n; r++) {
        const int64_t *x = heads + r * lanes;
        if (x[begin] - x[begin - m1] != x[j + m1] - x[j]) {
            return 0;
        }
        for (int64_t k = begin; k < begin + m1 - 1; k++) {
            if (x[k + 1] - x[k] != x[j + 1] - x[j]) {
                return 0;
            }
        }
    }
    return 1;
}

/* Cut lanes so that all operands are affine; how many grids, or -1. */
int64_t
find_grids(Lowering *l, const Rows *rows, int count, int64_t lanes)
{
    int64_t n;
    const int64_t *heads = find_heads(l, rows, count, lanes, &n);
    l->grids.count = l->ends.count = 0;
    uint8_t *broken = heads == NULL ? NULL : more(&l->ends, 2 * lanes, 1);
    if (broken == NULL) {
        return -1;
    }
    uint8_t *changes = broken + lanes;
    memset(broken, 0, (size_t)(2 * lanes));
    find_breaks(heads, n, count, lanes, broken, changes);
    for (int64_t j = 0; j < lanes;) {
        int64_t m0 = 1, m1 = 1;
        if (j + 1 < lanes && !broken[j]) {
            m1 = 2;
            while (j + m1 < lanes && !changes[j + m1 - 2]) {
                m1++;
            }
        }
        while (m1 > 1 && j + (m0 + 1) * m1 <= lanes && !broken[j + m0 * m1 - 1] &&
               continues(heads, n, lanes, j, m1, j + m0 * m1)) {
            m0++;
        }
        Grid *grid = more(&l->grids, 1, sizeof *grid);
        if (grid == NULL) {
            return -1;
        }
        *grid = (Grid){j, m0, m1};
        j += m0 * m1;
    }
    return l->grids.count;
}

/* The terms from t to e of some operands. */
void
slice(const Rows *rows, int count, int64_t lanes, int64_t t, int64_t e, Rows *part)
{
    for (int i = 0; i < count; i++) {
        part[i] = (Rows){rows[i].slots + t * lanes, e - t};
    }
}

/* How many terms from t on are affine, for few grids; -1 with an exception. */
int64_t
find_run(Lowering *l, const Rows *rows, int count, int64_t lanes, int64_t t)
{
    const int64_t terms = rows[0].terms;
    int64_t e = t + 1;
    if (e == terms) {
        return 1;
    }
    Rows part[2] = {{NULL, 0}};
    slice(rows, count, lanes, t, e, part);
    const int64_t one = find_grids(l, part, count, lanes);
    slice(rows, count, lanes, t, e + 1, part);
    const int64_t two = one < 0 ? -1 : find_grids(l, part, count, lanes);
    if (two < 0) {
        return -1;
    }
    if (two > one) {
        return 1;
    }
    for (e++; e < terms; e++) {
        for (int i = 0; i < count; i++) {
            const int32_t *x = rows[i].slots;
            for (int64_t j = 0; j < lanes; j++) {
                if (x[e * lanes + j] - x[(e - 1) * lanes + j] !=
                    x[(t + 1) * lanes + j] - x[t * lanes + j]) {
                    return e - t;
                }
            }
        }
    }
    return e - t;
}

/* Whether slots are of one kind and rise by equal steps. */
int
rising(const Rows *rows, int count, int64_t lanes)
{
    for (int i = 0; i < count; i++) {
        const int32_t *x = rows[i].slots;
        const int uniform = x[0] < LIMIT;
        for (int64_t k = 0; k < rows[i].terms * lanes; k++) {
            if ((x[k] < LIMIT) != uniform) {
                return 0;
            }
        }
        for (int64_t r = 2; r < rows[i].terms; r++) {
            for (int64_t j = 0; j < lanes; j++) {
                if (x[r * lanes + j] - x[(r - 1) * lanes + j] != x[lanes + j] - x[j]) {
                    return 0;
                }
            }
        }
    }
    return 1;
}
