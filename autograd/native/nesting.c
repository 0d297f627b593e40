/* Nested arguments: apart into a list of scalars, and together again.

   They are what ``autograd.derivatives.nesting`` is about, in the usual case: floats,
   ints and Values, NumPy's arrays of float64 or of objects, and lists and tuples of
   them. Whatever else comes, subclasses included, is for Python. */

#include "engine.h"

#include <structmember.h>

#include "rows.h"

enum { ONE, LIST, TUPLE, ARRAY };

/* A structure of ``count`` parts; of scalars, where it has none of its own. */
typedef struct Nest Nest;
struct Nest {
    int kind;
    Py_ssize_t count;
    Nest *parts;
    PyObject *shape; /* of an array: owned */
};

static void
nest_clear(Nest *nest)
{
    for (Py_ssize_t i = 0; nest->parts != NULL && i < nest->count; i++) {
        nest_clear(&nest->parts[i]);
    }
    PyMem_Free(nest->parts);
    Py_CLEAR(nest->shape);
}

static int
is_scalar(PyObject *x)
{
    return is_value(x) || PyFloat_Check(x) || PyLong_CheckExact(x) || PyBool_Check(x);
}

static int
is_sequence(PyObject *x)
{
    return PyList_CheckExact(x) || PyTuple_CheckExact(x);
}

/* Look at an array of float64 or of objects; otherwise return 0. */
static int
view_array(PyObject *x, Py_buffer *view, int flags)
{
    if (strcmp(Py_TYPE(x)->tp_name, "numpy.ndarray") != 0) {
        return 0;
    }
    if (PyObject_GetBuffer(x, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | flags) < 0) {
        PyErr_Clear(); /* it is not contiguous, or shows itself to nobody */
        return 0;
    }
    if (view->format == NULL ||
        (strcmp(view->format, "d") != 0 && strcmp(view->format, "O") != 0)) {
        PyBuffer_Release(view);
        return 0;
    }
    return 1;
}

/* What follows takes apart. It returns 1, 0 if Python must do it, or -1 with an
   exception; then some of the scalars may be in the list already. */

static int
take_array(Nest *nest, PyObject *x, PyObject *scalars)
{
    Py_buffer view;
    if (!view_array(x, &view, 0)) {
        return 0;
    }
    const int objects = view.format[0] == 'O';
    int done = 1;
    nest->kind = ARRAY;
    nest->count = view.len / view.itemsize;
    nest->shape = PyTuple_New(view.ndim);
    for (int i = 0; nest->shape != NULL && i < view.ndim; i++) {
        PyObject *n = PyLong_FromSsize_t(view.shape[i]);
        if (n == NULL) {
            Py_CLEAR(nest->shape);
        }
        else {
            PyTuple_SET_ITEM(nest->shape, i, n);
        }
    }
    if (nest->shape == NULL) {
        done = -1;
    }
    for (Py_ssize_t i = 0; done > 0 && i < nest->count; i++) {
        PyObject *entry = objects ? Py_XNewRef(((PyObject **)view.buf)[i])
                                  : PyFloat_FromDouble(((double *)view.buf)[i]);
        if (entry != NULL && !is_scalar(entry)) {
            done = 0;
        }
        else if (entry == NULL || PyList_Append(scalars, entry) < 0) {
            done = -1;
        }
        Py_XDECREF(entry);
    }
    PyBuffer_Release(&view);
    return done;
}

static int take(Nest *nest, PyObject *x, PyObject *scalars);

static int
take_parts(Nest *nest, PyObject *x, PyObject *scalars)
{
    int done = 1;
    nest->parts = PyMem_Calloc((size_t)nest->count, sizeof(Nest));
    if (nest->parts == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (Py_EnterRecursiveCall(" in a nested argument") != 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; done > 0 && i < nest->count; i++) {
        done = take(&nest->parts[i], PySequence_Fast_GET_ITEM(x, i), scalars);
    }
    Py_LeaveRecursiveCall();
    return done;
}

static int
take(Nest *nest, PyObject *x, PyObject *scalars)
{
    *nest = (Nest){ONE, 1, NULL, NULL};
    if (is_scalar(x)) {
        return PyList_Append(scalars, x) < 0 ? -1 : 1;
    }
    if (!is_sequence(x)) {
        return take_array(nest, x, scalars);
    }
    PyObject *const *items = PySequence_Fast_ITEMS(x);
    Py_ssize_t flat = 0;
    nest->kind = PyList_CheckExact(x) ? LIST : TUPLE;
    nest->count = PySequence_Fast_GET_SIZE(x);
    while (flat < nest->count && is_scalar(items[flat])) {
        flat++;
    }
    if (flat < nest->count) {
        return take_parts(nest, x, scalars);
    }
    const Py_ssize_t end = PyList_GET_SIZE(scalars);
    return PyList_SetSlice(scalars, end, end, x) < 0 ? -1 : 1;
}

/* Putting together */

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    Nest nest;
    PyObject *array; /* makes an array of a list of entries and a shape */
} Build;

