/* Derivatives on the tape: autograd.program.adjoint's sweep and push, entry by entry.

   Where a partial is one number, or one of the operands, the table says so once for
   each row; the partials of reductions are asked of Python, and those that have to be
   computed are entries of their own, "pow:0" by name. No derivative is stated here. */

#include "wengert.h"

#include "rows.h"

/* A number or an entry, or neither. */
enum { ABSENT, ZERO, NUMBER, ENTRY };

typedef struct {
    int kind; /* ZERO: the number that an input's adjoint begins with */
    int32_t entry;
    double number;
} Term;

static const Term TRUE_TERM = {NUMBER, -1, 1.0};

/* What is known of the partials of a row by each operand. */
typedef struct {
    int known; /* one of these, or ABSENT if nobody has asked yet */
    int operand;
    double number;
} Shape;
enum { IS_NUMBER = 1, IS_OPERAND, COMPUTED };

typedef struct {
    Tape *tape;
    int32_t *order; /* what the output depends on, operands first */
    int64_t count, room;
    uint8_t *seen, *active; /* by entry, for those before ``end`` */
    Term *adjoints;
    Term *reached; /* NULL if no choice is on the way: all is reached then */
    uint8_t *leads, *strict; /* with it: to what may be infinite; behind a ``where`` */
    int64_t end, capacity;
    Shape (*shapes)[MOST_OPERANDS]; /* by operation */
    int64_t shape_count;
    uint8_t *traits; /* by operation, 0 for not known yet */
    int64_t trait_count;
} Sweep;

static int
no_derivative(int32_t op)
{
    return op < FIRST_ROW;
}

static void
sweep_free(Sweep *s)
{
    array_free(s->order);
    array_free(s->seen);
    array_free(s->active);
    array_free(s->adjoints);
    array_free(s->reached);
    array_free(s->leads);
    array_free(s->strict);
    PyMem_Free(s->shapes);
    PyMem_Free(s->traits);
}

/* The walk */

