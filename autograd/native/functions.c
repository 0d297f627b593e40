/* Functions of Values and numbers alike, where the cost of a call matters.

   They do what the functions of ``autograd.table.functions`` do, and hand over to those
   whatever is not plainly theirs: keywords, defaults, other types, mistakes. */

#include "engine.h"

#include "docs.h"
#include "rows.h"

static PyObject *reference; /* autograd.table.functions.FUNCTIONS: the ones in Python */

static PyObject *
ask_reference(
    const char *name, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *function = PyMapping_GetItemString(reference, name);
    if (function == NULL) {
        return NULL;
    }
    PyObject *answer = PyObject_Vectorcall(function, args, (size_t)count, keywords);
    Py_DECREF(function);
    return answer;
}

/* A row of a fixed number of operands, if C can take these: returns NULL without an
   exception if it cannot. */
static PyObject *
call_plainly(uint32_t row, PyObject *const *operands, Py_ssize_t count)
{
    int values = 0, floats = 0;
    double x[MOST_OPERANDS], z;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (is_value(operands[i])) {
            values++;
        }
        else if (PyFloat_CheckExact(operands[i])) {
            x[floats++] = PyFloat_AS_DOUBLE(operands[i]);
        }
        else if (!PyLong_CheckExact(operands[i]) && !PyBool_Check(operands[i])) {
            return NULL;
        }
    }
    if (values > 0) {
        return record(row, operands, count);
    }
    if (floats == count && record_value(row, x, (uint32_t)count, &z)) {
        return PyFloat_FromDouble(z);
    }
    return NULL;
}

static PyObject *
call_row(
    const char *name, uint32_t row, PyObject *const *args, Py_ssize_t count,
    PyObject *keywords)
{
    PyObject *room[MOST_OPERANDS], *const *operands = NULL, *answer = NULL;
    if (keywords == NULL) {
        operands = record_complete(row, args, count, room);
    }
    if (operands != NULL) {
        answer = call_plainly(row, operands, record_arity(row));
    }
    return answer != NULL || PyErr_Occurred()
               ? answer
               : ask_reference(name, args, count, keywords);
}

