/* The structures of a program's arguments and result, as Python tells them: None is a
   number, ("list", parts) and ("tuple", parts) are those, ("array", shape, empty) is an
   array of doubles. What is not exactly so is for Python. */

#include "program.h"

void
shape_clear(Shape *shape)
{
    for (Py_ssize_t i = 0; shape->parts != NULL && i < shape->count; i++) {
        shape_clear(&shape->parts[i]);
    }
    PyMem_Free(shape->parts);
    Py_CLEAR(shape->dimensions);
    Py_CLEAR(shape->empty);
    *shape = (Shape){0};
}

static int
refuse_shape(PyObject *spec)
{
    PyErr_Format(PyExc_ValueError, "no structure of numbers: %R", spec);
    return -1;
}

static int
shape_read_parts(Shape *shape, PyObject *parts)
{
    const Py_ssize_t count = PyTuple_GET_SIZE(parts);
    shape->parts = PyMem_Calloc((size_t)count + 1, sizeof(Shape));
    if (shape->parts == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    shape->count = count;
    if (Py_EnterRecursiveCall(" in the structure of a program") != 0) {
        return -1;
    }
    int failed = 0;
    for (Py_ssize_t i = 0; !failed && i < count; i++) {
        failed = shape_read(&shape->parts[i], PyTuple_GET_ITEM(parts, i));
    }
    Py_LeaveRecursiveCall();
    return failed;
}

/* Read what Python says of a structure. What was read is there to be cleared. */
int
shape_read(Shape *shape, PyObject *spec)
{
    const char *kind = NULL;
    PyObject *of, *empty = NULL;
    *shape = (Shape){.kind = ONE};
    if (spec == Py_None) {
        return 0;
    }
    if (!PyTuple_Check(spec) || !PyArg_ParseTuple(spec, "sO!|O", &kind, &PyTuple_Type,
                                                  &of, &empty)) {
        PyErr_Clear();
        return refuse_shape(spec);
    }
    if (strcmp(kind, "list") == 0 || strcmp(kind, "tuple") == 0) {
        shape->kind = kind[0] == 'l' ? LIST : TUPLE;
        return shape_read_parts(shape, of);
    }
    if (strcmp(kind, "array") != 0 || empty == NULL) {
        return refuse_shape(spec);
    }
    shape->kind = ARRAY;
    shape->count = 1;
    shape->dimensions = Py_NewRef(of);
    shape->empty = Py_NewRef(empty);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(of); i++) {
        const Py_ssize_t n = PyLong_AsSsize_t(PyTuple_GET_ITEM(of, i));
        if (n < 0 || (n > 0 && shape->count > INT32_MAX / n)) {
            PyErr_Clear();
            return refuse_shape(spec);
        }
        shape->count *= n;
    }
    return 0;
}

int64_t
shape_size(const Shape *shape)
{
    if (shape->kind == ONE) {
        return 1;
    }
    if (shape->kind == ARRAY) {
        return shape->count;
    }
    int64_t size = 0;
    for (Py_ssize_t i = 0; i < shape->count; i++) {
        size += shape_size(&shape->parts[i]);
    }
    return size;
}

/* The numbers of an array, if it has just this shape: returns whether it has. */
static int
take_array(const Shape *shape, PyObject *x, double **to)
{
    Py_buffer view;
    if (strcmp(Py_TYPE(x)->tp_name, "numpy.ndarray") != 0 || /* others add otherwise */
        PyObject_GetBuffer(x, &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0) {
        PyErr_Clear();
        return 0;
    }
    int fits = view.format != NULL && strcmp(view.format, "d") == 0 &&
        view.ndim == PyTuple_GET_SIZE(shape->dimensions);
    for (int i = 0; fits && i < view.ndim; i++) {
        fits = view.shape[i] ==
            PyLong_AsSsize_t(PyTuple_GET_ITEM(shape->dimensions, i));
    }
    if (fits) {
        memcpy(*to, view.buf, (size_t)shape->count * sizeof **to);
        *to += shape->count;
    }
    PyBuffer_Release(&view);
    return fits;
}

/* The numbers of a structure, if it is just this one: returns whether it is. No
   deeper than the shape, which was read under Python's limit. */
int
shape_take(const Shape *shape, PyObject *x, double **to)
{
    PyObject *const *items;
    if (shape->kind == ONE) {
        if (!PyFloat_CheckExact(x)) {
            return 0;
        }
        *(*to)++ = PyFloat_AS_DOUBLE(x);
        return 1;
    }
    if (shape->kind == ARRAY) {
        return take_array(shape, x, to);
    }
    if (shape->kind == LIST ? !PyList_CheckExact(x) : !PyTuple_CheckExact(x)) {
        return 0;
    }
    int fits = PySequence_Fast_GET_SIZE(x) == shape->count;
    items = PySequence_Fast_ITEMS(x);
    for (Py_ssize_t i = 0; fits && i < shape->count; i++) {
        fits = shape_take(&shape->parts[i], items[i], to);
    }
    return fits;
}

/* A new structure of what ``one`` and ``array`` give in turn, or NULL with an exception. */
PyObject *
shape_give(const Shape *shape, const Giver *giver)
{
    if (shape->kind == ONE) {
        return giver->one(giver->from);
    }
    if (shape->kind == ARRAY && giver->array != NULL) {
        return giver->array(shape, giver->from);
    }
    if (shape->kind == ARRAY) {
        PyErr_SetString(PyExc_TypeError, "an array among what is no array of doubles");
        return NULL;
    }
    PyObject *made =
        shape->kind == LIST ? PyList_New(shape->count) : PyTuple_New(shape->count);
    for (Py_ssize_t i = 0; made != NULL && i < shape->count; i++) {
        PyObject *part = shape_give(&shape->parts[i], giver);
        if (part == NULL) {
            Py_CLEAR(made);
        }
        else if (shape->kind == LIST) {
            PyList_SET_ITEM(made, i, part);
        }
        else {
            PyTuple_SET_ITEM(made, i, part);
        }
    }
    return made;
}
