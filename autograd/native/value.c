/* The type Value: its memory, its attributes and its comparisons. */

#include "engine.h"

#include <structmember.h>

#include "docs.h"

PyTypeObject *Value_Type;

/* Memory */

/* Nodes whose last reference is gone, linked through ``extras``. Releasing one may
   release its operands: they join the list, since a recursion as deep as the graph
   would overflow the stack. */
static Value *dying;
static int releasing;

/* Let go of the memory of a node that owns nothing any more, but perhaps its row. */
static void
give_back(Value *node)
{
    if (node->row & LATER) {
        Py_DECREF(rule_of(row_of(node)));
    }
    if (node->row & TRACKED) {
        tracked--;
        PyObject_GC_Del(node);
    }
    else {
        nodes_give_back(node, node->count);
    }
}

static void
value_dealloc(PyObject *self)
{
    Value *node = (Value *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (node->row & TRACKED) {
        PyObject_GC_UnTrack(self);
    }
    Py_CLEAR(node->extras); /* may run Python code, so before the node is listed */
    node->extras = (PyObject *)dying;
    dying = node;
    if (releasing) {
        return;
    }
    releasing = 1;
    while (dying != NULL) {
        node = dying;
        dying = (Value *)node->extras;
        for (uint32_t i = 0; i < node->count; i++) {
            Py_XDECREF(node->edges[i].operand);
        }
        give_back(node);
        Py_DECREF(type); /* every instance of a heap type owns a reference to it */
    }
    releasing = 0;
}

/* The cyclic collector: it watches the nodes that were made by ``value_track``. */

static int
value_is_tracked(PyObject *self)
{
    return (((Value *)self)->row & TRACKED) != 0;
}

static int
value_traverse(PyObject *self, visitproc visit, void *arg)
{
    const Value *node = (Value *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(node->extras);
    for (uint32_t i = 0; i < node->count; i++) {
        Py_VISIT(node->edges[i].operand);
    }
    return 0;
}

static int
value_clear(PyObject *self)
{
    Py_CLEAR(((Value *)self)->extras); /* every cycle leads through it */
    return 0;
}

Py_ssize_t tracked;

/* A node like a new one, for the collector to watch. Takes the reference. */
PyObject *
value_track(Value *node)
{
    Value *copy = PyObject_GC_NewVar(Value, Value_Type, node->count);
    if (copy != NULL) {
        const size_t head = offsetof(Value, data);
        const size_t size = offsetof(Value, edges) + node->count * sizeof(Edge);
        memcpy((char *)copy + head, (char *)node + head, size - head);
        copy->row |= TRACKED;
        memset(node->edges, 0, node->count * sizeof(Edge)); /* it owns them no more, */
        node->row = NO_ROW;                                 /* nor the row, */
        node->extras = NULL;
        tracked++;
        PyObject_GC_Track(copy);
    }
    Py_DECREF(node);
    return (PyObject *)copy;
}

PyObject *
value_track_if_needed(Value *node)
{
    uint32_t rows = 0;
    for (uint32_t i = 0; i < node->count; i++) {
        rows |= node->edges[i].operand != NULL ? node->edges[i].operand->row : 0;
    }
    return rows & TRACKED ? value_track(node) : (PyObject *)node;
}

static PyObject *
value_sizeof(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    const Value *node = (Value *)self;
    size_t size = offsetof(Value, edges) + node->count * sizeof(Edge);
#if PY_VERSION_HEX >= 0x030B0000
    /* sys.getsizeof adds the collector's header for any node of a type that can have
       one, of two words; nearly all nodes have none. */
    size -= node->row & TRACKED ? 0 : 2 * sizeof(uintptr_t);
#endif
    return PyLong_FromSize_t(size);
}

/* Making a leaf: Value(data, label="") */

/* Attributes: a dict that a node gets with its first. The interpreter finds those
   set by hand in it; those of the type have a name there that it never asks for. */

static PyObject *name_label, *name_kept;

/* A borrowed reference, or NULL if there is none. */
static PyObject *
extra(const Value *node, PyObject *name)
{
    return node->extras == NULL ? NULL : PyDict_GetItemWithError(node->extras, name);
}

/* Let a node have a dict of its own, if it shares one with others. */
static int
own_extras(Value *node)
{
    if (node->extras != NULL && Py_REFCNT(node->extras) > 1) {
        PyObject *own = PyDict_Copy(node->extras);
        if (own == NULL) {
            return -1;
        }
        Py_SETREF(node->extras, own);
    }
    return 0;
}

/* A dict for many nodes to share that keep the same. */
PyObject *
value_extras(PyObject *kept)
{
    PyObject *extras = PyDict_New();
    if (extras != NULL && PyDict_SetItem(extras, name_kept, kept) < 0) {
        Py_CLEAR(extras);
    }
    return extras;
}

static int
value_setattro(PyObject *self, PyObject *name, PyObject *to)
{
    return own_extras((Value *)self) < 0 ? -1 : PyObject_GenericSetAttr(self, name, to);
}

static int
set_extra(Value *node, PyObject *name, PyObject *to)
{
    if (to == NULL) {
        return extra(node, name) == NULL ? 0 : PyDict_DelItem(node->extras, name);
    }
    if (node->extras == NULL && (node->extras = PyDict_New()) == NULL) {
        return -1;
    }
    return PyDict_SetItem(node->extras, name, to);
}

static int
set_label(Value *node, PyObject *label)
{
    if (!PyUnicode_Check(label)) {
        Py_XDECREF(PyObject_CallFunction(
            python_misuse, "s(sO)O", "__setattr__", "label", label, Py_None));
        return -1;
    }
    /* An empty label costs nothing, but one of a subclass may mean something. */
    int none = PyUnicode_CheckExact(label) && PyUnicode_GetLength(label) == 0;
    return set_extra(node, name_label, none ? NULL : label);
}

static PyObject *
make_leaf(PyObject *data, PyObject *label)
{
    double number;
    if (label != NULL && !PyUnicode_Check(label)) {
        return PyObject_CallFunction(python_misuse, "s(OO)", "__new__", data, label);
    }
    if (as_double(data, "data", &number) < 0) {
        return NULL;
    }
    Value *node = value_leaf(number);
    if (node != NULL && label != NULL && set_label(node, label) < 0) {
        Py_CLEAR(node);
    }
    return (PyObject *)node;
}

static PyObject *
value_tp_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *data = NULL, *label = NULL;
    static char *names[] = {"data", "label", NULL};
    (void)type;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:Value", names, &data, &label) ||
        data == NULL) {
        if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_TypeError)) {
            return NULL;
        }
        PyErr_Clear();
        return PyObject_CallFunction(
            python_misuse, "sOO", "__new__", args, kwargs != NULL ? kwargs : Py_None);
    }
    return make_leaf(data, label);
}

