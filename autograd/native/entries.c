/* Which entry of a tape each Value is: autograd.program.entries.Entries in C.

   Nodes come in the order in which they were made, so that their operands are mostly on
   the tape already; what is not there, made before the recording began, is walked depth
   first. Every Value that has an entry is kept alive, so that its address is its own.

   A hash table of all nodes would cost more than all the rest. A node that was made while
   recording has a ``grad`` that nobody may read meanwhile: it holds the node's place
   among those that are kept. Whoever finds a number there looks whether that place has
   this node, so that any other number means nothing. ``finish`` clears them. */

#include "wengert.h"

typedef struct {
    Value *node; /* owned */
    int32_t entry;
} Kept;

typedef struct {
    PyObject_HEAD
    Tape *tape;
    Kept *kept; /* those that were made while recording */
    int64_t count, room;
    Map places; /* from the address of any other to its entry */
    PyObject *others; /* a list of those */
    Py_ssize_t read; /* how many of the nodes that were made are on the tape */
    PyObject *parameters, *leaves; /* lists: entries, and the Values that they are */
    PyObject *marks; /* a dict from entries to those of transforms */
    int32_t *args; /* room for the operands of one node */
    int64_t args_room;
} Entries;

static PyTypeObject *Entries_Type;

static uint64_t
address(const Value *node)
{
    return (uint64_t)(uintptr_t)node >> 3;
}

/* The entry of a Value, or -1. */
static inline int32_t
known(Entries *entries, const Value *node)
{
    const double place = node->grad;
    if (place >= 1.0 && place <= (double)entries->count) {
        const int64_t i = (int64_t)place - 1;
        if (entries->kept[i].node == node) {
            return entries->kept[i].entry;
        }
    }
    return *map_at(&entries->places, address(node));
}

