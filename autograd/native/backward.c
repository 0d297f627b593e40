/* Reverse mode: adjoints flow from the output to everything it depends on.

   A walk depth first, from the right operand to the left, lists the nodes after
   their operands; the sweep goes through that list backwards, so that each node
   has its whole adjoint before it hands shares to its operands. The walk is the
   one of ``autograd.graph.topological_order``, and so the additions happen in the
   same order and give the same bits. It changes nothing but marks, which it takes
   back if memory runs out; the sweep needs no memory. No Python code runs here. */

#include "engine.h"

#include <string.h>

/* An array that grows. */
typedef struct {
    void *items;
    size_t length, room;
} Array;

static int
grow(Array *array, size_t size)
{
    size_t room = array->room == 0 ? 64 : 2 * array->room;
    if (room > PY_SSIZE_T_MAX / size) {
        return -1;
    }
    void *items = PyMem_Realloc(array->items, room * size);
    if (items == NULL) {
        return -1;
    }
    array->items = items;
    array->room = room;
    return 0;
}

/* One more entry at the end of an array, or NULL for want of memory. */
#define APPEND(array, type)                                              \
    ((array)->length < (array)->room || grow((array), sizeof(type)) == 0 \
         ? &((type *)(array)->items)[(array)->length++]                  \
         : NULL)

typedef struct {
    Value *node;
    uint32_t left; /* how many of its operands are still to be visited */
} Frame;

typedef struct {
    Value *node;
    double before; /* its grad, to which this call's adjoint is added */
} Leaf;

typedef struct {
    Array inner;  /* Value *, operands before what uses them */
    Array leaves; /* Leaf */
} Graph;

static void
forget(Graph *graph)
{
    PyMem_Free(graph->inner.items);
    PyMem_Free(graph->leaves.items);
}

/* Take the marks back. */
static void
unmark(const Graph *graph)
{
    for (size_t i = 0; i < graph->inner.length; i++) {
        ((Value **)graph->inner.items)[i]->row &= ~VISITED;
    }
    for (size_t i = 0; i < graph->leaves.length; i++) {
        ((Leaf *)graph->leaves.items)[i].node->row &= ~VISITED;
    }
}

static int
out_of_memory(Graph *graph, Array *stack)
{
    unmark(graph);
    for (size_t i = 0; i < stack->length; i++) {
        ((Frame *)stack->items)[i].node->row &= ~VISITED;
    }
    forget(graph);
    PyMem_Free(stack->items);
    PyErr_NoMemory();
    return -1;
}

/* List and mark everything that the output depends on. */
static int
explore(Value *output, Graph *graph)
{
    Array stack = {NULL, 0, 0};
    *graph = (Graph){{NULL, 0, 0}, {NULL, 0, 0}};
    Value *node = output;
    while (node != NULL) {
        /* Enter a node that was not visited yet ... */
        if (node->count == 0) {
            Leaf *leaf = APPEND(&graph->leaves, Leaf);
            if (leaf == NULL) {
                return out_of_memory(graph, &stack);
            }
            *leaf = (Leaf){node, node->grad};
        }
        else {
            Frame *frame = APPEND(&stack, Frame);
            if (frame == NULL) {
                return out_of_memory(graph, &stack);
            }
            *frame = (Frame){node, node->count};
        }
        node->row |= VISITED;

        /* ... and go on to the next one, leaving those that are done. */
        node = NULL;
        while (node == NULL && stack.length > 0) {
            Frame *top = &((Frame *)stack.items)[stack.length - 1];
            while (node == NULL && top->left > 0) {
                Value *operand = top->node->edges[--top->left].operand;
                if (operand != NULL && !(operand->row & VISITED)) {
                    node = operand;
                }
            }
            if (node == NULL) {
                Value **done = APPEND(&graph->inner, Value *);
                if (done == NULL) {
                    return out_of_memory(graph, &stack);
                }
                *done = top->node;
                stack.length--;
            }
        }
    }
    PyMem_Free(stack.items);
    return 0;
}

/* Give every node of the graph its adjoint, and take the marks back. A node with a
   mark has no share of its adjoint yet. */
