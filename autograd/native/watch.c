/* What a function read besides its arguments, looked at before a call of its program.

   A watch has what autograd/program/outside.py found: cells, variables, lists, dicts,
   arrays, each with the objects that were in it. It tells in C that all of them are
   still there. Whatever else it finds may be a change, or only an equal number, for
   Python to decide. */

#include "program.h"

typedef struct {
    PyObject *x, *key;  /* where to look; of a variable, its name in the dict */
    PyObject *found;    /* a tuple: what was there */
} Place;

typedef struct {
    PyObject_HEAD
    Py_ssize_t count;
    Place *places;
} Watch;

static PyTypeObject *Watch_Type;

/* Whether it is the very object, or a float with the same bits. */
static int
is_same(PyObject *now, PyObject *before)
{
    return now == before ||
        (now != NULL && before != NULL && PyFloat_CheckExact(now) &&
         PyFloat_CheckExact(before) &&
         memcmp(&((PyFloatObject *)now)->ob_fval, &((PyFloatObject *)before)->ob_fval,
                sizeof(double)) == 0);
}

static int
are_same(PyObject *const *now, Py_ssize_t count, PyObject *found)
{
    int same = count == PyTuple_GET_SIZE(found);
    for (Py_ssize_t i = 0; same && i < count; i++) {
        same = is_same(now[i], PyTuple_GET_ITEM(found, i));
    }
    return same;
}

/* The keys of a dict, then its values. */
static int
entries_are_same(PyObject *dict, PyObject *found)
{
    const Py_ssize_t count = PyDict_GET_SIZE(dict);
    PyObject *key, *value;
    Py_ssize_t at = 0, i = 0;
    if (PyTuple_GET_SIZE(found) != 2 * count) {
        return 0;
    }
    while (i < count && PyDict_Next(dict, &at, &key, &value)) {
        if (key != PyTuple_GET_ITEM(found, i) ||
            !is_same(value, PyTuple_GET_ITEM(found, count + i))) {
            return 0;
        }
        i++;
    }
    return i == count;
}

static int
bytes_are_same(PyObject *array, PyObject *found)
{
    PyObject *bytes = PyTuple_GET_SIZE(found) == 1 ? PyTuple_GET_ITEM(found, 0) : Py_None;
    Py_buffer view;
    if (!PyBytes_CheckExact(bytes) ||
        PyObject_GetBuffer(array, &view, PyBUF_C_CONTIGUOUS) < 0) {
        PyErr_Clear();
        return 0;
    }
    const int same = view.len == PyBytes_GET_SIZE(bytes) &&
        memcmp(view.buf, PyBytes_AS_STRING(bytes), (size_t)view.len) == 0;
    PyBuffer_Release(&view);
    return same;
}

static int
place_is_same(const Place *place)
{
    PyObject *now;
    if (place->key != Py_None) {
        now = PyDict_GetItemWithError(place->x, place->key); /* borrowed */
        return now != NULL && are_same(&now, 1, place->found);
    }
    if (PyCell_Check(place->x)) {
        now = PyCell_GET(place->x);
        return are_same(&now, now != NULL, place->found);
    }
    if (PyList_Check(place->x)) {
        return are_same(((PyListObject *)place->x)->ob_item, PyList_GET_SIZE(place->x),
                        place->found);
    }
    return PyDict_Check(place->x) ? entries_are_same(place->x, place->found)
                                  : bytes_are_same(place->x, place->found);
}

/* Whether all is as it was; without exceptions. None watches nothing. */
int
watch_is_same(PyObject *x)
{
    const Watch *watch = (Watch *)x;
    for (Py_ssize_t i = 0; x != Py_None && i < watch->count; i++) {
        if (!place_is_same(&watch->places[i])) {
            PyErr_Clear();
            return 0;
        }
    }
    return 1;
}

