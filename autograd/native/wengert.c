/* The tape in C: what autograd.program.tape.Tape is, as flat arrays.

   An entry is an operation on earlier entries, whose numbers lie side by side in one
   array. The passes go through these arrays; Python sees them through ``ops``,
   ``args``, ``numbers`` and ``checked``, which are indexed as lists are. */

#include "wengert.h"

#include "kernels.h"
#include "rows.h"

PyTypeObject *Tape_Type;
static PyTypeObject *View_Type;

static const char *const no_rows[FIRST_ROW] = {
    "input", "parameter", "number", "detach", "less", "less_equal", "equal"};

static const char *const names[ROWS] = {
#define NAME(name) #name,
    EVERY_ROW(NAME)
#undef NAME
};

const int32_t first_later_op = FIRST_ROW + ROWS;

/* Operations: their names as strings, in order, and the way back. */
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

/* Maps */

int
map_make(Map *map, int64_t expected)
{
    uint64_t size = 64;
    while (size < 2 * (uint64_t)expected) {
        size *= 2;
    }
    map->keys = array_grow(NULL, size * sizeof *map->keys);
    map->entries = array_grow(NULL, size * sizeof *map->entries);
    if (map->keys == NULL || map->entries == NULL) {
        map_free(map);
        PyErr_NoMemory();
        return -1;
    }
    memset(map->entries, 0xff, size * sizeof *map->entries);
    map->mask = size - 1;
    map->count = 0;
    return 0;
}

void
map_free(Map *map)
{
    array_free(map->keys);
    array_free(map->entries);
    *map = (Map){NULL, NULL, 0, 0};
}

static int
map_grow(Map *map)
{
    Map more;
    if (map_make(&more, (int64_t)map->mask + 1) < 0) {
        return -1;
    }
    for (uint64_t i = 0; i <= map->mask; i++) {
        if (map->entries[i] >= 0) {
            *map_at(&more, map->keys[i]) = map->entries[i];
            more.count++;
        }
    }
    map_free(map);
    *map = more;
    return 0;
}

/* Where the entry of a key is, or -1 is for one to be put there. Who puts it counts
   it, and has room for it because of map_room. */
int32_t *
map_at(Map *map, uint64_t key)
{
    uint64_t i = mixed(0, key) >> 16 & map->mask;
    while (map->entries[i] >= 0 && map->keys[i] != key) {
        i = (i + 1) & map->mask;
    }
    map->keys[i] = key;
    return map->entries + i;
}

int
map_put(Map *map, uint64_t key, int32_t entry)
{
    if (2 * (uint64_t)map->count > map->mask && map_grow(map) < 0) {
        return -1;
    }
    int32_t *at = map_at(map, key);
    map->count += *at < 0;
    *at = entry;
    return 0;
}

/* Entries */

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

