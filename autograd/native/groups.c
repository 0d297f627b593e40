/* From a tape to the groups that become packs: what folds.py, fuse.py and the first half
   of lower.py do in autograd/program/passes, instruction by instruction.

   All is arrays over the entries of the tape, in its order, and each step is one loop.
   Instructions are alike if a list of small numbers, their signature, is the same: the
   depth, the operation, the kinds of terms, and which operands differ from example to
   example. */

#include "groups.h"

enum { BEGINS_MINUS_ZERO = 2, BEGINS_ZERO };

/* What an entry is to folds: part of one; a sum; and of a sum, whether it goes on from
   the fold of its first operand, which operands are products in it, and its sign. */
enum { INNER = 1, SUM = 2, GOES_ON = 4, TAKES_FIRST = 8, TAKES_SECOND = 16,
       SUBTRACTS = 32 };

/* An array that is as long as the tape; all zero, if asked for. */
static void *
taken(Groups *w, int64_t count, size_t size, int zero)
{
    const size_t bytes = ((size_t)count + 1) * size;
    void *block = zero ? array_new(bytes) : array_grow(NULL, bytes);
    if (block == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    return w->blocks[w->block_count++] = block;
}

void
groups_free(Groups *w)
{
    for (int i = 0; i < w->block_count; i++) {
        array_free(w->blocks[i]);
    }
    for (int64_t g = 0; g < w->group_count; g++) {
        PyMem_Free(w->groups[g].nodes);
    }
    PyMem_Free(w->groups);
    PyMem_Free(w->order);
    PyMem_Free(w->signatures);
    PyMem_Free(w->table);
}

static int
is_op(const Tape *tape, int32_t k, int row)
{
    return tape->op[k] == FIRST_ROW + row;
}

static void
find_varies(Groups *w, const Chosen *varying)
{
    const Tape *tape = w->tape;
    if (varying->count == 0) {
        return;
    }
    for (Py_ssize_t i = 0; i < varying->count; i++) {
        w->varies[varying->entries[i]] = 1;
    }
    for (int64_t k = 0; k < tape->count; k++) {
        for (int64_t e = tape->first[k]; e < tape->first[k + 1]; e++) {
            w->varies[k] |= w->varies[tape->arg[e]];
        }
    }
}

/* Folds: chains of additions whose inner sums and products nobody else reads */

/* Whether x is a product that is a term of the sum k, and of nothing else. */
static int
is_inner_product(const Groups *w, int32_t x, int32_t k)
{
    return w->uses[x] == 1 && is_op(w->tape, x, ROW_mul) && w->varies[x] == w->varies[k];
}

/* Count a use, up to 2. */
static void
use(Groups *w, int32_t k)
{
    w->uses[k] = (uint8_t)(w->uses[k] == 0 ? 1 : 2);
}

static void
find_chains(Groups *w, const int32_t *outputs, Py_ssize_t count)
{
    const Tape *tape = w->tape;
    for (int64_t e = 0; e < tape->arg_count; e++) {
        use(w, tape->arg[e]);
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        w->uses[outputs[i]] = 2;
    }
    for (int32_t k = 0; k < tape->count; k++) {
        const int subtracts = is_op(tape, k, ROW_sub);
        if (!subtracts && !is_op(tape, k, ROW_add)) {
            continue;
        }
        const int32_t a = operands_of(tape, k)[0], b = operands_of(tape, k)[1];
        int form = SUM | (subtracts ? SUBTRACTS : 0);
        if (w->form[a] & SUM && w->uses[a] == 1 && w->varies[a] == w->varies[k]) {
            form |= GOES_ON;
            w->form[a] |= INNER;
        }
        else if (is_inner_product(w, a, k)) {
            form |= TAKES_FIRST;
            w->form[a] |= INNER;
        }
        if (!subtracts && is_inner_product(w, b, k)) {
            form |= TAKES_SECOND;
            w->form[b] |= INNER;
        }
        w->form[k] |= (uint8_t)form;
    }
}

/* Add a term to a fold, of a product's factors the one that varies first. */
static void
add_term(Groups *w, Lane *lane, int kind, int32_t a, int32_t b)
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
write_fold(Groups *w, Lane *lane, int32_t *chain)
{
    const Tape *tape = w->tape;
    int64_t length = 0;
    int32_t k = lane->node;
    for (; w->form[k] & GOES_ON; k = operands_of(tape, k)[0]) {
        chain[length++] = k;
    }
    int32_t start = operands_of(tape, k)[0];
    if (w->form[k] & TAKES_FIRST) {
        add_term(w, lane, PRODUCT, operands_of(tape, start)[0],
                 operands_of(tape, start)[1]);
        start = NONE;
    }
    while (1) {
        const int32_t b = operands_of(tape, k)[1];
        if (w->form[k] & TAKES_SECOND) {
            add_term(w, lane, PRODUCT, operands_of(tape, b)[0], operands_of(tape, b)[1]);
        }
        else {
            add_term(w, lane, w->form[k] & SUBTRACTS ? MINUS : PLUS, b, b);
        }
        if (length == 0) {
            break;
        }
        k = chain[--length];
    }
    w->args[lane->arg + lane->args++] = start;
}

static int
write_lanes(Groups *w)
{
    const Tape *tape = w->tape;
    int32_t *chain = w->depth; /* which is not needed yet */
    int64_t arg = 0, kind = 0;
    int64_t lanes = 0, args = 0, terms = 0;
    for (int32_t k = 0; k < tape->count; k++) {
        const int form = w->form[k], begins = !(form & INNER) && !is_leaf_op(tape->op[k]);
        const int more = form & SUM ? 1 + !!(form & TAKES_FIRST) : 0;
        const int product = begins && is_op(tape, k, ROW_mul);
        lanes += begins;
        terms += more + product;
        args += 2 * more + product +
            (form & SUM ? begins : begins ? operand_count(tape, k) : 0);
    }
    if ((w->lanes = taken(w, lanes, sizeof *w->lanes, 0)) == NULL ||
        (w->args = taken(w, args, sizeof *w->args, 0)) == NULL ||
        (w->kinds = taken(w, terms, 1, 0)) == NULL) {
        return -1;
    }
    for (int32_t k = 0; k < tape->count; k++) {
        w->at[k] = NONE;
        if (w->form[k] & INNER || is_leaf_op(tape->op[k])) {
            continue;
        }
        Lane *lane = &w->lanes[w->lane_count];
        w->at[k] = (int32_t)w->lane_count++;
        *lane = (Lane){.node = k, .op = tape->op[k], .after = NO_OP, .beside = NONE,
                       .arg = arg, .kind = kind};
        if (w->form[k] & SUM) {
            lane->op = FOLD_OP;
            write_fold(w, lane, chain);
        }
        else {
            lane->args = (int32_t)operand_count(tape, k);
            memcpy(w->args + arg, operands_of(tape, k),
                   (size_t)lane->args * sizeof *w->args);
        }
        const int product = lane->op == FIRST_ROW + ROW_mul; /* may become a fold */
        arg += lane->args + product;
        kind += lane->terms + product;
    }
    memset(w->depth, 0, (size_t)tape->count * sizeof *w->depth);
    return 0;
}

/* ReLU, and the product with its partial, in the fold before */

static Lane *
lane_of(const Groups *w, int32_t k)
{
    return w->at[k] != NONE ? &w->lanes[w->at[k]] : NULL;
}

static Lane *
fold_before(const Groups *w, int32_t k, int32_t times)
{
    Lane *found = lane_of(w, k);
    return found != NULL && w->reads[k] == times && !found->dropped &&
            found->op == FOLD_OP && found->after == NO_OP
        ? found
        : NULL;
}

/* A product as a fold, if nobody but node k reads it. */
static Lane *
product_before(Groups *w, int32_t node, int32_t k)
{
    Lane *found = lane_of(w, node);
    if (found == NULL || w->reads[node] != 1 || found->dropped ||
        found->op != FIRST_ROW + ROW_mul || w->varies[node] != w->varies[k]) {
        return NULL;
    }
    const int32_t *args = w->args + found->arg;
    const int32_t a = args[0], b = args[1];
    found->op = FOLD_OP;
    found->args = 0;
    add_term(w, found, PRODUCT, a, b);
    w->args[found->arg + found->args++] = NONE;
    return found;
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

/* How often nodes are read, and by partials of relu. */
static void
count_reads(Groups *w, const int32_t *outputs, Py_ssize_t count, int32_t slope)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        w->reads[outputs[i]]++;
    }
    for (int64_t n = 0; n < w->lane_count; n++) {
        const Lane *lane = &w->lanes[n];
        const int32_t *args = w->args + lane->arg;
        for (int32_t i = 0; i < lane->args; i++) {
            if (args[i] != NONE) {
                w->reads[args[i]]++;
            }
        }
        if (lane->op == slope) {
            w->slopes[args[0]]++;
        }
    }
}

