/* Operations by number: their names as strings, in order, and the way back. */

#include "wengert.h"

static const char *const no_rows[FIRST_ROW] = {
    "input", "parameter", "number", "detach", "less", "less_equal", "equal"};

static const char *const names[ROWS] = {
#define NAME(name) #name,
    EVERY_ROW(NAME)
#undef NAME
};

const int32_t first_later_op = FIRST_ROW + ROWS;

static PyObject *op_names; /* list */
static PyObject *op_numbers; /* dict */

PyObject *
op_name(int32_t op)
{
    return PyList_GET_ITEM(op_names, op); /* borrowed */
}

int32_t
op_number(PyObject *name)
{
    PyObject *known = PyDict_GetItemWithError(op_numbers, name);
    if (known != NULL) {
        return (int32_t)PyLong_AsLong(known);
    }
    if (PyErr_Occurred()) {
        return -1;
    }
    if (!PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "op must be a str, got %.200s",
                     Py_TYPE(name)->tp_name);
        return -1;
    }
    const Py_ssize_t next = PyList_GET_SIZE(op_names);
    PyObject *number = PyLong_FromSsize_t(next);
    int failed = number == NULL || PyList_Append(op_names, name) < 0;
    if (!failed && PyDict_SetItem(op_numbers, name, number) < 0) {
        failed = 1;
        (void)PyList_SetSlice(op_names, next, next + 1, NULL);
    }
    Py_XDECREF(number);
    return failed ? -1 : (int32_t)next;
}

/* An array of what is known of operations, with room for one of them, 0 for what nobody
   has asked yet. NULL with an exception: then the array is as it was. */
void *
by_operation(void *known, int64_t *count, int32_t op, size_t size)
{
    if (op < *count) {
        return known;
    }
    const size_t room = (size_t)op + 64;
    char *more = PyMem_Realloc(known, room * size);
    if (more == NULL) {
        return PyErr_NoMemory();
    }
    memset(more + (size_t)*count * size, 0, (room - (size_t)*count) * size);
    *count = (int64_t)room;
    return more;
}

/* Whether it is a partial of a row, as "pow:0" is. */
int
op_is_partial(int32_t op)
{
    if (op < FIRST_ROW + ROWS) {
        return 0;
    }
    PyObject *name = op_name(op);
    return PyUnicode_FindChar(name, ':', 0, PyUnicode_GET_LENGTH(name), 1) >= 0;
}

/* What a module has under a name now: the package may have been imported before. */
PyObject *
python_function(const char *module, const char *name)
{
    PyObject *found = PyImport_ImportModule(module), *function = NULL;
    if (found != NULL) {
        function = PyObject_GetAttrString(found, name);
        Py_DECREF(found);
    }
    return function;
}

int
list_operations(void)
{
    op_names = PyList_New(0);
    op_numbers = PyDict_New();
    if (op_names == NULL || op_numbers == NULL) {
        return -1;
    }
    for (int i = 0; i < FIRST_ROW + ROWS; i++) {
        PyObject *name = PyUnicode_InternFromString(
            i < FIRST_ROW ? no_rows[i] : names[i - FIRST_ROW]);
        const int32_t op = name == NULL ? -1 : op_number(name);
        Py_XDECREF(name);
        if (op != i) {
            return -1;
        }
    }
    return 0;
}
