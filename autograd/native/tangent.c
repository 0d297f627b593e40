/* Forward mode on the tape: autograd.program.adjoint.push, entry by entry. */

#include "slopes.h"

/* The tangents in all directions of the entries that move. */
typedef struct {
    int32_t *row; /* of each entry before the sweep's end; -1 for one that stays */
    Term *terms;  /* (rows, directions) */
    Term *when;   /* likewise: under which condition they move */
    uint8_t *strict; /* of rows: whether that is one of a ``where`` */
    int64_t rows, room;
    Py_ssize_t directions;
    Term *partials; /* of one entry by its operands */
    int64_t most;
} Tangents;

static void
tangents_free(Tangents *t)
{
    array_free(t->row);
    array_free(t->terms);
    array_free(t->when);
    PyMem_Free(t->strict);
    PyMem_Free(t->partials);
}

/* A row for an entry, of tangents that are absent. */
static int
new_row(Tangents *t, int32_t k)
{
    const size_t size = (size_t)t->directions * sizeof *t->terms;
    if (t->rows == t->room) {
        const int64_t room = 2 * t->room + 64;
        Term *more = array_grow(t->terms, (size_t)room * size + 1);
        t->terms = more != NULL ? more : t->terms;
        Term *when = array_grow(t->when, (size_t)room * size + 1);
        t->when = when != NULL ? when : t->when;
        uint8_t *strict = PyMem_Realloc(t->strict, (size_t)room);
        t->strict = strict != NULL ? strict : t->strict;
        if (more == NULL || when == NULL || strict == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        t->room = room;
    }
    memset(t->terms + t->rows * t->directions, 0, size);
    memset(t->when + t->rows * t->directions, 0, size);
    t->strict[t->rows] = 0;
    t->row[k] = (int32_t)t->rows++;
    return 0;
}

/* The tangent of an entry in direction d. */
static Term
tangent(const Tangents *t, int32_t k, Py_ssize_t d)
{
    return t->row[k] < 0 ? NO_TERM : t->terms[t->row[k] * t->directions + d];
}

/* Under which condition the tangent of an entry moves in direction d. */
static Term
moves_when(const Tangents *t, int32_t k, Py_ssize_t d)
{
    const Term when = t->when[t->row[k] * t->directions + d];
    return when.kind == ABSENT ? TRUE_TERM : when;
}

/* Move entry k in direction d as its operand a does, if ``taken`` holds. */
static int
move(Tape *tape, Tangents *t, int32_t a, int32_t k, Py_ssize_t d, Term taken, int strict)
{
    const Term here = moves_when(t, a, d), there = term_further(tape, here, taken);
    strict |= here.kind == ENTRY && t->strict[t->row[a]];
    t->strict[t->row[k]] |= (uint8_t)strict;
    return there.kind == ABSENT
        ? -1
        : term_join(tape, &t->when[t->row[k] * t->directions + d], there);
}

static Term
chosen_tangent(Tape *tape, Tangents *t, int32_t k, const int32_t *args, Py_ssize_t d)
{
    const Term x = tangent(t, args[1], d), y = tangent(t, args[2], d);
    if (x.kind == ABSENT && y.kind == ABSENT) {
        return x;
    }
    const Term still = plain(0.0), one = plain(1.0), on = entry(args[0]);
    Term found = term_apply(tape, ROW_where, 3, on, x.kind == ABSENT ? still : x,
                            y.kind == ABSENT ? still : y);
    for (int i = 1; i <= 2 && found.kind != ABSENT; i++) {
        if ((i == 1 ? x : y).kind == ABSENT) {
            continue;
        }
        const Term taken = i == 1 ? term_apply(tape, ROW_where, 3, on, one, still)
                                  : term_apply(tape, ROW_where, 3, on, still, one);
        if (taken.kind == ABSENT ||
            move(tape, t, args[i], k, d, taken, !(tape->flags[k] & SHARE)) < 0) {
            found = NO_TERM;
        }
    }
    return found;
}

/* The sum of the operands' tangents in direction d times the partials. */
static Term
inner_tangent(Sweep *s, Tangents *t, int32_t k, Py_ssize_t d)
{
    Tape *tape = s->tape;
    Term total = NO_TERM;
    for (int64_t i = 0; i < operand_count(tape, k); i++) {
        const int32_t a = tape_expanded(tape, operands_of(tape, k)[i]);
        const Term x = a < 0 ? NO_TERM : tangent(t, a, d);
        if (x.kind != ABSENT) {
            const Share share = sweep_share(s, x, tape->op[k], t->partials[i],
                                            moves_when(t, a, d), t->strict[t->row[a]]);
            if (share.part.kind != ABSENT && share.taken.kind != ABSENT) {
                total = total.kind == ABSENT ? share.part
                                             : term_plus(tape, total, share.part);
                if (total.kind != ABSENT) {
                    move(tape, t, a, k, d, share.taken, 0);
                }
            }
        }
        if (PyErr_Occurred()) {
            break;
        }
    }
    return total;
}

/* The partials of an entry by the operands that move, from the first on; whether there
   are any, -1 with an exception. */
static int
find_partials(Sweep *s, Tangents *t, int32_t k, int64_t first)
{
    const int64_t count = operand_count(s->tape, k);
    int moves = 0;
    if (count > t->most) {
        Term *more = PyMem_Realloc(t->partials, (size_t)count * sizeof *more);
        if (more == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        t->partials = more;
        t->most = count;
    }
    for (int64_t i = first; i < count; i++) {
        const int32_t a = tape_expanded(s->tape, operands_of(s->tape, k)[i]);
        if (a < 0) {
            return -1;
        }
        if (t->row[a] >= 0) {
            moves = 1;
            t->partials[i] = first > 0 ? plain(1.0) : sweep_partial(s, k, i);
            if (t->partials[i].kind == ABSENT) {
                return -1;
            }
        }
    }
    return moves;
}

/* Carry the tangents of an entry's operands on to it. */
static int
carry_on(Sweep *s, Tangents *t, int32_t k)
{
    Tape *tape = s->tape;
    const int choice = tape->op[k] == FIRST_ROW + ROW_where;
    const int moves = ends(tape->op[k]) ? 0 : find_partials(s, t, k, choice);
    if (moves <= 0 || new_row(t, k) < 0) {
        return moves == 0 ? 0 : -1;
    }
    for (Py_ssize_t d = 0; d < t->directions; d++) {
        Term found;
        if (choice) {
            int32_t args[3];
            for (int i = 0; i < 3; i++) {
                args[i] = tape_expanded(tape, operands_of(tape, k)[i]);
            }
            found = chosen_tangent(tape, t, k, args, d);
        }
        else {
            found = inner_tangent(s, t, k, d);
        }
        if (PyErr_Occurred()) {
            return -1;
        }
        t->terms[t->row[k] * t->directions + d] = found;
    }
    return 0;
}

/* The tangent of an input from Python: a float, an entry, or None. */
static int
seed_from(const Tape *tape, PyObject *x, Term *term)
{
    if (x == Py_None) {
        return 0;
    }
    if (PyFloat_Check(x)) {
        *term = plain(PyFloat_AS_DOUBLE(x));
        return 0;
    }
    const Py_ssize_t k = PyNumber_AsSsize_t(x, PyExc_IndexError);
    if (!PyErr_Occurred() && (k < 0 || k >= tape->count)) {
        PyErr_Format(PyExc_IndexError, "no entry %zd", k);
    }
    *term = entry((int32_t)k);
    return PyErr_Occurred() ? -1 : 0;
}

static int
take_seeds(const Tape *tape, Tangents *t, const int32_t *inputs, Py_ssize_t count,
           PyObject *seeds)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        if (new_row(t, inputs[i]) < 0) {
            return -1;
        }
    }
    for (Py_ssize_t d = 0; d < t->directions; d++) {
        PyObject *seed =
            PySequence_Fast(PySequence_Fast_GET_ITEM(seeds, d), "no sequence of seeds");
        int failed = seed == NULL;
        if (!failed && PySequence_Fast_GET_SIZE(seed) != count) {
            PyErr_SetString(PyExc_ValueError, "a seed for each input is needed");
            failed = 1;
        }
        for (Py_ssize_t i = 0; !failed && i < count; i++) {
            Term *at = &t->terms[t->row[inputs[i]] * t->directions + d];
            failed = seed_from(tape, PySequence_Fast_GET_ITEM(seed, i), at) < 0;
        }
        Py_XDECREF(seed);
        if (failed) {
            return -1;
        }
    }
    return 0;
}