static PyObject *
next_of(PyObject *entries)
{
    PyObject *entry = Py_TYPE(entries)->tp_iternext(entries);
    if (entry == NULL && !PyErr_Occurred()) {
        PyErr_SetString(PyExc_ValueError, "fewer entries than the structure has");
    }
    return entry;
}

static PyObject *
put(const Nest *nest, PyObject *entries, PyObject *array)
{
    if (nest->kind == ONE) {
        return next_of(entries);
    }
    PyObject *made =
        nest->kind == TUPLE ? PyTuple_New(nest->count) : PyList_New(nest->count);
    for (Py_ssize_t i = 0; made != NULL && i < nest->count; i++) {
        PyObject *part = nest->parts == NULL ? next_of(entries)
                                             : put(&nest->parts[i], entries, array);
        if (part == NULL) {
            Py_CLEAR(made);
        }
        else if (nest->kind == TUPLE) {
            PyTuple_SET_ITEM(made, i, part);
        }
        else {
            PyList_SET_ITEM(made, i, part);
        }
    }
    if (made != NULL && nest->kind == ARRAY) {
        Py_SETREF(made, PyObject_CallFunctionObjArgs(array, made, nest->shape, NULL));
    }
    return made;
}

static PyObject *
build_call(PyObject *self, PyObject *const *args, size_t flags, PyObject *names)
{
    Build *build = (Build *)self;
    if (names != NULL || PyVectorcall_NARGS(flags) != 1 || !PyIter_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "a structure is built from an iterator");
        return NULL;
    }
    return put(&build->nest, args[0], build->array);
}

static void
build_dealloc(PyObject *self)
{
    Build *build = (Build *)self;
    PyTypeObject *type = Py_TYPE(self);
    nest_clear(&build->nest);
    Py_XDECREF(build->array);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef build_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Build, call), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot build_slots[] = {
    {Py_tp_doc, "Puts entries, from an iterator, together in a structure."},
    {Py_tp_dealloc, build_dealloc},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, build_members},
    {0, NULL},
};

static PyType_Spec build_spec = {
    .name = "autograd.native.engine.Build",
    .basicsize = sizeof(Build),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION |
        Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = build_slots,
};

static PyTypeObject *Build_Type;

/* nest(x, scalars, array): append the scalars of x to a list; what puts others like them
   together, or None if that is for Python, and the list as it was. */
static PyObject *
nest(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 3 || !PyList_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "nest(x, scalars, array) takes a list");
        return NULL;
    }
    const Py_ssize_t before = PyList_GET_SIZE(args[1]);
    Build *build = PyObject_New(Build, Build_Type);
    if (build == NULL) {
        return NULL;
    }
    build->call = build_call;
    build->array = Py_NewRef(args[2]);
    const int done = take(&build->nest, args[0], args[1]);
    if (done > 0) {
        return (PyObject *)build;
    }
    Py_DECREF(build);
    if (done < 0 || PyList_SetSlice(args[1], before, PY_SSIZE_T_MAX, NULL) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* Whether two structures are surely nested alike; or -1 with an exception. */
static int
same_nest(PyObject *x, PyObject *y)
{
    if (is_scalar(x) || is_scalar(y)) {
        return is_scalar(x) && is_scalar(y);
    }
    if (is_sequence(x) && is_sequence(y)) {
        const Py_ssize_t n = PySequence_Fast_GET_SIZE(x);
        int same = n == PySequence_Fast_GET_SIZE(y);
        if (Py_EnterRecursiveCall(" in a nested argument") != 0) {
            return -1;
        }
        for (Py_ssize_t i = 0; same > 0 && i < n; i++) {
            same = same_nest(
                PySequence_Fast_GET_ITEM(x, i), PySequence_Fast_GET_ITEM(y, i));
        }
        Py_LeaveRecursiveCall();
        return same;
    }
    Py_buffer views[2];
    if (!view_array(x, &views[0], 0)) {
        return 0;
    }
    int same = view_array(y, &views[1], 0);
    if (same) {
        same = views[0].ndim == views[1].ndim;
        for (int i = 0; same && i < views[0].ndim; i++) {
            same = views[0].shape[i] == views[1].shape[i];
        }
        PyBuffer_Release(&views[1]);
    }
    PyBuffer_Release(&views[0]);
    return same;
}

/* alike(x, y): True if two structures are nested alike; False if Python must look. */
static PyObject *
alike(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "alike(x, y) takes 2 arguments");
        return NULL;
    }
    const int same = same_nest(args[0], args[1]);
    return same < 0 ? NULL : PyBool_FromLong(same);
}

