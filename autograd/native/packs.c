/* The packs of a group: one for each grid of its lanes, and of each run of its terms.

   What comes out are the arrays of packs.py. */

#include "lower.h"

enum { SMALL = 32 };

static int32_t
row_number(Lowering *l, int32_t op)
{
    int32_t *known = l->operations.data;
    for (int64_t i = 0; i < l->operations.count; i++) {
        if (known[i] == op) {
            return (int32_t)i;
        }
    }
    int32_t *next = more(&l->operations, 1, sizeof *next);
    if (next == NULL) {
        return -1;
    }
    *next = op;
    return (int32_t)(l->operations.count - 1);
}

/* The rule that gives the slots of a grid. */
static Read
affine(const Rows *x, int64_t lanes, const Grid *grid)
{
    const int32_t *at = x->slots + grid->first;
    return (Read){at[0], grid->m0 > 1 ? at[grid->m1] - at[0] : 0,
                  grid->m1 > 1 ? at[1] - at[0] : 0,
                  x->terms > 1 ? at[lanes] - at[0] : 0, -1};
}

/* Add a pack on a grid. Operands for which ``indexed`` is set have their slots listed. */
static int
add_pack(Lowering *l, const Code *pack, double start, const Rows *rows, int count,
         const Rows *out, int64_t lanes, const Grid *grid, const uint8_t *indexed)
{
    Code *code = more(&l->code, 1, sizeof *code);
    double *begins = code == NULL ? NULL : more(&l->start, 1, sizeof *begins);
    const int64_t first = l->reads.count;
    Read *read = begins == NULL ? NULL : more(&l->reads, 1 + count, sizeof *read);
    if (read == NULL) {
        return -1;
    }
    *code = *pack;
    code->m0 = grid->m0;
    code->m1 = grid->m1;
    code->first = first;
    code->read = count;
    *begins = start;
    read[0] = affine(out, lanes, grid);
    for (int i = 0; i < count; i++) {
        if (indexed == NULL || !indexed[i]) {
            read[i + 1] = affine(&rows[i], lanes, grid);
            continue;
        }
        const int64_t size = rows[i].terms * lanes;
        read[i + 1] = (Read){rows[i].slots[0], 0, 0, 0, l->index.count};
        int32_t *index = more(&l->index, size, sizeof *index);
        if (index == NULL) {
            return -1;
        }
        memcpy(index, rows[i].slots, (size_t)size * sizeof *index);
    }
    return 0;
}

/* A pack for each grid of lanes; or one with index arrays for all lanes. */
int
cut(Lowering *l, const Code *pack, double start, Rows *rows, int count, const Rows *out,
    int64_t lanes)
{
    const int total = pack->op == DOTS || pack->op == TOTAL;
    const int uniform = out->slots[0] < LIMIT && !total;
    int64_t found = 0;
    if (rising(rows, count, lanes)) {
        rows[count] = *out;
        found = find_grids(l, rows, count + 1, lanes);
        if (found < 0) {
            return -1;
        }
    }
    if (found > 0 &&
        !(uniform && found > 2 && pack->terms * lanes < SMALL * found)) {
        for (int64_t g = 0; g < found; g++) {
            const Grid grid = ((Grid *)l->grids.data)[g];
            if (add_pack(l, pack, start, rows, count, out, lanes, &grid, NULL) < 0) {
                return -1;
            }
        }
        return 0;
    }
    uint8_t *indexed = scratch(l, count, 1);
    for (int i = 0; i < count; i++) {
        const int64_t alone = indexed == NULL     ? -1
            : rising(&rows[i], 1, lanes) ? find_grids(l, &rows[i], 1, lanes)
                                         : 0;
        if (alone < 0) {
            return -1;
        }
        indexed[i] = alone != 1 || ((Grid *)l->grids.data)[0].m0 != 1;
    }
    if (indexed == NULL) {
        return -1;
    }
    const Grid all = {0, 1, lanes};
    return add_pack(l, pack, start, rows, count, out, lanes, &all, indexed);
}

/* A pack of a row, or of a partial of one. */
int
emit_row(Lowering *l, const Group *group, const Lane *lane, int whole)
{
    const int64_t lanes = group->lanes;
    const int takes =
        PyUnicode_CompareWithASCIIString(op_name(lane->op), "take:at") == 0;
    const int count = takes ? 2 : whole ? 1 : lane->args;
    const int terms = takes ? lane->args - 1 : whole ? lane->args : 1;
    Rows out, *rows = scratch(l, count + 1, sizeof *rows); /* with room for out */
    if (rows == NULL) {
        return -1;
    }
    for (int i = 0; i < count; i++) {
        const int64_t first = takes ? i * terms : i;
        if (read_slots(l, group->args + first * lanes, lanes,
                       takes && i ? 1 : terms, lanes, &rows[i]) < 0) {
            return -1;
        }
    }
    const int32_t row = row_number(l, lane->op);
    if (row < 0 || place_group(l, group, &out) < 0) {
        return -1;
    }
    const Code pack = {
        .op = takes                        ? TAKE
            : whole                        ? MANY
            : op_is_partial(lane->op) ? PARTIAL
                                           : ROW,
        .row = row, .terms = terms, .after_row = -1,
        .checked = (l->tape->flags[lane->node] & CHECKED) != 0};
    return cut(l, &pack, 0.0, rows, count, &out, lanes);
}