int32_t
tape_constant(Tape *tape, double x)
{
    const uint64_t key = bits(x);
    int32_t k = *map_at(&tape->constants, key);
    if (k < 0) {
        k = tape_add(tape, OP_NUMBER, NULL, 0, &x, 0);
        if (k >= 0 && map_put(&tape->constants, key, k) < 0) {
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
    if (k < 0 || (*map_at(&tape->constants, bits(x)) < 0 &&
                  map_put(&tape->constants, bits(x), k) < 0)) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* What an operation gives, in Python: autograd.program.tape.compute. */
static int
compute_in_python(const Tape *tape, int32_t k, double *number)
{
    const int64_t count = operand_count(tape, k);
    const int32_t *args = operands_of(tape, k);
    PyObject *list = PyList_New(count), *made = NULL;
    for (int64_t i = 0; list != NULL && i < count; i++) {
        PyObject *x = PyFloat_FromDouble(tape->number[args[i]]);
        if (x == NULL) {
            Py_CLEAR(list);
        }
        else {
            PyList_SET_ITEM(list, i, x);
        }
    }
    PyObject *compute =
        list == NULL ? NULL : python_function("autograd.program.tape", "compute");
    if (compute != NULL) {
        made = PyObject_CallFunctionObjArgs(compute, op_name(tape->op[k]), list, NULL);
    }
    Py_XDECREF(compute);
    Py_XDECREF(list);
    if (made == NULL) {
        return -1;
    }
    *number = PyFloat_AsDouble(made);
    Py_DECREF(made);
    return *number == -1.0 && PyErr_Occurred() ? -1 : 0;
}

/* A comparison, by the function that programs have for it. */
static int
compare(int32_t op, const double *x, const double *y, double *number)
{
    const double *const operands[] = {x, y};
    for (int i = 0; i < lane_functions; i++) {
        const LaneFunction *function = &kernels_portable.functions[i];
        if (strcmp(function->name, no_rows[op]) == 0) {
            (void)function->apply(number, operands, 1);
            return 1;
        }
    }
    return 0;
}

static int
compute(Tape *tape, int32_t k)
{
    const int32_t op = tape->op[k], *args = operands_of(tape, k);
    const int64_t count = operand_count(tape, k);
    double x[MOST_OPERANDS], number;
    int known = 0;
    uint32_t row;
    if (op == OP_DETACH) {
        number = tape->number[args[0]];
        known = 1;
    }
    else if (op >= OP_LESS && op <= OP_EQUAL) {
        known = compare(op, &tape->number[args[0]], &tape->number[args[1]], &number);
    }
    else if (op >= FIRST_ROW && op < FIRST_ROW + ROWS && count <= MOST_OPERANDS) {
        for (int64_t i = 0; i < count; i++) {
            x[i] = tape->number[args[i]];
        }
        PyObject *rule = record_find_row(op_name(op), &row); /* as the table has it */
        if (rule == NULL) {
            return -1;
        }
        Py_DECREF(rule);
        known = record_value(row, x, (uint32_t)count, &number);
    }
    if (!known && compute_in_python(tape, k, &number) < 0) {
        return -1;
    }
    tape->number[k] = number;
    tape->flags[k] |= KNOWN;
    return 0;
}

/* What entry k was when the program was recorded, with all that it needs. */
int
tape_value(Tape *tape, int32_t k, double *number)
{
    int32_t *stack = NULL;
    int64_t top = 0, room = 0;
    int failed = 0;
    if (!(tape->flags[k] & KNOWN)) {
        room = 64;
        stack = PyMem_New(int32_t, (size_t)room);
        failed = stack == NULL;
        if (!failed) {
            stack[top++] = k;
        }
    }
    while (!failed && top > 0) {
        const int32_t here = stack[top - 1];
        const int64_t count = operand_count(tape, here);
        if (top + count > room) {
            room = 2 * room + count;
            int32_t *more = PyMem_Realloc(stack, (size_t)room * sizeof *stack);
            failed = more == NULL;
            if (failed) {
                break;
            }
            stack = more;
        }
        const int64_t before = top;
        for (int64_t i = 0; i < count; i++) {
            const int32_t a = operands_of(tape, here)[i];
            if (!(tape->flags[a] & KNOWN)) {
                stack[top++] = a;
            }
        }
        if (top == before) {
            top--;
            if (!(tape->flags[here] & KNOWN) && compute(tape, here) < 0) {
                PyMem_Free(stack);
                return -1;
            }
        }
    }
    PyMem_Free(stack);
    if (failed) {
        PyErr_NoMemory();
        return -1;
    }
    *number = tape->number[k];
    return 0;
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

/* Views: the entries as Python indexes them */

enum { OPS_OF, ARGS_OF, NUMBERS_OF, CHECKED_OF };

typedef struct {
    PyObject_HEAD
    Tape *tape;
    int what;
} View;

static PyObject *
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
    {"sweep", METHOD(tape_sweep), METH_VARARGS,
     "sweep($self, output, inputs, stop, seed, /)\n--\n\n"
     "Append the derivatives of an entry by others; see adjoint.c."},
    {"simplified", METHOD(tape_simplified), METH_O,
     "simplified($self, outputs, /)\n--\n\n"
     "A tape of what the outputs need, and where each entry is; see simplify.c."},
    {"lowered", METHOD(tape_lowered), METH_VARARGS,
     "lowered($self, inputs, parameters, outputs, varying, sums, /)\n--\n\n"
     "The packs, as arrays; see lower.c."},
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

static PyType_Slot tape_slots[] = {
    {Py_tp_doc, "Operations in the order in which they were made."},
    {Py_tp_new, tape_make},
    {Py_tp_dealloc, tape_dealloc},
    {Py_tp_methods, tape_methods},
    {Py_tp_getset, tape_attributes},
    {Py_sq_length, tape_length},
    {0, NULL},
};

static PyType_Spec tape_spec = {
    .name = "autograd.native.engine.Tape",
    .basicsize = sizeof(Tape),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = tape_slots,
};

static int
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

int
tape_init(PyObject *module)
{
    if (Tape_Type == NULL) {
        Tape_Type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &tape_spec, NULL);
        View_Type =
            (PyTypeObject *)PyType_FromModuleAndSpec(module, &column_spec, NULL);
        if (Tape_Type == NULL || View_Type == NULL || list_operations() < 0) {
            return -1;
        }
    }
    return PyModule_AddObjectRef(module, "Tape", (PyObject *)Tape_Type) < 0
        ? -1
        : entries_init(module);
}