/* Keep a Value that was made while recording: its grad is ours. */
static int
put(Entries *entries, Value *node, int32_t k)
{
    if (entries->count == entries->room) {
        const size_t room = 2 * (size_t)entries->room + 64;
        Kept *kept = array_grow(entries->kept, room * sizeof *kept);
        if (kept == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        entries->kept = kept;
        entries->room = (int64_t)room;
    }
    Py_INCREF(node);
    entries->kept[entries->count++] = (Kept){node, k};
    node->grad = (double)entries->count;
    return 0;
}

/* Keep a Value that was there before. */
static int
put_other(Entries *entries, Value *node, int32_t k)
{
    return PyList_Append(entries->others, (PyObject *)node) < 0
        ? -1
        : map_put(&entries->places, address(node), k);
}

/* The mark of the transform that owns a leaf; None if none does. */
static PyObject *
mark_of(Value *leaf)
{
    if (leaf->extras == NULL) {
        return Py_NewRef(Py_None);
    }
    PyObject *asked = python_function("autograd.program.entries", "mark_of");
    PyObject *mark = asked == NULL ? NULL : PyObject_CallOneArg(asked, (PyObject *)leaf);
    Py_XDECREF(asked);
    return mark;
}

/* An entry for a leaf: a parameter, or a number if a transform owns it. */
static int32_t
add_leaf(Entries *entries, Value *leaf)
{
    PyObject *mark = mark_of(leaf);
    const int owned = mark != Py_None;
    const int32_t k = mark == NULL
        ? -1
        : tape_add(entries->tape, owned ? OP_NUMBER : OP_PARAMETER, NULL, 0, &leaf->data,
                   0);
    PyObject *number = k < 0 ? NULL : PyLong_FromLong(k);
    const int failed = number == NULL ||
        (owned ? PyDict_SetItem(entries->marks, number, mark) < 0
               : PyList_Append(entries->parameters, number) < 0 ||
                 PyList_Append(entries->leaves, (PyObject *)leaf) < 0);
    Py_XDECREF(number);
    Py_XDECREF(mark);
    return failed ? -1 : k;
}

/* The operation of a node. */
static int32_t
operation(const Value *node)
{
    const uint32_t row = row_of(node);
    if (row < ROWS) {
        return FIRST_ROW + (int32_t)row;
    }
    PyObject *name = PyObject_GetAttrString(rule_of(row), "name");
    const int32_t op = name == NULL ? -1 : op_number(name);
    Py_XDECREF(name);
    return op;
}

static int
set_label(Tape *tape, Value *node, int32_t k)
{
    PyObject *label = PyObject_GetAttrString((PyObject *)node, "label");
    PyObject *text = label == NULL ? NULL : PyObject_Str(label);
    Py_XDECREF(label);
    PyObject *key = text == NULL ? NULL : PyLong_FromLong(k);
    const int failed = key == NULL ||
        (PyUnicode_GET_LENGTH(text) > 0 && PyDict_SetItem(tape->labels, key, text) < 0);
    Py_XDECREF(key);
    Py_XDECREF(text);
    return failed ? -1 : 0;
}

/* Add a node whose operands are all known. */
static int
add_node(Entries *entries, Value *node, int ours)
{
    Tape *tape = entries->tape;
    if (node->count > entries->args_room) {
        int32_t *more = PyMem_Realloc(entries->args, node->count * sizeof *more);
        if (more == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        entries->args = more;
        entries->args_room = node->count;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        const Edge *edge = &node->edges[i];
        entries->args[i] = edge->operand != NULL ? known(entries, edge->operand)
                                                 : tape_constant(tape, edge->partial);
        if (entries->args[i] < 0) {
            return -1;
        }
    }
    const int32_t op = operation(node);
    const int32_t k =
        op < 0 ? -1 : tape_add(tape, op, entries->args, node->count, &node->data, 1);
    if (k < 0 || (ours ? put : put_other)(entries, node, k) < 0) {
        return -1;
    }
    return node->extras == NULL ? 0 : set_label(tape, node, k);
}

typedef struct {
    Value *node;
    uint32_t next; /* operands before this one are known */
} Frame;

/* Put a node on the tape, after what it depends on; ``ours`` says whether it was made
   while recording. What was made before it then is on the tape already. */
static int
walk(Entries *entries, Value *output, int ours)
{
    Frame few[16], *way = few;
    size_t top = 1, room = Py_ARRAY_LENGTH(few);
    int failed = 0;
    way[0] = (Frame){output, 0};
    while (!failed && top > 0) {
        Frame *here = &way[top - 1];
        Value *node = here->node;
        Value *missing = NULL;
        while (missing == NULL && here->next < node->count) {
            Value *x = node->edges[here->next++].operand;
            missing = x != NULL && known(entries, x) < 0 ? x : NULL;
        }
        if (missing == NULL) {
            top--;
            if (node->count > 0) {
                failed = add_node(entries, node, ours && node == output) < 0;
            }
            else {
                const int32_t k = add_leaf(entries, node);
                failed = k < 0 || put_other(entries, node, k) < 0;
            }
            continue;
        }
        if (top == room) {
            room *= 2;
            Frame *more = PyMem_Realloc(way == few ? NULL : way, room * sizeof *more);
            if (more == NULL) {
                PyErr_NoMemory();
                failed = 1;
                break;
            }
            if (way == few) {
                memcpy(more, few, sizeof few);
            }
            way = more;
        }
        way[top++] = (Frame){missing, 0};
    }
    if (way != few) {
        PyMem_Free(way);
    }
    return failed ? -1 : 0;
}

/* known(x): its entry, or None. */
static PyObject *
entries_known(Entries *entries, PyObject *x)
{
    const int32_t k = is_value(x) ? known(entries, (Value *)x) : -1;
    return k < 0 ? Py_NewRef(Py_None) : PyLong_FromLong(k);
}

/* The entry of a Value, after those of what was made before it; -1 with an exception. */
static int32_t
find(Entries *entries, Value *node, PyObject *made)
{
    int32_t k = known(entries, node);
    while (k < 0 && entries->read < PyList_GET_SIZE(made)) {
        PyObject *item = PyList_GET_ITEM(made, entries->read++);
        if (is_value(item) && ((Value *)item)->count > 0 &&
            known(entries, (Value *)item) < 0 && walk(entries, (Value *)item, 1) < 0) {
            return -1;
        }
        if (entries->read == PyList_GET_SIZE(made)) {
            k = known(entries, node);
        }
    }
    if (k < 0 && walk(entries, node, 0) < 0) {
        return -1;
    }
    return k < 0 ? known(entries, node) : k;
}

/* entry(x, made): its entry, after those of what was made since. */
static PyObject *
entries_entry(Entries *entries, PyObject *args)
{
    PyObject *x, *made;
    if (!PyArg_ParseTuple(args, "O!O!:entry", Value_Type, &x, &PyList_Type, &made)) {
        return NULL;
    }
    const int32_t k = find(entries, (Value *)x, made);
    return k < 0 ? NULL : PyLong_FromLong(k);
}

/* all(xs, made): the entries of many, or None if not all of them are Values. */
static PyObject *
entries_all(Entries *entries, PyObject *args)
{
    PyObject *xs, *made;
    if (!PyArg_ParseTuple(args, "OO!:all", &xs, &PyList_Type, &made)) {
        return NULL;
    }
    PyObject *fast = PySequence_Fast(xs, "xs must be a sequence");
    if (fast == NULL) {
        return NULL;
    }
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(fast);
    int values = 1;
    for (Py_ssize_t i = 0; i < count; i++) {
        values &= is_value(PySequence_Fast_GET_ITEM(fast, i));
    }
    PyObject *found = values ? PyList_New(count) : Py_NewRef(Py_None);
    for (Py_ssize_t i = 0; values && found != NULL && i < count; i++) {
        const int32_t k = find(entries, (Value *)PySequence_Fast_GET_ITEM(fast, i), made);
        PyObject *one = k < 0 ? NULL : PyLong_FromLong(k);
        if (one == NULL) {
            Py_CLEAR(found);
        }
        else {
            PyList_SET_ITEM(found, i, one);
        }
    }
    Py_DECREF(fast);
    return found;
}

/* A new leaf that stands for an entry. */
static PyObject *
new_leaf(Entries *entries, int32_t k, double number)
{
    Value *leaf = value_leaf(number);
    if (leaf != NULL && put(entries, leaf, k) < 0) {
        Py_CLEAR(leaf);
    }
    return (PyObject *)leaf;
}

/* stand_in(k, number): a leaf for an entry that no Value is. */
static PyObject *
entries_stand_in(Entries *entries, PyObject *args)
{
    int k;
    double number;
    if (!PyArg_ParseTuple(args, "id:stand_in", &k, &number)) {
        return NULL;
    }
    if (k < 0 || k >= entries->tape->count) {
        return PyErr_Format(PyExc_IndexError, "no entry %d", k);
    }
    return new_leaf(entries, k, number);
}

/* inputs(numbers): leaves for new entries, which are inputs. */
static PyObject *
entries_inputs(Entries *entries, PyObject *numbers)
{
    PyObject *fast = PySequence_Fast(numbers, "numbers must be a sequence");
    PyObject *made = fast == NULL ? NULL : PyList_New(PySequence_Fast_GET_SIZE(fast));
    for (Py_ssize_t i = 0; made != NULL && i < PySequence_Fast_GET_SIZE(fast); i++) {
        const double x = PyFloat_AsDouble(PySequence_Fast_GET_ITEM(fast, i));
        const int wrong = x == -1.0 && PyErr_Occurred();
        const int32_t k = wrong ? -1 : tape_add(entries->tape, OP_INPUT, NULL, 0, &x, 0);
        PyObject *leaf = k < 0 ? NULL : new_leaf(entries, k, x);
        if (leaf == NULL) {
            Py_CLEAR(made);
        }
        else {
            PyList_SET_ITEM(made, i, leaf);
        }
    }
    Py_XDECREF(fast);
    return made;
}

/* derivatives(entries, numbers): leaves with those numbers for entries, and floats for
   entries that are numbers. A number may be None. */
static PyObject *
entries_derivatives(Entries *entries, PyObject *args)
{
    PyObject *list, *numbers;
    if (!PyArg_ParseTuple(args, "OO!:derivatives", &list, &PyList_Type, &numbers)) {
        return NULL;
    }
    Py_ssize_t count;
    Tape *tape = entries->tape;
    int32_t *at = entries_from(list, tape, &count);
    if (at == NULL) {
        return NULL;
    }
    PyObject *made = PyList_New(count);
    for (Py_ssize_t i = 0; made != NULL && i < count; i++) {
        PyObject *given = i < PyList_GET_SIZE(numbers) ? PyList_GET_ITEM(numbers, i) : Py_None;
        double x = 0.0;
        int failed = 0;
        if (tape->op[at[i]] == OP_NUMBER || given == Py_None) {
            failed = tape_value(tape, at[i], &x) < 0;
        }
        else {
            x = PyFloat_AsDouble(given);
            failed = x == -1.0 && PyErr_Occurred();
        }
        PyObject *one = failed ? NULL
            : tape->op[at[i]] == OP_NUMBER ? PyFloat_FromDouble(x)
                                           : new_leaf(entries, at[i], x);
        if (one == NULL) {
            Py_CLEAR(made);
        }
        else {
            PyList_SET_ITEM(made, i, one);
        }
    }
    PyMem_Free(at);
    return made;
}

static PyObject *
entries_make(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *tape;
    if ((keywords != NULL && PyDict_GET_SIZE(keywords) > 0) ||
        !PyArg_ParseTuple(args, "O!:Entries", Tape_Type, &tape)) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_TypeError, "Entries(tape) takes no keywords");
        }
        return NULL;
    }
    Entries *entries = (Entries *)PyType_GenericAlloc(type, 0); /* all zero */
    if (entries == NULL) {
        return NULL;
    }
    entries->tape = (Tape *)Py_NewRef(tape);
    if (map_make(&entries->places, 64) < 0 ||
        (entries->parameters = PyList_New(0)) == NULL ||
        (entries->leaves = PyList_New(0)) == NULL ||
        (entries->others = PyList_New(0)) == NULL ||
        (entries->marks = PyDict_New()) == NULL) {
        Py_CLEAR(entries);
    }
    return (PyObject *)entries;
}