int
watch_check(PyObject *x)
{
    if (x == Py_None || Py_IS_TYPE(x, Watch_Type)) {
        return 0;
    }
    PyErr_Format(PyExc_TypeError, "a watch or None, got %.200s", Py_TYPE(x)->tp_name);
    return -1;
}

static PyObject *
watch_same(PyObject *watch, PyObject *Py_UNUSED(none))
{
    return PyBool_FromLong(watch_is_same(watch));
}

/* watch(places): of triples (where, key or None, what was found) */
static PyObject *
watch_new(PyObject *Py_UNUSED(module), PyObject *places)
{
    PyObject *list = PySequence_Fast(places, "a sequence of places");
    Watch *watch = list != NULL ? (Watch *)PyType_GenericAlloc(Watch_Type, 0) : NULL;
    const Py_ssize_t count = watch != NULL ? PySequence_Fast_GET_SIZE(list) : 0;
    if (watch != NULL &&
        (watch->places = PyMem_Calloc((size_t)count + 1, sizeof(Place))) == NULL) {
        Py_CLEAR(watch);
        PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; watch != NULL && i < count; i++) {
        Place *place = &watch->places[i];
        PyObject *item = PySequence_Fast_GET_ITEM(list, i), *x, *key, *found;
        if (!PyTuple_Check(item)) {
            PyErr_SetString(PyExc_TypeError, "a place must be a tuple");
            Py_CLEAR(watch);
        }
        else if (!PyArg_ParseTuple(item, "OOO!", &x, &key, &PyTuple_Type, &found)) {
            Py_CLEAR(watch);
        }
        else if (key != Py_None && !PyDict_Check(x)) {
            PyErr_SetString(PyExc_TypeError, "a name is looked up in a dict");
            Py_CLEAR(watch);
        }
        else {
            *place = (Place){Py_NewRef(x), Py_NewRef(key), Py_NewRef(found)};
            watch->count = i + 1;
        }
    }
    Py_XDECREF(list);
    return (PyObject *)watch;
}

static int
watch_traverse(Watch *watch, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(watch));
    for (Py_ssize_t i = 0; i < watch->count; i++) {
        Py_VISIT(watch->places[i].x);
        Py_VISIT(watch->places[i].key);
        Py_VISIT(watch->places[i].found);
    }
    return 0;
}

static int
watch_clear(Watch *watch)
{
    const Py_ssize_t count = watch->count;
    watch->count = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_CLEAR(watch->places[i].x);
        Py_CLEAR(watch->places[i].key);
        Py_CLEAR(watch->places[i].found);
    }
    return 0;
}

static void
watch_dealloc(Watch *watch)
{
    PyTypeObject *type = Py_TYPE(watch);
    PyObject_GC_UnTrack(watch);
    watch_clear(watch);
    PyMem_Free(watch->places);
    type->tp_free((PyObject *)watch);
    Py_DECREF(type);
}

static PyMethodDef watch_methods[] = {
    {"same", watch_same, METH_NOARGS,
     "same($self, /)\n--\n\nWhether all is as it was; False may only mean perhaps not."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot watch_slots[] = {
    {Py_tp_doc, "What a function read besides its arguments."},
    {Py_tp_dealloc, watch_dealloc},
    {Py_tp_traverse, watch_traverse},
    {Py_tp_clear, watch_clear},
    {Py_tp_methods, watch_methods},
    {0, NULL},
};

static PyType_Spec watch_spec = {
    .name = "autograd.native.engine.Watch",
    .basicsize = sizeof(Watch),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_HAVE_GC,
    .slots = watch_slots,
};

static PyMethodDef functions[] = {
    {"watch", watch_new, METH_O,
     "watch($module, places, /)\n--\n\nLook at (where, name or None, what was there)."},
    {NULL, NULL, 0, NULL},
};

int
watch_init(PyObject *module)
{
    Watch_Type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &watch_spec, NULL);
    return Watch_Type != NULL ? PyModule_AddFunctions(module, functions) : -1;
}