#define FUNCTION(name, doc)                                                        \
    static PyObject *function_##name(                                              \
        PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count,      \
        PyObject *keywords)                                                        \
    {                                                                              \
        return call_row(#name, ROW_##name, args, count, keywords);                 \
    }
EVERY_FUNCTION(FUNCTION)
#undef FUNCTION

static int
is_sequence(PyObject *values)
{
    return PyTuple_CheckExact(values) || PyList_CheckExact(values);
}

/* Operands as one of C's arrays, for as long as they are read. */
typedef struct {
    PyObject *list;   /* owned: a list or a tuple */
    double *copy;     /* or owned: the numbers of a row of another type or stride */
    Py_buffer buffer; /* or, if there is neither, a row of doubles in memory */
    Column column;
    Py_ssize_t count;
} Operands;

/* The number of a buffer's format at a place that may be aligned or not. */
static double
number_at(const char *at, char format)
{
#define READ(code, type)           \
    case code: {                   \
        type x;                    \
        memcpy(&x, at, sizeof(x)); \
        return (double)x;          \
    }
    switch (format) {
        READ('f', float)
        READ('i', int)
        READ('l', long)
        READ('q', long long)
        READ('B', unsigned char)
        READ('d', double)
    }
#undef READ
    Py_UNREACHABLE();
}

/* A row of numbers, if ``values`` has one to show, as NumPy's arrays do. */
static int
view_numbers(PyObject *values, Operands *operands)
{
    Py_buffer *buffer = &operands->buffer;
    if (!PyObject_CheckBuffer(values)) {
        return 0;
    }
    if (PyObject_GetBuffer(values, buffer, PyBUF_RECORDS_RO) < 0) {
        PyErr_Clear(); /* it shows itself to nobody */
        return 0;
    }
    const char *format = buffer->format, known = format == NULL ? 0 : format[0];
    if (buffer->ndim != 1 || buffer->shape[0] == 0 || known == 0 || format[1] != 0 ||
        strchr("dfilqB", known) == NULL) {
        PyBuffer_Release(buffer);
        return 0;
    }
    const Py_ssize_t count = operands->count = buffer->shape[0];
    const char *at = buffer->buf;
    if (known == 'd' && buffer->strides[0] == sizeof(double)) {
        operands->column = (Column){NULL, (const double *)at};
        return 1;
    }
    double *copy = operands->copy = PyMem_New(double, (size_t)count);
    for (Py_ssize_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = number_at(at + i * buffer->strides[0], known);
    }
    PyBuffer_Release(buffer);
    operands->column = (Column){NULL, copy};
    return copy != NULL ? 1 : (PyErr_NoMemory(), -1);
}

static void
let_go(Operands *operands)
{
    if (operands->list != NULL) {
        Py_DECREF(operands->list);
    }
    else if (operands->copy != NULL) {
        PyMem_Free(operands->copy);
    }
    else {
        PyBuffer_Release(&operands->buffer);
    }
}

static int
view(PyObject *values, Operands *operands)
{
    operands->list = NULL;
    operands->copy = NULL;
    if (is_sequence(values)) {
        operands->list = Py_NewRef(values);
        return 0;
    }
    const int viewed = view_numbers(values, operands);
    if (viewed == 0) {
        operands->list = PySequence_Tuple(values);
    }
    return viewed < 0 || (viewed == 0 && operands->list == NULL) ? -1 : 0;
}

/* What a list holds, which must not change while it is read. */
static void
look(Operands *operands)
{
    if (operands->list != NULL) {
        operands->column = (Column){PySequence_Fast_ITEMS(operands->list), NULL};
        operands->count = PySequence_Fast_GET_SIZE(operands->list);
    }
}

/* sum(values) and mean(values) */
static PyObject *
call_reduction(
    const char *name, uint32_t row, PyObject *const *args, Py_ssize_t count,
    PyObject *keywords)
{
    if (keywords != NULL || count != 1) {
        return ask_reference(name, args, count, keywords);
    }
    Operands items;
    PyObject *answer = NULL;
    if (view(args[0], &items) < 0) {
        return NULL;
    }
    look(&items);
    if (record_fold(row, &items.column, (size_t)items.count, NULL, &answer) == 0) {
        answer = ask_reference(name, items.list != NULL ? &items.list : args, 1, NULL);
    }
    let_go(&items);
    return answer;
}

static PyObject *
function_sum(
    PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count,
    PyObject *keywords)
{
    return call_reduction("sum", ROW_sum, args, count, keywords);
}

static PyObject *
function_mean(
    PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count,
    PyObject *keywords)
{
    return call_reduction("mean", ROW_mean, args, count, keywords);
}

/* dot(ws, xs, start=None) */
static PyObject *
function_dot(
    PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count,
    PyObject *keywords)
{
    if (keywords != NULL || count < 2 || count > 3) {
        return ask_reference("dot", args, count, keywords);
    }
    PyObject *start = count == 3 && args[2] != Py_None ? args[2] : NULL, *answer = NULL;
    Operands ws, xs;
    /* What makes the xs may change the list of the ws. */
    const int made_first = !is_sequence(args[1]) && !PyObject_CheckBuffer(args[1]);
    PyObject *first = made_first && PyList_CheckExact(args[0]) ? PyList_AsTuple(args[0])
                                                          : Py_NewRef(args[0]);
    if (first == NULL || view(first, &ws) < 0) {
        Py_XDECREF(first);
        return NULL;
    }
    Py_DECREF(first); /* the view keeps it, or its buffer does */
    if (view(args[1], &xs) < 0) {
        let_go(&ws);
        return NULL;
    }
    look(&ws);
    look(&xs);
    const Column columns[2] = {ws.column, xs.column};
    int made = 0;
    if (ws.count == xs.count) {
        made = record_fold(ROW_dot, columns, (size_t)ws.count, start, &answer);
    }
    if (made == 0) { /* numbers alone, or something else */
        PyObject *parts[3] = {
            ws.list != NULL ? ws.list : args[0], xs.list != NULL ? xs.list : args[1], start};
        answer = ask_reference("dot", parts, start != NULL ? 3 : 2, NULL);
    }
    let_go(&ws);
    let_go(&xs);
    return answer;
}

#define FAST(function)                               \
    ((PyCFunction)(void (*)(void))(function)), METH_FASTCALL | METH_KEYWORDS

static PyMethodDef functions[] = {
#define FUNCTION(name, doc) {#name, FAST(function_##name), doc},
    EVERY_FUNCTION(FUNCTION)
#undef FUNCTION
    {"sum", FAST(function_sum), "sum(values, start=0)\n--\n\n" DOC_sum},
    {"mean", FAST(function_mean), "mean(values)\n--\n\n" DOC_mean},
    {"dot", FAST(function_dot), "dot(ws, xs, start=None)\n--\n\n" DOC_dot},
    {NULL, NULL, 0, NULL},
};

/* The dict of all functions by name, aliases included. */
PyObject *
functions_make(PyObject *in_python, PyObject *aliases)
{
    PyObject *all = PyDict_New(), *package = PyUnicode_FromString("autograd");
    Py_XSETREF(reference, Py_NewRef(in_python));
    for (PyMethodDef *def = functions; all && package && def->ml_name != NULL; def++) {
        PyObject *function = PyCFunction_NewEx(def, NULL, package);
        if (function == NULL || PyDict_SetItemString(all, def->ml_name, function) < 0) {
            Py_CLEAR(all);
        }
        Py_XDECREF(function);
    }
    PyObject *alias, *name;
    Py_ssize_t position = 0;
    while (all && package && PyDict_Next(aliases, &position, &alias, &name)) {
        PyObject *function = PyDict_GetItemWithError(all, name);
        if (function != NULL ? PyDict_SetItem(all, alias, function) < 0
                             : PyErr_Occurred() != NULL) {
            Py_CLEAR(all);
        }
    }
    if (package == NULL) {
        Py_CLEAR(all);
    }
    Py_XDECREF(package);
    return all;
}
