/* What is called like a program: a short way if there is one, else the long way. There
   is one for numbers, and one for Values. While something records, it is the function
   itself.

   autograd.program.called.Called says the same in Python. */

#include "program.h"

#include <structmember.h>

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *quick; /* what to ask first, or None */
    PyObject *live;  /* the same with Values; False for the function itself */
} Called;

static PyObject *long_way, *function; /* names of attributes */

/* Whether a Value is among the arguments, and not within one. */
static int
is_live(PyObject *const *args, Py_ssize_t count)
{
    int live = 0;
    for (Py_ssize_t i = 0; !live && i < count; i++) {
        live = is_value(args[i]);
    }
    return live;
}

/* Ask a way, which the call may take away. */
static PyObject *
ask(PyObject *way, PyObject *const *args, size_t flags)
{
    if (way == NULL || way == Py_None || way == Py_False) {
        return Py_NewRef(Py_NotImplemented);
    }
    Py_INCREF(way);
    PyObject *answer = PyObject_Vectorcall(way, args, flags, NULL);
    Py_DECREF(way);
    return answer;
}

static PyObject *
called_call(Called *called, PyObject *const *args, size_t flags, PyObject *keywords)
{
    int itself = keywords == NULL && recorded();
    if (keywords == NULL && !itself) {
        const int live = is_live(args, PyVectorcall_NARGS(flags));
        PyObject *answer = live ? Py_NewRef(Py_NotImplemented)
                                : ask(called->quick, args, flags);
        if (answer == Py_NotImplemented) { /* Values may be within the arguments, too */
            Py_DECREF(answer);
            answer = ask(called->live, args, flags);
        }
        if (answer != Py_NotImplemented) {
            return answer;
        }
        Py_DECREF(answer);
        itself = live && called->live == Py_False;
    }
    PyObject *method = PyObject_GetAttr((PyObject *)called, itself ? function : long_way);
    PyObject *answer =
        method != NULL ? PyObject_Vectorcall(method, args, flags, keywords) : NULL;
    Py_XDECREF(method);
    return answer;
}

static PyObject *
called_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(keywords))
{
    Called *called = (Called *)type->tp_alloc(type, 0);
    if (called != NULL) {
        called->call = (vectorcallfunc)called_call;
    }
    return (PyObject *)called;
}

static int
called_traverse(Called *called, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(called));
    Py_VISIT(called->quick);
    Py_VISIT(called->live);
    return 0;
}

static int
called_clear(Called *called)
{
    Py_CLEAR(called->quick);
    Py_CLEAR(called->live);
    return 0;
}

static void
called_dealloc(Called *called)
{
    PyTypeObject *type = Py_TYPE(called);
    PyObject_GC_UnTrack(called);
    Py_CLEAR(called->quick);
    Py_CLEAR(called->live);
    type->tp_free((PyObject *)called);
    Py_DECREF(type);
}

static PyMemberDef called_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Called, call), READONLY, NULL},
    {"_quick", T_OBJECT, offsetof(Called, quick), 0, "What to ask first, or None."},
    {"_live", T_OBJECT, offsetof(Called, live), 0, "The same with Values, or False."},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot called_slots[] = {
    {Py_tp_doc, "Calls the short way of a program if there is one, else the long way."},
    {Py_tp_new, called_new},
    {Py_tp_dealloc, called_dealloc},
    {Py_tp_traverse, called_traverse},
    {Py_tp_clear, called_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, called_members},
    {0, NULL},
};

static PyType_Spec called_spec = {
    .name = "autograd.native.engine.Called",
    .basicsize = sizeof(Called),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
        Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = called_slots,
};

int
called_init(PyObject *module)
{
    long_way = PyUnicode_InternFromString("_call");
    function = PyUnicode_InternFromString("f");
    PyObject *type = long_way != NULL && function != NULL
        ? PyType_FromModuleAndSpec(module, &called_spec, NULL)
        : NULL;
    const int failed = type == NULL || PyModule_AddObjectRef(module, "Called", type) < 0;
    Py_XDECREF(type);
    return failed ? -1 : 0;
}
