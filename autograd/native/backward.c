/* Reverse mode: adjoints flow from the output to everything it depends on.

   A walk depth first, from the right operand to the left, lists the nodes after
   their operands; the sweep goes through that list backwards, so that each node
   has its whole adjoint before it hands shares to its operands. The walk is the
   one of ``autograd.graph.topological_order``, and so the additions happen in the
   same order and give the same bits. It changes nothing but marks, which it takes
   back if memory runs out; the sweep needs no memory. No Python code runs here. */

#include "engine.h"

/* A node on a list, and a number beside it. */
typedef struct {
    Value *node;
    union {
        uint32_t left; /* on the way: how many operands are still to be visited */
        double before; /* done: its grad, as it was before the sweep */
    } with;
} Entry;

/* Blocks of entries, so that a long list never moves; the last one on top. */
typedef struct Block {
    struct Block *below;
    Entry entries[];
} Block;

enum { ROOM = (BLOCK_SIZE - offsetof(Block, entries)) / sizeof(Entry) };

typedef struct {
    Block *top;
    size_t used; /* entries in the top block; in those below it, all */
} List;

typedef struct {
    List inner;  /* operands before what uses them */
    List leaves; /* as they were met */
} Graph;

static const List EMPTY = {NULL, ROOM};

/* Put an entry on top. Returns -1 for want of memory. */
static inline int
push(List *list, Entry entry)
{
    if (list->used == ROOM) {
        Block *block = block_take();
        if (block == NULL) {
            return -1;
        }
        block->below = list->top;
        *list = (List){block, 0};
    }
    list->top->entries[list->used++] = entry;
    return 0;
}

/* Take the top entry away, of a list that has some. */
static inline void
pop(List *list)
{
    if (--list->used == 0) {
        Block *empty = list->top;
        *list = (List){empty->below, ROOM};
        block_give_back(empty);
    }
}

static inline Entry *
top(const List *list)
{
    return list->top == NULL ? NULL : &list->top->entries[list->used - 1];
}

static void
forget(List *list)
{
    while (list->top != NULL) {
        Block *block = list->top;
        list->top = block->below;
        block_give_back(block);
    }
    *list = EMPTY;
}

/* Go through a list from the top to the bottom. */
#define EACH(entry, list)                                              \
    for (List rest = (list); rest.top != NULL;                         \
         rest = (List){rest.top->below, ROOM})                         \
        for (Entry *entry = rest.top->entries + rest.used;             \
             entry-- > rest.top->entries;)

static void
unmark(const List *list)
{
    EACH(entry, *list) {
        entry->node->row &= ~VISITED;
    }
}

static void
forget_graph(Graph *graph)
{
    forget(&graph->inner);
    forget(&graph->leaves);
}

/* List and mark everything that the output depends on. */
static int
explore(Value *output, Graph *graph)
{
    List way = EMPTY; /* from the output to where the walk is */
    *graph = (Graph){EMPTY, EMPTY};
    Value *node = output;
    while (node != NULL) {
        /* Enter a node that was not visited yet ... */
        Entry entry = {.node = node};
        int full;
        if (node->count == 0) {
            entry.with.before = node->grad;
            full = push(&graph->leaves, entry);
        }
        else {
            entry.with.left = node->count;
            full = push(&way, entry);
        }
        if (full) {
            goto out_of_memory;
        }
        node->row |= VISITED;

        /* ... and go on to the next one, leaving those that are done. */
        node = NULL;
        for (Entry *here; node == NULL && (here = top(&way)) != NULL;) {
            const Edge *edges = here->node->edges;
            uint32_t left = here->with.left;
            while (node == NULL && left > 0) {
                Value *operand = edges[--left].operand;
                if (operand != NULL && !(operand->row & VISITED)) {
                    node = operand;
                }
            }
            here->with.left = left;
            if (node == NULL) {
                entry.node = here->node;
                entry.with.before = here->node->grad;
                pop(&way);
                if (push(&graph->inner, entry)) {
                    entry.node->row &= ~VISITED;
                    goto out_of_memory;
                }
            }
        }
    }
    return 0;

out_of_memory:
    unmark(&way);
    unmark(&graph->inner);
    unmark(&graph->leaves);
    forget(&way);
    forget_graph(graph);
    PyErr_NoMemory();
    return -1;
}

/* Give every node of the graph its adjoint, and take the marks back. A node with a
   mark has no share of its adjoint yet. */