static int
push_all(Sweep *s, Tangents *t, const int32_t *outputs, Py_ssize_t wanted,
         const int32_t *inputs, Py_ssize_t count, PyObject *seeds)
{
    if (sweep_room(s) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        s->seen[inputs[i]] = 1;
    }
    for (Py_ssize_t j = 0; j < wanted; j++) {
        if (sweep_walk(s, outputs[j]) < 0) {
            return -1;
        }
    }
    const size_t size = ((size_t)s->tape->count + 1) * sizeof *t->row;
    t->row = array_grow(NULL, size);
    if (t->row == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memset(t->row, 0xff, size);
    if (take_seeds(s->tape, t, inputs, count, seeds) < 0) {
        return -1;
    }
    for (int64_t j = 0; j < s->count; j++) {
        if (carry_on(s, t, s->order[j]) < 0) {
            return -1;
        }
    }
    return 0;
}

/* An entry for each direction, None where an output stays. */
static PyObject *
tangents_in_python(Tape *tape, const Tangents *t, int32_t output)
{
    PyObject *row = PyList_New(t->directions);
    for (Py_ssize_t d = 0; row != NULL && d < t->directions; d++) {
        /* As every derivative: never -0.0. */
        const Term moved = tangent(t, output, d), zero = {ZERO, -1, 0.0};
        const Term found = moved.kind == ABSENT ? moved : term_plus(tape, zero, moved);
        const int32_t k = found.kind == ABSENT ? 0 : term_entry(tape, found);
        PyObject *one = k < 0 ? NULL
            : found.kind == ABSENT ? Py_NewRef(Py_None)
                                   : PyLong_FromLong(k);
        if (one == NULL) {
            Py_CLEAR(row);
        }
        else {
            PyList_SET_ITEM(row, d, one);
        }
    }
    return row;
}

/* Positions from Python, to be freed, each of the entry that stands for it. */
static int32_t *
expanded_from(PyObject *given, Tape *tape, Py_ssize_t *count)
{
    int32_t *found = entries_from(given, tape, count);
    for (Py_ssize_t i = 0; found != NULL && i < *count; i++) {
        found[i] = tape_expanded(tape, found[i]);
        if (found[i] < 0) {
            PyMem_Free(found);
            found = NULL;
        }
    }
    return found;
}

/* push(outputs, inputs, seeds): for each output its tangent in each direction. */
PyObject *
tape_push(Tape *tape, PyObject *args)
{
    PyObject *given[3], *found = NULL;
    if (!PyArg_ParseTuple(args, "OOO:push", &given[0], &given[1], &given[2])) {
        return NULL;
    }
    Py_ssize_t wanted, count;
    PyObject *seeds = PySequence_Fast(given[2], "seeds must be a sequence");
    int32_t *outputs = seeds == NULL ? NULL : expanded_from(given[0], tape, &wanted);
    int32_t *inputs = outputs == NULL ? NULL : expanded_from(given[1], tape, &count);
    if (inputs != NULL) {
        Sweep s = {.tape = tape};
        Tangents t = {.directions = PySequence_Fast_GET_SIZE(seeds)};
        const int failed =
            push_all(&s, &t, outputs, wanted, inputs, count, seeds) < 0;
        found = failed ? NULL : PyList_New(wanted);
        for (Py_ssize_t j = 0; found != NULL && j < wanted; j++) {
            PyObject *row = tangents_in_python(tape, &t, outputs[j]);
            if (row == NULL) {
                Py_CLEAR(found);
            }
            else {
                PyList_SET_ITEM(found, j, row);
            }
        }
        tangents_free(&t);
        sweep_free(&s);
    }
    PyMem_Free(inputs);
    PyMem_Free(outputs);
    Py_XDECREF(seeds);
    return found;
}