/* The terms of one kind in a fold, of operands that vary alike. */
typedef struct {
    int kind, count;
    Rows factors[2];
} Piece;

static int
alike(const Lowering *l, const Lane *lane, int32_t s, int32_t t)
{
    const uint8_t *kinds = l->groups.kinds + lane->kind, *varies = l->groups.varies;
    const int32_t *x = l->groups.args + lane->arg + 2 * s,
                  *y = l->groups.args + lane->arg + 2 * t;
    return kinds[s] == kinds[t] &&
        varies[x[0]] + varies[x[1]] == varies[y[0]] + varies[y[1]];
}

/* Where the runs of terms end that a rule gives the slots of; for a fold that no
   examples have, all terms in one run where the packs would be many and small. */
static int
find_ends(Lowering *l, const Piece *piece, const Rows *out, int64_t lanes, Array *ends)
{
    const int64_t terms = piece->factors[0].terms;
    for (int64_t t = 0; t < terms;) {
        const int64_t run = find_run(l, piece->factors, piece->count, lanes, t);
        int64_t *end = run < 0 ? NULL : more(ends, 1, sizeof *end);
        if (end == NULL) {
            return -1;
        }
        *end = t += run;
    }
    if (out->slots[0] >= LIMIT || ends->count == 1) {
        return 0;
    }
    int64_t tiles = 0, t = 0;
    for (int64_t i = 0; i < ends->count; i++) {
        Rows part[2];
        const int64_t end = ((int64_t *)ends->data)[i];
        slice(piece->factors, piece->count, lanes, t, end, part);
        const int64_t found = find_grids(l, part, piece->count, lanes);
        if (found < 0) {
            return -1;
        }
        tiles += found;
        t = end;
    }
    if (terms * lanes < SMALL * tiles) { /* as one gather */
        ends->count = 1;
        ((int64_t *)ends->data)[0] = terms;
    }
    return 0;
}

/* The terms of a piece, cut where no rule gives their slots. */
static int
emit_piece(Lowering *l, Code *pack, double start, const Piece *piece, Rows *extra,
           int extras, const Rows *out, int64_t lanes, int32_t after, Rows *beside)
{
    const int64_t terms = piece->factors[0].terms;
    Array ends = {NULL, 0, 0};
    int failed = find_ends(l, piece, out, lanes, &ends) < 0;
    int64_t t = 0;
    for (int64_t i = 0; !failed && i < ends.count; i++) {
        const int64_t end = ((int64_t *)ends.data)[i];
        Rows rows[6];
        int count = piece->count;
        slice(piece->factors, count, lanes, t, end, rows);
        for (int k = 0; k < extras; k++) {
            rows[count++] = extra[k];
        }
        pack->terms = end - t;
        if (after != NO_OP && end == terms) {
            pack->after = beside != NULL ? TIMES : VALUE;
            pack->after_row = row_number(l, after);
            failed = pack->after_row < 0;
            if (beside != NULL) {
                rows[count++] = *beside;
            }
        }
        failed = failed || cut(l, pack, start, rows, count, out, lanes) < 0;
        pack->begin = OUT;
        extras = 0;
        t = end;
    }
    PyMem_Free(ends.data);
    return failed ? -1 : 0;
}

int
emit_fold(Lowering *l, const Group *group, const Lane *lane)
{
    const int64_t lanes = group->lanes;
    Rows begins, beside, out;
    double zero;
    const int from_zero = zero_before(&l->groups, lane, &zero);
    if (!from_zero &&
        read_slots(l, group->args + (lane->args - 1) * lanes, lanes, 1, lanes, &begins) < 0) {
        return -1;
    }
    Piece *pieces = scratch(l, lane->terms, sizeof *pieces);
    int64_t count = 0;
    if (pieces == NULL) {
        return -1;
    }
    for (int32_t t = 0, e; t < lane->terms; t = e) {
        for (e = t + 1; e < lane->terms && alike(l, lane, e - 1, e); e++) {
        }
        Piece *piece = &pieces[count++];
        piece->kind = l->groups.kinds[lane->kind + t];
        piece->count = piece->kind == PRODUCT ? 2 : 1;
        for (int i = 0; i < piece->count; i++) {
            if (read_slots(l, group->args + (2 * t + i) * lanes, 2 * lanes, e - t, lanes,
                           &piece->factors[i]) < 0) {
                return -1;
            }
        }
    }
    if ((lane->beside != NONE &&
         read_slots(l, group->beside, lanes, 1, lanes, &beside) < 0) ||
        place_group(l, group, &out) < 0) {
        return -1;
    }
    for (int64_t n = 0; n < count; n++) {
        Code pack = {.op = FOLD, .row = -1, .kind = pieces[n].kind, .after_row = -1,
                     .begin = n > 0        ? OUT
                         : from_zero       ? NUMBER
                                           : OPERAND};
        const int last = n == count - 1;
        if (emit_piece(l, &pack, from_zero ? zero : 0.0, &pieces[n], &begins,
                       n == 0 && !from_zero, &out, lanes, last ? lane->after : NO_OP,
                       lane->beside != NONE ? &beside : NULL) < 0) {
            return -1;
        }
    }
    return 0;
}
