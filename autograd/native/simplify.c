/* What outputs need, once: autograd.program.passes.simplify.simplified, entry by entry.

   Constants are computed by the rows themselves, in Python, and so are reductions written
   out that are no plain loops; both are rare. Of the others Python says once what adds a
   term.

   The table of known operations is larger than a cache, and looking one up a miss of it.
   So the place of an operation in the table depends on its operands' own hashes, which
   are known before their places are, and is fetched some entries ahead. */

#include "wengert.h"

enum { AHEAD = 24 };

#if defined(__GNUC__)
#define FETCH(address) __builtin_prefetch(address)
#else
#define FETCH(address) ((void)(address))
#endif

enum { MOST_LINES = 4 };

/* A row of a loop's body. Its operands are by number: 0 for the sum so far, then those of
   the term, or their number at the end, then what came before. */
typedef struct {
    int32_t op, count;
    uint8_t operands[MOST_OPERANDS];
} Line;

/* How a reduction is written out; without lines, by Python. */
typedef struct {
    enum { UNKNOWN, LOOP, NO_LOOP } kind;
    uint32_t columns; /* operands of a term; 0 of a row made at run time */
    Py_ssize_t step_count, finish_count;
    Line step[MOST_LINES], finish[MOST_LINES];
} Loop;

typedef struct {
    Tape *old, *new;
    uint8_t *needed;
    int64_t entries_needed, args_needed;
    int32_t *place; /* the new entry of each old one; -1 for one that is not needed */
    uint64_t *hash; /* of each old entry: the same for the same new one */
    uint64_t *hashes; /* of each new entry; NULL until somebody needs them */
    int64_t hash_room, hash_count;
    uint32_t *same; /* a table of old entries plus 1, the first of each kind, and above
                       their bits some of their hashes */
    uint64_t mask;
    uint32_t entry_mask;
    Loop *loops; /* by operation */
    int64_t loop_count;
    int32_t *args;
    int64_t args_room;
    int again; /* whether something was written out that may be there already, or is dead */
} Pass;

static void
pass_free(Pass *p)
{
    array_free(p->needed);
    array_free(p->place);
    array_free(p->hash);
    PyMem_Free(p->hashes);
    array_free(p->same);
    PyMem_Free(p->loops);
    PyMem_Free(p->args);
}

/* Mark what the outputs depend on. Operands come before their users. */
static void
mark_needed(Pass *p, const int32_t *outputs, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        p->needed[outputs[i]] = 1;
    }
    for (int64_t k = p->old->count - 1; k >= 0; k--) {
        if (p->needed[k]) {
            p->entries_needed++;
            p->args_needed += operand_count(p->old, k);
            for (int64_t e = p->old->first[k]; e < p->old->first[k + 1]; e++) {
                p->needed[p->old->arg[e]] = 1;
            }
        }
    }
}

/* Take lines from Python; how many. Too many are none. */
static Py_ssize_t
take_lines(PyObject *given, Line *lines)
{
    const Py_ssize_t count = PyList_Size(given);
    for (Py_ssize_t i = 0; i < count && count <= MOST_LINES; i++) {
        PyObject *name, *operands;
        if (!PyArg_ParseTuple(PyList_GET_ITEM(given, i), "UO!", &name, &PyTuple_Type,
                              &operands)) {
            return -1;
        }
        Line *line = &lines[i];
        line->op = op_number(name);
        line->count = (int32_t)PyTuple_GET_SIZE(operands);
        for (int32_t j = 0; j < line->count && j < MOST_OPERANDS; j++) {
            const long operand = PyLong_AsLong(PyTuple_GET_ITEM(operands, j));
            line->operands[j] = (uint8_t)operand;
        }
        if (PyErr_Occurred()) {
            return -1;
        }
        if (line->count > MOST_OPERANDS) {
            return 0;
        }
    }
    return count <= MOST_LINES ? count : 0;
}

