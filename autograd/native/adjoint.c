/* Reverse mode on the tape: autograd.program.adjoint.sweep, entry by entry. */

#include "slopes.h"

typedef struct {
    uint8_t *active; /* by entry, for those before ``end`` */
    Term *sums;
    Term *reached; /* NULL if no choice matters on the way: all is reached then */
    uint8_t *leads, *strict; /* with it: to what may be infinite; behind a ``where`` */
    int64_t end;
} Adjoints;

static void
adjoints_free(Adjoints *to)
{
    array_free(to->active);
    array_free(to->sums);
    array_free(to->reached);
    array_free(to->leads);
    array_free(to->strict);
}

/* What comes where: autograd.program.adjoint.Reached, by entry */

static Term
when(const Adjoints *to, int32_t k)
{
    return to->reached == NULL || to->reached[k].kind == ABSENT ? TRUE_TERM
                                                                : to->reached[k];
}

/* Get from entry k to a, if ``taken`` holds. */
static int
arrive(Sweep *s, Adjoints *to, int32_t k, int32_t a, Term taken, int strict)
{
    if (to->reached == NULL) {
        return 0;
    }
    const Term here = when(to, k);
    Term there = term_further(s->tape, here, taken);
    strict |= here.kind == ENTRY && to->strict[k];
    if (there.kind == ENTRY && !(strict || s->tape->careful || to->leads[a])) {
        there = TRUE_TERM;
        s->tape->hasty = 1;
    }
    to->strict[a] |= (uint8_t)strict;
    return there.kind == ABSENT ? -1 : term_join(s->tape, &to->reached[a], there);
}

/* The share of a branch of ``where``. */
static Share
share_of_branch(Sweep *s, Adjoints *to, int32_t k, int64_t i)
{
    Tape *tape = s->tape;
    const Term adjoint = to->sums[k], none = plain(0.0), one = plain(1.0);
    const int32_t condition = tape_expanded(tape, operands_of(tape, k)[0]);
    const Term on = entry(condition);
    Share share = {NO_TERM, TRUE_TERM, !(tape->flags[k] & SHARE)};
    if (condition >= 0) {
        share.part = i == 1 ? term_apply(tape, ROW_where, 3, on, adjoint, none)
                            : term_apply(tape, ROW_where, 3, on, none, adjoint);
    }
    if (share.part.kind != ABSENT) {
        share.taken = i == 1 ? term_apply(tape, ROW_where, 3, on, one, none)
                             : term_apply(tape, ROW_where, 3, on, none, one);
    }
    return share;
}

/* Give an entry's adjoint to its operand i, which is a. */
static int
hand_on(Sweep *s, Adjoints *to, int32_t k, int64_t i, int32_t a)
{
    const int branch = s->tape->op[k] == FIRST_ROW + ROW_where;
    if (branch && i == 0) {
        return 0;
    }
    const int strict = to->reached != NULL && to->strict[k];
    const Share share = branch
        ? share_of_branch(s, to, k, i)
        : sweep_share(s, to->sums[k], s->tape->op[k], sweep_partial(s, k, i),
                      when(to, k), strict);
    if (share.part.kind == ABSENT || share.taken.kind == ABSENT) {
        return PyErr_Occurred() ? -1 : 0;
    }
    Term *sum = &to->sums[a];
    *sum = sum->kind == ABSENT ? share.part : term_plus(s->tape, *sum, share.part);
    return sum->kind == ABSENT ? -1 : arrive(s, to, k, a, share.taken, share.strict);
}