static void
sweep(Value *output, const Graph *graph, double seed)
{
    output->grad = seed;
    output->row &= ~VISITED;
    EACH(entry, graph->inner) {
        const Value *node = entry->node;
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
    EACH(leaf, graph.leaves) {
        leaf->node->grad = leaf->with.before + leaf->node->grad;
    }
    forget_graph(&graph);
    return 0;
}

static void
mark(PyObject *nodes, int on)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(nodes); i++) {
        Value *node = (Value *)PyTuple_GET_ITEM(nodes, i);
        node->row = on ? node->row | VISITED : node->row & ~VISITED;
    }
}

/* A list of the leaves of a graph, as met, but for some nodes; or NULL. */
static PyObject *
leaves_but(PyObject *nodes, const Graph *graph)
{
    Py_ssize_t count = 0;
    mark(nodes, 1);
    EACH(leaf, graph->leaves) {
        count += !(leaf->node->row & VISITED);
    }
    mark(nodes, 0);
    PyObject *found = PyList_New(count); /* may run Python code, so without marks */
    if (found != NULL) {
        mark(nodes, 1);
        EACH(leaf, graph->leaves) {
            if (!(leaf->node->row & VISITED)) {
                PyList_SET_ITEM(found, --count, Py_NewRef(leaf->node));
            }
        }
        mark(nodes, 0);
    }
    return found;
}

/* The derivatives of the output by a tuple of Values, as a list of floats, and a list
   of the other leaves. Every grad stays as it was. */
static int
differentiate(
    Value *output, PyObject *inputs, PyObject **derivatives, PyObject **others)
{
    const Py_ssize_t n = PyTuple_GET_SIZE(inputs);
    PyObject *const *items = &PyTuple_GET_ITEM(inputs, 0);
    Graph graph;
    double *adjoints = PyMem_New(double, n + 1);
    if (adjoints == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (explore(output, &graph) < 0) {
        PyMem_Free(adjoints);
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) { /* for now, whether the output reaches it */
        adjoints[i] = ((Value *)items[i])->row & VISITED ? 1.0 : 0.0;
    }
    sweep(output, &graph, 1.0);
    for (Py_ssize_t i = 0; i < n; i++) {
        if (adjoints[i] != 0.0) {
            adjoints[i] = ((Value *)items[i])->grad;
        }
    }
    EACH(entry, graph.inner) {
        entry->node->grad = entry->with.before;
    }
    EACH(leaf, graph.leaves) {
        leaf->node->grad = leaf->with.before;
    }
    *others = leaves_but(inputs, &graph);
    forget_graph(&graph);
    *derivatives = PyList_New(n);
    for (Py_ssize_t i = 0; *derivatives != NULL && i < n; i++) {
        PyObject *adjoint = PyFloat_FromDouble(adjoints[i]);
        if (adjoint == NULL) {
            Py_CLEAR(*derivatives);
        }
        else {
            PyList_SET_ITEM(*derivatives, i, adjoint);
        }
    }
    PyMem_Free(adjoints);
    return 0;
}

/* gradients(output, inputs) */
PyObject *
gradients(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        return PyErr_Format(
            PyExc_TypeError, "gradients(output, inputs) takes 2 arguments, got %zd",
            count);
    }
    if (!is_value(args[0])) {
        return PyErr_Format(
            PyExc_TypeError, "gradients: output must be a Value, got %.200s",
            Py_TYPE(args[0])->tp_name);
    }
    PyObject *inputs = PySequence_Tuple(args[1]);
    if (inputs == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(inputs); i++) {
        PyObject *input = PyTuple_GET_ITEM(inputs, i);
        if (!is_value(input)) {
            PyErr_Format(
                PyExc_TypeError, "gradients: inputs[%zd] must be a Value, got %.200s", i,
                Py_TYPE(input)->tp_name);
            Py_DECREF(inputs);
            return NULL;
        }
    }
    PyObject *derivatives = NULL, *others = NULL, *answer = NULL;
    if (differentiate((Value *)args[0], inputs, &derivatives, &others) == 0 &&
        derivatives != NULL && others != NULL) {
        answer = PyTuple_Pack(2, derivatives, others);
    }
    Py_XDECREF(derivatives);
    Py_XDECREF(others);
    Py_DECREF(inputs);
    return answer;
}

/* leaves(output) */
PyObject *
leaves(PyObject *Py_UNUSED(module), PyObject *output)
{
    if (!is_value(output)) {
        return PyErr_Format(
            PyExc_TypeError, "leaves: output must be a Value, got %.200s",
            Py_TYPE(output)->tp_name);
    }
    Graph graph;
    PyObject *none = PyTuple_New(0), *found = NULL;
    if (none != NULL && explore((Value *)output, &graph) == 0) {
        unmark(&graph.inner);
        unmark(&graph.leaves);
        found = leaves_but(none, &graph);
        forget_graph(&graph);
    }
    Py_XDECREF(none);
    return found;
}