static PyObject *
value_vectorcall(PyObject *type, PyObject *const *args, size_t flags, PyObject *names)
{
    Py_ssize_t count = PyVectorcall_NARGS(flags);
    if (names == NULL && (count == 1 || count == 2)) {
        return make_leaf(args[0], count == 2 ? args[1] : NULL);
    }
    /* With keywords, or wrong: the slow way, which has the messages. */
    PyObject *tuple = PyTuple_New(count), *kwargs = NULL, *made = NULL;
    if (tuple == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
    }
    if (names != NULL) {
        kwargs = PyDict_New();
        if (kwargs == NULL) {
            goto done;
        }
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
            PyObject *name = PyTuple_GET_ITEM(names, i);
            if (PyDict_SetItem(kwargs, name, args[count + i]) < 0) {
                goto done;
            }
        }
    }
    made = value_tp_new((PyTypeObject *)type, tuple, kwargs);
done:
    Py_DECREF(tuple);
    Py_XDECREF(kwargs);
    return made;
}

/* Attributes */

/* The setter of what nobody can set or, if ``to`` is NULL, delete. */
static int
read_only(PyObject *Py_UNUSED(self), PyObject *to, void *name)
{
#if PY_VERSION_HEX >= 0x030B0000
    const char *message = to != NULL ? "property '%s' of 'Value' object has no setter"
                                     : "property '%s' of 'Value' object has no deleter";
#else
    const char *message =
        to != NULL ? "can't set attribute '%s'" : "can't delete attribute '%s'";
#endif
    PyErr_Format(PyExc_AttributeError, message, name);
    return -1;
}

static PyObject *
get_data(PyObject *self, void *Py_UNUSED(closure))
{
    if (recorded() && recorder_allows("data", self) < 0) {
        return NULL;
    }
    return PyFloat_FromDouble(((Value *)self)->data);
}