/* How an operation is written out, for which Python is asked once; or NULL. */
static const Loop *
loop_of(Pass *p, int32_t op)
{
    if (op < p->loop_count && p->loops[op].kind != UNKNOWN) {
        return &p->loops[op];
    }
    void *loops = by_operation(p->loops, &p->loop_count, op, sizeof *p->loops);
    if (loops == NULL) {
        return NULL;
    }
    p->loops = loops;
    Loop *loop = &p->loops[op];
    const uint32_t row = (uint32_t)(op - FIRST_ROW);
    loop->columns = columns_of(row);
    if (row < ROWS && loop->columns == 0) {
        loop->kind = NO_LOOP;
        return loop;
    }
    PyObject *asked = python_function("autograd.program.passes.simplify", "loop_of");
    PyObject *answer = asked == NULL ? NULL : PyObject_CallOneArg(asked, op_name(op));
    PyObject *step, *finish;
    if (answer == Py_None) {
        loop->kind = NO_LOOP;
    }
    else if (answer != NULL && PyArg_ParseTuple(answer, "OO", &step, &finish)) {
        loop->step_count = take_lines(step, loop->step);
        loop->finish_count = take_lines(finish, loop->finish);
        loop->kind = PyErr_Occurred() ? UNKNOWN : LOOP;
    }
    Py_XDECREF(asked);
    Py_XDECREF(answer);
    return PyErr_Occurred() ? NULL : loop;
}

/* Append lines; the last one's entry. ``operands`` has room for what they make, and -1 for
   a sum that begins with 0. */
static int32_t
append_lines(Pass *p, const Line *lines, Py_ssize_t count, int32_t *operands,
             int32_t given, int checked)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        int32_t args[MOST_OPERANDS];
        for (int32_t j = 0; j < lines[i].count; j++) {
            int32_t *operand = &operands[lines[i].operands[j]];
            if (*operand < 0 && (*operand = tape_constant(p->new, 0.0)) < 0) {
                return -1;
            }
            args[j] = *operand;
        }
        operands[given + i] = tape_append(p->new, lines[i].op, args, lines[i].count, 0.0,
                                          (uint8_t)checked);
        if (operands[given + i] < 0) {
            return -1;
        }
    }
    return operands[given + count - 1];
}

/* Write a reduction out: Reduction.value, in Python. */
static int32_t
written_out(Pass *p, const Loop *loop, int64_t count, int checked)
{
    const uint32_t columns = loop->columns;
    int32_t operands[1 + MOST_COLUMNS + MOST_LINES];
    const int64_t terms = count / columns;
    operands[0] = count % columns ? p->args[count - 1] : -1;
    for (int64_t t = 0; t < terms; t++) {
        for (uint32_t c = 0; c < columns; c++) {
            operands[1 + c] = p->args[c * terms + t];
        }
        operands[0] = append_lines(p, loop->step, loop->step_count, operands,
                                   1 + (int32_t)columns, checked);
        if (operands[0] < 0) {
            return -1;
        }
    }
    if (loop->finish_count == 0) {
        return operands[0];
    }
    operands[1] = tape_constant(p->new, (double)terms);
    return operands[1] < 0 ? -1
                           : append_lines(p, loop->finish, loop->finish_count, operands,
                                          2, checked);
}

static int32_t
rewritten_in_python(Pass *p, int32_t op, int64_t count, int checked)
{
    PyObject *args = PyTuple_New(count);
    for (int64_t i = 0; args != NULL && i < count; i++) {
        PyObject *a = PyLong_FromLong(p->args[i]);
        if (a == NULL) {
            Py_CLEAR(args);
        }
        else {
            PyTuple_SET_ITEM(args, i, a);
        }
    }
    PyObject *asked = args == NULL
        ? NULL
        : python_function("autograd.program.passes.simplify", "rewritten");
    PyObject *answer = asked == NULL
        ? NULL
        : PyObject_CallFunctionObjArgs(asked, p->new, op_name(op), args,
                                       checked ? Py_True : Py_False, NULL);
    Py_XDECREF(asked);
    Py_XDECREF(args);
    const long k = answer == NULL ? -1 : PyLong_AsLong(answer);
    Py_XDECREF(answer);
    if (!PyErr_Occurred() && (k < 0 || k >= p->new->count)) {
        PyErr_SetString(PyExc_SystemError, "a rewritten entry is none of its tape");
    }
    return PyErr_Occurred() ? -1 : (int32_t)k;
}

static int
is_same_as_operand(int32_t op)
{
    return op == FIRST_ROW + ROW_pos || op == OP_DETACH;
}

