/* Sweeps over Values: what they compute can be differentiated again.

   They do what ``adjoint_graph`` and ``tangent_graph`` of
   ``autograd.derivatives.sweeps`` do, in their order, and record the same nodes. Python
   code may run meanwhile: custom rules, checkpoints, numbers that C is not sure of. */

#include "tape.h"

#include "rows.h"

/* What a sweep carries to a node: nothing yet, a number, or an owned Value. */
typedef struct {
    Edge of;
    int there;
} Carried;

static Edge
held(Edge x)
{
    Py_XINCREF((PyObject *)x.operand);
    return x;
}

static void
drop(Edge *x)
{
    Py_CLEAR(x->operand);
}

/* Record a row of the chain rule, of one or two operands. */
static int
record_as(uint32_t row, double z, const Edge *operands, size_t count, Edge *made)
{
    Value *node = record_known(row, z, operands, count);
    *made = (Edge){node, z};
    return node != NULL ? 0 : -1;
}

/* x y, as a node only where it must be. */
static int
times(Edge x, Edge y, Edge *product)
{
    const Edge operands[2] = {x, y};
    for (int i = 0; i < 2; i++) {
        const Edge one = operands[i], other = operands[1 - i];
        const double a = one.partial, b = number_of(&other);
        const int zero = a == 0.0 && a * b == 0.0; /* 0 · inf is no constant */
        if (one.operand == NULL && (other.operand == NULL || zero)) {
            *product = (Edge){NULL, a * b};
            return 0;
        }
        if (one.operand == NULL && a == 1.0) {
            *product = held(other);
            return 0;
        }
        if (one.operand == NULL && a == -1.0) {
            return record_as(ROW_neg, -b, &other, 1, product);
        }
    }
    return record_as(ROW_mul, number_of(&x) * number_of(&y), operands, 2, product);
}

static int
is_zero(Edge x)
{
    return x.operand == NULL && x.partial == 0.0;
}

/* Add y to x, as a node only where it must be. */
static int
add(Edge *x, Edge y)
{
    const Edge operands[2] = {*x, y};
    const double sum = number_of(x) + number_of(&y);
    Edge before = *x;
    int failed = 0;
    if (is_zero(y)) {
        return 0;
    }
    if (is_zero(before)) {
        *x = held(y);
    }
    else if (before.operand == NULL && y.operand == NULL) {
        x->partial = sum;
    }
    else {
        failed = record_as(ROW_add, sum, operands, 2, x) < 0;
        drop(&before);
    }
    return failed ? -1 : 0;
}

/* Bring something to a node. Takes the reference. */
static int
carry(Carried *to, Edge part)
{
    int failed = 0;
    if (to->there) {
        failed = add(&to->of, part);
        drop(&part);
    }
    else {
        *to = (Carried){part, 1};
    }
    return failed;
}

/* What there is in all nodes at the start: nothing. */
static Carried *
nothing(const Tape *tape)
{
    Carried *all = PyMem_Calloc(tape->count + 1, sizeof *all);
    if (all == NULL) {
        PyErr_NoMemory();
    }
    return all;
}

static void
forget_all(Carried *all, const Tape *tape)
{
    for (size_t i = 0; all != NULL && i < tape->count; i++) {
        drop(&all[i].of);
    }
    PyMem_Free(all);
}

/* A share of x: times the derivative of a node by operand k. Python is asked for that
   where C is not sure. */
static int
share(Edge x, const Value *node, uint32_t k, int *checked, PyObject *ask, Edge *part)
{
    Edge slope;
    const int known = partial_again(node, k, checked, &slope);
    if (known < 0) {
        return -1;
    }
    if (known == 0) {
        PyObject *made = PyObject_CallFunction(ask, "OI", node, (unsigned int)k);
        slope = (Edge){NULL, 0.0};
        if (made != NULL && is_value(made)) {
            slope.operand = (Value *)made;
        }
        else if (made != NULL) {
            slope.partial = PyFloat_AsDouble(made);
            Py_DECREF(made);
        }
        if (PyErr_Occurred()) {
            return -1;
        }
    }
    const int failed = times(x, slope, part);
    drop(&slope);
    return failed;
}

/* The float or the Value that came to a node; 0.0 if nothing did, and for -0.0: what
   adding to a fresh ``grad`` makes of it. */
