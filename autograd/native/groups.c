/* From a tape to the groups that become packs: what folds.py, fuse.py and the first half
   of lower.py do in autograd/program/passes, instruction by instruction.

   All is arrays over the entries of the tape, in its order, and each step is one loop.
   Instructions are alike if a list of small numbers, their signature, is the same: the
   depth, the operation, the kinds of terms, and which operands differ from example to
   example. */

#include "wengert.h"

#include "rows.h"

enum { PRODUCT, PLUS, MINUS }; /* terms of a fold, as packs.py has them */
enum { FOLD_OP = -1, NO_OP = -1, NONE = -1 };
enum { BEGINS_MINUS_ZERO = 2, BEGINS_ZERO };

/* What becomes a lane of a pack. A fold has two operands for each term, and then what
   it starts with, or NONE. */
typedef struct {
    int32_t node, op, group;
    int32_t after, beside; /* what follows a fold, and the operand of that */
    int64_t arg, kind;     /* where its operands and its kinds of terms begin */
    int32_t args, terms;
    int dropped, alone;
} Lane;

typedef struct {
    int64_t signature; /* where it begins */
    int32_t length, first, lanes, filled;
    int32_t order[2]; /* whether it varies, and the depth */
    int32_t *nodes, *args, *beside;
} Group;

typedef struct {
    const Tape *tape;
    uint8_t *varies, *inner, *wanted, *read;
    int32_t *uses, *previous, *start, *at, *depth, *slopes;
    Lane *lanes;
    int64_t lane_count;
    int32_t *args;
    uint8_t *kinds;
    Group *groups;
    int64_t group_count, group_room;
    int32_t *signatures;
    int64_t signature_count, signature_room;
    int32_t *table; /* of groups, by the hash of their signatures */
    uint64_t mask;
    void *blocks[20]; /* all of these, to be freed */
    int block_count;
} Work;

