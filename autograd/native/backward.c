/* Reverse mode: adjoints flow from the output to everything it depends on.

   A walk depth first, from the right operand to the left, lists the nodes after
   their operands; the sweep goes through that list backwards, so that each node
   has its whole adjoint before it hands shares to its operands. The walk is the
   one of ``autograd.core.graph.topological_order``, and so the additions happen in the
   same order and give the same bits. It changes nothing but marks, which it takes
   back if memory runs out; the sweep needs no memory. No Python code runs here. */

#include "tape.h"

/* A list in blocks, so that a long one never moves; the last block is on top. */
typedef struct Block {
    struct Block *below;
    union {
        void *pointer;
        double number;
    } room[]; /* for entries of any type */
} Block;

typedef struct {
    Block *top;
    size_t used; /* bytes of the room in the top block; those below it are full */
} List;

enum { ROOM = BLOCK_SIZE - offsetof(Block, room) };
#define FULL(size) (ROOM / (size) * (size))

static const List EMPTY = {NULL, ROOM};

/* Room for one more entry on top, or NULL for want of memory. */
static inline void *
push(List *list, size_t size)
{
    if (list->used >= FULL(size)) {
        Block *block = block_take();
        if (block == NULL) {
            return NULL;
        }
        block->below = list->top;
        *list = (List){block, 0};
    }
    void *entry = (char *)list->top->room + list->used;
    list->used += size;
    return entry;
}

