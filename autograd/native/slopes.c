/* What both directions need on a tape: the walk over what an output depends on,
   operands first, and what a local derivative makes of an adjoint or of a tangent.

   Where a partial is one number, or one of the operands, the table says so once for
   each row; those that have to be computed are entries of their own, "pow:0" by name,
   and of reductions asked of Python, a column at once. No derivative is stated here. */

#include "slopes.h"

void
sweep_free(Sweep *s)
{
    array_free(s->order);
    array_free(s->seen);
    PyMem_Free(s->shapes);
    PyMem_Free(s->traits);
    Py_CLEAR(s->column);
}

/* The walk */

int
sweep_room(Sweep *s)
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
    const int64_t count = ends(s->tape->op[k]) ? 0 : operand_count(s->tape, k);
    s->seen[k] = 1;
    way->frames[way->top++] = (Frame){k, count};
    for (int64_t i = 0; i < count; i++) {
        if (tape_expanded(s->tape, operands_of(s->tape, k)[i]) < 0) {
            return -1;
        }
    }
    return sweep_room(s);
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
int
sweep_walk(Sweep *s, int32_t output)
{
    Way way = {NULL, 0, 0};
    int failed = sweep_room(s) < 0 || (!s->seen[output] && enter(s, &way, output) < 0);
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

int32_t
term_entry(Tape *tape, Term x)
{
    return x.kind == ENTRY ? x.entry
        : x.kind == ZERO   ? tape_constant(tape, 0.0)
                           : tape_constant(tape, x.number);
}

/* ``row`` of some operands as an entry; ABSENT with an exception. */
Term
term_apply(Tape *tape, uint32_t row, int count, Term x, Term y, Term z)
{
    const Term operands[] = {x, y, z};
    int32_t args[3];
    for (int i = 0; i < count; i++) {
        args[i] = term_entry(tape, operands[i]);
        if (args[i] < 0) {
            return NO_TERM;
        }
    }
    const int32_t k = tape_add(tape, FIRST_ROW + (int32_t)row, args, count, NULL, 0);
    return (Term){k < 0 ? ABSENT : ENTRY, k, 0.0};
}

/* Whether something is the constant 0, a product with that, or a sum of such; a leaf of
   that number is none. */
static int
is_zero(const Tape *tape, Term x)
{
    return x.kind == ENTRY ? tape->flags[x.entry] & VANISHES
                           : x.kind == NUMBER && x.number == 0.0;
}

/* A product with 0, which is a constant where it is 0. */
static Term
times_zero(Tape *tape, Term product)
{
    if (product.kind == ABSENT) {
        return product;
    }
    const int32_t args[2] = {product.entry, product.entry};
    const int32_t constant = tape_add(tape, OP_DETACH, args, 1, NULL, 0);
    const int32_t same = constant < 0 ? -1 : tape_add(tape, OP_EQUAL, args, 2, NULL, 0);
    const Term vanishing = same < 0
        ? NO_TERM
        : term_apply(tape, ROW_where, 3, entry(same), entry(constant), product);
    if (vanishing.kind == ENTRY) {
        tape->flags[vanishing.entry] |= VANISHES;
    }
    return vanishing;
}

/* A product that makes no entry for a factor of exactly 1, and that is a constant where
   0 times a number is 0, as an eager one. */
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
                : term_apply(tape, ROW_neg, 1, other, other, other);
        }
    }
    if (adjoint.kind == NUMBER && partial.kind == NUMBER) {
        return plain(adjoint.number * partial.number);
    }
    const Term product = term_apply(tape, ROW_mul, 2, adjoint, partial, partial);
    return is_zero(tape, adjoint) || is_zero(tape, partial) ? times_zero(tape, product)
                                                            : product;
}

/* A sum that makes no entry for a part of exactly 0. */
Term
term_plus(Tape *tape, Term x, Term y)
{
    if (y.kind == NUMBER && y.number == 0.0) {
        return x;
    }
    if (x.kind == NUMBER && x.number == 0.0) {
        return y;
    }
    return x.kind == NUMBER && y.kind == NUMBER ? plain(x.number + y.number)
                                                : term_apply(tape, ROW_add, 2, x, y, y);
}

/* Partials */