static void *
taken(Work *w, int64_t count, size_t size)
{
    void *block = PyMem_Calloc((size_t)count + 1, size);
    if (block == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    return w->blocks[w->block_count++] = block;
}

static void
work_free(Work *w)
{
    for (int i = 0; i < w->block_count; i++) {
        PyMem_Free(w->blocks[i]);
    }
    for (int64_t g = 0; g < w->group_count; g++) {
        PyMem_Free(w->groups[g].nodes);
    }
    PyMem_Free(w->groups);
    PyMem_Free(w->signatures);
    PyMem_Free(w->table);
}

static int
is_op(const Tape *tape, int32_t k, int row)
{
    return tape->op[k] == FIRST_ROW + row;
}

static int
is_sum(const Tape *tape, int32_t k)
{
    return is_op(tape, k, ROW_add) || is_op(tape, k, ROW_sub);
}

static void
find_varies(Work *w, const int32_t *varying, Py_ssize_t count)
{
    const Tape *tape = w->tape;
    for (Py_ssize_t i = 0; i < count; i++) {
        w->varies[varying[i]] = 1;
    }
    for (int64_t k = 0; k < tape->count; k++) {
        for (int64_t e = tape->first[k]; e < tape->first[k + 1]; e++) {
            w->varies[k] |= w->varies[tape->arg[e]];
        }
    }
}

/* Folds: chains of additions whose inner sums and products nobody else reads */

static int
is_inner_product(const Work *w, int32_t x, int32_t k)
{
    return is_op(w->tape, x, ROW_mul) && w->uses[x] == 1 && w->varies[x] == w->varies[k];
}

static void
find_chains(Work *w, const int32_t *outputs, Py_ssize_t count)
{
    const Tape *tape = w->tape;
    for (int64_t e = 0; e < tape->arg_count; e++) {
        w->uses[tape->arg[e]]++;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        w->uses[outputs[i]] += 2;
    }
    for (int32_t k = 0; k < tape->count; k++) {
        w->previous[k] = NONE;
        if (!is_sum(tape, k)) {
            continue;
        }
        const int32_t a = operands_of(tape, k)[0], b = operands_of(tape, k)[1];
        w->start[k] = a;
        if (is_sum(tape, a) && w->uses[a] == 1 && w->varies[a] == w->varies[k]) {
            w->previous[k] = a;
            w->inner[a] = 1;
        }
        else if (is_inner_product(w, a, k)) {
            w->start[k] = NONE;
            w->inner[a] = 1;
        }
        if (is_op(tape, k, ROW_add) && is_inner_product(w, b, k)) {
            w->inner[b] = 1;
        }
    }
}

/* Add a term; returns how many arguments there are now. */
static void
add_term(Work *w, Lane *lane, int kind, int32_t a, int32_t b)
{
    int32_t *args = w->args + lane->arg + lane->args;
    const int turned = w->varies[b] && !w->varies[a];
    args[0] = turned ? b : a;
    args[1] = turned ? a : b;
    w->kinds[lane->kind + lane->terms] = (uint8_t)kind;
    lane->args += 2;
    lane->terms++;
}

static void
write_fold(Work *w, Lane *lane, int32_t *chain)
{
    const Tape *tape = w->tape;
    int64_t length = 0;
    for (int32_t k = lane->node; k != NONE; k = w->previous[k]) {
        chain[length++] = k;
    }
    const int32_t start = w->start[chain[length - 1]];
    while (length-- > 0) {
        const int32_t k = chain[length], *x = operands_of(tape, k);
        if (w->start[k] == NONE && w->previous[k] == NONE) {
            add_term(w, lane, PRODUCT, operands_of(tape, x[0])[0],
                     operands_of(tape, x[0])[1]);
        }
        if (is_op(tape, k, ROW_sub)) {
            add_term(w, lane, MINUS, x[1], x[1]);
        }
        else if (is_inner_product(w, x[1], k)) {
            add_term(w, lane, PRODUCT, operands_of(tape, x[1])[0],
                     operands_of(tape, x[1])[1]);
        }
        else {
            add_term(w, lane, PLUS, x[1], x[1]);
        }
    }
    w->args[lane->arg + lane->args++] = start;
}

static void
write_lanes(Work *w)
{
    const Tape *tape = w->tape;
    int32_t *chain = w->depth; /* which is not needed yet */
    int64_t arg = 0, kind = 0;
    for (int32_t k = 0; k < tape->count; k++) {
        w->at[k] = NONE;
        if (w->inner[k] || is_leaf_op(tape->op[k])) {
            continue;
        }
        Lane *lane = &w->lanes[w->lane_count];
        w->at[k] = (int32_t)w->lane_count++;
        *lane = (Lane){.node = k, .op = tape->op[k], .after = NO_OP, .beside = NONE,
                       .arg = arg, .kind = kind};
        if (is_sum(tape, k)) {
            lane->op = FOLD_OP;
            write_fold(w, lane, chain);
        }
        else {
            lane->args = (int32_t)operand_count(tape, k);
            memcpy(w->args + arg, operands_of(tape, k),
                   (size_t)lane->args * sizeof *w->args);
        }
        arg += lane->args;
        kind += lane->terms;
    }
    memset(w->depth, 0, (size_t)tape->count * sizeof *w->depth);
}

/* ReLU, and the product with its partial, in the fold before */

static Lane *
lane_of(const Work *w, int32_t k)
{
    return w->at[k] != NONE ? &w->lanes[w->at[k]] : NULL;
}

static Lane *
fold_before(const Work *w, const int32_t *reads, int32_t k, int32_t times)
{
    Lane *found = lane_of(w, k);
    return found != NULL && reads[k] == times && !found->dropped &&
            found->op == FOLD_OP && found->after == NO_OP
        ? found
        : NULL;
}

static void
continue_fold(Lane *lane, Lane *fold, int32_t after, int32_t beside)
{
    const int32_t node = lane->node;
    fold->dropped = 1;
    *lane = *fold;
    lane->dropped = 0;
    lane->node = node;
    lane->after = after;
    lane->beside = beside;
}

static int
fuse(Work *w, const int32_t *outputs, Py_ssize_t count)
{
    int32_t *reads = w->uses; /* which is not needed any more */
    PyObject *name = PyUnicode_FromString("relu:0");
    const int32_t value = FIRST_ROW + ROW_relu, slope = name ? op_number(name) : -1;
    Py_XDECREF(name);
    if (slope < 0) {
        return -1;
    }
    memset(reads, 0, (size_t)w->tape->count * sizeof *reads);
    for (Py_ssize_t i = 0; i < count; i++) {
        reads[outputs[i]]++;
    }
    for (int64_t n = 0; n < w->lane_count; n++) {
        const Lane *lane = &w->lanes[n];
        const int32_t *args = w->args + lane->arg;
        for (int32_t i = 0; i < lane->args; i++) {
            if (args[i] != NONE) {
                reads[args[i]]++;
            }
        }
        if (lane->op == slope) {
            w->slopes[args[0]]++;
        }
    }
    for (int64_t n = 0; n < w->lane_count; n++) {
        Lane *lane = &w->lanes[n];
        int32_t *args = w->args + lane->arg;
        if (lane->op == value) {
            Lane *fold = fold_before(w, reads, args[0], 1 + w->slopes[args[0]]);
            if (fold != NULL) {
                continue_fold(lane, fold, value, NONE);
            }
        }
        else if (lane->op == slope) {
            const Lane *before = lane_of(w, args[0]);
            if (before != NULL && before->dropped) {
                args[0] = args[1];
            }
        }
        else if (lane->op == FIRST_ROW + ROW_mul) {
            for (int i = 0; i < 2; i++) {
                const int32_t other = args[1 - i];
                Lane *fold = fold_before(w, reads, args[i], 1);
                Lane *part = lane_of(w, other);
                if (fold == NULL || part == NULL || reads[other] != 1 || part->dropped ||
                    part->op != slope || w->args[part->arg] != w->args[part->arg + 1]) {
                    continue;
                }
                part->dropped = 1;
                continue_fold(lane, fold, slope, w->args[part->arg + 1]);
                break;
            }
        }
    }
    return 0;
}

/* Sums over the examples of one product or one term that nobody else reads */

static int
is_zero(const Tape *tape, int32_t k)
{
    return tape->op[k] == OP_NUMBER && tape->number[k] == 0.0;
}

static void
find_alone(Work *w, const int32_t *outputs, Py_ssize_t count, const int32_t *sums,
           Py_ssize_t sum_count)
{
    if (sum_count == 0) {
        return;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        w->read[outputs[i]] = 1;
    }
    for (Py_ssize_t i = 0; i < sum_count; i++) {
        w->wanted[sums[i]] = 1;
    }
    for (int64_t n = 0; n < w->lane_count; n++) {
        const Lane *lane = &w->lanes[n];
        const int32_t *args = w->args + lane->arg;
        for (int32_t i = 0; !lane->dropped && i < lane->args; i++) {
            if (args[i] != NONE) {
                w->read[args[i]] = 1;
            }
        }
        if (!lane->dropped && lane->beside != NONE) {
            w->read[lane->beside] = 1;
        }
    }
    for (int64_t n = 0; n < w->lane_count; n++) {
        Lane *lane = &w->lanes[n];
        const int32_t *x = w->args + lane->arg;
        lane->alone = lane->op == FOLD_OP && lane->terms == 1 && lane->after == NO_OP &&
            w->kinds[lane->kind] != MINUS && w->wanted[lane->node] &&
            !w->read[lane->node] && (x[2] == NONE || is_zero(w->tape, x[2])) &&
            w->varies[x[0]] && w->varies[x[1]];
    }
}

/* Groups */

/* Write the signature of a lane behind those of the groups. Returns its length. */
static int32_t
sign(Work *w, const Lane *lane)
{
    const Tape *tape = w->tape;
    const int64_t length = 7 + (int64_t)lane->args;
    if (w->signature_count + length > w->signature_room) {
        const int64_t room = 2 * w->signature_room + length + 1024;
        int32_t *more = PyMem_Realloc(w->signatures, (size_t)room * sizeof *more);
        if (more == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        w->signatures = more;
        w->signature_room = room;
    }
    const int32_t *args = w->args + lane->arg;
    int32_t *s = w->signatures + w->signature_count, n = 0, depth = 0;
    for (int32_t i = 0; i < lane->args; i++) {
        if (args[i] != NONE && w->depth[args[i]] > depth) {
            depth = w->depth[args[i]];
        }
    }
    if (lane->beside != NONE && w->depth[lane->beside] > depth) {
        depth = w->depth[lane->beside];
    }
    w->depth[lane->node] = depth + 1;
    s[n++] = w->varies[lane->node];
    s[n++] = depth + 1;
    s[n++] = lane->op;
    s[n++] = lane->after;
    s[n++] = lane->beside != NONE && w->varies[lane->beside];
    s[n++] = lane->args;
    if (lane->op != FOLD_OP) {
        s[n++] = tape->flags[lane->node] & CHECKED;
        for (int32_t i = 0; i < lane->args; i++) {
            s[n++] = w->varies[args[i]];
        }
        return n;
    }
    const int32_t start = args[lane->args - 1];
    s[n++] = start == NONE         ? BEGINS_MINUS_ZERO
        : !is_zero(tape, start)    ? w->varies[start]
        : signbit(tape->number[start]) ? BEGINS_MINUS_ZERO
                                       : BEGINS_ZERO;
    for (int32_t t = 0; t < lane->terms; t++) {
        const int a = w->varies[args[2 * t]], b = w->varies[args[2 * t + 1]];
        s[n++] = w->kinds[lane->kind + t] << 2 | (a || b) << 1 | (a && b);
    }
    return n;
}

static uint64_t
hash_of(const int32_t *signature, int32_t length)
{
    uint64_t hash = (uint64_t)length;
    for (int32_t i = 0; i < length; i++) {
        hash = mixed(hash, (uint64_t)(uint32_t)signature[i]);
    }
    return hash >> 16;
}

static int
table_grow(Work *w)
{
    const uint64_t size = w->table == NULL ? 1024 : 2 * (w->mask + 1);
    int32_t *table = PyMem_New(int32_t, size);
    if (table == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memset(table, 0xff, size * sizeof *table);
    PyMem_Free(w->table);
    w->table = table;
    w->mask = size - 1;
    for (int64_t g = 0; g < w->group_count; g++) {
        const Group *group = &w->groups[g];
        uint64_t at = hash_of(w->signatures + group->signature, group->length) & w->mask;
        while (table[at] >= 0) {
            at = (at + 1) & w->mask;
        }
        table[at] = (int32_t)g;
    }
    return 0;
}

/* The group of a lane, perhaps a new one. */
static int32_t
group_of(Work *w, int32_t n)
{
    const int32_t length = sign(w, &w->lanes[n]);
    if (length < 0 || (2 * (uint64_t)w->group_count >= w->mask && table_grow(w) < 0)) {
        return -1;
    }
    const int32_t *signature = w->signatures + w->signature_count;
    uint64_t at = hash_of(signature, length) & w->mask;
    for (; w->table[at] >= 0; at = (at + 1) & w->mask) {
        const Group *group = &w->groups[w->table[at]];
        if (group->length == length &&
            memcmp(w->signatures + group->signature, signature,
                   (size_t)length * sizeof *signature) == 0) {
            return w->table[at];
        }
    }
    if (w->group_count == w->group_room) {
        const int64_t room = 2 * w->group_room + 64;
        Group *more = PyMem_Realloc(w->groups, (size_t)room * sizeof *more);
        if (more == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        w->groups = more;
        w->group_room = room;
    }
    w->groups[w->group_count] = (Group){
        .signature = w->signature_count, .length = length, .first = n,
        .order = {signature[0], signature[1]}};
    w->signature_count += length;
    return w->table[at] = (int32_t)w->group_count++;
}

static int
by_order(const void *x, const void *y)
{
    const Group *const *a = x, *const *b = y;
    for (int i = 0; i < 2; i++) {
        if ((*a)->order[i] != (*b)->order[i]) {
            return (*a)->order[i] < (*b)->order[i] ? -1 : 1;
        }
    }
    return (*a)->first < (*b)->first ? -1 : (*a)->first > (*b)->first;
}

/* Write the nodes and operands of all groups: an array (operands, lanes) for each. */
static int
fill_groups(Work *w)
{
    for (int64_t n = 0; n < w->lane_count; n++) {
        Lane *lane = &w->lanes[n];
        if (!lane->dropped) {
            lane->group = group_of(w, (int32_t)n);
            if (lane->group < 0) {
                return -1;
            }
            w->groups[lane->group].lanes += !lane->alone;
        }
    }
    for (int64_t g = 0; g < w->group_count; g++) {
        Group *group = &w->groups[g];
        const size_t rows = 2 + (size_t)w->lanes[group->first].args;
        group->nodes = PyMem_New(int32_t, rows * (size_t)group->lanes + 1);
        if (group->nodes == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        group->args = group->nodes + group->lanes;
        group->beside = group->args + (rows - 2) * (size_t)group->lanes;
    }
    for (int64_t n = 0; n < w->lane_count; n++) {
        const Lane *lane = &w->lanes[n];
        if (lane->dropped || lane->alone) {
            continue;
        }
        Group *group = &w->groups[lane->group];
        const int32_t j = group->filled++;
        group->nodes[j] = lane->node;
        group->beside[j] = lane->beside;
        const int32_t *args = w->args + lane->arg;
        for (int32_t i = 0; i < lane->args; i++) {
            group->args[(int64_t)i * group->lanes + j] = args[i];
        }
    }
    return 0;
}

/* Python's view */

static PyObject *
lane_instruction(const Work *w, const Lane *lane)
{
    PyObject *kinds = PyTuple_New(lane->terms);
    for (int32_t t = 0; kinds != NULL && t < lane->terms; t++) {
        PyObject *kind = PyLong_FromLong(w->kinds[lane->kind + t]);
        if (kind == NULL) {
            Py_CLEAR(kinds);
        }
        else {
            PyTuple_SET_ITEM(kinds, t, kind);
        }
    }
    PyObject *list = list_of_entries(w->args + lane->arg, lane->args);
    PyObject *args = list == NULL ? NULL : PyList_AsTuple(list);
    Py_XDECREF(list);
    PyObject *beside =
        lane->beside == NONE ? PyTuple_New(0) : Py_BuildValue("(i)", (int)lane->beside);
    PyObject *op = lane->op == FOLD_OP ? PyUnicode_FromString("fold")
                                       : Py_NewRef(op_name(lane->op));
    PyObject *after = lane->after == NO_OP ? PyUnicode_FromString("")
                                           : Py_NewRef(op_name(lane->after));
    PyObject *made = NULL;
    if (kinds != NULL && args != NULL && beside != NULL && op != NULL && after != NULL) {
        made = Py_BuildValue("(iOOOOO)", (int)lane->node, op, args, kinds, after, beside);
    }
    Py_XDECREF(kinds);
    Py_XDECREF(args);
    Py_XDECREF(beside);
    Py_XDECREF(op);
    Py_XDECREF(after);
    return made;
}

static PyObject *
group_in_python(const Work *w, const Group *group)
{
    const Lane *lane = &w->lanes[group->first];
    const Py_ssize_t lanes = (Py_ssize_t)(group->lanes * (int64_t)sizeof(int32_t));
    PyObject *instruction = lane_instruction(w, lane);
    PyObject *nodes = numbers_of_entries(group->nodes, lanes, "i");
    PyObject *args = numbers_of_entries(group->args, lanes * lane->args, "i");
    PyObject *beside =
        numbers_of_entries(group->beside, lane->beside == NONE ? 0 : lanes, "i");
    PyObject *made = NULL;
    if (instruction != NULL && nodes != NULL && args != NULL && beside != NULL) {
        made = PyTuple_Pack(4, instruction, nodes, args, beside);
    }
    Py_XDECREF(instruction);
    Py_XDECREF(nodes);
    Py_XDECREF(args);
    Py_XDECREF(beside);
    return made;
}

static PyObject *
groups_in_python(const Work *w)
{
    const Group **order = PyMem_New(const Group *, (size_t)w->group_count + 1);
    if (order == NULL) {
        return PyErr_NoMemory();
    }
    for (int64_t g = 0; g < w->group_count; g++) {
        order[g] = &w->groups[g];
    }
    qsort(order, (size_t)w->group_count, sizeof *order, by_order);
    PyObject *list = PyList_New(0);
    for (int64_t g = 0; list != NULL && g < w->group_count; g++) {
        if (order[g]->lanes == 0) {
            continue;
        }
        PyObject *one = group_in_python(w, order[g]);
        if (one == NULL || PyList_Append(list, one) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(one);
    }
    PyMem_Free(order);
    return list;
}

static PyObject *
alone_in_python(const Work *w)
{
    PyObject *list = PyList_New(0);
    for (int64_t n = 0; list != NULL && n < w->lane_count; n++) {
        if (w->lanes[n].alone && !w->lanes[n].dropped) {
            PyObject *one = lane_instruction(w, &w->lanes[n]);
            if (one == NULL || PyList_Append(list, one) < 0) {
                Py_CLEAR(list);
            }
            Py_XDECREF(one);
        }
    }
    return list;
}

/* A byte for each entry: whether it is a number. */
static PyObject *
numbers_in_python(const Tape *tape)
{
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)tape->count);
    char *at = bytes == NULL ? NULL : PyBytes_AS_STRING(bytes);
    for (int64_t k = 0; at != NULL && k < tape->count; k++) {
        at[k] = tape->op[k] == OP_NUMBER;
    }
    return bytes;
}

static int
make_room(Work *w)
{
    const Tape *tape = w->tape;
    const int64_t n = tape->count, args = tape->arg_count;
    return (w->varies = taken(w, n, 1)) == NULL || (w->inner = taken(w, n, 1)) == NULL ||
            (w->wanted = taken(w, n, 1)) == NULL || (w->read = taken(w, n, 1)) == NULL ||
            (w->uses = taken(w, n, sizeof *w->uses)) == NULL ||
            (w->previous = taken(w, n, sizeof *w->previous)) == NULL ||
            (w->start = taken(w, n, sizeof *w->start)) == NULL ||
            (w->at = taken(w, n, sizeof *w->at)) == NULL ||
            (w->depth = taken(w, n, sizeof *w->depth)) == NULL ||
            (w->slopes = taken(w, n, sizeof *w->slopes)) == NULL ||
            (w->lanes = taken(w, n, sizeof *w->lanes)) == NULL ||
            /* a term takes two operands, and every fold has one more */
            (w->args = taken(w, 2 * args + n, sizeof *w->args)) == NULL ||
            (w->kinds = taken(w, args + n, 1)) == NULL
        ? -1
        : 0;
}

/* groups(outputs, varying, sums): for each group, in the order in which they run, its
   first instruction, nodes, operands and what is beside; the instructions that are no
   part of a group, as they are summed; bytes for the entries, whether each varies and
   whether it is a number. */
PyObject *
tape_groups(Tape *tape, PyObject *args)
{
    PyObject *given[3], *found = NULL;
    if (!PyArg_ParseTuple(args, "OOO:groups", &given[0], &given[1], &given[2])) {
        return NULL;
    }
    int32_t *entries[3] = {NULL, NULL, NULL};
    Py_ssize_t counts[3] = {0, 0, 0};
    int failed = 0;
    for (int i = 0; !failed && i < 3; i++) {
        entries[i] = entries_from(given[i], tape, &counts[i]);
        failed = entries[i] == NULL;
    }
    Work w = {.tape = tape};
    int32_t *all = failed ? NULL : PyMem_New(int32_t, (size_t)(counts[0] + counts[2]) + 1);
    if (!failed && all == NULL) {
        PyErr_NoMemory();
    }
    if (all != NULL && make_room(&w) == 0) {
        const Py_ssize_t count = counts[0] + counts[2];
        memcpy(all, entries[0], (size_t)counts[0] * sizeof *all);
        memcpy(all + counts[0], entries[2], (size_t)counts[2] * sizeof *all);
        find_varies(&w, entries[1], counts[1]);
        find_chains(&w, all, count);
        write_lanes(&w);
        failed = fuse(&w, all, count) < 0;
        if (!failed) {
            find_alone(&w, entries[0], counts[0], entries[2], counts[2]);
            failed = table_grow(&w) < 0 || fill_groups(&w) < 0;
        }
        PyObject *groups = failed ? NULL : groups_in_python(&w);
        PyObject *alone = groups == NULL ? NULL : alone_in_python(&w);
        PyObject *varies = alone == NULL
            ? NULL
            : PyBytes_FromStringAndSize((const char *)w.varies, (Py_ssize_t)tape->count);
        PyObject *numbers = varies == NULL ? NULL : numbers_in_python(tape);
        if (numbers != NULL) {
            found = PyTuple_Pack(4, groups, alone, varies, numbers);
        }
        Py_XDECREF(groups);
        Py_XDECREF(alone);
        Py_XDECREF(varies);
        Py_XDECREF(numbers);
    }
    work_free(&w);
    PyMem_Free(all);
    for (int i = 0; i < 3; i++) {
        PyMem_Free(entries[i]);
    }
    return found;
}
