/* The tape in C: what autograd.program.tape.Tape is, as flat arrays.

   An entry is an operation on earlier entries, whose numbers lie side by side in one
   array. The passes go through these arrays; Python sees them through ``ops``,
   ``args``, ``numbers`` and ``checked``, which are indexed as lists are. */

#include "wengert.h"

#include <structmember.h>

PyTypeObject *Tape_Type;

/* Room for some more entries, and for their operands. */
int
tape_reserve(Tape *tape, int64_t entries, int64_t args)
{
    if (tape->count + entries > tape->room) {
        const size_t room = (size_t)(2 * tape->room + entries);
        if (room > INT32_MAX) {
            PyErr_NoMemory();
            return -1;
        }
        /* Each array is as good as before if a later one cannot grow. */
        void *op = array_grow(tape->op, room * sizeof *tape->op);
        tape->op = op != NULL ? op : tape->op;
        void *first = array_grow(tape->first, (room + 1) * sizeof *tape->first);
        tape->first = first != NULL ? first : tape->first;
        void *number = array_grow(tape->number, room * sizeof *tape->number);
        tape->number = number != NULL ? number : tape->number;
        void *flags = array_grow(tape->flags, room * sizeof *tape->flags);
        tape->flags = flags != NULL ? flags : tape->flags;
        if (op == NULL || first == NULL || number == NULL || flags == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        tape->room = (int64_t)room;
        tape->first[0] = 0;
    }
    if (tape->arg_count + args > tape->arg_room) {
        const size_t room = (size_t)(2 * tape->arg_room + args);
        void *arg =
            room > INT32_MAX ? NULL : array_grow(tape->arg, room * sizeof *tape->arg);
        if (arg == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        tape->arg = arg;
        tape->arg_room = (int64_t)room;
    }
    return 0;
}

/* From now on entry k is the one of a number that has none yet. */
static int
tape_shared(Tape *tape, double x, int32_t k)
{
    if (map_put(&tape->constants, bits(x), k) < 0) {
        return -1;
    }
    tape->flags[k] |= x == 0.0 ? VANISHES | STEP : STEP;
    return 0;
}

int32_t
tape_constant(Tape *tape, double x)
{
    const uint64_t key = bits(x);
    int32_t k = *map_at(&tape->constants, key);
    if (k < 0) {
        k = tape_add(tape, OP_NUMBER, NULL, 0, &x, 0);
        if (k >= 0 && tape_shared(tape, x, k) < 0) {
            return -1;
        }
    }
    return k;
}

/* A position from Python. */
static int32_t
entry_from(const Tape *tape, PyObject *x)
{
    const Py_ssize_t k = PyNumber_AsSsize_t(x, PyExc_IndexError);
    if (k == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (k < 0 || k >= tape->count) {
        PyErr_Format(PyExc_IndexError, "entry %zd of a tape of %lld", k,
                     (long long)tape->count);
        return -1;
    }
    return (int32_t)k;
}

/* Positions from Python, to be freed. */
int32_t *
entries_from(PyObject *sequence, const Tape *tape, Py_ssize_t *count)
{
    PyObject *fast = PySequence_Fast(sequence, "entries must be a sequence");
    if (fast == NULL) {
        return NULL;
    }
    *count = PySequence_Fast_GET_SIZE(fast);
    int32_t *found = PyMem_New(int32_t, (size_t)*count + 1);
    if (found == NULL) {
        PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; found != NULL && i < *count; i++) {
        found[i] = entry_from(tape, PySequence_Fast_GET_ITEM(fast, i));
        if (found[i] < 0) {
            PyMem_Free(found);
            found = NULL;
        }
    }
    Py_DECREF(fast);
    return found;
}

PyObject *
list_of_entries(const int32_t *entries, Py_ssize_t count)
{
    PyObject *list = PyList_New(count);
    for (Py_ssize_t i = 0; list != NULL && i < count; i++) {
        PyObject *k = PyLong_FromLong(entries[i]);
        if (k == NULL) {
            Py_CLEAR(list);
        }
        else {
            PyList_SET_ITEM(list, i, k);
        }
    }
    return list;
}

/* Numbers of C as a memoryview of their own bytes. */
PyObject *
numbers_of_entries(const void *data, Py_ssize_t size, const char *format)
{
    PyObject *bytes = PyBytes_FromStringAndSize(data, size);
    PyObject *view = bytes == NULL ? NULL : PyMemoryView_FromObject(bytes);
    Py_XDECREF(bytes);
    PyObject *cast = view == NULL ? NULL : PyObject_CallMethod(view, "cast", "s", format);
    Py_XDECREF(view);
    return cast;
}

static PyObject *
method_add(Tape *tape, PyObject *args, PyObject *keywords)
{
    static char *words[] = {"op", "args", "number", "checked", NULL};
    PyObject *name, *operands = NULL, *number = Py_None;
    int checked = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|OOp:add", words, &name, &operands,
                                     &number, &checked)) {
        return NULL;
    }
    const int32_t op = op_number(name);
    const double x = number == Py_None ? 0.0 : PyFloat_AsDouble(number);
    if (op < 0 || (x == -1.0 && PyErr_Occurred())) {
        return NULL;
    }
    Py_ssize_t count = 0;
    int32_t *given = NULL;
    if (operands != NULL && (given = entries_from(operands, tape, &count)) == NULL) {
        return NULL;
    }
    const int32_t k =
        tape_add(tape, op, given, count, number == Py_None ? NULL : &x, checked);
    PyMem_Free(given);
    return k < 0 ? NULL : PyLong_FromLong(k);
}

static PyObject *
method_constant(Tape *tape, PyObject *number)
{
    const double x = PyFloat_AsDouble(number);
    if (x == -1.0 && PyErr_Occurred()) {
        return NULL;
    }
    const int32_t k = tape_constant(tape, x);
    return k < 0 ? NULL : PyLong_FromLong(k);
}

static PyObject *
method_shared(Tape *tape, PyObject *args)
{
    double x;
    PyObject *entry;
    if (!PyArg_ParseTuple(args, "dO:shared", &x, &entry)) {
        return NULL;
    }
    const int32_t k = entry_from(tape, entry);
    if (k < 0 ||
        (*map_at(&tape->constants, bits(x)) < 0 && tape_shared(tape, x, k) < 0)) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
method_value(Tape *tape, PyObject *entry)
{
    double number;
    const int32_t k = entry_from(tape, entry);
    return k < 0 || tape_value(tape, k, &number) < 0 ? NULL : PyFloat_FromDouble(number);
}

/* The entry that stands for a partial of a row, written out in rows. */
int32_t
tape_written_out(Tape *tape, int32_t k)
{
    if (!op_is_partial(tape->op[k])) {
        return k;
    }
    PyObject *key = PyLong_FromLong(k);
    if (key == NULL) {
        return -1;
    }
    PyObject *known = PyDict_GetItemWithError(tape->written_out, key);
    int32_t found = -1;
    if (known != NULL) {
        found = (int32_t)PyLong_AsLong(known);
    }
    else if (!PyErr_Occurred()) {
        PyObject *write = python_function("autograd.program.tape", "written_out");
        PyObject *made =
            write == NULL ? NULL : PyObject_CallFunctionObjArgs(write, tape, key, NULL);
        if (made != NULL && PyDict_SetItem(tape->written_out, key, made) == 0) {
            found = entry_from(tape, made);
        }
        Py_XDECREF(made);
        Py_XDECREF(write);
    }
    Py_DECREF(key);
    return found;
}

static PyObject *
method_expanded(Tape *tape, PyObject *entry)
{
    int32_t k = entry_from(tape, entry);
    k = k < 0 ? k : tape_expanded(tape, k);
    return k < 0 ? NULL : PyLong_FromLong(k);
}

static PyObject *
method_depends(Tape *tape, PyObject *entry)
{
    const int32_t k = entry_from(tape, entry);
    return k < 0 ? NULL
                 : PyBool_FromLong(tape->flags[k] & (ON_INPUT | ON_PARAMETER));
}

static PyObject *
method_on_parameters(Tape *tape, PyObject *entry)
{
    const int32_t k = entry_from(tape, entry);
    return k < 0 ? NULL : PyBool_FromLong(tape->flags[k] & ON_PARAMETER);
}

static PyObject *
method_share(Tape *tape, PyObject *entry)
{
    const int32_t k = entry_from(tape, entry);
    if (k < 0) {
        return NULL;
    }
    tape->flags[k] |= SHARE;
    Py_RETURN_NONE;
}

static PyObject *
method_is_share(Tape *tape, PyObject *entry)
{
    const int32_t k = entry_from(tape, entry);
    return k < 0 ? NULL : PyBool_FromLong(tape->flags[k] & SHARE);
}

/* The type */

static void
tape_dealloc(Tape *tape)
{
    PyTypeObject *type = Py_TYPE(tape);
    array_free(tape->op);
    array_free(tape->first);
    array_free(tape->arg);
    array_free(tape->number);
    array_free(tape->flags);
    map_free(&tape->constants);
    Py_XDECREF(tape->labels);
    Py_XDECREF(tape->columns);
    Py_XDECREF(tape->written_out);
    type->tp_free((PyObject *)tape);
    Py_DECREF(type);
}

Tape *
tape_new(void)
{
    Tape *tape = (Tape *)PyType_GenericAlloc(Tape_Type, 0); /* all zero */
    if (tape != NULL) {
        tape->later = INT64_MAX;
    }
    if (tape != NULL && (map_make(&tape->constants, 16) < 0 || tape_reserve(tape, 64, 128) < 0 ||
                         (tape->labels = PyDict_New()) == NULL ||
                         (tape->columns = PyDict_New()) == NULL ||
                         (tape->written_out = PyDict_New()) == NULL)) {
        Py_CLEAR(tape);
    }
    return tape;
}

static PyObject *
tape_make(PyTypeObject *Py_UNUSED(type), PyObject *args, PyObject *keywords)
{
    if (PyTuple_GET_SIZE(args) != 0 || (keywords != NULL && PyDict_GET_SIZE(keywords))) {
        PyErr_SetString(PyExc_TypeError, "Tape() takes no arguments");
        return NULL;
    }
    return (PyObject *)tape_new();
}

static Py_ssize_t
tape_length(PyObject *self)
{
    return (Py_ssize_t)((Tape *)self)->count;
}

static PyObject *
get_columns(Tape *tape, void *Py_UNUSED(closure))
{
    return Py_NewRef(tape->columns);
}

static PyObject *
get_labels(Tape *tape, void *Py_UNUSED(closure))
{
    return Py_NewRef(tape->labels);
}

static PyObject *
get_bytes(Tape *tape, void *Py_UNUSED(closure))
{
    return PyLong_FromLongLong(
        tape->room * (int64_t)(sizeof *tape->op + sizeof *tape->first +
                               sizeof *tape->number + sizeof *tape->flags) +
        tape->arg_room * (int64_t)sizeof *tape->arg);
}

#define METHOD(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef tape_methods[] = {
    {"add", METHOD(method_add), METH_VARARGS | METH_KEYWORDS,
     "add($self, op, args=(), number=None, checked=False)\n--\n\n"
     "Append an entry; its position."},
    {"constant", METHOD(method_constant), METH_O,
     "constant($self, x, /)\n--\n\nThe entry of a number, one for all of its uses."},
    {"shared", METHOD(method_shared), METH_VARARGS,
     "shared($self, x, k, /)\n--\n\nFrom now on entry k is the one of the number x."},
    {"value", METHOD(method_value), METH_O,
     "value($self, k, /)\n--\n\nWhat entry k was when the program was recorded."},
    {"expanded", METHOD(method_expanded), METH_O,
     "expanded($self, k, /)\n--\n\nThe entry that stands for a partial of a row."},
    {"depends", METHOD(method_depends), METH_O,
     "depends($self, k, /)\n--\n\nWhether entry k may be another number in a call."},
    {"on_parameters", METHOD(method_on_parameters), METH_O,
     "on_parameters($self, k, /)\n--\n\nWhether entry k depends on a parameter."},
    {"share", METHOD(method_share), METH_O,
     "share($self, k, /)\n--\n\nNote that entry k is a choice that a sweep made."},
    {"is_share", METHOD(method_is_share), METH_O,
     "is_share($self, k, /)\n--\n\nWhether entry k is such a one."},
    {"sweep", METHOD(tape_sweep), METH_VARARGS,
     "sweep($self, output, inputs, stop, seed, /)\n--\n\n"
     "Append the derivatives of an entry by others; see adjoint.c."},
    {"push", METHOD(tape_push), METH_VARARGS,
     "push($self, outputs, inputs, seeds, /)\n--\n\n"
     "Append the tangents of entries in many directions; see tangent.c."},
    {"simplified", METHOD(tape_simplified), METH_O,
     "simplified($self, outputs, /)\n--\n\n"
     "A tape of what the outputs need, and where each entry is; see simplify.c."},
    {"lowered", METHOD(tape_lowered), METH_VARARGS,
     "lowered($self, inputs, parameters, outputs, varying, sums, /)\n--\n\n"
     "The packs, as arrays; see lower.c."},
    {"player", METHOD(tape_player), METH_VARARGS,
     "player($self, inputs, parameters, steps, outputs, guards, outcomes, on, leaves, "
     "arguments, result, watch, /)\n--\n\n"
     "What plays it on Values, or None; see player.c."},
    {NULL, NULL, 0, NULL},
};

#define COLUMN(name, what) \
    {name, (getter)tape_column, NULL, NULL, (void *)(intptr_t)(what)}

static PyGetSetDef tape_attributes[] = {
    COLUMN("ops", OPS_OF),
    COLUMN("args", ARGS_OF),
    COLUMN("numbers", NUMBERS_OF),
    COLUMN("checked", CHECKED_OF),
    {"labels", (getter)get_labels, NULL, "A dict from entries to labels.", NULL},
    {"columns", (getter)get_columns, NULL,
     "Partials that a row gives together, by entry and column.", NULL},
    {"bytes", (getter)get_bytes, NULL, "How much memory its entries take.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef tape_members[] = {
    {"careful", T_BOOL, offsetof(Tape, careful), 0, "Whether all is chosen."},
    {"hasty", T_BOOL, offsetof(Tape, hasty), 0, "Whether a choice was left out."},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot tape_slots[] = {
    {Py_tp_doc, "Operations in the order in which they were made."},
    {Py_tp_new, tape_make},
    {Py_tp_dealloc, tape_dealloc},
    {Py_tp_methods, tape_methods},
    {Py_tp_getset, tape_attributes},
    {Py_tp_members, tape_members},
    {Py_sq_length, tape_length},
    {0, NULL},
};

static PyType_Spec tape_spec = {
    .name = "autograd.native.engine.Tape",
    .basicsize = sizeof(Tape),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = tape_slots,
};

int
tape_init(PyObject *module)
{
    if (Tape_Type == NULL) {
        Tape_Type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &tape_spec, NULL);
        if (Tape_Type == NULL || columns_init(module) < 0 || list_operations() < 0) {
            return -1;
        }
    }
    return PyModule_AddObjectRef(module, "Tape", (PyObject *)Tape_Type) < 0
        ? -1
        : entries_init(module);
}
