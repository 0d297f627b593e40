/* The numbers of many leaves and flat arrays, at once. */

#include "program.h"

enum { READ_DATA, READ_GRAD, WRITE_DATA, WRITE_GRAD, ADD_GRAD };

static PyObject *
exchange(PyObject *const *args, Py_ssize_t count, int what)
{
    if (count != 2) {
        return PyErr_Format(PyExc_TypeError, "leaves and a buffer, got %zd arguments",
                            count);
    }
    PyObject *leaves = PySequence_Fast(args[0], "leaves must be a sequence of Values");
    if (leaves == NULL) {
        return NULL;
    }
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(leaves);
    PyObject *const *items = PySequence_Fast_ITEMS(leaves);
    Py_buffer view = {0};
    double *numbers = take_buffer(args[1], &view, "buffer", "d", n, what <= READ_GRAD);
    int bad = numbers == NULL;
    for (Py_ssize_t i = 0; !bad && i < n; i++) {
        if (!is_value(items[i])) {
            PyErr_Format(PyExc_TypeError, "leaves[%zd] must be a Value, got %.200s", i,
                         Py_TYPE(items[i])->tp_name);
            bad = 1;
        }
    }
    for (Py_ssize_t i = 0; !bad && i < n; i++) {
        Value *leaf = (Value *)items[i];
        if (what == READ_DATA) {
            numbers[i] = leaf->data;
        }
        else if (what == READ_GRAD) {
            numbers[i] = leaf->grad;
        }
        else if (what == WRITE_DATA) {
            leaf->data = numbers[i];
        }
        else {
            leaf->grad = what == WRITE_GRAD ? numbers[i] : leaf->grad + numbers[i];
        }
    }
    release_buffers(&view, 1);
    Py_DECREF(leaves);
    return bad ? NULL : Py_NewRef(Py_None);
}

static PyObject *
leaves_read(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    return exchange(args, count, READ_DATA);
}

static PyObject *
leaves_read_grad(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    return exchange(args, count, READ_GRAD);
}

static PyObject *
leaves_write(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    return exchange(args, count, WRITE_DATA);
}

static PyObject *
leaves_write_grad(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    return exchange(args, count, WRITE_GRAD);
}

static PyObject *
leaves_add_grad(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    return exchange(args, count, ADD_GRAD);
}

/* checkpoint_node(name, leaves, slopes, number): a node of the row ``name`` whose operands are, as
   those of a checkpoint, the slopes, the leaves, and the number itself. */
static PyObject *
leaves_node(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    uint32_t row;
    if (count != 4 || !PyTuple_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "checkpoint_node takes a name, a tuple, a buffer, a number");
        return NULL;
    }
    const Py_ssize_t n = PyTuple_GET_SIZE(args[1]);
    const double number = PyFloat_AsDouble(args[3]);
    Py_buffer view = {0};
    const double *slopes = NULL;
    if (number == -1.0 && PyErr_Occurred()) {
        return NULL;
    }
    PyObject *rule = record_find_row(args[0], &row);
    if (rule == NULL ||
        (slopes = take_buffer(args[2], &view, "slopes", "d", n, 0)) == NULL) {
        Py_XDECREF(rule);
        return NULL;
    }
    Value *node = NULL;
    Py_ssize_t values = 0;
    while (values < n && is_value(PyTuple_GET_ITEM(args[1], values))) {
        values++;
    }
    if (values < n) {
        PyErr_Format(PyExc_TypeError, "leaves[%zd] must be a Value", values);
    }
    else if ((node = value_new(row, number, 2 * (size_t)n + 1)) != NULL) {
        for (Py_ssize_t i = 0; i < n; i++) {
            set_edge(&node->edges[i], NULL, slopes[i]);
            set_edge(&node->edges[n + i], (Value *)PyTuple_GET_ITEM(args[1], i), slopes[i]);
        }
        set_edge(&node->edges[2 * n], NULL, number);
    }
    release_buffers(&view, 1);
    Py_DECREF(rule); /* the node keeps it */
    return node != NULL ? watched_unless_suspended(node) : NULL;
}

#define FAST(function) ((PyCFunction)(void (*)(void))(function)), METH_FASTCALL

PyMethodDef leaves_functions[] = {
    {"read", FAST(leaves_read),
     "read($module, leaves, buffer, /)\n--\n\nCopy the leaves' data to a buffer."},
    {"read_grad", FAST(leaves_read_grad),
     "read_grad($module, leaves, buffer, /)\n--\n\nCopy the leaves' grad to a buffer."},
    {"write", FAST(leaves_write),
     "write($module, leaves, buffer, /)\n--\n\nCopy a buffer to the leaves' data."},
    {"write_grad", FAST(leaves_write_grad),
     "write_grad($module, leaves, buffer, /)\n--\n\nCopy a buffer to the leaves' grad."},
    {"add_grad", FAST(leaves_add_grad),
     "add_grad($module, leaves, buffer, /)\n--\n\nAdd a buffer to the leaves' grad."},
    {"checkpoint_node", FAST(leaves_node),
     "checkpoint_node($module, name, leaves, slopes, number, /)\n--\n\n"
     "A node that the leaves have these slopes in, as ``checkpoint`` makes it."},
    {NULL, NULL, 0, NULL},
};