/* What the table says of a row's partial by operand i: shape_of_partial, in Python. */
static Shape *
shape_of(Sweep *s, int32_t op, int64_t i)
{
    void *shapes = by_operation(s->shapes, &s->shape_count, op, sizeof *s->shapes);
    if (shapes == NULL) {
        return NULL;
    }
    s->shapes = shapes;
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
    else if (PyLong_Check(answer)) {
        *shape = (Shape){IS_OPERAND, (int)PyLong_AsLong(answer), 0.0};
    }
    else {
        PyObject *row;
        if (PyArg_ParseTuple(answer, "Ud", &row, &shape->number)) {
            const int32_t other = op_number(row);
            shape->which = other - FIRST_ROW;
            shape->known = other < 0 ? ABSENT : other < FIRST_ROW + ROWS ? IS_ROW : COMPUTED;
        }
    }
    Py_DECREF(answer);
    return PyErr_Occurred() ? NULL : shape;
}

/* A float, or the number of an entry. Takes the reference. */
static Term
term_from(const Tape *tape, PyObject *answer)
{
    Term term = NO_TERM;
    if (answer != NULL && PyFloat_Check(answer)) {
        term = plain(PyFloat_AS_DOUBLE(answer));
    }
    else if (answer != NULL) {
        const long found = PyLong_AsLong(answer);
        if (found >= 0 && found < tape->count) {
            term = entry((int32_t)found);
        }
        else if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_SystemError, "a partial is no entry of its tape");
        }
    }
    Py_XDECREF(answer);
    return term;
}

/* What Python's ``adjoint`` answers about an operand, or a column, of entry k. */
static PyObject *
ask(Tape *tape, const char *name, int32_t k, int64_t i)
{
    PyObject *asked = python_function("autograd.program.adjoint", name);
    PyObject *answer = asked == NULL
        ? NULL
        : PyObject_CallFunction(asked, "OiL", (PyObject *)tape, (int)k, (long long)i);
    Py_XDECREF(asked);
    return answer;
}

