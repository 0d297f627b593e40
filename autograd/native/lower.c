/* From groups to packs: what autograd/program/passes/lower.py and grids.py do.

   Each entry gets a slot: leaves and constants when they are first read, lanes side by
   side when their group is emitted. The slots that a group reads are arrays (terms,
   lanes), cut into terms and grids on which they are affine. What comes out are the
   arrays of packs.py. */

#include "groups.h"

enum { SMALL = 32, LIMIT = 1 << 30 };

typedef struct {
    int64_t op, row, kind, m0, m1, terms, begin, after, after_row, checked, first, read;
} Code;

typedef struct {
    int64_t base, s0, s1, term, index;
} Read;

/* A growing array. */
typedef struct {
    void *data;
    int64_t count, room;
} Array;

/* The slots that the lanes of a group read, (terms, lanes). */
typedef struct {
    int32_t *slots;
    int64_t terms;
} Rows;

typedef struct {
    int64_t first, m0, m1;
} Grid;

typedef struct {
    Groups groups;
    const Tape *tape;
    int32_t *slot;  /* of each entry; -1 for none; of examples from LIMIT on */
    int32_t examples;
    Array numbers;  /* of double: what uniform slots hold */
    Map constants;
    Array code, start, reads, index;
    Array operations; /* of int32_t: those of the rows, in the order of first use */
    Array scratch;  /* of void *: blocks to be freed after a group */
    Array heads, grids, ends;
} Lowering;

/* Memory */

