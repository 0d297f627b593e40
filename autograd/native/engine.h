/* What the files of the C engine share: the node, and who offers what.

   A Value is one block of memory: the number, its adjoint, and one edge per
   operand. A binary node takes 80 bytes. Nodes point only to what they were
   computed from, and nothing can change that later, so there are no cycles and
   the cyclic garbage collector never hears of them. A checkpoint keeps a function,
   which may lead back to it: that node, and what is computed from it, is for the
   collector to watch. (An attribute set by hand could lead back as well. Nobody
   looks for that, so as not to burden each node.)

   The GIL is held throughout, but Python code runs wherever a function of the
   interpreter is called that may run it: custom rules, number types with a
   __float__ of their own. */

#ifndef AUTOGRAD_ENGINE_H
#define AUTOGRAD_ENGINE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(_MSC_VER)
#pragma fp_contract(off) /* x * y + z rounds twice, as in Python */
#endif

#if defined(FLT_EVAL_METHOD) && (FLT_EVAL_METHOD == 1 || FLT_EVAL_METHOD == 2)
#error "this compiler computes doubles with excess precision: not Python's bits"
#endif

#ifdef Py_GIL_DISABLED
#error "the engine relies on the GIL: free-threaded Python runs the reference engine"
#endif

typedef struct Value Value;

/* An operand and the local derivative by it. A constant has no operand, and its
   number stands where the derivative would: that derivative is 0 by definition. */
typedef struct {
    Value *operand; /* owned, or NULL for a constant */
    double partial;
} Edge;

struct Value {
    PyObject_HEAD
    double data;
    double grad;
    PyObject *extras; /* owned, perhaps shared: attributes in a dict, or NULL */
    uint32_t count;  /* of edges; 0 for a leaf */
    uint32_t row;    /* which rule made it; NO_ROW for a leaf */
    Edge edges[];
};

/* Bits of ``row``: a mark while a walk over the graph goes on; whether the cyclic
   collector watches the node; whether the row was made at run time. The node then
   owns a reference to that row. */
#define VISITED UINT32_C(0x80000000)
#define TRACKED UINT32_C(0x40000000)
#define LATER UINT32_C(0x20000000)
#define NO_ROW UINT32_C(0x1fffffff)

static inline uint32_t
row_of(const Value *node)
{
    return node->row & ~(VISITED | TRACKED);
}

static inline double
number_of(const Edge *edge)
{
    return edge->operand != NULL ? edge->operand->data : edge->partial;
}

/* nodes.c: memory for nodes, and for walks over them */

#ifdef AUTOGRAD_NO_SLABS
enum { BLOCK_SIZE = 1 << 10 };
#else
enum { BLOCK_SIZE = 1 << 21 };
#endif

void *block_take(void);
void block_give_back(void *block);

#define MOST_EDGES                                                            \
    ((size_t)Py_MIN(UINT32_MAX,                                               \
                    (PY_SSIZE_T_MAX - offsetof(Value, edges)) / sizeof(Edge)))

Value *nodes_take(size_t edges);
void nodes_give_back(Value *node, size_t edges);

/* arrays.c: memory for large arrays */

void *array_new(size_t bytes);
void *array_grow(void *array, size_t bytes);
void array_free(void *array);

/* value.c: the type, its memory and its attributes */

extern PyTypeObject *Value_Type;

static inline int
is_value(PyObject *x)
{
    return Py_TYPE(x) == Value_Type;
}

int value_make_type(PyObject *module, PyObject *base);
PyObject *value_extras(PyObject *kept);
PyObject *value_track(Value *node);
PyObject *value_track_if_needed(Value *node);
extern Py_ssize_t tracked; /* nodes that the collector watches: mostly none */
PyObject *rule_of(uint32_t row);
PyObject *misuse_of(const char *name, PyObject *const *args, Py_ssize_t count,
                    PyObject *names);