static int
set_data(PyObject *self, PyObject *to, void *Py_UNUSED(closure))
{
    double *data = &((Value *)self)->data;
    if (recorded() && recorder_allows("set", self) < 0) {
        return -1;
    }
    return to == NULL ? read_only(self, to, "data") : as_double(to, "data", data);
}

static PyObject *
get_grad(PyObject *self, void *Py_UNUSED(closure))
{
    if (recorded() && recorder_allows("grad", self) < 0) {
        return NULL;
    }
    return PyFloat_FromDouble(((Value *)self)->grad);
}

static int
set_grad(PyObject *self, PyObject *to, void *Py_UNUSED(closure))
{
    double *grad = &((Value *)self)->grad;
    if (recorded() && recorder_allows("set", self) < 0) {
        return -1;
    }
    return to == NULL ? read_only(self, to, "grad") : as_double(to, "grad", grad);
}

static PyObject *
get_label(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *label = extra((Value *)self, name_label);
    return label != NULL ? Py_NewRef(label) : PyUnicode_FromString("");
}

static int
set_label_attribute(PyObject *self, PyObject *to, void *Py_UNUSED(closure))
{
    return to == NULL ? read_only(self, to, "label") : set_label((Value *)self, to);
}

static PyObject *
get_kept(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *kept = extra((Value *)self, name_kept);
    return Py_NewRef(kept != NULL ? kept : Py_None);
}

static int
set_kept(PyObject *self, PyObject *to, void *Py_UNUSED(closure))
{
    return set_extra((Value *)self, name_kept, to);
}

/* What was set by hand, as a new dict. */
static PyObject *
get_dict(PyObject *self, void *Py_UNUSED(closure))
{
    const Value *node = (Value *)self;
    PyObject *all = node->extras == NULL ? PyDict_New() : PyDict_Copy(node->extras);
    for (int own = 0; all != NULL && own < 2; own++) {
        PyObject *name = own ? name_kept : name_label;
        if (PyDict_GetItemWithError(all, name) != NULL && PyDict_DelItem(all, name) < 0) {
            Py_CLEAR(all);
        }
    }
    return all;
}

static PyObject *
rule_attribute(PyObject *self, const char *name)
{
    uint32_t row = row_of((Value *)self);
    if (row == NO_ROW) {
        return PyUnicode_FromString("");
    }
    return PyObject_GetAttrString(rule_of(row), name);
}

static PyObject *
get_op(PyObject *self, void *Py_UNUSED(closure))
{
    return rule_attribute(self, "name");
}

PyObject *
get_operands(PyObject *self, void *Py_UNUSED(closure))
{
    Value *node = (Value *)self;
    PyObject *operands = PyTuple_New(node->count);
    if (operands == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        Edge *edge = &node->edges[i];
        PyObject *x = edge->operand != NULL ? Py_NewRef((PyObject *)edge->operand)
                                            : PyFloat_FromDouble(edge->partial);
        if (x == NULL) {
            Py_DECREF(operands);
            return NULL;
        }
        PyTuple_SET_ITEM(operands, i, x);
    }
    return operands;
}

static PyObject *
get_symbol(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *op = get_op(self, NULL), *operands = get_operands(self, NULL), *shown = NULL;
    if (op != NULL && operands != NULL) {
        shown = PyObject_CallFunctionObjArgs(python_spelling, op, operands, NULL);
    }
    Py_XDECREF(op);
    Py_XDECREF(operands);
    return shown;
}

static PyObject *
get_partials(PyObject *self, void *Py_UNUSED(closure))
{
    if (recorded() && recorder_allows("partials", self) < 0) {
        return NULL;
    }
    Value *node = (Value *)self;
    PyObject *partials = PyTuple_New(node->count);
    if (partials == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        Edge *edge = &node->edges[i];
        PyObject *x = PyFloat_FromDouble(edge->operand != NULL ? edge->partial : 0.0);
        if (x == NULL) {
            Py_DECREF(partials);
            return NULL;
        }
        PyTuple_SET_ITEM(partials, i, x);
    }
    return partials;
}

static PyObject *
get_prev(PyObject *self, void *Py_UNUSED(closure))
{
    Value *node = (Value *)self;
    PyObject *previous = PySet_New(NULL);
    for (uint32_t i = 0; previous != NULL && i < node->count; i++) {
        PyObject *x = (PyObject *)node->edges[i].operand;
        if (x != NULL && PySet_Add(previous, x) < 0) {
            Py_CLEAR(previous);
        }
    }
    return previous;
}

