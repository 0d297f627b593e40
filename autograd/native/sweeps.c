/* Forward mode: tangents flow from the inputs to everything that depends on them.

   The nodes between inputs and outputs are listed once, operands before what uses
   them, with their edges as numbers in flat arrays; then no node is touched any more.
   Some directions go through that list together, and a bit of a word says for each
   node whether a direction has reached it at all: what has not is absent, and no 0 that
   an infinite partial would turn into nan. The order of
   the additions is that of ``autograd.core.graph.forward_sweep``, and so are the bits. */

#include "engine.h"

enum { WIDTH = 16 }; /* directions; more would leave the cache */

typedef struct {
    int32_t operand; /* the number of the node, in the list */
    double partial;
} Link;

typedef struct {
    Value **nodes;   /* inputs first, then operands before what uses them */
    uint32_t *rows;  /* their field ``row``, which holds their number meanwhile */
    size_t *first;   /* of the links of a node; one more for the end */
    Link *links;
    size_t count, room;
    size_t link_count;
} Tape;

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

/* The edges of all nodes but the inputs, as numbers. */
static int
link_all(Tape *tape, size_t inputs)
{
    size_t edges = 0;
    for (size_t i = inputs; i < tape->count; i++) {
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
        for (uint32_t k = 0; i >= inputs && k < node->count; k++) {
            const Value *operand = node->edges[k].operand;
            if (operand != NULL) {
                tape->links[tape->link_count++] =
                    (Link){(int32_t)(operand->row & ~VISITED), node->edges[k].partial};
            }
        }
    }
    tape->first[tape->count] = tape->link_count;
    return 0;
}

static void
forget_tape(Tape *tape)
{
    PyMem_RawFree(tape->nodes);
    PyMem_RawFree(tape->rows);
    PyMem_RawFree(tape->first);
    PyMem_RawFree(tape->links);
}

/* The graph between inputs and outputs, and the number of each output in it. No Python
   code runs while the nodes hold their numbers. */