/* fill(array, entries): write a list into a new array, of floats or of objects. False if
   the entries do not fit, and the array is not to be used. */
static PyObject *
fill(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    Py_buffer view;
    if (count != 2 || !PyList_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "fill(array, entries) takes an array and a list");
        return NULL;
    }
    if (!view_array(args[0], &view, PyBUF_WRITABLE)) {
        Py_RETURN_FALSE;
    }
    const int objects = view.format[0] == 'O';
    const Py_ssize_t n = view.len / view.itemsize;
    int fits = n == PyList_GET_SIZE(args[1]);
    for (Py_ssize_t i = 0; fits && i < n; i++) {
        PyObject *entry = PyList_GET_ITEM(args[1], i);
        if (objects) {
            Py_XSETREF(((PyObject **)view.buf)[i], Py_NewRef(entry));
        }
        else if ((fits = PyFloat_CheckExact(entry))) {
            ((double *)view.buf)[i] = PyFloat_AS_DOUBLE(entry);
        }
    }
    PyBuffer_Release(&view);
    return PyBool_FromLong(fits);
}

/* variables(scalars, kept): for each number a leaf that keeps something, for each Value a
   node of slope 1 on it; and whether there was one. */
static PyObject *
variables(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyList_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "variables(scalars, kept) takes a list");
        return NULL;
    }
    PyObject *extras = value_extras(args[1]), *list = NULL;
    const Py_ssize_t n = PyList_GET_SIZE(args[0]);
    int live = 0;
    if (extras != NULL) {
        list = PyList_New(n);
    }
    for (Py_ssize_t i = 0; list != NULL && i < n; i++) {
        PyObject *x = Py_NewRef(PyList_GET_ITEM(args[0], i)), *made = NULL;
        double number;
        if (is_value(x)) {
            made = record(ROW_pos, &x, 1);
            live = 1;
        }
        else if (as_double(x, "data", &number) == 0) {
            Value *leaf = value_leaf(number);
            if (leaf != NULL) {
                leaf->extras = Py_NewRef(extras);
            }
            made = (PyObject *)leaf;
        }
        Py_DECREF(x);
        if (made == NULL) {
            Py_CLEAR(list);
        }
        else {
            PyList_SET_ITEM(list, i, made);
        }
    }
    Py_XDECREF(extras);
    return list == NULL ? NULL : Py_BuildValue("NO", list, live ? Py_True : Py_False);
}

/* any_value(scalars): whether a list has a Value. */
static PyObject *
any_value(PyObject *Py_UNUSED(module), PyObject *scalars)
{
    if (!PyList_CheckExact(scalars)) {
        PyErr_SetString(PyExc_TypeError, "any_value(scalars) takes a list");
        return NULL;
    }
    Py_ssize_t i = 0, n = PyList_GET_SIZE(scalars);
    while (i < n && !is_value(PyList_GET_ITEM(scalars, i))) {
        i++;
    }
    return PyBool_FromLong(i < n);
}

#define FAST(function) ((PyCFunction)(void (*)(void))(function)), METH_FASTCALL

static PyMethodDef functions[] = {
    {"nest", FAST(nest),
     "nest($module, x, scalars, array, /)\n--\n\nAppend the scalars of x to a list."},
    {"alike", FAST(alike),
     "alike($module, x, y, /)\n--\n\nWhether two structures are surely nested alike."},
    {"fill", FAST(fill),
     "fill($module, array, entries, /)\n--\n\nWrite a list into an array."},
    {"any_value", any_value, METH_O,
     "any_value($module, scalars, /)\n--\n\nWhether a list has a Value."},
    {"variables", FAST(variables),
     "variables($module, scalars, kept, /)\n--\n\nNew inputs for a transform."},
    {NULL, NULL, 0, NULL},
};

int
nesting_init(PyObject *module)
{
    Build_Type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &build_spec, NULL);
    return Build_Type != NULL ? PyModule_AddFunctions(module, functions) : -1;
}
