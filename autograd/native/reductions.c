/* Reductions: rows of any number of operands, like ``sum`` and ``dot``.

   A neuron is one of these, so they have a way of their own: a single pass over the
   operands takes their numbers, folds them left to right and remembers the partials.
   ``reductions.h`` has the functions of a step, of the end, and of the partials. */

#include "engine.h"

#include "rows.h"

/* A reduction that is a fold in C; Python computes the others. */
typedef struct {
    uint32_t columns;
    int fallible; /* whether a value that is not finite may be an exception */
    Py_ssize_t (*pass)(Value *node, PyObject *const *const *lists, PyObject *start);
} Fold;

/* Leave a node that did not get all its operands without those that are missing. */
static void
give_up(Value *node, uint32_t columns, uint32_t n, uint32_t first)
{
    for (uint32_t c = 0; c < columns; c++) {
        for (uint32_t t = first; t < n; t++) {
            set_edge(&node->edges[(size_t)n * c + t], NULL, 0.0);
        }
    }
}

/* The pass over a list of operands per column. Returns how many operands are Values,
   or -1, without an exception, if one is no number that C can take as it is. */
#define PASS(name, columns, each)                                                  \
    static Py_ssize_t pass_##name(                                                 \
        Value *node, PyObject *const *const *lists, PyObject *start)               \
    {                                                                              \
        const uint32_t n = node->count / (columns);                                \
        uint32_t t = 0;                                                            \
        int known = 1;                                                             \
        Py_ssize_t values = 0;                                                     \
        double x[columns], total = 0.0;                                            \
        each(COLUMN)                                                               \
        if (start != NULL) {                                                       \
            Edge *last = &node->edges[node->count - 1];                            \
            Value *operand;                                                        \
            known = plain_operand(start, &operand, &total);                        \
            set_edge(last, operand, operand ? START_##name : total);               \
            values += operand != NULL;                                             \
        }                                                                          \
        while (known > 0 && t < n) {                                               \
            each(TAKE)                                                             \
            total = step_##name(total, x);                                         \
            each(TERM)                                                             \
            t++;                                                                   \
        }                                                                          \
        if (known <= 0) {                                                          \
            give_up(node, columns, n, t);                                          \
            PyErr_Clear(); /* an int too large; but an earlier operand may be worse */ \
            return -1;                                                             \
        }                                                                          \
        node->data = finish_##name(total, n);                                      \
        return values;                                                             \
    }

#define COLUMN(name, c)                                                            \
    PyObject *const *const list_##c = lists[c];                                    \
    Edge *const edges_##c = node->edges + (size_t)n * (c);                         \
    Value *operand_##c;

#define TAKE(name, c)                                                              \
    known = plain_operand(list_##c[t], &operand_##c, &x[c]);                       \
    if (known <= 0) {                                                              \
        break;                                                                     \
    }

#define TERM(name, c)                                                              \
    set_edge(&edges_##c[t], operand_##c,                                           \
             operand_##c ? partial_##name##_##c(x, n) : x[c]);                     \
    values += operand_##c != NULL;

#include "reductions.h"

static const Fold *const folds[ROWS] = {
#define FOLD(name) [ROW_##name] = &fold_##name,
    EVERY_FOLD(FOLD)
#undef FOLD
};

int
is_fold(uint32_t row)
{
    return row < ROWS && folds[row] != NULL;
}

/* Give a node that went through its pass all the rest. Takes the reference. */
static PyObject *
complete(Value *node, const Fold *fold)
{
    if (fold->fallible && !isfinite(node->data) && evaluate_in_python(node) < 0) {
        Py_DECREF(node);
        return NULL;
    }
    return unless_suspended(node);
}

/* Apply a fold to a list of operands per column, if that is plain to do: at least one
   is a Value, the others ints and floats. Returns 1 with the node, 0 if it is not
   plain, -1 with an exception. No Python code runs while the lists are read. */
int
record_fold(uint32_t row, PyObject *const *const *lists, size_t n, PyObject *start,
            PyObject **answer)
{
    *answer = NULL;
    if (!is_fold(row) || n == 0) {
        return 0;
    }
    const Fold *fold = folds[row];
    Value *node = value_new(row, 0.0, fold->columns * n + (start != NULL));
    if (node == NULL) {
        return -1;
    }
    if (fold->pass(node, lists, start) <= 0) {
        Py_DECREF(node);
        return 0;
    }
    *answer = complete(node, fold);
    return *answer != NULL ? 1 : -1;
}

/* Operands as a tuple of Values and floats. */
static PyObject *
plain_operands(uint32_t row, PyObject *const *operands, Py_ssize_t count)
{
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t i = 0; tuple != NULL && i < count; i++) {
        double number;
        PyObject *x = NULL;
        if (is_value(operands[i])) {
            x = Py_NewRef(operands[i]);
        }
        else if (operand_number(row, operands[i], &number) == 0) {
            x = PyFloat_FromDouble(number);
        }
        if (x == NULL) {
            Py_CLEAR(tuple);
        }
        else {
            PyTuple_SET_ITEM(tuple, i, x);
        }
    }
    return tuple;
}

/* Apply a fold to any numbers, in the order in which a node has them. */
PyObject *
record_any_fold(uint32_t row, PyObject *const *operands, Py_ssize_t count)
{
    const Fold *fold = folds[row];
    const size_t n = (size_t)count / fold->columns;
    PyObject *plain = plain_operands(row, operands, count), *answer = NULL;
    if (plain != NULL) {
        PyObject *const *items = &PyTuple_GET_ITEM(plain, 0);
        PyObject *const *lists[MOST_COLUMNS];
        for (uint32_t c = 0; c < fold->columns; c++) {
            lists[c] = items + c * n;
        }
        Value *node = value_new(row, 0.0, (size_t)count);
        if (node != NULL) {
            const int started = (size_t)count % fold->columns != 0;
            fold->pass(node, lists, started ? items[count - 1] : NULL);
            answer = complete(node, fold);
        }
        Py_DECREF(plain);
    }
    return answer;
}
