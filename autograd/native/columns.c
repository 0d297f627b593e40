/* The entries of a tape as Python indexes them: one column for each of their properties. */

#include "wengert.h"

static PyTypeObject *View_Type;

typedef struct {
    PyObject_HEAD
    Tape *tape;
    int what;
} View;

PyObject *
tape_column(Tape *tape, void *what)
{
    View *column = PyObject_New(View, View_Type);
    if (column != NULL) {
        column->tape = (Tape *)Py_NewRef((PyObject *)tape);
        column->what = (int)(intptr_t)what;
    }
    return (PyObject *)column;
}

static void
column_dealloc(View *column)
{
    PyTypeObject *type = Py_TYPE(column);
    Py_DECREF(column->tape);
    PyObject_Free(column);
    Py_DECREF(type);
}

static Py_ssize_t
column_length(PyObject *self)
{
    return (Py_ssize_t)((View *)self)->tape->count;
}

static PyObject *
column_item(PyObject *self, Py_ssize_t k)
{
    const Tape *tape = ((View *)self)->tape;
    if (k < 0 || k >= tape->count) {
        PyErr_SetString(PyExc_IndexError, "no such entry");
        return NULL;
    }
    switch (((View *)self)->what) {
    case OPS_OF:
        return Py_NewRef(op_name(tape->op[k]));
    case NUMBERS_OF:
        return tape->flags[k] & KNOWN ? PyFloat_FromDouble(tape->number[k])
                                      : Py_NewRef(Py_None);
    case CHECKED_OF:
        return PyBool_FromLong(tape->flags[k] & CHECKED);
    default:
        break;
    }
    const int64_t count = operand_count(tape, k);
    PyObject *tuple = PyTuple_New(count);
    for (int64_t i = 0; tuple != NULL && i < count; i++) {
        PyObject *a = PyLong_FromLong(operands_of(tape, k)[i]);
        if (a == NULL) {
            Py_CLEAR(tuple);
        }
        else {
            PyTuple_SET_ITEM(tuple, i, a);
        }
    }
    return tuple;
}

/* ``tape.checked[k] = True``: no other column can be set. */
static int
column_set(PyObject *self, Py_ssize_t k, PyObject *to)
{
    Tape *tape = ((View *)self)->tape;
    const int on = to == NULL ? 0 : PyObject_IsTrue(to);
    if (on < 0) {
        return -1;
    }
    if (to == NULL || ((View *)self)->what != CHECKED_OF || k < 0 || k >= tape->count) {
        PyErr_SetString(PyExc_TypeError, "a tape grows, and does not change");
        return -1;
    }
    tape->flags[k] = (uint8_t)((tape->flags[k] & ~CHECKED) | (on ? CHECKED : 0));
    return 0;
}

static PyType_Slot column_slots[] = {
    {Py_tp_doc, "One property of all entries of a tape."},
    {Py_tp_dealloc, column_dealloc},
    {Py_sq_length, column_length},
    {Py_sq_item, column_item},
    {Py_sq_ass_item, column_set},
    {0, NULL},
};

static PyType_Spec column_spec = {
    .name = "autograd.native.engine.View",
    .basicsize = sizeof(View),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = column_slots,
};

int
columns_init(PyObject *module)
{
    View_Type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &column_spec, NULL);
    return View_Type == NULL ? -1 : 0;
}