static int
hand_on_all(Sweep *s, Adjoints *to, int32_t k)
{
    Tape *tape = s->tape;
    const int64_t count = operand_count(tape, k);
    for (int64_t i = 0; i < count; i++) {
        const int32_t a = tape_expanded(tape, operands_of(tape, k)[i]);
        if (a < 0) {
            return -1;
        }
        if (a < to->end && to->active[a] && hand_on(s, to, k, i, a) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Whether an entry depends on what is marked; or -1. */
static int
depends_on(Sweep *s, int32_t k, const uint8_t *marks)
{
    for (int64_t i = 0; i < operand_count(s->tape, k); i++) {
        const int32_t a = tape_expanded(s->tape, operands_of(s->tape, k)[i]);
        if (a < 0 || marks[a]) {
            return a < 0 ? -1 : 1;
        }
    }
    return 0;
}

/* If a choice is on the way, see what leads to what may be infinite. */
static int
find_choices(Sweep *s, Adjoints *to)
{
    const size_t size = (size_t)to->end;
    int choices = s->tape->careful;
    for (int64_t j = 0; j < s->count && !choices; j++) {
        const int known = sweep_traits(s, s->tape->op[s->order[j]]);
        if (known < 0) {
            return -1;
        }
        choices = known & CHOOSES;
    }
    if (!choices) {
        return 0;
    }
    to->reached = array_new((size + 1) * sizeof *to->reached);
    to->leads = array_new(size + 1);
    to->strict = array_new(size + 1);
    if (to->reached == NULL || to->leads == NULL || to->strict == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (int64_t j = 0; j < s->count; j++) {
        const int32_t k = s->order[j];
        const int known = sweep_traits(s, s->tape->op[k]);
        const int leads = known < 0 ? -1 : depends_on(s, k, to->leads);
        if (leads < 0) {
            return -1;
        }
        to->leads[k] = leads || known & MAY_BE_INFINITE;
    }
    return 0;
}

/* Mark what depends on the inputs, and leave only that in the order. */
static int
find_between(Sweep *s, Adjoints *to, const int32_t *inputs, Py_ssize_t count)
{
    Tape *tape = s->tape;
    to->end = tape->count;
    const size_t size = (size_t)to->end;
    to->active = array_new(size + 1);
    to->sums = array_new((size + 1) * sizeof *to->sums);
    if (to->active == NULL || to->sums == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        to->active[inputs[i]] = 1;
    }
    int64_t kept = 0, edges = 0;
    for (int64_t j = 0; j < s->count; j++) {
        const int32_t k = s->order[j];
        const int depends = ends(tape->op[k]) ? 0 : depends_on(s, k, to->active);
        if (depends < 0) {
            return -1;
        }
        if (depends) {
            to->active[k] = 1;
            s->order[kept++] = k;
            edges += operand_count(tape, k);
        }
    }
    s->count = kept;
    if (find_choices(s, to) < 0) {
        return -1;
    }
    return tape_reserve(tape, edges + edges / 4, 2 * edges + edges / 2); /* mostly enough */
}

static int
run(Sweep *s, Adjoints *to, int32_t output, int32_t *inputs, Py_ssize_t count, int stop,
    int32_t seed)
{
    Tape *tape = s->tape;
    if (sweep_room(s) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; stop && i < count; i++) {
        s->seen[inputs[i]] = 1;
    }
    if (sweep_walk(s, output) < 0 || tape_constant(tape, 0.0) < 0 ||
        find_between(s, to, inputs, count) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        to->sums[inputs[i]] = (Term){ZERO, -1, 0.0};
    }
    to->sums[output] = seed < 0 ? plain(1.0) : entry(seed);
    for (int64_t j = s->count - 1; j >= 0; j--) {
        const int kind = to->sums[s->order[j]].kind;
        if (kind != ABSENT && kind != ZERO && hand_on_all(s, to, s->order[j]) < 0) {
            return -1;
        }
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        inputs[i] = term_entry(tape, to->sums[inputs[i]]);
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
    Adjoints to = {.end = 0};
    failed = failed || run(&s, &to, output, inputs, count, stop, seed) < 0;
    adjoints_free(&to);
    sweep_free(&s);
    PyObject *found = failed ? NULL : list_of_entries(inputs, count);
    PyMem_Free(inputs);
    return found;
}
