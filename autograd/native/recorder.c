/* Compiled programs record what a function does with Values. Its nodes say most of it;
   this file passes on the rest: a comparison, a number that is read, a detach. The
   recorder itself is Python, in autograd.program, and works in one thread. */

#include "engine.h"

Py_ssize_t recorders;
static Py_tss_t made_here = Py_tss_NEEDS_INIT; /* the list that takes nodes, owned */
static PyObject *asked; /* autograd.core.recording.asked */

int
recorder_at_work(void)
{
    return PyThread_tss_get(&made_here) != NULL;
}

/* record_into(made): from now on list the nodes of this thread there, and ask the
   recorder; None ends it. */
PyObject *
record_into(PyObject *Py_UNUSED(module), PyObject *made)
{
    if (made != Py_None && !PyList_CheckExact(made)) {
        return PyErr_Format(
            PyExc_TypeError, "made must be a list or None, got %.200s",
            Py_TYPE(made)->tp_name);
    }
    PyObject *before = PyThread_tss_get(&made_here);
    PyObject *now = made == Py_None ? NULL : Py_NewRef(made);
    if (PyThread_tss_set(&made_here, now) != 0) {
        Py_XDECREF(now);
        return PyErr_NoMemory();
    }
    recorders += (now != NULL) - (before != NULL);
    Py_XDECREF(before);
    Py_RETURN_NONE;
}

/* What the recorder answers: its method ``what`` of x, and of y unless that is NULL. */
PyObject *
recorder_ask(const char *what, PyObject *x, PyObject *y)
{
    return y == NULL ? PyObject_CallFunction(asked, "sO", what, x)
                     : PyObject_CallFunction(asked, "sOO", what, x, y);
}

/* Whether the recorder lets somebody read what it calls ``what``; else -1. */
int
recorder_allows(const char *what, PyObject *x)
{
    PyObject *answer = PyObject_CallFunction(asked, "sOs", "read", x, what);
    Py_XDECREF(answer);
    return answer != NULL ? 0 : -1;
}

PyObject *
recorder_lists(Value *node)
{
    PyObject *made = PyThread_tss_get(&made_here);
    if (made != NULL && PyList_Append(made, (PyObject *)node) < 0) {
        Py_DECREF(node);
        return NULL;
    }
    return (PyObject *)node;
}

int
recorder_init(void)
{
    PyObject *recording = PyImport_ImportModule("autograd.core.recording");
    if (recording == NULL) {
        return -1;
    }
    Py_XSETREF(asked, PyObject_GetAttrString(recording, "asked"));
    Py_DECREF(recording);
    if (asked == NULL) {
        return -1;
    }
    if (PyThread_tss_create(&made_here) != 0) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}