static void *
more(Array *array, int64_t count, size_t size)
{
    if (array->data == NULL || array->count + count > array->room) {
        const int64_t room = 2 * array->room + count + 16;
        void *data = PyMem_Realloc(array->data, (size_t)room * size);
        if (data == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        array->data = data;
        array->room = room;
    }
    void *at = (char *)array->data + (size_t)array->count * size;
    array->count += count;
    return at;
}

static void *
scratch(Lowering *l, int64_t count, size_t size)
{
    void **kept = more(&l->scratch, 1, sizeof *kept);
    if (kept == NULL) {
        return NULL;
    }
    *kept = PyMem_Malloc((size_t)count * size + 1);
    if (*kept == NULL) {
        PyErr_NoMemory();
    }
    return *kept;
}

static void
forget_scratch(Lowering *l)
{
    for (int64_t i = 0; i < l->scratch.count; i++) {
        PyMem_Free(((void **)l->scratch.data)[i]);
    }
    l->scratch.count = 0;
}

/* Slots */

/* Give an entry the next slot. */
static int
place(Lowering *l, int32_t k)
{
    if (l->groups.varies[k]) {
        l->slot[k] = LIMIT + l->examples++;
        return 0;
    }
    double *number = more(&l->numbers, 1, sizeof *number);
    if (number == NULL) {
        return -1;
    }
    *number = 0.0;
    l->slot[k] = (int32_t)(l->numbers.count - 1);
    return 0;
}

static int32_t
constant_slot(Lowering *l, double x)
{
    const uint64_t key = bits(x);
    int32_t slot = *map_at(&l->constants, key);
    if (slot < 0) {
        slot = (int32_t)l->numbers.count;
        double *number = more(&l->numbers, 1, sizeof *number);
        if (number == NULL || map_put(&l->constants, key, slot) < 0) {
            return -1;
        }
        *number = x;
    }
    return slot;
}

/* Slots for leaves that have none, in the order in which they are read: lane by lane,
   the uniform ones first. */
static int
place_leaves(Lowering *l, const int32_t *entries, int64_t step, int64_t terms,
             int64_t lanes)
{
    for (int varies = 0; varies < 2; varies++) {
        for (int64_t j = 0; j < lanes; j++) {
            for (int64_t r = 0; r < terms; r++) {
                const int32_t k = entries[r * step + j];
                if (l->slot[k] < 0 && l->tape->op[k] != OP_NUMBER &&
                    l->groups.varies[k] == varies && place(l, k) < 0) {
                    return -1;
                }
            }
        }
    }
    return 0;
}

/* The slots of entries: row r begins at r * step. Where all are numbers, and not all the
   same one, they lie side by side. */
static int
read_slots(Lowering *l, const int32_t *entries, int64_t step, int64_t terms,
           int64_t lanes, Rows *rows)
{
    const Tape *tape = l->tape;
    int64_t missing = 0;
    int same = 1;
    uint64_t one = 0;
    *rows = (Rows){scratch(l, terms * lanes, sizeof *rows->slots), terms};
    if (rows->slots == NULL) {
        return -1;
    }
    int leaves = 0;
    for (int64_t r = 0; r < terms; r++) {
        for (int64_t j = 0; j < lanes; j++) {
            const int32_t k = entries[r * step + j];
            leaves |= l->slot[k] < 0 && tape->op[k] != OP_NUMBER;
        }
    }
    if (leaves && place_leaves(l, entries, step, terms, lanes) < 0) {
        return -1;
    }
    for (int64_t r = 0; r < terms; r++) {
        for (int64_t j = 0; j < lanes; j++) {
            const int32_t k = entries[r * step + j];
            rows->slots[r * lanes + j] = l->slot[k];
            if (l->slot[k] < 0) {
                const uint64_t key = bits(tape->number[k]);
                same = same && (missing == 0 || key == one);
                one = key;
                missing++;
            }
        }
    }
    if (missing == 0) {
        return 0;
    }
    const int apart = missing == terms * lanes && !same;
    double *numbers = apart ? more(&l->numbers, missing, sizeof *numbers) : NULL;
    if (apart && numbers == NULL) {
        return -1;
    }
    const int32_t first = (int32_t)(l->numbers.count - missing);
    for (int64_t r = 0; r < terms; r++) {
        for (int64_t j = 0; j < lanes; j++) {
            int32_t *slot = &rows->slots[r * lanes + j];
            const double x = tape->number[entries[r * step + j]];
            if (apart) {
                numbers[r * lanes + j] = x;
                *slot = first + (int32_t)(r * lanes + j);
            }
            else if (*slot < 0 && (*slot = constant_slot(l, x)) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* Grids */

/* Cut lanes so that all operands are affine; how many grids, or -1. Of operands with
   several terms, the step from the first to the second must be the same in a grid. */
static int64_t
find_grids(Lowering *l, const Rows *rows, int count, int64_t lanes)
{
    int64_t n = 0;
    for (int i = 0; i < count; i++) {
        n += 1 + (rows[i].terms > 1);
    }
    l->grids.count = l->heads.count = l->ends.count = 0;
    int64_t *heads = more(&l->heads, n * lanes, sizeof *heads);
    uint8_t *broken = more(&l->ends, 2 * lanes, 1);
    if (heads == NULL || broken == NULL) {
        return -1;
    }
    uint8_t *changes = broken + lanes; /* whether a row of a grid ends after a step */
    const int fixed = count; /* rows from here on are the same in all lanes of a grid */
    for (int i = 0; i < count; i++) {
        for (int64_t j = 0; j < lanes; j++) {
            heads[i * lanes + j] = rows[i].slots[j];
        }
    }
    int64_t at = count;
    for (int i = 0; i < count; i++) {
        if (rows[i].terms > 1) {
            for (int64_t j = 0; j < lanes; j++) {
                heads[at * lanes + j] =
                    (int64_t)rows[i].slots[lanes + j] - rows[i].slots[j];
            }
            at++;
        }
    }
    memset(broken, 0, (size_t)(2 * lanes));
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
    for (int64_t j = 0; j < lanes;) {
        int64_t m0 = 1, m1 = 1;
        if (j + 1 < lanes && !broken[j]) {
            m1 = 2;
            while (j + m1 < lanes && !changes[j + m1 - 2]) {
                m1++;
            }
        }
        for (int64_t s; m1 > 1 && (s = j + (m0 + 1) * m1) <= lanes; m0++) {
            const int64_t begin = s - m1;
            int like = !broken[begin - 1];
            for (int64_t r = 0; like && r < n; r++) {
                const int64_t *x = heads + r * lanes;
                like = x[begin] - x[begin - m1] == x[j + m1] - x[j];
                for (int64_t k = begin; like && k < s - 1; k++) {
                    like = x[k + 1] - x[k] == x[j + 1] - x[j];
                }
            }
            if (!like) {
                break;
            }
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
static void
slice(const Rows *rows, int count, int64_t lanes, int64_t t, int64_t e, Rows *cut)
{
    for (int i = 0; i < count; i++) {
        cut[i] = (Rows){rows[i].slots + t * lanes, e - t};
    }
}

/* How many terms from t on are affine, for few grids; -1 with an exception. */
static int64_t
find_run(Lowering *l, const Rows *rows, int count, int64_t lanes, int64_t t)
{
    const int64_t terms = rows[0].terms;
    int64_t e = t + 1;
    if (e == terms) {
        return 1;
    }
    Rows cut[2];
    slice(rows, count, lanes, t, e, cut);
    const int64_t one = find_grids(l, cut, count, lanes);
    slice(rows, count, lanes, t, e + 1, cut);
    const int64_t two = one < 0 ? -1 : find_grids(l, cut, count, lanes);
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
static int
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

/* Packs */

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
static int
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

/* Slots for the nodes of a group. */
static int
place_group(Lowering *l, const Group *group, Rows *out)
{
    *out = (Rows){scratch(l, group->lanes, sizeof *out->slots), 1};
    for (int32_t j = 0; j < group->lanes; j++) {
        if (out->slots == NULL || place(l, group->nodes[j]) < 0) {
            return -1;
        }
        out->slots[j] = l->slot[group->nodes[j]];
    }
    return 0;
}

/* A pack of a row, or of a partial of one. */
static int
emit_row(Lowering *l, const Group *group, const Lane *lane, int whole)
{
    const int64_t lanes = group->lanes;
    const int count = whole ? 1 : lane->args;
    Rows out, *rows = scratch(l, count + 1, sizeof *rows); /* with room for out */
    if (rows == NULL) {
        return -1;
    }
    for (int i = 0; i < count; i++) {
        if (read_slots(l, group->args + i * lanes, lanes, whole ? lane->args : 1, lanes,
                       &rows[i]) < 0) {
            return -1;
        }
    }
    const int32_t row = row_number(l, lane->op);
    if (row < 0 || place_group(l, group, &out) < 0) {
        return -1;
    }
    const Code pack = {
        .op = whole ? MANY : op_is_partial(lane->op) ? PARTIAL : ROW, .row = row,
        .terms = whole ? lane->args : 1, .after_row = -1,
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

/* The terms of a piece, cut where no rule gives their slots. */
static int
emit_piece(Lowering *l, Code *pack, double start, const Piece *piece, Rows *extra,
           int extras, const Rows *out, int64_t lanes, int32_t after, Rows *beside)
{
    const int64_t terms = piece->factors[0].terms;
    Array ends = {NULL, 0, 0};
    int failed = 0;
    int64_t tiles = 0, t = 0;
    while (!failed && t < terms) {
        const int64_t run = find_run(l, piece->factors, piece->count, lanes, t);
        int64_t *end = run < 0 ? NULL : more(&ends, 1, sizeof *end);
        failed = end == NULL;
        if (!failed) {
            t += run;
            *end = t;
        }
    }
    if (!failed && out->slots[0] < LIMIT && ends.count > 1) {
        t = 0;
        for (int64_t i = 0; !failed && i < ends.count; i++) {
            Rows part[2];
            const int64_t end = ((int64_t *)ends.data)[i];
            slice(piece->factors, piece->count, lanes, t, end, part);
            const int64_t found = find_grids(l, part, piece->count, lanes);
            failed = found < 0;
            tiles += found;
            t = end;
        }
        if (terms * lanes < SMALL * tiles) { /* as one gather */
            ends.count = 1;
            ((int64_t *)ends.data)[0] = terms;
        }
    }
    t = 0;
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

static int
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

/* Whether an operation has an algorithm of its own: WHOLE of simplify.py. */
static int
is_whole(PyObject *whole, int32_t op)
{
    return op == FOLD_OP ? 0 : PySet_Contains(whole, op_name(op));
}

static int
emit_groups(Lowering *l)
{
    PyObject *whole = python_function("autograd.program.passes.simplify", "WHOLE");
    int failed = whole == NULL;
    for (int64_t g = 0; !failed && g < l->groups.group_count; g++) {
        const Group *group = l->groups.order[g];
        const Lane *lane = &l->groups.lanes[group->first];
        if (group->lanes == 0) {
            continue;
        }
        const int as_whole = is_whole(whole, lane->op);
        failed = as_whole < 0 ||
            (lane->op == FOLD_OP ? emit_fold(l, group, lane)
                                 : emit_row(l, group, lane, as_whole)) < 0;
        forget_scratch(l);
    }
    Py_XDECREF(whole);
    return failed ? -1 : 0;
}

/* Sums over the examples */

typedef struct {
    int64_t slot, at;
} Ranked;

static int
by_slot(const void *x, const void *y)
{
    const Ranked *a = x, *b = y;
    return a->slot != b->slot ? (a->slot < b->slot ? -1 : 1)
        : a->at < b->at       ? -1
                              : a->at > b->at;
}

/* Sums of gradients in the order of the parameters' slots: they are affine, too. */
static int64_t *
order_sums(Lowering *l, const Chosen *parameters, const Chosen *sums)
{
    Ranked *ranked = PyMem_New(Ranked, (size_t)sums->count + 1);
    int64_t *order = PyMem_New(int64_t, (size_t)sums->count + 1);
    if (ranked == NULL || order == NULL) {
        PyMem_Free(ranked);
        PyMem_Free(order);
        PyErr_NoMemory();
        return NULL;
    }
    const int by_parameters = parameters->count == sums->count;
    for (Py_ssize_t i = 0; i < sums->count; i++) {
        const int32_t k = by_parameters ? parameters->entries[i] : -1;
        ranked[i] = (Ranked){k < 0 ? -1 : l->slot[k], i};
    }
    if (by_parameters) {
        qsort(ranked, (size_t)sums->count, sizeof *ranked, by_slot);
    }
    for (Py_ssize_t i = 0; i < sums->count; i++) {
        order[i] = ranked[i].at;
    }
    PyMem_Free(ranked);
    return order;
}

enum { ALL_DOTS, TOTALS, UNIFORM_TOTALS, SORTS };

static int
sort_of_sum(const Lowering *l, int32_t k, const Lane **lane)
{
    const int32_t n = l->groups.at[k];
    *lane = n >= 0 && l->groups.lanes[n].alone ? &l->groups.lanes[n] : NULL;
    if (*lane != NULL) {
        return l->groups.kinds[(*lane)->kind] == PRODUCT ? ALL_DOTS : TOTALS;
    }
    return l->groups.varies[k] ? TOTALS : UNIFORM_TOTALS;
}

static int
emit_sort(Lowering *l, int sort, const Chosen *sums, const int64_t *order)
{
    int32_t *entries = scratch(l, 2 * sums->count, sizeof *entries);
    Rows out = {scratch(l, sums->count, sizeof *out.slots), 1}, rows[3];
    if (entries == NULL || out.slots == NULL) {
        return -1;
    }
    int64_t lanes = 0;
    for (Py_ssize_t i = 0; i < sums->count; i++) {
        const int32_t k = sums->entries[order[i]];
        const Lane *lane;
        if (sort_of_sum(l, k, &lane) == sort) {
            const int32_t *x = lane == NULL ? NULL : l->groups.args + lane->arg;
            entries[lanes] = x == NULL ? k : x[0];
            entries[sums->count + lanes] = x == NULL ? k : x[1];
            out.slots[lanes++] = (int32_t)i;
        }
    }
    const int count = sort == ALL_DOTS ? 2 : 1;
    for (int i = 0; i < count; i++) {
        if (read_slots(l, entries + i * sums->count, lanes, 1, lanes, &rows[i]) < 0) {
            return -1;
        }
    }
    const Code pack = {.op = sort == ALL_DOTS ? DOTS : TOTAL, .row = -1, .terms = 1,
                       .after_row = -1};
    return cut(l, &pack, 0.0, rows, count, &out, lanes);
}

/* The sums of each sort, in the order in which the sorts are met. */
static int
emit_sums(Lowering *l, const Chosen *sums, const int64_t *order)
{
    int done[SORTS] = {0};
    for (Py_ssize_t i = 0; i < sums->count; i++) {
        const Lane *lane;
        const int sort = sort_of_sum(l, sums->entries[order[i]], &lane);
        if (!done[sort]) {
            done[sort] = 1;
            if (emit_sort(l, sort, sums, order) < 0) {
                return -1;
            }
            forget_scratch(l);
        }
    }
    return 0;
}

/* Python's view */

/* Slots of examples come after the uniform ones. */
static int64_t
moved(const Lowering *l, int64_t slot)
{
    return slot >= LIMIT ? slot - LIMIT + l->numbers.count : slot;
}

static void
move_all(Lowering *l)
{
    Read *reads = l->reads.data;
    for (int64_t i = 0; i < l->reads.count; i++) {
        reads[i].base = moved(l, reads[i].base);
    }
    int32_t *index = l->index.data;
    for (int64_t i = 0; i < l->index.count; i++) {
        index[i] = (int32_t)moved(l, index[i]);
    }
}

static PyObject *
array_in_python(const Array *array, size_t size, const char *format)
{
    return numbers_of_entries(array->data, array->count * (Py_ssize_t)size, format);
}

static PyObject *
slots_in_python(Lowering *l, const int32_t *slots, const Chosen *entries)
{
    Array found = {NULL, 0, 0};
    int64_t *at = more(&found, entries->count, sizeof *at);
    for (Py_ssize_t i = 0; at != NULL && i < entries->count; i++) {
        const int32_t k = entries->entries[i];
        at[i] = moved(l, slots != NULL ? slots[i] : k < 0 ? -1 : l->slot[k]);
    }
    PyObject *view = at == NULL ? NULL : array_in_python(&found, sizeof *at, "q");
    PyMem_Free(found.data);
    return view;
}

static PyObject *
rows_in_python(const Lowering *l)
{
    PyObject *rows = PyList_New(l->operations.count);
    for (int64_t i = 0; rows != NULL && i < l->operations.count; i++) {
        const int32_t op = ((const int32_t *)l->operations.data)[i];
        PyList_SET_ITEM(rows, i, Py_NewRef(op_name(op)));
    }
    return rows;
}

/* Where each sum is: the inverse of the order. */
static PyObject *
totals_in_python(const int64_t *order, Py_ssize_t count)
{
    int64_t *places = PyMem_New(int64_t, (size_t)count + 1);
    if (places == NULL) {
        return PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        places[order[i]] = i;
    }
    PyObject *view = numbers_of_entries(places, count * (Py_ssize_t)sizeof *places, "q");
    PyMem_Free(places);
    return view;
}

/* Put a new reference into a dict, unless it is NULL. */
static int
put(PyObject *found, const char *name, PyObject *part)
{
    const int failed = part == NULL || PyDict_SetItemString(found, name, part) < 0;
    Py_XDECREF(part);
    return failed ? -1 : 0;
}

static PyObject *
in_python(Lowering *l, const Chosen *inputs, const Chosen *parameters,
          const Chosen *outputs, const int32_t *read, const int64_t *order,
          Py_ssize_t sums, int64_t once)
{
    move_all(l);
    PyObject *found = PyDict_New();
    if (found == NULL ||
        put(found, "code", array_in_python(&l->code, sizeof(Code), "q")) < 0 ||
        put(found, "start", array_in_python(&l->start, sizeof(double), "d")) < 0 ||
        put(found, "operands", array_in_python(&l->reads, sizeof(Read), "q")) < 0 ||
        put(found, "index", array_in_python(&l->index, sizeof(int32_t), "i")) < 0 ||
        put(found, "numbers", array_in_python(&l->numbers, sizeof(double), "d")) < 0 ||
        put(found, "inputs", slots_in_python(l, NULL, inputs)) < 0 ||
        put(found, "parameters", slots_in_python(l, NULL, parameters)) < 0 ||
        put(found, "outputs", slots_in_python(l, read, outputs)) < 0 ||
        put(found, "totals", totals_in_python(order, sums)) < 0 ||
        put(found, "rows", rows_in_python(l)) < 0 ||
        put(found, "slots", PyLong_FromLongLong(l->numbers.count + l->examples)) < 0 ||
        put(found, "once", PyLong_FromLongLong(once)) < 0) {
        Py_CLEAR(found);
    }
    return found;
}

static int
begin(Lowering *l)
{
    l->slot = array_grow(NULL, ((size_t)l->tape->count + 1) * sizeof *l->slot);
    if (l->slot == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memset(l->slot, 0xff, ((size_t)l->tape->count + 1) * sizeof *l->slot);
    return map_make(&l->constants, 64);
}

static void
end(Lowering *l)
{
    forget_scratch(l);
    Array *const arrays[] = {&l->numbers, &l->code, &l->start, &l->reads, &l->index,
                             &l->operations, &l->scratch, &l->heads, &l->grids, &l->ends};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(arrays); i++) {
        PyMem_Free(arrays[i]->data);
    }
    array_free(l->slot);
    map_free(&l->constants);
    groups_free(&l->groups);
}

/* Entries from Python, -1 for those that are not there. */
static int
choose(PyObject *sequence, const Tape *tape, Chosen *chosen)
{
    PyObject *fast = PySequence_Fast(sequence, "entries must be a sequence");
    if (fast == NULL) {
        return -1;
    }
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(fast);
    *chosen = (Chosen){PyMem_New(int32_t, (size_t)count + 1), count};
    if (chosen->entries == NULL) {
        PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; !PyErr_Occurred() && i < count; i++) {
        const Py_ssize_t k =
            PyNumber_AsSsize_t(PySequence_Fast_GET_ITEM(fast, i), PyExc_IndexError);
        if (!PyErr_Occurred() && (k < -1 || k >= tape->count)) {
            PyErr_Format(PyExc_IndexError, "entry %zd of a tape of %lld", k,
                         (long long)tape->count);
        }
        chosen->entries[i] = (int32_t)k;
    }
    Py_DECREF(fast);
    return PyErr_Occurred() ? -1 : 0;
}

/* lowered(inputs, parameters, outputs, varying, sums): the arrays of the packs, and the
   numbers of ``Packs``, in a dict. */
PyObject *
tape_lowered(Tape *tape, PyObject *args)
{
    PyObject *given[5];
    if (!PyArg_ParseTuple(args, "OOOOO:lowered", &given[0], &given[1], &given[2],
                          &given[3], &given[4])) {
        return NULL;
    }
    Chosen chosen[5] = {{NULL, 0}};
    const Chosen *inputs = &chosen[0], *parameters = &chosen[1], *outputs = &chosen[2],
                 *varying = &chosen[3], *sums = &chosen[4];
    Lowering l = {.tape = tape};
    int failed = 0;
    for (int i = 0; !failed && i < 5; i++) {
        failed = choose(given[i], tape, &chosen[i]) < 0;
        for (Py_ssize_t j = 0; !failed && i >= 2 && j < chosen[i].count; j++) {
            failed = chosen[i].entries[j] < 0;
            if (failed) {
                PyErr_SetString(PyExc_IndexError, "an entry that is not there");
            }
        }
    }
    Rows read = {NULL, 0};
    int64_t *order = NULL, once = 0;
    PyObject *found = NULL;
    failed = failed || begin(&l) < 0 ||
        groups_find(&l.groups, tape, outputs, varying, sums) < 0 || emit_groups(&l) < 0;
    if (!failed) {
        for (int64_t i = 0; i < l.code.count; i++) {
            const Code *code = (const Code *)l.code.data + i;
            once += ((const Read *)l.reads.data)[code->first].base < LIMIT;
        }
        order = order_sums(&l, parameters, sums);
        failed = order == NULL || emit_sums(&l, sums, order) < 0 ||
            read_slots(&l, outputs->entries, outputs->count, 1, outputs->count, &read) < 0;
    }
    if (!failed) {
        found = in_python(&l, inputs, parameters, outputs, read.slots, order, sums->count,
                          once);
    }
    PyMem_Free(order);
    end(&l);
    for (int i = 0; i < 5; i++) {
        PyMem_Free(chosen[i].entries);
    }
    return found;
}