/* A node with room for some edges, which the caller must fill in at once. */
static inline Value *
value_new(uint32_t row, double data, size_t count)
{
    Value *node = count <= MOST_EDGES ? nodes_take(count) : NULL;
    if (node == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    PyObject_Init((PyObject *)node, Value_Type);
    node->data = data;
    node->grad = 0.0;
    node->extras = NULL;
    node->count = (uint32_t)count;
    node->row = row;
    if (row & LATER) {
        Py_INCREF(rule_of(row));
    }
    return node;
}

static inline Value *
value_leaf(double data)
{
    return value_new(NO_ROW, data, 0);
}

/* A new node, or its like for the collector to watch, if an operand is such a node.
   Takes the reference. */
static inline PyObject *
as_tracked(Value *node)
{
    return tracked == 0 ? (PyObject *)node : value_track_if_needed(node);
}

/* Operands */

extern PyTypeObject *numpy_float64; /* NumPy's own float, once one was met */
double plain_number(PyObject *x, int *known);

/* The number of an operand if it can be had without running Python code. Returns 1,
   0 if the operand is something else, or -1 with an exception. */
static inline int
plain_operand(PyObject *x, Value **operand, double *number)
{
    if (is_value(x)) {
        *operand = (Value *)x;
        *number = ((Value *)x)->data;
        return 1;
    }
    *operand = NULL;
    if (PyFloat_CheckExact(x) || Py_TYPE(x) == numpy_float64) {
        *number = PyFloat_AS_DOUBLE(x);
        return 1;
    }
    int known;
    *number = plain_number(x, &known); /* whose own address would cost a register */
    return known;
}

static inline void
set_edge(Edge *edge, Value *operand, double partial_or_number)
{
    edge->operand = (Value *)Py_XNewRef((PyObject *)operand);
    edge->partial = partial_or_number;
}

/* record.c: applying a row of the table */

int record_init(PyObject *rules);
int as_double(PyObject *x, const char *name, double *number);
int is_number(PyObject *x);
int operand_number(uint32_t row, PyObject *x, double *number);
int evaluate_in_python(Value *node);
PyObject *get_operands(PyObject *self, void *closure);
Value *record_operands(uint32_t row, PyObject *const *operands, Py_ssize_t count);
PyObject *record(uint32_t row, PyObject *const *operands, Py_ssize_t count);
Py_ssize_t record_arity(uint32_t row);
PyObject *const *record_complete(uint32_t row, PyObject *const *operands,
                                 Py_ssize_t count, PyObject **room);
PyObject *record_find_row(PyObject *name, uint32_t *row);
int record_value(uint32_t row, const double *x, uint32_t count, double *z);
int record_number(uint32_t row, const Edge *operands, size_t count, int ask, double *z);
Value *record_known(uint32_t row, double z, const Edge *operands, size_t count);
int record_row(uint32_t row, const Edge *operands, size_t count, int live, Edge *made);
int record_chooses(uint32_t row);
extern PyMethodDef record_methods[];
extern PyType_Slot record_slots[];

/* Whether a derivative passes an edge of a node of some row: not where the operand was
   not chosen, nor where the row is a step. */
static inline int
passes(const Edge *edge, uint32_t row)
{
    return edge->operand != NULL && (edge->partial != 0.0 || !record_chooses(row));
}

/* reductions.c: rows of any number of operands */

/* Operands in a row: objects, or else plain numbers. */
typedef struct {
    PyObject *const *objects;
    const double *numbers;
} Column;

uint32_t columns_of(uint32_t row);
int is_fold(uint32_t row);
int evaluate_fold(Value *node);
int record_fold(uint32_t row, const Column *columns, size_t n, PyObject *start,
                PyObject **answer);
PyObject *record_any_fold(uint32_t row, PyObject *const *operands, Py_ssize_t count);

/* backward.c: adjoints */

int backward(Value *output, double seed);
PyObject *gradients(PyObject *module, PyObject *const *args, Py_ssize_t count);
PyObject *leaves(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* sweeps.c: tangents */

PyObject *tangents(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* partials.c: the partials of recorded nodes, on Values */

int partial_again(const Value *node, uint32_t i, int *checked, Edge *partial);

/* higher.c: adjoints and tangents that are Values */

PyObject *adjoint_graph(PyObject *module, PyObject *const *args, Py_ssize_t count);
PyObject *tangent_graph(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* functions.c: functions of numbers and Values alike */

#ifdef AUTOGRAD_TEST_ALLOC
PyObject *fail_allocation(PyObject *module, PyObject *args); /* failing.c */
#endif

PyObject *functions_make(PyObject *in_python, PyObject *aliases);

/* nesting.c: nested arguments */

int nesting_init(PyObject *module);

/* program.c: compiled programs */

int program_init(PyObject *module);
int tape_init(PyObject *module); /* wengert.c */

/* module.c: what Python code does for the engine, and no_grad */

extern PyObject *python_value, *python_partials; /* a row on floats, its derivatives */
extern PyObject *python_as_float, *python_is_number;
extern PyObject *python_compare; /* a number with one that is no float */
extern PyObject *python_misuse; /* raises what a wrong call of the type raises */
extern PyObject *python_spelling; /* of an operation, as micrograd writes it */
extern PyObject *python_no_subclass; /* raises what a subclass of the type raises */
extern PyObject *python_no_backward; /* raises what setting _backward raises */
extern PyObject *python_operations; /* the base class, with a method per row */
extern PyObject *python_checkpoint; /* the row whose nodes keep a function */
extern PyObject *python_leaf;   /* restores a pickled leaf */
extern Py_ssize_t suspensions;  /* of recording, in all threads together */
int suspended_here(void);

static inline int
suspended(void)
{
    return suspensions != 0 && suspended_here();
}

/* recorder.c: compiled programs, which record what is done with Values */

extern Py_ssize_t recorders; /* at work, in all threads together */
int recorder_at_work(void);
PyObject *recorder_ask(const char *what, PyObject *x, PyObject *y);
int recorder_allows(const char *what, PyObject *x);
PyObject *recorder_lists(Value *node);
int recorder_init(void);
PyObject *record_into(PyObject *module, PyObject *made);

/* Whether a recorder is at work in this thread. */
static inline int
recorded(void)
{
    return recorders != 0 && recorder_at_work();
}

/* A new node, which a recorder lists. Takes the reference. */
static inline PyObject *
listed(Value *node)
{
    return recorders == 0 ? (PyObject *)node : recorder_lists(node);
}

/* A new node, for the collector and for a recorder. Takes the reference. */
static inline PyObject *
finished(Value *node)
{
    PyObject *made = as_tracked(node);
    return made == NULL ? NULL : listed((Value *)made);
}

/* A node; without recording, a leaf with its number. Takes the reference. */
static inline PyObject *
unless_suspended(Value *node)
{
    if (!suspended()) {
        return finished(node);
    }
    Value *leaf = value_leaf(node->data);
    Py_DECREF(node);
    return (PyObject *)leaf;
}

/* The same, and the collector watches the node: what it keeps may lead back to it. */
static inline PyObject *
watched_unless_suspended(Value *node)
{
    if (suspended()) {
        return unless_suspended(node);
    }
    PyObject *made = value_track(node);
    return made == NULL ? NULL : listed((Value *)made);
}

#endif
