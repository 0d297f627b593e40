/* What outputs need, once: autograd.program.passes.simplify.simplified, entry by entry.

   Constants are computed by the rows themselves, and reductions written out by them, in
   Python; both are rare. */

#include "wengert.h"

#include "rows.h"

typedef struct {
    Tape *old, *new;
    uint8_t *needed;
    int32_t *place; /* the new entry of each old one; -1 for one that is not needed */
    int32_t *same;  /* a table of old entries, the first of each kind */
    uint64_t mask;
    char *loops; /* by operation: whether it is written out; 0 for not known yet */
    int64_t loop_count;
    int32_t *args;
    int64_t args_room;
} Pass;

static void
pass_free(Pass *p)
{
    PyMem_Free(p->needed);
    PyMem_Free(p->place);
    PyMem_Free(p->same);
    PyMem_Free(p->loops);
    PyMem_Free(p->args);
}

/* Mark what the outputs depend on. Operands come before their users. */
static int64_t
mark_needed(Pass *p, const int32_t *outputs, Py_ssize_t count)
{
    int64_t needed = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        p->needed[outputs[i]] = 1;
    }
    for (int64_t k = p->old->count - 1; k >= 0; k--) {
        if (p->needed[k]) {
            needed++;
            for (int64_t e = p->old->first[k]; e < p->old->first[k + 1]; e++) {
                p->needed[p->old->arg[e]] = 1;
            }
        }
    }
    return needed;
}

/* Whether an operation is a reduction that is a loop over rows. */
static int
is_loop(Pass *p, int32_t op)
{
    if (op >= FIRST_ROW && op < FIRST_ROW + ROWS &&
        record_arity((uint32_t)(op - FIRST_ROW)) > 0) {
        return 0;
    }
    if (op >= p->loop_count) {
        const size_t count = (size_t)op + 64;
        char *more = PyMem_Realloc(p->loops, count);
        if (more == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        memset(more + p->loop_count, 0, count - (size_t)p->loop_count);
        p->loops = more;
        p->loop_count = (int64_t)count;
    }
    if (p->loops[op] == 0) {
        PyObject *asked = python_function("autograd.program.passes.simplify", "is_loop");
        PyObject *answer = asked == NULL ? NULL : PyObject_CallOneArg(asked, op_name(op));
        Py_XDECREF(asked);
        const int loop = answer == NULL ? -1 : PyObject_IsTrue(answer);
        Py_XDECREF(answer);
        if (loop < 0) {
            return -1;
        }
        p->loops[op] = loop ? 1 : 2;
    }
    return p->loops[op] == 1;
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

/* The old entry that is the same operation on the same operands, k if there is none. */
static int32_t
first_of(Pass *p, int32_t k, int64_t count)
{
    const Tape *old = p->old;
    const uint8_t checked = old->flags[k] & CHECKED;
    uint64_t hash = mixed((uint64_t)old->op[k] << 8 | checked, (uint64_t)count);
    for (int64_t i = 0; i < count; i++) {
        hash = mixed(hash, (uint64_t)p->args[i]);
    }
    for (uint64_t at = hash >> 8 & p->mask;; at = (at + 1) & p->mask) {
        const int32_t j = p->same[at];
        if (j < 0) {
            p->same[at] = k;
            return k;
        }
        int equal = old->op[j] == old->op[k] && (old->flags[j] & CHECKED) == checked &&
            operand_count(old, j) == count;
        for (int64_t i = 0; equal && i < count; i++) {
            equal = p->place[operands_of(old, j)[i]] == p->args[i];
        }
        if (equal) {
            return j;
        }
    }
}

/* The place of entry k on the new tape. */
static int32_t
place_of(Pass *p, int32_t k)
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
    if (op == FIRST_ROW + ROW_pos || op == OP_DETACH) {
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
    const int32_t same = first_of(p, k, count);
    if (same != k) {
        return p->place[same];
    }
    const int loop = numbers ? 1 : is_loop(p, op);
    return loop < 0 ? -1
        : loop      ? rewritten_in_python(p, op, count, checked)
                    : tape_add(p->new, op, p->args, count, NULL, checked);
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
    const size_t size = (size_t)tape->count;
    Pass p = {.old = tape};
    uint64_t slots = 64;
    PyObject *found = NULL;
    p.needed = PyMem_Calloc(size + 1, 1);
    p.place = PyMem_New(int32_t, size + 1);
    if (p.needed != NULL && p.place != NULL) {
        const int64_t needed = mark_needed(&p, outputs, count);
        while (slots < 2 * (uint64_t)needed) {
            slots *= 2;
        }
        p.mask = slots - 1;
        p.same = PyMem_New(int32_t, slots);
    }
    PyMem_Free(outputs);
    if (p.same == NULL) {
        PyErr_NoMemory();
    }
    else {
        memset(p.same, 0xff, slots * sizeof *p.same);
        memset(p.place, 0xff, size * sizeof *p.place);
        p.new = tape_new();
        int failed = p.new == NULL;
        for (int32_t k = 0; !failed && k < (int64_t)size; k++) {
            if (p.needed[k]) {
                p.place[k] = place_of(&p, k);
                failed = p.place[k] < 0;
            }
        }
        PyObject *places = failed
            ? NULL
            : numbers_of_entries(p.place, (Py_ssize_t)(size * sizeof *p.place), "i");
        found = places == NULL ? NULL : PyTuple_Pack(2, p.new, places);
        Py_XDECREF(places);
        Py_XDECREF(p.new);
    }
    pass_free(&p);
    return found;
}