/* Take the top entry away. Returns the one below it, or NULL. */
static inline void *
pop(List *list, size_t size)
{
    list->used -= size;
    if (list->used == 0) {
        Block *empty = list->top;
        *list = (List){empty->below, FULL(size)};
        block_give_back(empty);
        if (list->top == NULL) {
            return NULL;
        }
    }
    return (char *)list->top->room + list->used - size;
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
#define EACH(type, entry, list)                                            \
    for (List rest = (list); rest.top != NULL;                             \
         rest = (List){rest.top->below, FULL(sizeof(type))})               \
        for (type *entry = (type *)((char *)rest.top->room + rest.used);   \
             entry-- > (type *)rest.top->room;)

typedef struct {
    Value *node;
    size_t left; /* how many of its operands are still to be visited */
} Frame;

typedef Value *Inner;

typedef struct {
    Value *node;
    double before; /* its grad, as it was before the sweep */
} Leaf;

typedef struct {
    List inner;  /* operands before what uses them */
    List leaves; /* as they were met */
    size_t inner_count;
} Graph;

static void
unmark(const Graph *graph)
{
    EACH(Inner, inner, graph->inner) {
        (*inner)->row &= ~VISITED;
    }
    EACH(Leaf, leaf, graph->leaves) {
        leaf->node->row &= ~VISITED;
    }
}

static void
forget_graph(Graph *graph)
{
    forget(&graph->inner);
    forget(&graph->leaves);
}

/* Enter a node that was not visited yet: a leaf is listed, another joins the way. */
static inline int
enter(Value *node, Graph *graph, List *way, Frame **here)
{
    if (node->count == 0) {
        Leaf *leaf = push(&graph->leaves, sizeof *leaf);
        if (leaf == NULL) {
            return -1;
        }
        *leaf = (Leaf){node, node->grad};
    }
    else {
        Frame *frame = push(way, sizeof *frame);
        if (frame == NULL) {
            return -1;
        }
        *frame = (Frame){node, node->count};
        *here = frame;
    }
    node->row |= VISITED;
    return 0;
}

/* The next operand that was not visited yet, or NULL. */
static inline Value *
next_operand(Frame *frame)
{
    const Edge *edges = frame->node->edges;
    Value *next = NULL;
    size_t left = frame->left;
    while (next == NULL && left > 0) {
        Value *operand = edges[--left].operand;
        if (operand != NULL && !(operand->row & VISITED)) {
            next = operand;
        }
    }
    frame->left = left;
    return next;
}

/* List and mark everything that the output depends on. */
static int
explore(Value *output, Graph *graph)
{
    List way = EMPTY; /* from the output to where the walk is */
    Frame *here = NULL;
    *graph = (Graph){EMPTY, EMPTY, 0};
    Value *node = output;
    while (node != NULL) {
        if (enter(node, graph, &way, &here) < 0) {
            goto out_of_memory;
        }
        node = NULL;
        while (node == NULL && here != NULL) {
            node = next_operand(here);
            if (node == NULL) { /* all are done, and so is the one that uses them */
                Inner *done = push(&graph->inner, sizeof *done);
                if (done == NULL) {
                    goto out_of_memory;
                }
                *done = here->node;
                graph->inner_count++;
                here = pop(&way, sizeof *here);
            }
        }
    }
    return 0;

out_of_memory:
    EACH(Frame, frame, way) {
        frame->node->row &= ~VISITED;
    }
    unmark(graph);
    forget(&way);
    forget_graph(graph);
    PyErr_NoMemory();
    return -1;
}

/* What a node got, and its mark is taken back: 0 if no share came. */
static inline double
adjoint_of(Value *node)
{
    if (node->row & VISITED) {
        node->row &= ~VISITED;
        node->grad = 0.0;
    }
    return node->grad;
}

/* Give every node of the graph its adjoint, and take the marks back, but not those of
   leaves. A node with a mark has no share of its adjoint yet. */
static void
sweep(Value *output, const Graph *graph, double seed)
{
    output->grad = seed;
    output->row &= ~VISITED;
    EACH(Inner, inner, graph->inner) {
        Value *node = *inner;
        if (node->row & VISITED) { /* not chosen, or behind what was not */
            adjoint_of(node);
            continue;
        }
        const double adjoint = node->grad;
        for (uint32_t k = 0; k < node->count; k++) {
            const Edge *edge = &node->edges[k];
            if (passes(edge, row_of(node))) {
                Value *operand = edge->operand;
                const double share = adjoint * edge->partial;
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
    EACH(Leaf, leaf, graph.leaves) {
        leaf->node->grad = leaf->before + adjoint_of(leaf->node);
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
    EACH(Leaf, leaf, graph->leaves) {
        count += !(leaf->node->row & VISITED);
    }
    mark(nodes, 0);
    PyObject *found = PyList_New(count); /* may run Python code, so without marks */
    if (found != NULL) {
        mark(nodes, 1);
        EACH(Leaf, leaf, graph->leaves) {
            if (!(leaf->node->row & VISITED)) {
                PyList_SET_ITEM(found, --count, Py_NewRef(leaf->node));
            }
        }
        mark(nodes, 0);
    }
    return found;
}

/* Fill in, for the inputs that the output reaches or for the others, what is known: their
   adjoint, or 0. */
static int
fill_in(PyObject *derivatives, PyObject *inputs, int reached)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(inputs); i++) {
        const Value *input = (Value *)PyTuple_GET_ITEM(inputs, i);
        const int known = PyList_GET_ITEM(derivatives, i) != NULL;
        if (!known && (reached || !(input->row & VISITED))) {
            PyObject *derivative = PyFloat_FromDouble(reached ? input->grad : 0.0);
            if (derivative == NULL) {
                return -1;
            }
            PyList_SET_ITEM(derivatives, i, derivative);
        }
    }
    return 0;
}

/* Fill in the derivatives of the output by a tuple of Values; nodes have their adjoints
   only while this lasts, and then their grads again. */
static int
differentiate(Value *output, PyObject *inputs, const Graph *graph, PyObject *derivatives)
{
    double *grads = PyMem_New(double, graph->inner_count + 1);
    if (grads == NULL) {
        PyErr_NoMemory();
    }
    if (grads == NULL || fill_in(derivatives, inputs, 0) < 0) {
        unmark(graph);
        PyMem_Free(grads);
        return -1;
    }
    size_t saved = 0;
    EACH(Inner, inner, graph->inner) {
        grads[saved++] = (*inner)->grad;
    }
    sweep(output, graph, 1.0);
    EACH(Leaf, leaf, graph->leaves) {
        adjoint_of(leaf->node);
    }
    const int failed = fill_in(derivatives, inputs, 1);
    saved = 0;
    EACH(Inner, inner, graph->inner) {
        (*inner)->grad = grads[saved++];
    }
    EACH(Leaf, leaf, graph->leaves) {
        leaf->node->grad = leaf->before;
    }
    PyMem_Free(grads);
    return failed;
}

/* The derivatives by a tuple of Values, and the other leaves. */
static PyObject *
derivatives_and_others(Value *output, PyObject *inputs)
{
    Graph graph;
    PyObject *derivatives = PyList_New(PyTuple_GET_SIZE(inputs));
    if (derivatives == NULL || explore(output, &graph) < 0) {
        Py_XDECREF(derivatives);
        return NULL;
    }
    PyObject *others = NULL, *answer = NULL;
    if (differentiate(output, inputs, &graph, derivatives) == 0) {
        others = leaves_but(inputs, &graph);
    }
    forget_graph(&graph);
    if (others != NULL) {
        answer = PyTuple_Pack(2, derivatives, others);
    }
    Py_DECREF(derivatives);
    Py_XDECREF(others);
    return answer;
}

/* gradients(output, inputs) */
PyObject *
gradients(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    PyObject *inputs = count == 2 ? PySequence_Tuple(args[1]) : NULL;
    if (PyErr_Occurred()) {
        return NULL;
    }
    int fit = inputs != NULL && is_value(args[0]);
    for (Py_ssize_t i = 0; fit && i < PyTuple_GET_SIZE(inputs); i++) {
        fit = is_value(PyTuple_GET_ITEM(inputs, i));
    }
    PyObject *answer;
    if (fit) {
        answer = derivatives_and_others((Value *)args[0], inputs);
    }
    else if (inputs != NULL) {
        answer = misuse_of("gradients", (PyObject *[]){args[0], inputs}, 2, NULL);
    }
    else {
        answer = misuse_of("gradients", args, count, NULL);
    }
    Py_XDECREF(inputs);
    return answer;
}

/* leaves(output, but=()) */
PyObject *
leaves(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if ((count != 1 && count != 2) || !is_value(args[0])) {
        return misuse_of("leaves", args, count, NULL);
    }
    Graph graph;
    PyObject *but = count == 2 ? values_of("leaves: but", args[1], 0) : PyTuple_New(0);
    PyObject *found = NULL;
    if (but != NULL && explore((Value *)args[0], &graph) == 0) {
        unmark(&graph);
        found = leaves_but(but, &graph);
        forget_graph(&graph);
    }
    Py_XDECREF(but);
    return found;
}