/* A choice of the product with ReLU's partial, and 0 where that is 0. */
static void
fuse_share(Groups *w, Lane *lane, int32_t slope)
{
    const int32_t *reads = w->reads, *args = w->args + lane->arg;
    Lane *part = lane_of(w, args[0]), *times = lane_of(w, args[1]);
    if (part == NULL || times == NULL || reads[args[0]] != 2 || reads[args[1]] != 1 ||
        part->dropped || times->dropped || times->op != FIRST_ROW + ROW_mul ||
        part->op != slope || w->args[part->arg] != w->args[part->arg + 1]) {
        return;
    }
    const int32_t *factors = w->args + times->arg;
    const int second = factors[0] == args[0];
    if (second == (factors[1] == args[0])) {
        return; /* not a factor, or both */
    }
    Lane *fold = fold_before(w, factors[second], 1);
    fold = fold != NULL ? fold : product_before(w, factors[second], lane->node);
    if (fold != NULL) {
        part->dropped = times->dropped = 1;
        continue_fold(lane, fold, slope, w->args[part->arg + 1]);
    }
}

static int
fuse(Groups *w, const int32_t *outputs, Py_ssize_t count)
{
    PyObject *name = PyUnicode_FromString("relu:0");
    const int32_t value = FIRST_ROW + ROW_relu, slope = name ? op_number(name) : -1;
    Py_XDECREF(name);
    if (slope < 0) {
        return -1;
    }
    count_reads(w, outputs, count, slope);
    for (int64_t n = 0; n < w->lane_count; n++) {
        Lane *lane = &w->lanes[n];
        int32_t *args = w->args + lane->arg;
        if (lane->op == value) {
            Lane *fold = fold_before(w, args[0], 1 + w->slopes[args[0]]);
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
        else if (lane->op == FIRST_ROW + ROW_where) {
            fuse_share(w, lane, slope);
        }
    }
    return 0;
}

/* Sums over the examples of one product or one term that nobody else reads */

static void
find_alone(Groups *w, const Chosen *outputs, const Chosen *sums)
{
    if (sums->count == 0) {
        return;
    }
    for (Py_ssize_t i = 0; i < outputs->count; i++) {
        w->read[outputs->entries[i]] = 1;
    }
    for (Py_ssize_t i = 0; i < sums->count; i++) {
        w->wanted[sums->entries[i]] = 1;
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
        double zero;
        lane->alone = lane->op == FOLD_OP && lane->terms == 1 && lane->after == NO_OP &&
            w->kinds[lane->kind] != MINUS && w->wanted[lane->node] &&
            !w->read[lane->node] && zero_before(w, lane, &zero) && w->varies[x[0]] && w->varies[x[1]];
    }
}

/* Groups */

/* Write the signature of a lane behind those of the groups. Returns its length. */
static int32_t
sign(Groups *w, const Lane *lane)
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
    double zero;
    s[n++] = !zero_before(w, lane, &zero) ? w->varies[args[lane->args - 1]]
        : signbit(zero)                   ? BEGINS_MINUS_ZERO
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
table_grow(Groups *w)
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
group_of(Groups *w, int32_t n)
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
fill_groups(Groups *w)
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

static int
make_room(Groups *w)
{
    const int64_t n = w->tape->count;
    return (w->varies = taken(w, n, 1, 1)) == NULL ||
            (w->form = taken(w, n, 1, 1)) == NULL ||
            (w->uses = taken(w, n, 1, 1)) == NULL ||
            (w->wanted = taken(w, n, 1, 1)) == NULL ||
            (w->read = taken(w, n, 1, 1)) == NULL ||
            (w->reads = taken(w, n, sizeof *w->reads, 1)) == NULL ||
            (w->slopes = taken(w, n, sizeof *w->slopes, 1)) == NULL ||
            (w->at = taken(w, n, sizeof *w->at, 0)) == NULL ||
            (w->depth = taken(w, n, sizeof *w->depth, 0)) == NULL
        ? -1
        : 0;
}

static int
sort_groups(Groups *w)
{
    w->order = PyMem_New(Group *, (size_t)w->group_count + 1);
    if (w->order == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (int64_t g = 0; g < w->group_count; g++) {
        w->order[g] = &w->groups[g];
    }
    qsort(w->order, (size_t)w->group_count, sizeof *w->order, by_order);
    return 0;
}

/* Find the groups, in the order in which they run; to be freed in any case. */
int
groups_find(Groups *w, const Tape *tape, const Chosen *outputs, const Chosen *varying,
            const Chosen *sums)
{
    *w = (Groups){.tape = tape};
    const Py_ssize_t count = outputs->count + sums->count;
    int32_t *all = PyMem_New(int32_t, (size_t)count + 1);
    if (all == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(all, outputs->entries, (size_t)outputs->count * sizeof *all);
    memcpy(all + outputs->count, sums->entries, (size_t)sums->count * sizeof *all);
    int failed = make_room(w) < 0;
    if (!failed) {
        find_varies(w, varying);
        find_chains(w, all, count);
        failed = write_lanes(w) < 0 || fuse(w, all, count) < 0;
    }
    if (!failed) {
        find_alone(w, outputs, sums);
        failed = table_grow(w) < 0 || fill_groups(w) < 0 || sort_groups(w) < 0;
    }
    PyMem_Free(all);
    return failed ? -1 : 0;
}