/* Methods that are no operation */

/* Raise what a call of a method or function raises that does not fit. */
PyObject *
misuse_of(const char *name, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *tuple = PyTuple_New(count), *kwargs = PyDict_New(), *answer = NULL;
    for (Py_ssize_t i = 0; tuple != NULL && i < count; i++) {
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
    }
    Py_ssize_t named = names == NULL ? 0 : PyTuple_GET_SIZE(names);
    int failed = tuple == NULL || kwargs == NULL;
    for (Py_ssize_t i = 0; !failed && i < named; i++) {
        failed = PyDict_SetItem(kwargs, PyTuple_GET_ITEM(names, i), args[count + i]) < 0;
    }
    if (!failed) {
        answer = PyObject_CallFunction(python_misuse, "sOO", name, tuple, kwargs);
    }
    Py_XDECREF(tuple);
    Py_XDECREF(kwargs);
    return answer;
}

/* v._backward(): one node's step of a sweep by hand. */
static PyObject *
value_push(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    const Value *node = (Value *)self;
    for (uint32_t i = 0; i < node->count; i++) {
        const Edge *edge = &node->edges[i];
        if (passes(edge, row_of(node))) {
            edge->operand->grad += node->grad * edge->partial;
        }
    }
    Py_RETURN_NONE;
}

static PyMethodDef push_method = {"_backward", value_push, METH_NOARGS, NULL};

static PyObject *
get_push(PyObject *self, void *Py_UNUSED(closure))
{
    if (recorded() && recorder_allows("backward", self) < 0) {
        return NULL;
    }
    return PyCFunction_New(&push_method, self);
}

static int
set_push(PyObject *self, PyObject *to, void *Py_UNUSED(closure))
{
    if (to == NULL) {
        return read_only(self, to, "_backward");
    }
    Py_XDECREF(PyObject_CallFunctionObjArgs(python_no_backward, self, to, NULL));
    return -1;
}

/* A class of the type's own cannot be. */
static PyObject *
value_init_subclass(PyObject *cls, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(named))
{
    return PyObject_CallOneArg(python_no_subclass, cls);
}