static PyObject *
result_of(const Carried *x)
{
    if (x->of.operand == NULL) {
        return PyFloat_FromDouble(x->there ? x->of.partial + 0.0 : 0.0);
    }
    if (x->of.operand->data == 0.0 && signbit(x->of.operand->data)) {
        const Edge sum[2] = {{NULL, 0.0}, x->of};
        return (PyObject *)record_known(ROW_add, 0.0, sum, 2);
    }
    return Py_NewRef((PyObject *)x->of.operand);
}

/* What came to some nodes, as a list; -1 stands for one that is not on the tape. */
static PyObject *
results_of(const Carried *all, const int32_t *places, Py_ssize_t n)
{
    const Carried nothing_came = {{NULL, 0.0}, 0};
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list != NULL && i < n; i++) {
        PyObject *result = result_of(places[i] < 0 ? &nothing_came : &all[places[i]]);
        if (result == NULL) {
            Py_CLEAR(list);
        }
        else {
            PyList_SET_ITEM(list, i, result);
        }
    }
    return list;
}

/* Reverse mode */

enum { ACTIVE = 1, WANTED = 2 };

/* For each node, whether it depends on an input, and whether it is one. */
static char *
marks_of(const Tape *tape, const int32_t *inputs, Py_ssize_t n)
{
    char *marks = PyMem_Calloc(tape->count + 1, 1);
    if (marks == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if (inputs[i] >= 0) {
            marks[inputs[i]] = ACTIVE | WANTED;
        }
    }
    for (size_t i = 0; i < tape->count; i++) {
        for (size_t k = tape->first[i]; k < tape->first[i + 1]; k++) {
            marks[i] |= marks[tape->links[k].operand] & ACTIVE;
        }
    }
    return marks;
}

/* Hand a node's adjoint on to its operands. */
static int
hand_back(const Tape *tape, size_t i, const char *marks, Carried *adjoints, PyObject *ask)
{
    const Value *node = tape->nodes[i];
    const Link *link = &tape->links[tape->first[i]];
    const Edge adjoint = adjoints[i].of;
    int checked = 0, failed = 0;
    for (uint32_t k = 0; !failed && k < node->count; k++) {
        if (!passes(&node->edges[k], row_of(node))) {
            continue;
        }
        const int32_t operand = (link++)->operand;
        if (marks[operand] & ACTIVE) {
            Edge part = {NULL, adjoint.partial * node->edges[k].partial};
            if (!is_zero(adjoint) || part.partial != part.partial) {
                failed = share(adjoint, node, k, &checked, ask, &part);
            }
            failed = failed || carry(&adjoints[operand], part) < 0;
        }
    }
    return failed ? -1 : 0;
}

static PyObject *
pull_back(const Tape *tape, const int32_t *places, Py_ssize_t n, PyObject *ask)
{
    Carried *adjoints = nothing(tape);
    char *marks = adjoints != NULL ? marks_of(tape, places + 1, n) : NULL;
    PyObject *list = NULL;
    int failed = marks == NULL;
    if (!failed) {
        adjoints[places[0]] = (Carried){{NULL, 1.0}, 1};
    }
    for (size_t i = tape->count; !failed && i-- > tape->ends;) {
        if (adjoints[i].there) {
            failed = hand_back(tape, i, marks, adjoints, ask) < 0;
            if (!(marks[i] & WANTED)) {
                drop(&adjoints[i].of);
            }
        }
    }
    if (!failed) {
        list = results_of(adjoints, places + 1, n);
    }
    PyMem_Free(marks);
    forget_all(adjoints, tape);
    return list;
}