static void
sweep(Value *output, const Graph *graph, double seed)
{
    output->grad = seed;
    output->row &= ~VISITED;
    for (size_t i = graph->inner.length; i-- > 0;) {
        Value *node = ((Value **)graph->inner.items)[i];
        const double adjoint = node->grad;
        for (uint32_t k = 0; k < node->count; k++) {
            Value *operand = node->edges[k].operand;
            if (operand != NULL) {
                const double share = adjoint * node->edges[k].partial;
                if (operand->row & VISITED) {
                    operand->row &= ~VISITED;
                    operand->grad = 0.0 + share;
                }
                else {
                    operand->grad += share;
                }
            }
        }
    }
}

int
backward(Value *output, double seed)
{
    Graph graph;
    if (explore(output, &graph) < 0) {
        return -1;
    }
    sweep(output, &graph, seed);
    for (size_t i = 0; i < graph.leaves.length; i++) {
        Leaf *leaf = &((Leaf *)graph.leaves.items)[i];
        leaf->node->grad = leaf->before + leaf->node->grad;
    }
    forget(&graph);
    return 0;
}

/* gradients(output, inputs): the adjoints of inputs, all grads left as they were. */
PyObject *
gradients(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !is_value(args[0])) {
        PyErr_SetString(
            PyExc_TypeError, "gradients(output, inputs) takes a Value and Values");
        return NULL;
    }
    Value *output = (Value *)args[0];
    PyObject *inputs = PySequence_Tuple(args[1]);
    if (inputs == NULL) {
        return NULL;
    }
    Py_ssize_t n = PyTuple_GET_SIZE(inputs);
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *input = PyTuple_GET_ITEM(inputs, i);
        if (!is_value(input)) {
            PyErr_Format(
                PyExc_TypeError, "gradients: inputs[%zd] must be a Value, got %.200s", i,
                Py_TYPE(input)->tp_name);
            Py_DECREF(inputs);
            return NULL;
        }
    }
    PyObject *answer = NULL;
    Graph graph;
    if (explore(output, &graph) < 0) {
        Py_DECREF(inputs);
        return NULL;
    }
    Value **inner = graph.inner.items;
    double *before = PyMem_New(double, graph.inner.length + 1);
    double *adjoints = PyMem_New(double, n + 1);
    if (before == NULL || adjoints == NULL) {
        Array none = {NULL, 0, 0};
        out_of_memory(&graph, &none);
        goto done;
    }
    for (Py_ssize_t i = 0; i < n; i++) { /* for now, whether the output reaches it */
        Value *input = (Value *)PyTuple_GET_ITEM(inputs, i);
        adjoints[i] = input->row & VISITED ? 1.0 : 0.0;
    }
    for (size_t i = 0; i < graph.inner.length; i++) {
        before[i] = inner[i]->grad;
    }
    sweep(output, &graph, 1.0);
    for (Py_ssize_t i = 0; i < n; i++) {
        if (adjoints[i] != 0.0) {
            adjoints[i] = ((Value *)PyTuple_GET_ITEM(inputs, i))->grad;
        }
    }
    for (size_t i = 0; i < graph.inner.length; i++) {
        inner[i]->grad = before[i];
    }
    for (size_t i = 0; i < graph.leaves.length; i++) {
        Leaf *leaf = &((Leaf *)graph.leaves.items)[i];
        leaf->node->grad = leaf->before;
    }
    forget(&graph);
    answer = PyList_New(n);
    for (Py_ssize_t i = 0; answer != NULL && i < n; i++) {
        PyObject *adjoint = PyFloat_FromDouble(adjoints[i]);
        if (adjoint == NULL) {
            Py_CLEAR(answer);
        }
        else {
            PyList_SET_ITEM(answer, i, adjoint);
        }
    }
done:
    PyMem_Free(before);
    PyMem_Free(adjoints);
    Py_DECREF(inputs);
    return answer;
}

/* leaves(output): every leaf that output depends on, itself if it is one. */
PyObject *
leaves(PyObject *Py_UNUSED(module), PyObject *output)
{
    if (!is_value(output)) {
        return PyErr_Format(
            PyExc_TypeError, "leaves: output must be a Value, got %.200s",
            Py_TYPE(output)->tp_name);
    }
    Graph graph;
    if (explore((Value *)output, &graph) < 0) {
        return NULL;
    }
    unmark(&graph);
    PyObject *found = PyList_New((Py_ssize_t)graph.leaves.length);
    for (size_t i = 0; found != NULL && i < graph.leaves.length; i++) {
        PyObject *leaf = (PyObject *)((Leaf *)graph.leaves.items)[i].node;
        PyList_SET_ITEM(found, (Py_ssize_t)i, Py_NewRef(leaf));
    }
    forget(&graph);
    return found;
}