/* Let those that were made while recording go, with a grad of 0, as new nodes have. */
static void
let_go(Entries *entries)
{
    Kept *kept = entries->kept;
    const int64_t count = entries->count;
    entries->kept = NULL;
    entries->count = entries->room = 0;
    for (int64_t i = 0; i < count; i++) {
        kept[i].node->grad = 0.0;
        Py_DECREF(kept[i].node);
    }
    array_free(kept);
}

/* finish(): the recording is over. */
static PyObject *
entries_finish(Entries *entries, PyObject *Py_UNUSED(ignored))
{
    let_go(entries);
    Py_RETURN_NONE;
}

static void
entries_dealloc(Entries *entries)
{
    PyTypeObject *type = Py_TYPE(entries);
    let_go(entries);
    map_free(&entries->places);
    PyMem_Free(entries->args);
    Py_XDECREF(entries->parameters);
    Py_XDECREF(entries->leaves);
    Py_XDECREF(entries->marks);
    Py_XDECREF(entries->others);
    Py_XDECREF(entries->tape);
    type->tp_free((PyObject *)entries);
    Py_DECREF(type);
}

static PyObject *
get_parameters(Entries *entries, void *Py_UNUSED(closure))
{
    return Py_NewRef(entries->parameters);
}

static PyObject *
get_leaves(Entries *entries, void *Py_UNUSED(closure))
{
    return Py_NewRef(entries->leaves);
}

