/* Reductions: rows of any number of operands, like ``sum`` and ``dot``.

   A neuron is one of these, so they have a way of their own: a single pass over the
   operands takes their numbers, folds them left to right and remembers the partials.
   ``reductions.h`` has the functions of a step, of the end, and of the partials. */

#include "engine.h"

#include "rows.h"

/* A reduction that is a fold in C; Python computes the others. Its pass finds the
   numbers of all operands where the partials are to be. */
typedef struct {
    int fallible; /* whether a value that is not finite may be an exception */
    void (*pass)(Value *node, int started);
} Fold;

#include "reductions.h"

static const Fold *const folds[ROWS] = {
#define FOLD(name) [ROW_##name] = &fold_##name,
    EVERY_FOLD(FOLD)
#undef FOLD
};

/* How many operands a term has; 0 of a row that is no reduction. */
uint32_t
columns_of(uint32_t row)
{
    static const uint8_t columns[ROWS] = {
#define COLUMNS(name, count) [ROW_##name] = count,
        EVERY_REDUCTION(COLUMNS)
#undef COLUMNS
    };
    return row < ROWS ? columns[row] : 0;
}

int
is_fold(uint32_t row)
{
    return row < ROWS && folds[row] != NULL;
}

/* Compute the value and the partials of a node that has its operands' numbers where the
   partials are to be. */
static int
evaluate(Value *node, const Fold *fold, int started)
{
    fold->pass(node, started);
    return fold->fallible && !isfinite(node->data) ? evaluate_in_python(node) : 0;
}

int
evaluate_fold(Value *node)
{
    const Fold *fold = folds[row_of(node)];
    return evaluate(node, fold, node->count % columns_of(row_of(node)) != 0);
}

/* Give such a node all the rest. Takes the reference. */
static PyObject *
complete(Value *node, const Fold *fold, int started)
{
    if (evaluate(node, fold, started) < 0) {
        Py_DECREF(node);
        return NULL;
    }
    return unless_suspended(node);
}

/* What was found among some operands. */
typedef struct {
    size_t taken, values, floats;
} Found;

/* Take operands and their numbers. Returns -1, with an exception or without, if one is no
   number that C can take as it is. */
static int
take(Edge *edges, Column column, size_t n, Found *found)
{
    if (column.numbers != NULL) {
        for (size_t t = 0; t < n; t++) {
            edges[t] = (Edge){NULL, column.numbers[t]};
        }
        found->taken += n;
        found->floats += n;
        return 0;
    }
    for (size_t t = 0; t < n; t++) {
        Value *operand;
        double number;
        if (plain_operand(column.objects[t], &operand, &number) <= 0) {
            return -1;
        }
        edges[t] = (Edge){operand, number};
        found->taken++;
        if (operand != NULL) {
            Py_INCREF(operand);
            found->values++;
        }
        else {
            found->floats += PyFloat_Check(column.objects[t]) != 0;
        }
    }
    return 0;
}

/* Take all operands of a node: a column after the other, and at last the start. Without
   them all, the node has constants in their place. */
static int
take_all(Value *node, const Column *columns, PyObject *start, Found *found)
{
    const uint32_t count = columns_of(row_of(node));
    const size_t n = node->count / count;
    int failed = 0;
    *found = (Found){0, 0, 0};
    for (uint32_t c = 0; c < count && !failed; c++) {
        failed = take(node->edges + found->taken, columns[c], n, found) < 0;
    }
    if (start != NULL && !failed) {
        failed = take(node->edges + found->taken, (Column){&start, NULL}, 1, found) < 0;
    }
    memset(node->edges + found->taken, 0, (node->count - found->taken) * sizeof(Edge));
    return failed ? -1 : 0;
}

/* Apply a fold to its columns, if that is plain to do: the operands are Values and
   numbers that C can take, or floats alone, which make a float. Returns 1 with the result,
   0 if it is not plain, -1 with an exception. No Python code runs while the columns are
   read. */
int
record_fold(uint32_t row, const Column *columns, size_t n, PyObject *start,
            PyObject **answer)
{
    *answer = NULL;
    if (!is_fold(row) || n == 0) {
        return 0;
    }
    const Fold *fold = folds[row];
    Value *node = value_new(row, 0.0, columns_of(row) * n + (start != NULL));
    Found found;
    if (node == NULL) {
        return -1;
    }
    const int failed = take_all(node, columns, start, &found) < 0;
    if (failed || (found.values == 0 && found.floats < node->count)) {
        PyErr_Clear(); /* an int too large; but an earlier operand may be worse */
        Py_DECREF(node);
        return 0;
    }
    if (found.values > 0) {
        *answer = complete(node, fold, start != NULL);
        return *answer != NULL ? 1 : -1;
    }
    fold->pass(node, start != NULL);
    const double z = node->data;
    Py_DECREF(node);
    if (fold->fallible && !isfinite(z)) {
        return 0;
    }
    *answer = PyFloat_FromDouble(z);
    return *answer != NULL ? 1 : -1;
}

/* Apply a fold to any numbers, in the order in which a node has them. */
PyObject *
record_any_fold(uint32_t row, PyObject *const *operands, Py_ssize_t count)
{
    const Fold *fold = folds[row];
    Value *node = record_operands(row, operands, count);
    if (node == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < node->count; i++) { /* the numbers, for the pass */
        node->edges[i].partial = number_of(&node->edges[i]);
    }
    return complete(node, fold, (size_t)count % columns_of(row) != 0);
}