/* adjoint_graph(output, inputs, stop, partial) */
PyObject *
adjoint_graph(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 4) {
        return PyErr_Format(
            PyExc_TypeError,
            "adjoint_graph(output, inputs, stop, partial) takes 4 arguments, got %zd",
            count);
    }
    PyObject *outputs = PyTuple_Pack(1, args[0]), *list = NULL;
    PyObject *checked = outputs != NULL ? values_of("output", outputs, 0) : NULL;
    PyObject *inputs = checked != NULL ? values_of("inputs", args[1], 0) : NULL;
    const int stop = PyObject_IsTrue(args[2]);
    int32_t *places = NULL;
    Tape tape;
    if (inputs != NULL && stop >= 0) {
        const Py_ssize_t n = PyTuple_GET_SIZE(inputs);
        places = PyMem_New(int32_t, (size_t)n + 1);
        if (places == NULL) {
            PyErr_NoMemory();
        }
        else if (tape_of(outputs, inputs, stop, &tape, places) == 0) {
            list = pull_back(&tape, places, n, args[3]);
            tape_forget(&tape);
        }
    }
    PyMem_Free(places);
    Py_XDECREF(outputs);
    Py_XDECREF(checked);
    Py_XDECREF(inputs);
    return list;
}

/* Forward mode */

/* Put the tangents of a direction where the sweep finds them. */
static int
plant(PyObject *seed, Py_ssize_t n, Carried *tangents)
{
    if (PyTuple_GET_SIZE(seed) != n) {
        PyErr_Format(PyExc_ValueError, "a seed must have %zd entries, got %zd", n,
                     PyTuple_GET_SIZE(seed));
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *x = PyTuple_GET_ITEM(seed, i);
        if (is_value(x)) {
            tangents[i] = (Carried){held((Edge){(Value *)x, 0.0}), 1};
        }
        else if (PyFloat_Check(x)) {
            tangents[i] = (Carried){{NULL, PyFloat_AS_DOUBLE(x)}, 1};
        }
        else if (x != Py_None) {
            PyErr_Format(PyExc_TypeError, "a tangent must be a float, Value or None, "
                         "got %.200s", Py_TYPE(x)->tp_name);
            return -1;
        }
    }
    return 0;
}

/* Give a node its tangent from those of its operands. */
static int
hand_on(const Tape *tape, size_t i, Carried *tangents, PyObject *ask)
{
    const Value *node = tape->nodes[i];
    const Link *link = &tape->links[tape->first[i]];
    int checked = 0, failed = 0;
    for (uint32_t k = 0; !failed && k < node->count; k++) {
        if (!passes(&node->edges[k], row_of(node))) {
            continue;
        }
        const Carried from = tangents[(link++)->operand];
        if (from.there) {
            Edge part;
            failed = share(from.of, node, k, &checked, ask, &part) < 0 ||
                     carry(&tangents[i], part) < 0;
        }
    }
    return failed ? -1 : 0;
}

/* The tangents of some outputs in one direction, as a list. */
static PyObject *
push_on(const Tape *tape, const int32_t *places, Py_ssize_t m, PyObject *seed,
        PyObject *ask)
{
    Carried *tangents = nothing(tape);
    PyObject *list = NULL;
    int failed = tangents == NULL || plant(seed, (Py_ssize_t)tape->ends, tangents) < 0;
    for (size_t i = tape->ends; !failed && i < tape->count; i++) {
        failed = hand_on(tape, i, tangents, ask) < 0;
    }
    if (!failed) {
        list = results_of(tangents, places, m);
    }
    forget_all(tangents, tape);
    return list;
}

/* tangent_graph(outputs, inputs, seed, partial) */
PyObject *
tangent_graph(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 4) {
        return PyErr_Format(
            PyExc_TypeError,
            "tangent_graph(outputs, inputs, seed, partial) takes 4 arguments, got %zd",
            count);
    }
    PyObject *outputs = values_of("outputs", args[0], 0), *list = NULL;
    PyObject *inputs = outputs != NULL ? values_of("inputs", args[1], 1) : NULL;
    PyObject *seed = inputs != NULL ? PySequence_Tuple(args[2]) : NULL;
    int32_t *places = NULL;
    Tape tape;
    if (seed != NULL) {
        const Py_ssize_t m = PyTuple_GET_SIZE(outputs), n = PyTuple_GET_SIZE(inputs);
        places = PyMem_New(int32_t, (size_t)(m + n) + 1);
        if (places == NULL) {
            PyErr_NoMemory();
        }
        else if (tape_of(outputs, inputs, 1, &tape, places) == 0) {
            list = push_on(&tape, places, m, seed, args[3]);
            tape_forget(&tape);
        }
    }
    PyMem_Free(places);
    Py_XDECREF(outputs);
    Py_XDECREF(inputs);
    Py_XDECREF(seed);
    return list;
}
