/* Listing a graph: see tape.h. The walk is the one of
   ``autograd.core.graph.topological_order``, so that sums come out with the same bits. */

#include "tape.h"

typedef struct {
    Value *node;
    size_t left; /* how many of its operands are still to be visited */
} Frame;

/* Let an array have room for one more entry of some size. */
static int
grow(void **array, size_t count, size_t *room, size_t size)
{
    if (count < *room) {
        return 0;
    }
    const size_t more = *room < 64 ? 64 : *room * 2;
    void *moved =
        more <= PY_SSIZE_T_MAX / size ? PyMem_RawRealloc(*array, more * size) : NULL;
    if (moved == NULL) {
        return -1;
    }
    *array = moved;
    *room = more;
    return 0;
}

/* List a node: its field ``row`` holds its number, until the walk is over. */
static int
enter(Tape *tape, Value *node)
{
    size_t room = tape->room;
    if (tape->count >= NO_ROW ||
        grow((void **)&tape->nodes, tape->count, &room, sizeof *tape->nodes) < 0) {
        return -1;
    }
    if (grow((void **)&tape->rows, tape->count, &tape->room, sizeof *tape->rows) < 0) {
        return -1;
    }
    tape->nodes[tape->count] = node;
    tape->rows[tape->count] = node->row;
    node->row = VISITED | (uint32_t)tape->count++;
    return 0;
}

/* List everything that a node depends on, operands from the right, down to what is
   listed already. A node on the way up cannot be met again, for there are no cycles. */
static int
walk(Tape *tape, Value *output, Frame **way, size_t *room)
{
    size_t depth = 0;
    Value *next = output->row & VISITED ? NULL : output;
    while (next != NULL || depth > 0) {
        if (next != NULL) {
            if (grow((void **)way, depth, room, sizeof **way) < 0) {
                return -1;
            }
            (*way)[depth++] = (Frame){next, next->count};
            next = NULL;
        }
        Frame *here = &(*way)[depth - 1];
        while (next == NULL && here->left > 0) {
            Value *operand = here->node->edges[--here->left].operand;
            if (operand != NULL && !(operand->row & VISITED)) {
                next = operand;
            }
        }
        if (next == NULL) {
            if (enter(tape, here->node) < 0) {
                return -1;
            }
            depth--;
        }
    }
    return 0;
}

/* The edges of all nodes but the ends, as numbers. */
static int
link_all(Tape *tape)
{
    size_t edges = 0;
    for (size_t i = tape->ends; i < tape->count; i++) {
        edges += tape->nodes[i]->count;
    }
    tape->first = PyMem_RawMalloc((tape->count + 1) * sizeof *tape->first);
    tape->links = PyMem_RawMalloc((edges + 1) * sizeof *tape->links);
    if (tape->first == NULL || tape->links == NULL) {
        return -1;
    }
    for (size_t i = 0; i < tape->count; i++) {
        const Value *node = tape->nodes[i];
        tape->first[i] = tape->link_count;
        for (uint32_t k = 0; i >= tape->ends && k < node->count; k++) {
            const Edge *edge = &node->edges[k];
            if (passes(edge, tape->rows[i] & ~TRACKED)) {
                tape->links[tape->link_count++] =
                    (Link){(int32_t)(edge->operand->row & ~VISITED), edge->partial};
            }
        }
    }
    tape->first[tape->count] = tape->link_count;
    return 0;
}

void
tape_forget(Tape *tape)
{
    PyMem_RawFree(tape->nodes);
    PyMem_RawFree(tape->rows);
    PyMem_RawFree(tape->first);
    PyMem_RawFree(tape->links);
}

static void
take_places(PyObject *values, int32_t *places)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(values); i++) {
        const Value *x = (Value *)PyTuple_GET_ITEM(values, i);
        places[i] = x->row & VISITED ? (int32_t)(x->row & ~VISITED) : -1;
    }
}

/* List what some outputs depend on, and say where they are in the list, then where the
   inputs are; -1 stands for one that nothing depends on. With ``stop``, what the inputs
   themselves were computed from is left alone, and they stand first. No Python code
   runs while the nodes hold their numbers. */
int
tape_of(PyObject *outputs, PyObject *inputs, int stop, Tape *tape, int32_t *places)
{
    const Py_ssize_t m = PyTuple_GET_SIZE(outputs), n = PyTuple_GET_SIZE(inputs);
    Frame *way = NULL;
    size_t room = 0;
    int failed = 0;
    *tape = (Tape){0};
    for (Py_ssize_t i = 0; stop && !failed && i < n; i++) {
        failed = enter(tape, (Value *)PyTuple_GET_ITEM(inputs, i)) < 0;
    }
    tape->ends = tape->count;
    for (Py_ssize_t i = 0; !failed && i < m; i++) {
        failed = walk(tape, (Value *)PyTuple_GET_ITEM(outputs, i), &way, &room) < 0;
    }
    take_places(outputs, places);
    take_places(inputs, places + m);
    failed = failed || link_all(tape) < 0;
    for (size_t i = tape->count; i-- > 0;) {
        tape->nodes[i]->row = tape->rows[i];
    }
    PyMem_RawFree(way);
    if (failed) {
        tape_forget(tape);
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

/* Whether a Value comes twice. No Python code runs while they are marked. */
static int
has_twice(PyObject *values)
{
    const Py_ssize_t n = PyTuple_GET_SIZE(values);
    Py_ssize_t i = 0;
    while (i < n && !(((Value *)PyTuple_GET_ITEM(values, i))->row & VISITED)) {
        ((Value *)PyTuple_GET_ITEM(values, i++))->row |= VISITED;
    }
    for (Py_ssize_t k = 0; k < i; k++) {
        ((Value *)PyTuple_GET_ITEM(values, k))->row &= ~VISITED;
    }
    return i < n;
}

/* A tuple of Values, perhaps each of them once; or NULL with an exception. */
PyObject *
values_of(const char *name, PyObject *given, int once)
{
    PyObject *values = PySequence_Tuple(given);
    for (Py_ssize_t i = 0; values != NULL && i < PyTuple_GET_SIZE(values); i++) {
        PyObject *x = PyTuple_GET_ITEM(values, i);
        if (!is_value(x)) {
            PyErr_Format(
                PyExc_TypeError, "%s[%zd] must be a Value, got %.200s", name, i,
                Py_TYPE(x)->tp_name);
            Py_CLEAR(values);
        }
    }
    if (values != NULL && once && has_twice(values)) {
        PyErr_Format(PyExc_ValueError, "%s must be distinct", name);
        Py_CLEAR(values);
    }
    return values;
}