static PyObject *
value_backward(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    double seed = 1.0;
    PyObject *given = NULL;
    if (recorded() && recorder_allows("backward", self) < 0) {
        return NULL;
    }
    if (names == NULL && count <= 1) {
        given = count == 1 ? args[0] : NULL;
    }
    else if (count == 0 && PyTuple_GET_SIZE(names) == 1 &&
             PyUnicode_CompareWithASCIIString(
                 PyTuple_GET_ITEM(names, 0), "seed") == 0) {
        given = args[0];
    }
    else {
        return misuse_of("backward", args, count, names);
    }
    if (given != NULL && as_double(given, "seed", &seed) < 0) {
        return NULL;
    }
    if (backward((Value *)self, seed) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
value_detach(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if (recorded()) {
        return recorder_ask("detach", self, NULL);
    }
    Value *node = value_leaf(((Value *)self)->data);
    PyObject *label = extra((Value *)self, name_label);
    if (node != NULL && label != NULL && set_extra(node, name_label, label) < 0) {
        Py_CLEAR(node);
    }
    return (PyObject *)node;
}

static PyObject *
value_repr(PyObject *self)
{
    if (recorded() && recorder_allows("text", self) < 0) {
        return NULL;
    }
    PyObject *data = get_data(self, NULL), *grad = get_grad(self, NULL);
    PyObject *label = extra((Value *)self, name_label), *shown = NULL;
    if (data != NULL && grad != NULL) {
        shown = label == NULL || PyUnicode_GetLength(label) == 0
                    ? PyUnicode_FromFormat("Value(data=%R, grad=%R)", data, grad)
                    : PyUnicode_FromFormat(
                          "Value(data=%R, grad=%R, label=%R)", data, grad, label);
    }
    Py_XDECREF(data);
    Py_XDECREF(grad);
    return shown;
}

static PyObject *
value_format(PyObject *self, PyObject *spec)
{
    if (!PyUnicode_Check(spec)) {
        return misuse_of("__format__", &spec, 1, NULL);
    }
    if (PyUnicode_GetLength(spec) == 0) {
        return value_repr(self);
    }
    if (recorded() && recorder_allows("text", self) < 0) {
        return NULL;
    }
    PyObject *data = PyFloat_FromDouble(((Value *)self)->data);
    if (data == NULL) {
        return NULL;
    }
    PyObject *shown = PyObject_Format(data, spec);
    Py_DECREF(data);
    return shown;
}

static PyObject *
value_reduce(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    Value *node = (Value *)self;
    if (recorded() && recorder_allows("copy", self) < 0) {
        return NULL;
    }
    if (node->count > 0) {
        PyObject *op = get_op(self, NULL);
        if (op != NULL) {
            PyErr_Format(
                PyExc_TypeError,
                "only a leaf can be copied or pickled, not the result of %R: "
                "take v.detach(), or copy the leaves and compute again",
                op);
            Py_DECREF(op);
        }
        return NULL;
    }
    PyObject *label = get_label(self, NULL), *attributes = get_dict(self, NULL);
    if (label == NULL || attributes == NULL) {
        Py_XDECREF(label);
        Py_XDECREF(attributes);
        return NULL;
    }
    if (PyDict_GET_SIZE(attributes) == 0) {
        Py_DECREF(attributes);
        return Py_BuildValue("O(ddN)", python_leaf, node->data, node->grad, label);
    }
    return Py_BuildValue(
        "O(ddN)(ON)", python_leaf, node->data, node->grad, label, Py_None, attributes);
}

/* Comparisons compare numbers; the hash is that of the object. */

static PyObject *
value_compare(PyObject *self, PyObject *other, int op)
{
    static const char *const signs[] = {"lt", "le", "eq", "ne", "gt", "ge"};
    if (recorded()) {
        return recorder_ask(signs[op], self, other);
    }
    double x = ((Value *)self)->data, y;
    if (is_value(other)) {
        y = ((Value *)other)->data;
    }
    else if (PyFloat_CheckExact(other)) {
        y = PyFloat_AS_DOUBLE(other);
    }
    else {
        PyObject *data = PyFloat_FromDouble(x), *answer = NULL;
        if (data != NULL && (PyFloat_Check(other) || PyLong_Check(other))) {
            answer = PyFloat_Type.tp_richcompare(data, other, op); /* any int, exactly */
        }
        else if (data != NULL) {
            answer = PyObject_CallFunction(python_compare, "OOi", data, other, op);
        }
        Py_XDECREF(data);
        return answer;
    }
    Py_RETURN_RICHCOMPARE(x, y, op);
}

static Py_hash_t
value_hash(PyObject *self)
{
    return PyBaseObject_Type.tp_hash(self);
}

static int
value_bool(PyObject *self)
{
    if (recorded()) {
        PyObject *answer = recorder_ask("truth", self, NULL);
        const int truth = answer == NULL ? -1 : PyObject_IsTrue(answer);
        Py_XDECREF(answer);
        return truth;
    }
    return ((Value *)self)->data != 0.0;
}

static PyObject *
value_float(PyObject *self)
{
    PyObject *number = recorded() ? recorder_ask("as_float", self, NULL) : NULL;
    if (number != Py_NotImplemented && (number != NULL || PyErr_Occurred())) {
        return number;
    }
    Py_XDECREF(number);
    return misuse_of("__float__", NULL, 0, NULL);
}

static PyObject *
value_int(PyObject *self)
{
    PyObject *number = recorded() ? recorder_ask("as_int", self, NULL) : NULL;
    if (number != Py_NotImplemented && (number != NULL || PyErr_Occurred())) {
        return number;
    }
    Py_XDECREF(number);
    return PyLong_FromDouble(((Value *)self)->data);
}

/* The type */

static PyGetSetDef attributes[] = {
    {"data", get_data, set_data, DOC_data, NULL},
    {"grad", get_grad, set_grad, DOC_grad, NULL},
    {"label", get_label, set_label_attribute, DOC_label, NULL},
    {"_kept", get_kept, set_kept, NULL, NULL},
    {"__dict__", get_dict, read_only, NULL, "__dict__"},
    {"op", get_op, read_only, DOC_op, "op"},
    {"operands", get_operands, read_only, DOC_operands, "operands"},
    {"_operands", get_operands, read_only, DOC_operands, "_operands"},
    {"partials", get_partials, read_only, DOC_partials, "partials"},
    {"_prev", get_prev, read_only, DOC__prev, "_prev"},
    {"_backward", get_push, set_push, DOC__backward, NULL},
    {"_op", get_symbol, read_only, DOC__op, "_op"},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(Value, extras), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyMethodDef own_methods[] = {
    {"backward", (PyCFunction)(void (*)(void))value_backward,
     METH_FASTCALL | METH_KEYWORDS,
     "backward($self, /, seed=1.0)\n--\n\n" DOC_backward},
    {"detach", value_detach, METH_NOARGS, "detach($self, /)\n--\n\n" DOC_detach},
    {"__format__", value_format, METH_O, NULL},
    {"__reduce__", value_reduce, METH_NOARGS, NULL},
    {"__init_subclass__", (PyCFunction)(void (*)(void))value_init_subclass,
     METH_VARARGS | METH_KEYWORDS | METH_CLASS, NULL},
    {"__sizeof__", value_sizeof, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot own_slots[] = {
    {Py_tp_doc, "Value(data, label='')\n--\n\n" DOC_Value},
    {Py_tp_new, value_tp_new},
    {Py_tp_dealloc, value_dealloc},
    {Py_tp_traverse, value_traverse},
    {Py_tp_clear, value_clear},
    {Py_tp_is_gc, value_is_tracked},
    {Py_tp_setattro, value_setattro},
    {Py_tp_members, members},
    {Py_tp_repr, value_repr},
    {Py_tp_hash, value_hash},
    {Py_tp_richcompare, value_compare},
    {Py_tp_getset, attributes},
    {Py_nb_bool, value_bool},
    {Py_nb_float, value_float},
    {Py_nb_int, value_int},
    {0, NULL},
};

static size_t
length_of_slots(const PyType_Slot *slots)
{
    size_t n = 0;
    while (slots[n].slot != 0) {
        n++;
    }
    return n;
}

static size_t
length_of_methods(const PyMethodDef *methods)
{
    size_t n = 0;
    while (methods[n].ml_name != NULL) {
        n++;
    }
    return n;
}

/* Set an attribute of the class. Takes the reference, which may be NULL. */
static int
set_class_attribute(PyObject *type, const char *name, PyObject *to)
{
    const int failed = to == NULL || PyObject_SetAttrString(type, name, to) < 0;
    Py_XDECREF(to);
    return failed ? -1 : 0;
}

/* Make the type, from what is in this file and the operations of record.c; what
   neither has comes from ``base``, in Python. */
int
value_make_type(PyObject *module, PyObject *base)
{
    static PyMethodDef methods[128]; /* the type keeps pointers into it */
    static PyType_Slot slots[32];
    const size_t own = length_of_methods(own_methods);
    const size_t rows = length_of_methods(record_methods);
    const size_t mine = length_of_slots(own_slots);
    const size_t theirs = length_of_slots(record_slots);
    if (own + rows >= Py_ARRAY_LENGTH(methods) ||
        mine + theirs + 1 >= Py_ARRAY_LENGTH(slots)) {
        PyErr_SetString(PyExc_SystemError, "too many operations for Value's table");
        return -1;
    }
    memcpy(methods, own_methods, own * sizeof *methods);
    memcpy(methods + own, record_methods, rows * sizeof *methods);
    memcpy(slots, own_slots, mine * sizeof *slots);
    memcpy(slots + mine, record_slots, theirs * sizeof *slots);
    slots[mine + theirs] = (PyType_Slot){Py_tp_methods, methods};

    PyType_Spec spec = {
        .name = "autograd.native.engine.Value",
        .basicsize = (int)offsetof(Value, edges),
        .itemsize = sizeof(Edge),
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
        .slots = slots,
    };
    name_label = PyUnicode_InternFromString("label");
    name_kept = PyUnicode_InternFromString("_kept");
    if (name_label == NULL || name_kept == NULL) {
        return -1;
    }
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, base);
    if (type == NULL) {
        return -1;
    }
    /* Messages show the short name, as they do for a class made in Python. NumPy
       scalars leave ``number * value`` to us; arrays go element by element. */
    if (set_class_attribute(type, "__name__", PyUnicode_FromString("Value")) < 0 ||
        set_class_attribute(type, "__array_priority__", PyFloat_FromDouble(-1.0)) < 0) {
        Py_DECREF(type);
        return -1;
    }
    Value_Type = (PyTypeObject *)type;
    Value_Type->tp_vectorcall = value_vectorcall;
    return 0;
}