/* Hash an entry whose operands are hashed, and fetch its place in the table. */
static void
hash_entry(Pass *p, int64_t k)
{
    const Tape *old = p->old;
    const int32_t op = old->op[k], *operands = operands_of(old, k);
    if (op == OP_NUMBER) {
        p->hash[k] = mixed(1, bits(old->number[k]));
        return;
    }
    if (is_leaf_op(op)) {
        p->hash[k] = mixed(2, (uint64_t)k);
        return;
    }
    if (is_same_as_operand(op)) {
        p->hash[k] = p->hash[operands[0]];
        return;
    }
    const int64_t count = operand_count(old, k);
    /* A sum of products, since one hash of another would wait for it. */
    uint64_t hash = mixed((uint64_t)op, (uint64_t)count);
    for (int64_t i = 0; i < count; i++) {
        hash += p->hash[operands[i]] * (UINT64_C(0xD1342543DE82EF95) + 2 * (uint64_t)i);
    }
    p->hash[k] = hash = mixed(hash, 0);
    FETCH(p->same + (hash >> 20 & p->mask));
}

/* Remember the hash of a new entry. Those that no old entry has are as good as any. */
static int
remember(Pass *p, int32_t place, uint64_t hash)
{
    if (place >= p->hash_room) {
        const int64_t room = 2 * (int64_t)place + 256;
        uint64_t *more = PyMem_Realloc(p->hashes, (size_t)room * sizeof *more);
        if (more == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        p->hashes = more;
        p->hash_room = room;
    }
    for (; p->hash_count <= place; p->hash_count++) {
        const int64_t i = p->hash_count;
        p->hashes[i] = p->new->op[i] == OP_NUMBER ? mixed(1, bits(p->new->number[i]))
            : i == place                          ? hash
                                                  : mixed(3, (uint64_t)i);
    }
    return 0;
}

/* An entry was written otherwise, and maybe in place of another one: its hash is that of
   the new entry. */
static int
rehash(Pass *p, int32_t k)
{
    for (int32_t j = p->hashes == NULL ? 0 : k; j <= k; j++) {
        if (p->place[j] >= 0 && remember(p, p->place[j], p->hash[j]) < 0) {
            return -1;
        }
    }
    p->hash[k] = p->hashes[p->place[k]];
    return 0;
}

/* The old entry that is the same operation on the same operands, k if there is none.
   ``apart``: whether it is another one if it is checked and the other is not. */
static int32_t
first_of(Pass *p, int32_t k, int64_t count, int apart)
{
    const Tape *old = p->old;
    const uint8_t checked = old->flags[k] & CHECKED;
    const uint64_t hash = p->hash[k];
    const uint32_t tag = (uint32_t)(hash >> 32) & ~p->entry_mask;
    for (uint64_t at = hash >> 20 & p->mask;; at = (at + 1) & p->mask) {
        const uint32_t found = p->same[at];
        if (found == 0) {
            p->same[at] = tag | (uint32_t)(k + 1);
            return k;
        }
        if ((found & ~p->entry_mask) != tag) {
            continue;
        }
        const int32_t j = (int32_t)(found & p->entry_mask) - 1;
        int equal = old->op[j] == old->op[k] && operand_count(old, j) == count &&
            (!apart || (old->flags[j] & CHECKED) == checked);
        for (int64_t i = 0; equal && i < count; i++) {
            equal = p->place[operands_of(old, j)[i]] == p->args[i];
        }
        if (equal) {
            return j;
        }
    }
}

/* The place of entry k on the new tape; ``otherwise`` is whether it is another
   operation there. */
static int32_t
place_of(Pass *p, int32_t k, int *otherwise)
{
    const Tape *old = p->old;
    const int32_t op = old->op[k], *operands = operands_of(old, k);
    const int64_t count = operand_count(old, k);
    const int checked = old->flags[k] & CHECKED;
    if (op == OP_NUMBER) {
        return tape_constant(p->new, old->number[k]);
    }
    if (is_leaf_op(op)) {
        return tape_add(p->new, op, NULL, 0,
                        old->flags[k] & KNOWN ? &old->number[k] : NULL, 0);
    }
    if (is_same_as_operand(op)) {
        return p->place[operands[0]];
    }
    if (count > p->args_room) {
        int32_t *more = PyMem_Realloc(p->args, (size_t)count * sizeof *more);
        if (more == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        p->args = more;
        p->args_room = count;
    }
    int numbers = 1;
    for (int64_t i = 0; i < count; i++) {
        p->args[i] = p->place[operands[i]];
        numbers &= p->new->op[p->args[i]] == OP_NUMBER;
    }
    if (op == FIRST_ROW + ROW_where && p->args[1] == p->args[2]) {
        p->again = *otherwise = 1;
        return p->args[1]; /* the same in every case */
    }
    const Loop *loop = numbers ? NULL : loop_of(p, op);
    if (loop == NULL && !numbers) {
        return -1;
    }
    const int written = numbers || loop->kind == LOOP;
    const int32_t same = first_of(p, k, count, written);
    if (same != k) {
        /* of two that are one, of which one is checked, that one is */
        p->new->flags[p->place[same]] |= written ? 0 : (uint8_t)checked;
        return p->place[same];
    }
    *otherwise = written;
    if (!written) {
        return tape_append(p->new, op, p->args, count, 0.0, (uint8_t)checked);
    }
    if (!numbers && loop->columns > 0 && loop->step_count > 0) {
        return written_out(p, loop, count, checked);
    }
    p->again |= !numbers && loop->step_count == 0;
    return rewritten_in_python(p, op, count, checked);
}

static int
place_all(Pass *p, int64_t size)
{
    int64_t ahead = 0; /* entries before this one are hashed */
    for (int32_t k = 0; k < size; k++) {
        for (; ahead < size && ahead <= k + AHEAD; ahead++) {
            if (p->needed[ahead]) {
                hash_entry(p, ahead);
            }
        }
        if (!p->needed[k]) {
            continue;
        }
        int otherwise = 0;
        p->place[k] = place_of(p, k, &otherwise);
        if (p->place[k] < 0) {
            return -1;
        }
        if (otherwise) {
            if (rehash(p, k) < 0) {
                return -1;
            }
            ahead = k + 1;
        }
        else if (p->hashes != NULL && remember(p, p->place[k], p->hash[k]) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Make the new tape, and the place of each old entry on it. */
static int
run(Pass *p, const int32_t *outputs, Py_ssize_t count)
{
    const size_t size = (size_t)p->old->count;
    uint64_t slots = 64;
    p->needed = array_new(size + 1);
    p->place = array_grow(NULL, (size + 1) * sizeof *p->place);
    p->hash = array_grow(NULL, (size + 1) * sizeof *p->hash);
    if (p->needed != NULL && p->place != NULL && p->hash != NULL) {
        mark_needed(p, outputs, count);
        while (slots < 2 * (uint64_t)p->entries_needed) {
            slots *= 2;
        }
        p->mask = slots - 1;
        while (p->entry_mask <= size) {
            p->entry_mask = 2 * p->entry_mask + 1;
        }
        p->same = array_new(slots * sizeof *p->same);
    }
    if (p->same == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memset(p->place, 0xff, size * sizeof *p->place);
    p->new = tape_new();
    return p->new == NULL || tape_reserve(p->new, p->entries_needed, p->args_needed) < 0
        ? -1
        : place_all(p, (int64_t)size);
}

/* The same once more: what a value and its partials were written out with is the same,
   and what only chose is dead. */
static int
run_again(Pass *p, int32_t *outputs, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        outputs[i] = p->place[outputs[i]];
    }
    Pass next = {.old = p->new};
    const int failed = run(&next, outputs, count) < 0;
    for (int64_t k = 0; !failed && k < p->old->count; k++) {
        p->place[k] = p->place[k] < 0 ? -1 : next.place[p->place[k]];
    }
    Py_XSETREF(p->new, next.new);
    pass_free(&next);
    return failed ? -1 : 0;
}

/* simplified(outputs): the new tape, and the place of each old entry on it. */
PyObject *
tape_simplified(Tape *tape, PyObject *given)
{
    Py_ssize_t count;
    int32_t *outputs = entries_from(given, tape, &count);
    if (outputs == NULL) {
        return NULL;
    }
    Pass p = {.old = tape};
    const int failed = run(&p, outputs, count) < 0 ||
        (p.again && run_again(&p, outputs, count) < 0);
    const Py_ssize_t bytes = tape->count * (Py_ssize_t)sizeof *p.place;
    PyObject *places = failed ? NULL : numbers_of_entries(p.place, bytes, "i");
    PyObject *found = places == NULL ? NULL : PyTuple_Pack(2, p.new, places);
    Py_XDECREF(places);
    Py_XDECREF(p.new);
    PyMem_Free(outputs);
    pass_free(&p);
    return found;
}
