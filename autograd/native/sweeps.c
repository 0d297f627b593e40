/* Forward mode: tangents flow from the inputs to everything that depends on them.

   Some directions go through the list of nodes together, and a bit of a word says for
   each node whether a direction has reached it at all: what has not is absent, and no 0
   that an infinite partial would turn into nan. The order of the additions is that of
   ``autograd.core.graph.forward_sweep``, and so are the bits. */

#include "tape.h"

enum { WIDTH = 16 }; /* directions; more would leave the cache */

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
push_forward(const Tape *tape, const Push *push)
{
    const size_t width = (size_t)push->width;
    for (size_t i = tape->ends; i < tape->count; i++) {
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
            PyObject *x = PyFloat_FromDouble(there ? tangents[d] + 0.0 : 0.0);
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
        push_forward(tape, &push);
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
    int32_t *places = PyMem_New(int32_t, (size_t)(m + n) + 1);
    Tape tape;
    if (rows == NULL || places == NULL) {
        PyErr_NoMemory();
        Py_CLEAR(rows);
    }
    else if (tape_of(outputs, inputs, 1, &tape, places) < 0) {
        Py_CLEAR(rows);
    }
    else {
        if (PyTuple_GET_SIZE(seeds) > 0 && fill(rows, &tape, places, n, seeds) < 0) {
            Py_CLEAR(rows);
        }
        tape_forget(&tape);
    }
    PyMem_Free(places);
    return rows;
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
    PyObject *rows = NULL, *outputs = values_of("tangents: outputs", args[0], 0);
    PyObject *inputs = outputs != NULL ? values_of("tangents: inputs", args[1], 1) : NULL;
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