static PyObject *
get_marks(Entries *entries, void *Py_UNUSED(closure))
{
    return Py_NewRef(entries->marks);
}

#define METHOD(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef entries_methods[] = {
    {"known", METHOD(entries_known), METH_O,
     "known($self, x, /)\n--\n\nThe entry of a Value, or None."},
    {"entry", METHOD(entries_entry), METH_VARARGS,
     "entry($self, x, made, /)\n--\n\n"
     "The entry of a Value, after those of the nodes that were made before it."},
    {"all", METHOD(entries_all), METH_VARARGS,
     "all($self, xs, made, /)\n--\n\n"
     "The entries of many; None if not all of them are Values."},
    {"stand_in", METHOD(entries_stand_in), METH_VARARGS,
     "stand_in($self, k, number, /)\n--\n\nA new leaf for an entry that no Value is."},
    {"inputs", METHOD(entries_inputs), METH_O,
     "inputs($self, numbers, /)\n--\n\nNew leaves, each for a new entry, an input."},
    {"derivatives", METHOD(entries_derivatives), METH_VARARGS,
     "derivatives($self, entries, numbers, /)\n--\n\n"
     "New leaves for entries; floats for those that are numbers."},
    {"finish", METHOD(entries_finish), METH_NOARGS,
     "finish($self, /)\n--\n\nThe recording is over: Values are as if nobody had looked."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef entries_attributes[] = {
    {"parameters", (getter)get_parameters, NULL, "The entries of leaves that were met.",
     NULL},
    {"leaves", (getter)get_leaves, NULL, "Those leaves.", NULL},
    {"marks", (getter)get_marks, NULL, "Marks of transforms, by entry.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot entries_slots[] = {
    {Py_tp_doc, "Which entry of a tape each Value is."},
    {Py_tp_new, entries_make},
    {Py_tp_dealloc, entries_dealloc},
    {Py_tp_methods, entries_methods},
    {Py_tp_getset, entries_attributes},
    {0, NULL},
};

static PyType_Spec entries_spec = {
    .name = "autograd.native.engine.Entries",
    .basicsize = sizeof(Entries),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = entries_slots,
};

int
entries_init(PyObject *module)
{
    if (Entries_Type == NULL) {
        Entries_Type =
            (PyTypeObject *)PyType_FromModuleAndSpec(module, &entries_spec, NULL);
    }
    return Entries_Type == NULL
        ? -1
        : PyModule_AddObjectRef(module, "Entries", (PyObject *)Entries_Type);
}