static int
tape_of(PyObject *outputs, PyObject *inputs, Tape *tape, int32_t *places)
{
    const Py_ssize_t m = PyTuple_GET_SIZE(outputs), n = PyTuple_GET_SIZE(inputs);
    Frame *way = NULL;
    size_t room = 0;
    int failed = 0;
    *tape = (Tape){NULL, NULL, NULL, NULL, 0, 0, 0};
    for (Py_ssize_t i = 0; !failed && i < n; i++) {
        failed = enter(tape, (Value *)PyTuple_GET_ITEM(inputs, i)) < 0;
    }
    for (Py_ssize_t i = 0; !failed && i < m; i++) {
        failed = walk(tape, (Value *)PyTuple_GET_ITEM(outputs, i), &way, &room) < 0;
    }
    for (Py_ssize_t i = 0; !failed && i < m; i++) {
        const Value *output = (Value *)PyTuple_GET_ITEM(outputs, i);
        places[i] = (int32_t)(output->row & ~VISITED);
    }
    failed = failed || link_all(tape, (size_t)n) < 0;
    for (size_t i = tape->count; i-- > 0;) {
        tape->nodes[i]->row = tape->rows[i];
    }
    PyMem_RawFree(way);
    if (failed) {
        forget_tape(tape);
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

static inline int
lowest(uint32_t bits)
{
#if defined(__GNUC__)
    return __builtin_ctz(bits);
#else
    int at = 0;
    while (!(bits >> at & 1)) {
        at++;
    }
    return at;
#endif
}

/* Some directions that go through a tape together. */
typedef struct {
    int width;        /* how many, at most WIDTH */
    double *tangents; /* of each node, side by side */
    uint32_t *reached;
} Push;

/* Add an operand's tangents, times the partial, to those of a node. */
static inline void
hand_on(
    double *restrict to, uint32_t *reached, const double *restrict from, uint32_t bits,
    double partial, int width)
{
    const uint32_t all = ~UINT32_C(0) >> (32 - width);
    const uint32_t before = *reached;
    if (bits == all && before == 0) {
        for (int d = 0; d < width; d++) {
            to[d] = from[d] * partial;
        }
    }
    else if (bits == all && before == all) {
        for (int d = 0; d < width; d++) {
            to[d] += from[d] * partial;
        }
    }
    else {
        for (uint32_t rest = bits; rest != 0; rest &= rest - 1) {
            const int d = lowest(rest);
            const double part = from[d] * partial;
            to[d] = before >> d & 1 ? to[d] + part : part;
        }
    }
    *reached = before | bits;
}

static void
push_forward(const Tape *tape, size_t inputs, const Push *push)
{
    const size_t width = (size_t)push->width;
    for (size_t i = inputs; i < tape->count; i++) {
        push->reached[i] = 0;
        for (size_t k = tape->first[i]; k < tape->first[i + 1]; k++) {
            const Link *link = &tape->links[k];
            const uint32_t bits = push->reached[link->operand];
            if (bits != 0) {
                hand_on(push->tangents + i * width, &push->reached[i],
                        push->tangents + (size_t)link->operand * width, bits,
                        link->partial, push->width);
            }
        }
    }
}

/* Put the seeds of the directions from ``start`` on where the sweep finds them. */
static void
plant(PyObject *seeds, Py_ssize_t start, Py_ssize_t n, const Push *push)
{
    memset(push->reached, 0, (size_t)n * sizeof *push->reached);
    for (int d = 0; d < push->width; d++) {
        PyObject *seed = PyTuple_GET_ITEM(seeds, start + d);
        for (Py_ssize_t i = 0; i < n; i++) {
            PyObject *x = PyTuple_GET_ITEM(seed, i);
            if (x != Py_None) {
                push->tangents[i * push->width + d] = PyFloat_AS_DOUBLE(x);
                push->reached[i] |= UINT32_C(1) << d;
            }
        }
    }
}

/* Read the outputs' tangents into the rows of the answer. */
static int
harvest(PyObject *rows, const int32_t *places, Py_ssize_t start, const Push *push)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(rows); i++) {
        const double *tangents = push->tangents + (size_t)places[i] * push->width;
        for (int d = 0; d < push->width; d++) {
            const int there = (int)(push->reached[places[i]] >> d & 1);
            PyObject *x = PyFloat_FromDouble(there ? tangents[d] : 0.0);
            if (x == NULL) {
                return -1;
            }
            PyList_SET_ITEM(PyList_GET_ITEM(rows, i), start + d, x);
        }
    }
    return 0;
}

/* A list of m lists of k entries, all of them still empty; or NULL. */
static PyObject *
empty_rows(Py_ssize_t m, Py_ssize_t k)
{
    PyObject *rows = PyList_New(m);
    for (Py_ssize_t i = 0; rows != NULL && i < m; i++) {
        PyObject *row = PyList_New(k);
        if (row == NULL) {
            Py_CLEAR(rows);
        }
        else {
            PyList_SET_ITEM(rows, i, row);
        }
    }
    return rows;
}

/* Fill the rows of the answer, WIDTH directions at a time. */
static int
fill(PyObject *rows, const Tape *tape, const int32_t *places, Py_ssize_t n, PyObject *seeds)
{
    const Py_ssize_t count = PyTuple_GET_SIZE(seeds);
    const size_t width = (size_t)Py_MIN(count, WIDTH);
    int failed = tape->count > PY_SSIZE_T_MAX / (WIDTH * sizeof(double)) - 1;
    Push push = {0, NULL, NULL};
    if (!failed) {
        push.tangents = PyMem_RawMalloc((tape->count + 1) * width * sizeof(double));
        push.reached = PyMem_RawMalloc((tape->count + 1) * sizeof(uint32_t));
    }
    if (push.tangents == NULL || push.reached == NULL) {
        PyErr_NoMemory();
        failed = 1;
    }
    for (Py_ssize_t start = 0; !failed && start < count; start += WIDTH) {
        push.width = (int)Py_MIN(WIDTH, count - start);
        plant(seeds, start, n, &push);
        push_forward(tape, (size_t)n, &push);
        failed = harvest(rows, places, start, &push) < 0;
    }
    PyMem_RawFree(push.tangents);
    PyMem_RawFree(push.reached);
    return failed ? -1 : 0;
}