/* The partial of a reduction by a term's operand. */
static Term
partial_in_column(Sweep *s, int32_t k, int64_t column, int64_t term)
{
    if (s->column == NULL || s->column_entry != k || s->column_number != column) {
        Py_XSETREF(s->column, ask(s->tape, "column_of", k, column));
        s->column_entry = k;
        s->column_number = column;
    }
    if (s->column == NULL) {
        return NO_TERM;
    }
    PyObject *partial = PySequence_GetItem(s->column, (Py_ssize_t)term);
    return term_from(s->tape, partial);
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

Term
sweep_partial(Sweep *s, int32_t k, int64_t i)
{
    Tape *tape = s->tape;
    const int32_t op = tape->op[k], *operands = operands_of(tape, k);
    const int64_t count = operand_count(tape, k);
    const uint32_t row = (uint32_t)(op - FIRST_ROW), columns = columns_of(row);
    if (row >= ROWS || (columns == 0 && record_arity(row) != count)) {
        return term_from(tape, ask(tape, "partial_of", k, i));
    }
    const int64_t terms = columns > 0 ? count / columns : 1;
    if (i >= terms * columns && columns > 0) {
        return plain(1.0); /* what a sum starts with */
    }
    const int64_t own = i / terms, term = i % terms;
    const Shape *shape = shape_of(s, op, own);
    if (shape == NULL) {
        return NO_TERM;
    }
    if (shape->known == IS_NUMBER) {
        return plain(shape->number);
    }
    if (shape->known == IS_OPERAND) {
        const int64_t which = shape->which;
        const int result = which == (columns > 0 ? columns : count);
        const int32_t at = result ? k : operands[which * terms + term];
        const int number = tape->op[at] == OP_NUMBER && isfinite(tape->number[at]);
        return number ? plain(tape->number[at]) : entry(at); /* a number passes as one */
    }
    if (shape->known == IS_ROW) {
        const Term x = entry(operands[0]);
        const Term of = term_apply(tape, (uint32_t)shape->which, 1, x, x, x);
        return of.kind == ABSENT ? of : times(tape, plain(shape->number), of);
    }
    if (columns > 0) {
        return partial_in_column(s, k, own, term);
    }
    const Term made = partial_entry(tape, k, i);
    const int known = made.kind == ABSENT ? -1 : sweep_traits(s, tape->op[made.entry]);
    if (known < 0) {
        return NO_TERM;
    }
    tape->flags[made.entry] |= known & IS_STEP ? STEP : 0;
    return made;
}

/* What chooses, and what may be infinite */

/* What is known of an operation, for which Python is asked once; or -1. */
int
sweep_traits(Sweep *s, int32_t op)
{
    if (op < s->trait_count && s->traits[op] != 0) {
        return s->traits[op];
    }
    uint8_t *traits = by_operation(s->traits, &s->trait_count, op, 1);
    if (traits == NULL) {
        return -1;
    }
    s->traits = traits;
    PyObject *asked = python_function("autograd.program.adjoint", "traits");
    PyObject *answer = asked == NULL ? NULL : PyObject_CallOneArg(asked, op_name(op));
    Py_XDECREF(asked);
    const long found = answer == NULL ? -1 : PyLong_AsLong(answer);
    Py_XDECREF(answer);
    if (found < 0) {
        return -1;
    }
    return s->traits[op] = (uint8_t)(found | ASKED);
}

/* Under which condition something gets on, if ``taken`` holds. */
Term
term_further(Tape *tape, Term here, Term taken)
{
    return taken.kind == NUMBER  ? here
        : here.kind == NUMBER    ? taken
                                 : term_apply(tape, ROW_where, 3, here, taken, plain(0.0));
}

/* One more way to get somewhere. */
int
term_join(Tape *tape, Term *reach, Term there)
{
    if (there.kind == NUMBER || reach->kind == ABSENT) {
        *reach = there;
    }
    else if (reach->kind != NUMBER) {
        *reach = term_apply(tape, ROW_where, 3, there, plain(1.0), *reach);
    }
    return reach->kind == ABSENT ? -1 : 0;
}

/* A product with what is a plain number to Values: where that is 0, it is a constant, and
   passes only what is nan. */
static void
step(Tape *tape, Term x, Term slope, int chooses, Share *share)
{
    const Term product = share->part, none = plain(0.0), one = plain(1.0);
    if (product.kind != ENTRY || x.kind != ENTRY || slope.kind != ENTRY) {
        return;
    }
    const int left = tape->flags[x.entry] & STEP, right = tape->flags[slope.entry] & STEP;
    if (left == right || (chooses && right) || is_zero(tape, x) || is_zero(tape, slope)) {
        return;
    }
    if (!tape->careful) {
        tape->hasty = 1;
        return;
    }
    const Term factor = left ? x : slope;
    const Term constant = times_zero(tape, product);
    share->part = constant.kind == ABSENT
        ? NO_TERM
        : term_apply(tape, ROW_where, 3, factor, product, constant);
    if (share->part.kind == ABSENT) {
        return;
    }
    tape->flags[share->part.entry] |= SHARE;
    const int32_t args[2] = {product.entry, product.entry};
    const int32_t same = tape_add(tape, OP_EQUAL, args, 2, NULL, 0);
    const Term nan =
        same < 0 ? NO_TERM : term_apply(tape, ROW_where, 3, entry(same), none, one);
    share->taken =
        nan.kind == ABSENT ? nan : term_apply(tape, ROW_where, 3, factor, one, nan);
}

/* x times a partial of an operation, if x comes ``here``; none where a row has not
   chosen. */
Share
sweep_share(Sweep *s, Term x, int32_t op, Term slope, Term here, int strict)
{
    Tape *tape = s->tape;
    const int known = slope.kind == ABSENT ? -1 : sweep_traits(s, op);
    Share share = {NO_TERM, TRUE_TERM, 0};
    const int behind = slope.kind == ENTRY && here.kind == ENTRY;
    const int whole = behind && (strict || tape->careful);
    if (known >= 0 && behind && !whole) {
        if (known & MAY_BE_INFINITE) {
            slope = term_apply(tape, ROW_where, 3, here, slope, plain(0.0));
        }
        else {
            tape->hasty = 1;
        }
    }
    if (known < 0 || slope.kind == ABSENT) {
        return share;
    }
    if (known & CHOOSES && slope.kind == NUMBER && slope.number == 0.0) {
        return share; /* a step */
    }
    share.part = times(tape, x, slope);
    step(tape, x, slope, known & CHOOSES, &share);
    if (whole && share.part.kind != ABSENT) {
        share.part = term_apply(tape, ROW_where, 3, here, share.part, plain(0.0));
    }
    if (known & CHOOSES && slope.kind == ENTRY && share.taken.kind != ABSENT) {
        share.taken = term_further(tape, share.taken, slope);
        const int finite = x.kind != ENTRY && isfinite(x.number);
        if (!finite && share.part.kind != ABSENT) {
            share.part = term_apply(tape, ROW_where, 3, slope, share.part, plain(0.0));
            if (share.part.kind == ENTRY) {
                tape->flags[share.part.entry] |= SHARE;
            }
        }
    }
    return share;
}