static int
seen_room(Sweep *s)
{
    if (s->tape->count > s->capacity) {
        const int64_t capacity = s->tape->count + s->tape->count / 4 + 64;
        uint8_t *more = array_grow(s->seen, (size_t)capacity);
        if (more == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        memset(more + s->capacity, 0, (size_t)(capacity - s->capacity));
        s->seen = more;
        s->capacity = capacity;
    }
    return 0;
}

typedef struct {
    int32_t entry;
    int64_t left; /* operands that are still to be visited */
} Frame;

typedef struct {
    Frame *frames;
    size_t top, room;
} Way;

/* Go to an entry, whose operands that are partials of rows are written out first. */
static int
enter(Sweep *s, Way *way, int32_t k)
{
    if (way->top == way->room) {
        const size_t room = 2 * way->room + 256;
        Frame *more = PyMem_Realloc(way->frames, room * sizeof *more);
        if (more == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        way->frames = more;
        way->room = room;
    }
    const int64_t count = no_derivative(s->tape->op[k]) ? 0 : operand_count(s->tape, k);
    s->seen[k] = 1;
    way->frames[way->top++] = (Frame){k, count};
    for (int64_t i = 0; i < count; i++) {
        if (tape_expanded(s->tape, operands_of(s->tape, k)[i]) < 0) {
            return -1;
        }
    }
    return seen_room(s);
}

/* The next operand to be visited, from the right to the left; -1 if there is none. */
static int32_t
next_operand(const Sweep *s, Frame *here)
{
    while (here->left > 0) {
        const int32_t a =
            tape_expanded(s->tape, operands_of(s->tape, here->entry)[--here->left]);
        if (!s->seen[a] && s->tape->op[a] != OP_NUMBER) {
            return a;
        }
    }
    return -1;
}

static int
list(Sweep *s, int32_t k)
{
    if (s->count == s->room) {
        const size_t room = 2 * (size_t)s->room + 256;
        int32_t *order = array_grow(s->order, room * sizeof *order);
        if (order == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        s->order = order;
        s->room = (int64_t)room;
    }
    s->order[s->count++] = k;
    return 0;
}

/* List what the output depends on, operands first. */
static int
walk(Sweep *s, int32_t output)
{
    Way way = {NULL, 0, 0};
    int failed = seen_room(s) < 0 || (!s->seen[output] && enter(s, &way, output) < 0);
    while (!failed && way.top > 0) {
        Frame *here = &way.frames[way.top - 1];
        const int32_t next = next_operand(s, here);
        if (next >= 0) {
            failed = enter(s, &way, next) < 0;
        }
        else {
            failed = list(s, here->entry) < 0;
            way.top--;
        }
    }
    PyMem_Free(way.frames);
    return failed ? -1 : 0;
}

/* Arithmetic of numbers and entries */

static int32_t
entry_of(Tape *tape, Term x)
{
    return x.kind == ENTRY ? x.entry
        : x.kind == ZERO   ? tape_constant(tape, 0.0)
                           : tape_constant(tape, x.number);
}

/* ``row`` of some operands as an entry; ABSENT with an exception. */
static Term
apply(Tape *tape, uint32_t row, int count, Term x, Term y, Term z)
{
    const Term operands[] = {x, y, z};
    int32_t args[3];
    for (int i = 0; i < count; i++) {
        args[i] = entry_of(tape, operands[i]);
        if (args[i] < 0) {
            return (Term){ABSENT, -1, 0.0};
        }
    }
    const int32_t k = tape_add(tape, FIRST_ROW + (int32_t)row, args, count, NULL, 0);
    return (Term){k < 0 ? ABSENT : ENTRY, k, 0.0};
}

static Term
plain(double x)
{
    return (Term){NUMBER, -1, x};
}

static Term
entry(int32_t k)
{
    return (Term){ENTRY, k, 0.0};
}

/* A product that makes no entry for a factor of exactly 1. */
static Term
times(Tape *tape, Term adjoint, Term partial)
{
    for (int i = 0; i < 2; i++) {
        const Term one = i ? partial : adjoint, other = i ? adjoint : partial;
        if (one.kind == NUMBER && one.number == 1.0) {
            return other;
        }
        if (one.kind == NUMBER && one.number == -1.0) {
            return other.kind == NUMBER
                ? plain(-other.number)
                : apply(tape, ROW_neg, 1, other, other, other);
        }
    }
    return adjoint.kind == NUMBER && partial.kind == NUMBER
        ? plain(adjoint.number * partial.number)
        : apply(tape, ROW_mul, 2, adjoint, partial, partial);
}

/* A sum that makes no entry for a part of exactly 0. */
static Term
plus(Tape *tape, Term x, Term y)
{
    if (y.kind == NUMBER && y.number == 0.0) {
        return x;
    }
    if (x.kind == NUMBER && x.number == 0.0) {
        return y;
    }
    return x.kind == NUMBER && y.kind == NUMBER ? plain(x.number + y.number)
                                                : apply(tape, ROW_add, 2, x, y, y);
}

/* Partials */

/* What the table says of a row's partial by operand i: shape_of_partial, in Python. */
static Shape *
shape_of(Sweep *s, int32_t op, int64_t i)
{
    if (op >= s->shape_count) {
        const size_t count = (size_t)op + 64;
        void *more = PyMem_Realloc(s->shapes, count * sizeof *s->shapes);
        if (more == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        s->shapes = more;
        memset(s->shapes + s->shape_count, 0,
               (count - (size_t)s->shape_count) * sizeof *s->shapes);
        s->shape_count = (int64_t)count;
    }
    Shape *shape = &s->shapes[op][i];
    if (shape->known != ABSENT) {
        return shape;
    }
    PyObject *asked = python_function("autograd.program.adjoint", "shape_of");
    PyObject *answer = asked == NULL
        ? NULL
        : PyObject_CallFunction(asked, "OL", op_name(op), (long long)i);
    Py_XDECREF(asked);
    if (answer == NULL) {
        return NULL;
    }
    if (answer == Py_None) {
        shape->known = COMPUTED;
    }
    else if (PyFloat_Check(answer)) {
        *shape = (Shape){IS_NUMBER, 0, PyFloat_AS_DOUBLE(answer)};
    }
    else {
        *shape = (Shape){IS_OPERAND, (int)PyLong_AsLong(answer), 0.0};
    }
    Py_DECREF(answer);
    return PyErr_Occurred() ? NULL : shape;
}

/* The partial of a reduction, or of a row of very many operands. */
static Term
partial_in_python(Tape *tape, int32_t k, int64_t i)
{
    Term term = {ABSENT, -1, 0.0};
    PyObject *asked = python_function("autograd.program.adjoint", "partial_of");
    PyObject *answer = asked == NULL
        ? NULL
        : PyObject_CallFunction(asked, "OiL", (PyObject *)tape, (int)k, (long long)i);
    Py_XDECREF(asked);
    if (answer == NULL) {
        return term;
    }
    if (PyFloat_Check(answer)) {
        term = plain(PyFloat_AS_DOUBLE(answer));
    }
    else {
        const long found = PyLong_AsLong(answer);
        if (found >= 0 && found < tape->count) {
            term = entry((int32_t)found);
        }
        else if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_SystemError, "a partial is no entry of its tape");
        }
    }
    Py_DECREF(answer);
    return term;
}

/* The partial of entry k by its operand i, as an entry of its own. */
static Term
partial_entry(Tape *tape, int32_t k, int64_t i)
{
    const int64_t count = operand_count(tape, k);
    int32_t args[MOST_OPERANDS + 1];
    memcpy(args, operands_of(tape, k), (size_t)count * sizeof *args);
    args[count] = k;
    PyObject *name =
        PyUnicode_FromFormat("%S:%lld", op_name(tape->op[k]), (long long)i);
    const int32_t op = name == NULL ? -1 : op_number(name);
    Py_XDECREF(name);
    const int32_t made = op < 0 ? -1 : tape_add(tape, op, args, count + 1, NULL, 0);
    return (Term){made < 0 ? ABSENT : ENTRY, made, 0.0};
}

static Term
partial(Sweep *s, int32_t k, int64_t i)
{
    Tape *tape = s->tape;
    const int32_t op = tape->op[k];
    if (op >= FIRST_ROW + ROWS ||
        record_arity((uint32_t)(op - FIRST_ROW)) != operand_count(tape, k)) {
        return partial_in_python(tape, k, i);
    }
    const Shape *shape = shape_of(s, op, i);
    if (shape == NULL) {
        return (Term){ABSENT, -1, 0.0};
    }
    if (shape->known == IS_NUMBER) {
        return plain(shape->number);
    }
    if (shape->known == IS_OPERAND) {
        return entry(shape->operand == operand_count(tape, k)
                         ? k
                         : operands_of(tape, k)[shape->operand]);
    }
    return partial_entry(tape, k, i);
}

/* What comes where: autograd.program.adjoint.Reached, by entry */

/* What is known of a row; bits of the answer of Python's function of that name. */
enum { MAY_BE_INFINITE = 1, CHOOSES = 2, ASKED = 4 };

/* What is known of an operation, for which Python is asked once; or -1. */
static int
traits(Sweep *s, int32_t op)
{
    if (op >= s->trait_count) {
        const size_t count = (size_t)op + 64;
        uint8_t *more = PyMem_Realloc(s->traits, count);
        if (more == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        s->traits = more;
        memset(more + s->trait_count, 0, count - (size_t)s->trait_count);
        s->trait_count = (int64_t)count;
    }
    if (s->traits[op] == 0) {
        PyObject *asked = python_function("autograd.program.adjoint", "traits");
        PyObject *answer = asked == NULL ? NULL : PyObject_CallOneArg(asked, op_name(op));
        Py_XDECREF(asked);
        const long found = answer == NULL ? -1 : PyLong_AsLong(answer);
        Py_XDECREF(answer);
        if (found < 0) {
            return -1;
        }
        s->traits[op] = (uint8_t)(found | ASKED);
    }
    return s->traits[op];
}

static Term
when(const Sweep *s, int32_t k)
{
    return s->reached == NULL || s->reached[k].kind == ABSENT ? TRUE_TERM : s->reached[k];
}

/* Under which condition something gets on, if ``taken`` holds. */
static Term
further(Tape *tape, Term here, Term taken)
{
    return taken.kind == NUMBER  ? here
        : here.kind == NUMBER    ? taken
                                 : apply(tape, ROW_where, 3, here, taken, plain(0.0));
}

/* One more way to get somewhere. */
static int
join(Tape *tape, Term *reach, Term there)
{
    if (there.kind == NUMBER || reach->kind == ABSENT) {
        *reach = there;
    }
    else if (reach->kind != NUMBER) {
        *reach = apply(tape, ROW_where, 3, there, plain(1.0), *reach);
    }
    return reach->kind == ABSENT ? -1 : 0;
}

/* Get from entry k to a, if ``taken`` holds. */
static int
arrive(Sweep *s, int32_t k, int32_t a, Term taken, int strict)
{
    if (s->reached == NULL) {
        return 0;
    }
    Term there = further(s->tape, when(s, k), taken);
    strict |= s->strict[k];
    if (there.kind == ENTRY && !(strict || s->leads[a])) {
        there = TRUE_TERM;
    }
    s->strict[a] |= (uint8_t)strict;
    return there.kind == ABSENT ? -1 : join(s->tape, &s->reached[a], there);
}

/* What an entry gives to one of its operands, and under which condition. */
typedef struct {
    Term part, taken;
    int strict;
} Share;

/* The share of a branch of ``where``. */
static Share
share_of_branch(Sweep *s, int32_t k, int64_t i)
{
    Tape *tape = s->tape;
    const Term adjoint = s->adjoints[k], none = plain(0.0), one = plain(1.0);
    const int32_t condition = tape_expanded(tape, operands_of(tape, k)[0]);
    const Term on = entry(condition);
    Share share = {{ABSENT, -1, 0.0}, TRUE_TERM, !(tape->flags[k] & SHARE)};
    if (condition >= 0) {
        share.part = i == 1 ? apply(tape, ROW_where, 3, on, adjoint, none)
                            : apply(tape, ROW_where, 3, on, none, adjoint);
    }
    if (share.part.kind != ABSENT) {
        share.taken = i == 1 ? apply(tape, ROW_where, 3, on, one, none)
                             : apply(tape, ROW_where, 3, on, none, one);
    }
    return share;
}

/* x times a partial of an operation, if x comes ``here``; none where a row has not
   chosen. */
static Share
share_by(Sweep *s, Term x, int32_t op, Term slope, Term here, int strict)
{
    Tape *tape = s->tape;
    const int known = slope.kind == ABSENT ? -1 : traits(s, op);
    Share share = {{ABSENT, -1, 0.0}, TRUE_TERM, 0};
    if (known >= 0 && slope.kind == ENTRY && here.kind == ENTRY &&
        (strict || known & MAY_BE_INFINITE)) {
        slope = apply(tape, ROW_where, 3, here, slope, plain(0.0));
    }
    if (known < 0 || slope.kind == ABSENT) {
        return share;
    }
    if (known & CHOOSES && slope.kind == NUMBER && slope.number == 0.0) {
        return share; /* a step */
    }
    share.part = times(tape, x, slope);
    if (known & CHOOSES && slope.kind == ENTRY) {
        share.taken = slope;
        if (x.kind == ENTRY && share.part.kind != ABSENT) {
            share.part = apply(tape, ROW_where, 3, slope, share.part, plain(0.0));
            if (share.part.kind == ENTRY) {
                tape->flags[share.part.entry] |= SHARE;
            }
        }
    }
    return share;
}

/* Give an entry's adjoint to its operand i, which is a. */
static int
hand_on(Sweep *s, int32_t k, int64_t i, int32_t a)
{
    const int branch = s->tape->op[k] == FIRST_ROW + ROW_where;
    if (branch && i == 0) {
        return 0;
    }
    const int strict = s->reached != NULL && s->strict[k];
    const Share share = branch
        ? share_of_branch(s, k, i)
        : share_by(s, s->adjoints[k], s->tape->op[k], partial(s, k, i), when(s, k), strict);
    if (share.part.kind == ABSENT || share.taken.kind == ABSENT) {
        return PyErr_Occurred() ? -1 : 0;
    }
    Term *sum = &s->adjoints[a];
    *sum = sum->kind == ABSENT ? share.part : plus(s->tape, *sum, share.part);
    return sum->kind == ABSENT ? -1 : arrive(s, k, a, share.taken, share.strict);
}

static int
hand_on_all(Sweep *s, int32_t k)
{
    Tape *tape = s->tape;
    const int64_t count = operand_count(tape, k);
    for (int64_t i = 0; i < count; i++) {
        const int32_t a = tape_expanded(tape, operands_of(tape, k)[i]);
        if (a < 0) {
            return -1;
        }
        if (a < s->end && s->active[a] && hand_on(s, k, i, a) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Whether an entry depends on what is marked; or -1. */
static int
depends_on(Sweep *s, int32_t k, const uint8_t *marks)
{
    int depends = 0;
    for (int64_t i = 0; i < operand_count(s->tape, k); i++) {
        const int32_t a = tape_expanded(s->tape, operands_of(s->tape, k)[i]);
        if (a < 0) {
            return -1;
        }
        depends |= marks[a];
    }
    return depends;
}

/* If a choice is on the way, see what leads to what may be infinite. */
static int
find_choices(Sweep *s)
{
    const size_t size = (size_t)s->end;
    int choices = 0;
    for (int64_t j = 0; j < s->count && !choices; j++) {
        const int known = traits(s, s->tape->op[s->order[j]]);
        if (known < 0) {
            return -1;
        }
        choices = known & CHOOSES;
    }
    if (!choices) {
        return 0;
    }
    s->reached = array_new((size + 1) * sizeof *s->reached);
    s->leads = array_new(size + 1);
    s->strict = array_new(size + 1);
    if (s->reached == NULL || s->leads == NULL || s->strict == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (int64_t j = 0; j < s->count; j++) {
        const int32_t k = s->order[j];
        const int known = traits(s, s->tape->op[k]);
        const int leads = known < 0 ? -1 : depends_on(s, k, s->leads);
        if (leads < 0) {
            return -1;
        }
        s->leads[k] = leads || known & MAY_BE_INFINITE;
    }
    return 0;
}

/* Mark what depends on the inputs, and leave only that in the order. */
static int
find_between(Sweep *s, const int32_t *inputs, Py_ssize_t count)
{
    Tape *tape = s->tape;
    s->end = tape->count;
    const size_t size = (size_t)s->end;
    s->active = array_new(size + 1);
    s->adjoints = array_new((size + 1) * sizeof *s->adjoints);
    if (s->active == NULL || s->adjoints == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        s->active[inputs[i]] = 1;
    }
    int64_t kept = 0, edges = 0;
    for (int64_t j = 0; j < s->count; j++) {
        const int32_t k = s->order[j];
        const int depends = no_derivative(tape->op[k]) ? 0 : depends_on(s, k, s->active);
        if (depends < 0) {
            return -1;
        }
        if (depends) {
            s->active[k] = 1;
            s->order[kept++] = k;
            edges += operand_count(tape, k);
        }
    }
    s->count = kept;
    if (find_choices(s) < 0) {
        return -1;
    }
    return tape_reserve(tape, edges + edges / 4, 2 * edges + edges / 2); /* mostly enough */
}

static int
run(Sweep *s, int32_t output, int32_t *inputs, Py_ssize_t count, int stop, int32_t seed)
{
    Tape *tape = s->tape;
    if (seen_room(s) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; stop && i < count; i++) {
        s->seen[inputs[i]] = 1;
    }
    if (walk(s, output) < 0 || tape_constant(tape, 0.0) < 0 ||
        find_between(s, inputs, count) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        s->adjoints[inputs[i]] = (Term){ZERO, -1, 0.0};
    }
    s->adjoints[output] = seed < 0 ? plain(1.0) : entry(seed);
    for (int64_t j = s->count - 1; j >= 0; j--) {
        const int kind = s->adjoints[s->order[j]].kind;
        if (kind != ABSENT && kind != ZERO && hand_on_all(s, s->order[j]) < 0) {
            return -1;
        }
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        inputs[i] = entry_of(tape, s->adjoints[inputs[i]]);
        if (inputs[i] < 0) {
            return -1;
        }
    }
    return 0;
}

/* sweep(output, inputs, stop, seed): the entries of the derivatives, as a list. */
PyObject *
tape_sweep(Tape *tape, PyObject *args)
{
    int output, stop;
    PyObject *given, *seed_given;
    if (!PyArg_ParseTuple(args, "iOpO:sweep", &output, &given, &stop, &seed_given)) {
        return NULL;
    }
    const int32_t seed = seed_given == Py_None ? -1 : (int32_t)PyLong_AsLong(seed_given);
    if (PyErr_Occurred()) {
        return NULL;
    }
    if (output < 0 || output >= tape->count || seed >= tape->count) {
        return PyErr_Format(PyExc_IndexError, "no entry %d or %d", output, (int)seed);
    }
    Py_ssize_t count;
    int32_t *inputs = entries_from(given, tape, &count);
    if (inputs == NULL) {
        return NULL;
    }
    output = tape_expanded(tape, output);
    int failed = output < 0;
    for (Py_ssize_t i = 0; !failed && i < count; i++) {
        inputs[i] = tape_expanded(tape, inputs[i]);
        failed = inputs[i] < 0;
    }
    Sweep s = {.tape = tape};
    failed = failed || run(&s, output, inputs, count, stop, seed) < 0;
    sweep_free(&s);
    PyObject *found = failed ? NULL : list_of_entries(inputs, count);
    PyMem_Free(inputs);
    return found;
}

/* Forward mode: autograd.program.adjoint.push */

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
    return t->row[k] < 0 ? (Term){ABSENT, -1, 0.0}
                         : t->terms[t->row[k] * t->directions + d];
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
    const Term there = further(tape, moves_when(t, a, d), taken);
    t->strict[t->row[k]] |= (uint8_t)(strict | t->strict[t->row[a]]);
    return there.kind == ABSENT
        ? -1
        : join(tape, &t->when[t->row[k] * t->directions + d], there);
}

static Term
chosen_tangent(Tape *tape, Tangents *t, int32_t k, const int32_t *args, Py_ssize_t d)
{
    const Term x = tangent(t, args[1], d), y = tangent(t, args[2], d);
    if (x.kind == ABSENT && y.kind == ABSENT) {
        return x;
    }
    const Term still = plain(0.0), one = plain(1.0), on = entry(args[0]);
    Term found = apply(tape, ROW_where, 3, on, x.kind == ABSENT ? still : x,
                       y.kind == ABSENT ? still : y);
    for (int i = 1; i <= 2 && found.kind != ABSENT; i++) {
        if ((i == 1 ? x : y).kind == ABSENT) {
            continue;
        }
        const Term taken = i == 1 ? apply(tape, ROW_where, 3, on, one, still)
                                  : apply(tape, ROW_where, 3, on, still, one);
        if (taken.kind == ABSENT ||
            move(tape, t, args[i], k, d, taken, !(tape->flags[k] & SHARE)) < 0) {
            found = (Term){ABSENT, -1, 0.0};
        }
    }
    return found;
}

/* The sum of the operands' tangents in direction d times the partials. */
static Term
inner_tangent(Sweep *s, Tangents *t, int32_t k, Py_ssize_t d)
{
    Tape *tape = s->tape;
    Term total = {ABSENT, -1, 0.0};
    for (int64_t i = 0; i < operand_count(tape, k); i++) {
        const int32_t a = tape_expanded(tape, operands_of(tape, k)[i]);
        const Term x = a < 0 ? (Term){ABSENT, -1, 0.0} : tangent(t, a, d);
        if (x.kind != ABSENT) {
            const Share share = share_by(s, x, tape->op[k], t->partials[i],
                                         moves_when(t, a, d), t->strict[t->row[a]]);
            if (share.part.kind != ABSENT && share.taken.kind != ABSENT) {
                total = total.kind == ABSENT ? share.part : plus(tape, total, share.part);
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
            t->partials[i] = first > 0 ? plain(1.0) : partial(s, k, i);
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
    const int moves = no_derivative(tape->op[k]) ? 0 : find_partials(s, t, k, choice);
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
    if (seen_room(s) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        s->seen[inputs[i]] = 1;
    }
    for (Py_ssize_t j = 0; j < wanted; j++) {
        if (walk(s, outputs[j]) < 0) {
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
        const Term found = tangent(t, output, d);
        const int32_t k = found.kind == ABSENT ? 0 : entry_of(tape, found);
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