/* The rows of tangents for tuples of outputs, inputs and seeds. */
static PyObject *
tangent_rows(PyObject *outputs, PyObject *inputs, PyObject *seeds)
{
    const Py_ssize_t m = PyTuple_GET_SIZE(outputs), n = PyTuple_GET_SIZE(inputs);
    PyObject *rows = empty_rows(m, PyTuple_GET_SIZE(seeds));
    int32_t *places = PyMem_New(int32_t, (size_t)m + 1);
    Tape tape;
    if (rows == NULL || places == NULL) {
        PyErr_NoMemory();
        Py_CLEAR(rows);
    }
    else if (tape_of(outputs, inputs, &tape, places) < 0) {
        Py_CLEAR(rows);
    }
    else {
        if (PyTuple_GET_SIZE(seeds) > 0 && fill(rows, &tape, places, n, seeds) < 0) {
            Py_CLEAR(rows);
        }
        forget_tape(&tape);
    }
    PyMem_Free(places);
    return rows;
}

/* A tuple of Values, each of them once; or NULL with an exception. */
static PyObject *
values_of(PyObject *given, const char *name, int once)
{
    PyObject *values = PySequence_Tuple(given);
    for (Py_ssize_t i = 0; values != NULL && i < PyTuple_GET_SIZE(values); i++) {
        PyObject *x = PyTuple_GET_ITEM(values, i);
        if (!is_value(x)) {
            PyErr_Format(
                PyExc_TypeError, "tangents: %s[%zd] must be a Value, got %.200s", name, i,
                Py_TYPE(x)->tp_name);
            Py_CLEAR(values);
        }
    }
    PyObject *set = values != NULL && once ? PySet_New(values) : NULL;
    if (set != NULL && PySet_GET_SIZE(set) != PyTuple_GET_SIZE(values)) {
        PyErr_Format(PyExc_ValueError, "tangents: %s must be distinct", name);
        Py_CLEAR(values);
    }
    if (values != NULL && once && set == NULL) {
        Py_CLEAR(values);
    }
    Py_XDECREF(set);
    return values;
}

/* The seeds as a tuple of tuples of n floats or None; or NULL with an exception. */
static PyObject *
seeds_of(PyObject *given, Py_ssize_t n)
{
    PyObject *listed = PySequence_List(given), *seeds = NULL;
    for (Py_ssize_t j = 0; listed != NULL && j < PyList_GET_SIZE(listed); j++) {
        PyObject *seed = PySequence_Tuple(PyList_GET_ITEM(listed, j));
        if (seed != NULL && PyTuple_GET_SIZE(seed) != n) {
            PyErr_Format(
                PyExc_ValueError, "tangents: seeds[%zd] must have %zd entries, got %zd", j,
                n, PyTuple_GET_SIZE(seed));
            Py_CLEAR(seed);
        }
        for (Py_ssize_t i = 0; seed != NULL && i < n; i++) {
            PyObject *x = PyTuple_GET_ITEM(seed, i);
            if (x != Py_None && !PyFloat_Check(x)) {
                PyErr_Format(
                    PyExc_TypeError,
                    "tangents: seeds[%zd][%zd] must be a float or None, got %.200s", j, i,
                    Py_TYPE(x)->tp_name);
                Py_CLEAR(seed);
            }
        }
        if (seed == NULL || PyList_SetItem(listed, j, seed) < 0) {
            Py_CLEAR(listed);
        }
    }
    if (listed != NULL) {
        seeds = PyList_AsTuple(listed);
        Py_DECREF(listed);
    }
    return seeds;
}

/* tangents(outputs, inputs, seeds) */
PyObject *
tangents(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 3) {
        return PyErr_Format(
            PyExc_TypeError, "tangents(outputs, inputs, seeds) takes 3 arguments, got %zd",
            count);
    }
    PyObject *rows = NULL, *outputs = values_of(args[0], "outputs", 0);
    PyObject *inputs = outputs != NULL ? values_of(args[1], "inputs", 1) : NULL;
    PyObject *seeds =
        inputs != NULL ? seeds_of(args[2], PyTuple_GET_SIZE(inputs)) : NULL;
    if (seeds != NULL) {
        rows = tangent_rows(outputs, inputs, seeds);
    }
    Py_XDECREF(outputs);
    Py_XDECREF(inputs);
    Py_XDECREF(seeds);
    return rows;
}
