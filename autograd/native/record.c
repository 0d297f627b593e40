/* Applying a row of the table to Values and numbers, and remembering it.

   The arithmetic is generated: ``rules.h`` has a function for the value and the
   partials of each row. This file only calls it. Where a value comes out as nan or
   inf and Python might raise instead, and for rows that are not in C at all (made
   at run time, or with an algorithm of CPython's own), the row itself is asked, in
   Python, so that number and exception are those of the reference engine. */

#include "engine.h"

#include "docs.h"
#include "floats.h"
#include "rows.h"

/* A row of a fixed number of operands in C. What is NULL, Python computes. */
typedef struct {
    uint32_t operands; /* how many; 0 for a reduction, which takes any number */
    int fallible;      /* whether a value that is not finite may be an exception */
    double (*value)(const double *x);
    double (*partials[MOST_OPERANDS])(const double *x, double z);
} Code;

#include "rules.h"

static const Code *const codes[ROWS] = {
#define CODE(name) [ROW_##name] = &code_##name,
    EVERY_RULE(CODE)
#undef CODE
};

static const char *const names[ROWS] = {
#define NAME(name) #name,
    EVERY_ROW(NAME)
#undef NAME
};

/* Rows as Python objects: those in C, which stay, and those made at run time. */
static PyObject *rules[ROWS]; /* owned references */
static PyObject *defaults[ROWS]; /* owned tuples: what a call may leave out */
typedef struct {
    PyObject *rule; /* borrowed: the table and the nodes own it */
    int chooses;
} Later;
static Later *later;
static size_t later_count, later_room;
static PyObject *table;   /* autograd.table.rules.RULES */
static PyObject *numbers; /* a dict from a rule's address to its number */

PyObject *
rule_of(uint32_t row)
{
    return row & LATER ? later[row & ~LATER].rule : rules[row];
}

/* Whether a partial of exactly 0 of a row is so by structure. */
int
record_chooses(uint32_t row)
{
    static const char choices[ROWS] = {
#define CHOICE(name) [ROW_##name] = 1,
        EVERY_CHOICE(CHOICE)
#undef CHOICE
    };
    return row & LATER ? later[row & ~LATER].chooses : choices[row];
}

static const Code *
code_of(uint32_t row)
{
    static const Code in_python = {.fallible = 1};
    return row < ROWS && codes[row] != NULL ? codes[row] : &in_python;
}

/* Give a rule a number. */
static int
enlist(PyObject *rule, uint32_t row)
{
    PyObject *address = PyLong_FromVoidPtr(rule), *number = PyLong_FromUnsignedLong(row);
    int failed = address == NULL || number == NULL ||
                 PyDict_SetItem(numbers, address, number) < 0;
    Py_XDECREF(address);
    Py_XDECREF(number);
    return failed ? -1 : 0;
}

/* Give a rule that was made at run time a number. That of one that is gone serves
   the next one at its address, as no node has it any more. */
static int
enlist_later(PyObject *rule, uint32_t *row)
{
    if (later_count == later_room) {
        size_t room = 2 * later_room + 16;
        Later *more = PyMem_Realloc(later, room * sizeof *later);
        if (more == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        later = more;
        later_room = room;
    }
    if (later_count >= (NO_ROW & ~LATER)) {
        PyErr_SetString(PyExc_OverflowError, "too many rules");
        return -1;
    }
    PyObject *choice = PyObject_GetAttrString(rule, "choice");
    const int chooses = choice != NULL ? PyObject_IsTrue(choice) : -1;
    Py_XDECREF(choice);
    *row = LATER | (uint32_t)later_count;
    if (chooses < 0 || enlist(rule, *row) < 0) {
        return -1;
    }
    later[later_count] = (Later){rule, chooses};
    later_count++;
    return 0;
}

int
record_init(PyObject *all)
{
    Py_XSETREF(table, Py_NewRef(all));
    if (numbers == NULL && (numbers = PyDict_New()) == NULL) {
        return -1;
    }
    for (uint32_t i = 0; i < ROWS; i++) {
        Py_XSETREF(rules[i], PyMapping_GetItemString(table, names[i]));
        if (rules[i] == NULL) {
            if (PyErr_ExceptionMatches(PyExc_KeyError)) {
                PyErr_Format(
                    PyExc_SystemError, "autograd.table.rules has lost %s: build again",
                    names[i]);
            }
            return -1;
        }
        if (enlist(rules[i], i) < 0) {
            return -1;
        }
        if (codes[i] != NULL) {
            Py_XSETREF(defaults[i], PyObject_GetAttrString(rules[i], "defaults"));
            if (defaults[i] == NULL) {
                return -1;
            }
        }
    }
    return 0;
}

/* The row of a name as the table has it now, and a new reference to its rule. */
PyObject *
record_find_row(PyObject *name, uint32_t *row)
{
    PyObject *rule = PyObject_GetItem(table, name);
    PyObject *address = rule == NULL ? NULL : PyLong_FromVoidPtr(rule);
    if (address == NULL) {
        Py_XDECREF(rule);
        return NULL;
    }
    PyObject *number = PyDict_GetItemWithError(numbers, address);
    Py_DECREF(address);
    if (number != NULL) {
        *row = (uint32_t)PyLong_AsUnsignedLong(number);
    }
    else if (PyErr_Occurred() || enlist_later(rule, row) < 0) {
        Py_CLEAR(rule);
    }
    return rule;
}

/* Operands */

/* The double in a float that a Python function made, unless that raised. */
static int
double_from(PyObject *made, double *number)
{
    if (made == NULL) {
        return -1;
    }
    double x = PyFloat_AsDouble(made);
    Py_DECREF(made);
    if (x == -1.0 && PyErr_Occurred()) {
        return -1;
    }
    *number = x;
    return 0;
}

/* NumPy's scalars are known by the names of their types once, and then by the types'
   addresses: these are static, and run no Python code. */

static int
is_numpy_number(const PyTypeObject *type)
{
    return !(type->tp_flags & Py_TPFLAGS_HEAPTYPE) && type->tp_as_number != NULL &&
           type->tp_as_number->nb_float != NULL &&
           (strncmp(type->tp_name, "numpy.float", 11) == 0 ||
            strncmp(type->tp_name, "numpy.int", 9) == 0 ||
            strncmp(type->tp_name, "numpy.uint", 10) == 0);
}

PyTypeObject *numpy_float64;

/* The number of an int, a bool or a NumPy scalar, ``known`` as ``plain_operand``'s. */
double
plain_number(PyObject *x, int *known)
{
    static PyTypeObject *types[16];
    static size_t count;
    PyTypeObject *type = Py_TYPE(x);
    *known = 1;
    if (PyLong_CheckExact(x) || PyBool_Check(x)) {
        const double number = PyLong_AsDouble(x);
        *known = number == -1.0 && PyErr_Occurred() ? -1 : 1;
        return number;
    }
    size_t i = 0;
    while (i < count && types[i] != type) {
        i++;
    }
    if (i == count) {
        if (count == Py_ARRAY_LENGTH(types) || !is_numpy_number(type)) {
            *known = 0;
            return 0.0;
        }
        types[count++] = type;
        if (strcmp(type->tp_name, "numpy.float64") == 0 && PyFloat_Check(x)) {
            numpy_float64 = type;
        }
    }
    double number = 0.0;
    *known = double_from(type->tp_as_number->nb_float(x), &number) < 0 ? -1 : 1;
    return number;
}

/* A plain number as a double; ``name`` is what the caller calls it. */
int
as_double(PyObject *x, const char *name, double *number)
{
    Value *operand;
    double plainly;
    int known = plain_operand(x, &operand, &plainly);
    if (known > 0 && operand == NULL) {
        *number = plainly;
        return 0;
    }
    if (known < 0) {
        return -1;
    }
    return double_from(PyObject_CallFunction(python_as_float, "Os", x, name), number);
}

/* Whether x is a plain number that may stand beside a Value; -1 with an exception. */
int
is_number(PyObject *x)
{
    if (PyFloat_Check(x) || PyLong_Check(x)) {
        return 1;
    }
    PyObject *answer = PyObject_CallOneArg(python_is_number, x);
    if (answer == NULL) {
        return -1;
    }
    int number = PyObject_IsTrue(answer);
    Py_DECREF(answer);
    return number;
}

/* The number of any operand, with the row's name in the exception. */
int
operand_number(uint32_t row, PyObject *x, double *number)
{
    PyObject *name = PyObject_GetAttrString(rule_of(row), "name");
    PyObject *what = name == NULL ? NULL : PyUnicode_FromFormat("%S: operand", name);
    Py_XDECREF(name);
    const char *text = what == NULL ? NULL : PyUnicode_AsUTF8(what);
    int failed = text == NULL ? -1 : as_double(x, text, number);
    Py_XDECREF(what);
    return failed;
}

/* A node whose operands are still to come: until then, constants. */
static Value *
record_begin(uint32_t row, size_t count)
{
    Value *node = value_new(row, 0.0, count);
    if (node != NULL) {
        memset(node->edges, 0, count * sizeof(Edge));
    }
    return node;
}

/* Give a node its operand i. */
static int
record_operand(Value *node, size_t i, PyObject *x)
{
    Value *operand;
    double number;
    int known = plain_operand(x, &operand, &number);
    if (known < 0 || (known == 0 && operand_number(node->row, x, &number) < 0)) {
        return -1;
    }
    set_edge(&node->edges[i], operand, number);
    return 0;
}

/* A node with its operands. */
Value *
record_operands(uint32_t row, PyObject *const *operands, Py_ssize_t count)
{
    Value *node = record_begin(row, (size_t)count);
    for (Py_ssize_t i = 0; node != NULL && i < count; i++) {
        if (record_operand(node, (size_t)i, operands[i]) < 0) {
            Py_CLEAR(node);
        }
    }
    return node;
}

/* Values and partials */

static void
gather(const Value *node, double *x)
{
    for (uint32_t i = 0; i < node->count; i++) {
        x[i] = number_of(&node->edges[i]);
    }
}

static PyObject *
operand_numbers(const Value *node)
{
    PyObject *tuple = PyTuple_New(node->count);
    for (uint32_t i = 0; tuple != NULL && i < node->count; i++) {
        PyObject *x = PyFloat_FromDouble(number_of(&node->edges[i]));
        if (x == NULL) {
            Py_CLEAR(tuple);
        }
        else {
            PyTuple_SET_ITEM(tuple, i, x);
        }
    }
    return tuple;
}

/* Ask the row itself for a node's value: a number, or an exception. */
int
evaluate_in_python(Value *node)
{
    PyObject *tuple = operand_numbers(node);
    if (tuple == NULL) {
        return -1;
    }
    PyObject *rule = rule_of(node->row);
    PyObject *operands = recorders == 0 ? NULL : get_operands((PyObject *)node, NULL);
    PyObject *made = operands == NULL && recorders != 0
        ? NULL
        : PyObject_CallFunctionObjArgs(python_value, rule, tuple, operands, NULL);
    Py_XDECREF(operands);
    Py_DECREF(tuple);
    return double_from(made, &node->data);
}

/* Compute the value of a node that has its operands. */
static int
evaluate(Value *node, const Code *code)
{
    if (code->value == NULL || node->count != code->operands) {
        return evaluate_in_python(node);
    }
    double x[MOST_OPERANDS];
    gather(node, x);
    node->data = code->value(x);
    return code->fallible && !isfinite(node->data) ? evaluate_in_python(node) : 0;
}

static int
differentiate_in_python(Value *node)
{
    PyObject *numbers_of = operand_numbers(node);
    PyObject *operands = numbers_of == NULL ? NULL : PyTuple_New(node->count);
    PyObject *made = NULL;
    if (operands != NULL) {
        for (uint32_t i = 0; i < node->count; i++) {
            PyObject *x = (PyObject *)node->edges[i].operand;
            x = x != NULL ? x : PyTuple_GET_ITEM(numbers_of, i);
            PyTuple_SET_ITEM(operands, i, Py_NewRef(x));
        }
        made = PyObject_CallFunction(
            python_partials, "OOOd", rule_of(node->row), operands, numbers_of,
            node->data);
    }
    for (uint32_t i = 0; made != NULL && i < node->count; i++) {
        if (node->edges[i].operand != NULL) {
            node->edges[i].partial = PyFloat_AS_DOUBLE(PyTuple_GET_ITEM(made, i));
        }
    }
    const int failed = made == NULL;
    Py_XDECREF(numbers_of);
    Py_XDECREF(operands);
    Py_XDECREF(made);
    return failed ? -1 : 0;
}

/* Compute the partials of a node that has its value. */
static int
differentiate(Value *node, const Code *code)
{
    if (code->operands != 0 && node->count == code->operands) {
        double x[MOST_OPERANDS];
        gather(node, x);
        for (uint32_t i = 0; i < node->count; i++) {
            if (node->edges[i].operand != NULL) {
                if (code->partials[i] == NULL) {
                    return differentiate_in_python(node);
                }
                node->edges[i].partial = code->partials[i](x, node->data);
            }
        }
        return 0;
    }
    return differentiate_in_python(node);
}

/* How many operands a row takes; 0 for a reduction. */
Py_ssize_t
record_arity(uint32_t row)
{
    return code_of(row)->operands;
}

/* All operands of a row of a fixed number of them, defaults in place of the last; NULL if
   these are too many or too few. ``room`` is for MOST_OPERANDS, and borrows. */
PyObject *const *
record_complete(
    uint32_t row, PyObject *const *operands, Py_ssize_t count, PyObject **room)
{
    const Py_ssize_t missing = record_arity(row) - count;
    if (missing == 0) {
        return operands;
    }
    const Py_ssize_t known = PyTuple_GET_SIZE(defaults[row]);
    if (missing < 0 || missing > known) {
        return NULL;
    }
    memmove(room, operands, (size_t)count * sizeof *room); /* they may be the same */
    for (Py_ssize_t i = 0; i < missing; i++) {
        room[count + i] = PyTuple_GET_ITEM(defaults[row], known - missing + i);
    }
    return room;
}

/* The value of a row on floats, if that is certain without asking Python. */
int
record_value(uint32_t row, const double *x, uint32_t count, double *z)
{
    const Code *code = code_of(row);
    if (code->value == NULL || code->operands != count) {
        return 0;
    }
    *z = code->value(x);
    return !code->fallible || isfinite(*z);
}

/* The value of a row on the numbers of some operands. Where C is not sure of it, ask
   Python or return 0; else 1, or -1 with an exception. */
int
record_number(uint32_t row, const Edge *operands, size_t count, int ask, double *z)
{
    double x[MOST_OPERANDS];
    for (size_t i = 0; i < count && i < MOST_OPERANDS; i++) {
        x[i] = number_of(&operands[i]);
    }
    if (count <= MOST_OPERANDS && record_value(row, x, (uint32_t)count, z)) {
        return 1;
    }
    Value *node = ask ? record_begin(row, count) : NULL;
    if (node == NULL) {
        return ask ? -1 : 0;
    }
    for (size_t i = 0; i < count; i++) {
        node->edges[i].partial = number_of(&operands[i]);
    }
    const int failed = is_fold(row) ? evaluate_fold(node) : evaluate_in_python(node);
    *z = node->data;
    Py_DECREF(node);
    return failed ? -1 : 1;
}

/* Record a row whose value is known, on operands as a node's edges have them: Values,
   whose partials are still to come, and numbers. */
Value *
record_known(uint32_t row, double z, const Edge *operands, size_t count)
{
    Value *node = value_new(row, z, count);
    if (node == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        set_edge(&node->edges[i], operands[i].operand, operands[i].partial);
    }
    if (!suspended() && differentiate(node, code_of(row)) < 0) {
        Py_DECREF(node);
        return NULL;
    }
    return (Value *)unless_suspended(node);
}

/* Apply a row of a fixed number of operands: where one of them is a Value the result is
   a node, else a number. Returns 0 where it is not certain and finite, or -1. */
int
record_row(uint32_t row, const Edge *operands, size_t count, int live, Edge *made)
{
    const Code *code = code_of(row);
    double x[MOST_OPERANDS];
    for (size_t i = 0; i < count; i++) {
        x[i] = number_of(&operands[i]);
    }
    double z;
    if (!record_value(row, x, (uint32_t)count, &z) || !isfinite(z)) {
        return 0;
    }
    if (!live) {
        made->partial = z;
        return 1;
    }
    Value *node = value_new(row, z, count);
    int in_c = node != NULL;
    for (size_t i = 0; node != NULL && i < count; i++) {
        Value *operand = operands[i].operand;
        const int known = operand == NULL || code->partials[i] != NULL;
        in_c &= known;
        set_edge(&node->edges[i], operand,
                 operand == NULL || !known ? x[i] : code->partials[i](x, z));
    }
    if (node != NULL && !in_c && differentiate(node, code) < 0) {
        Py_CLEAR(node);
    }
    made->operand = node != NULL ? (Value *)finished(node) : NULL;
    return made->operand != NULL ? 1 : -1;
}

/* Give a node that has its operands all the rest. Takes the reference. */
static PyObject *
record_finish(Value *node)
{
    const Code *code = code_of(node->row);
    if (evaluate(node, code) < 0 || (!suspended() && differentiate(node, code) < 0)) {
        Py_DECREF(node);
        return NULL;
    }
    if (rule_of(node->row) == python_checkpoint) {
        return watched_unless_suspended(node);
    }
    return unless_suspended(node);
}

/* ``where(condition, x, y)``: what is not chosen stays in view, as a constant, so
   that an inf or a nan in its derivatives cannot leak through a zero. */
static PyObject *
record_where(PyObject *const *operands)
{
    int condition = PyObject_IsTrue(operands[0]);
    if (condition < 0) {
        return NULL;
    }
    Value *node = record_begin(ROW_where, 3);
    if (node == NULL) {
        return NULL;
    }
    set_edge(&node->edges[0], NULL, condition ? 1.0 : 0.0);
    for (size_t i = 1; i <= 2; i++) {
        PyObject *x = operands[i];
        if (is_value(x) && condition != (i == 1)) {
            set_edge(&node->edges[i], NULL, ((Value *)x)->data);
        }
        else if (record_operand(node, i, x) < 0) {
            Py_DECREF(node);
            return NULL;
        }
    }
    return record_finish(node);
}

/* Apply a row. */
PyObject *
record(uint32_t row, PyObject *const *operands, Py_ssize_t count)
{
    if (row == ROW_where && count == 3) {
        return record_where(operands);
    }
    if (is_fold(row)) {
        return record_any_fold(row, operands, count);
    }
    Value *node = record_operands(row, operands, count);
    return node != NULL ? record_finish(node) : NULL;
}

/* Apply a row of Python's operators, which must leave strangers to their own type. */
static PyObject *
record_operator(uint32_t row, PyObject *x, PyObject *y)
{
    PyObject *operands[2] = {x, y};
    for (int i = 0; i < 2; i++) {
        int fits = is_value(operands[i]) ? 1 : is_number(operands[i]);
        if (fits <= 0) {
            return fits < 0 ? NULL : Py_NewRef(Py_NotImplemented);
        }
    }
    return record(row, operands, 2);
}

/* The operations that every program uses, in one piece each. */

#define BINARY(name)                                                               \
    static PyObject *binary_##name(PyObject *a, PyObject *b)                       \
    {                                                                              \
        Value *left, *right;                                                       \
        double x[2];                                                               \
        int known = plain_operand(a, &left, &x[0]);                                \
        if (known > 0) {                                                           \
            known = plain_operand(b, &right, &x[1]);                                   \
        }                                                                          \
        if (known <= 0) {                                                          \
            return known < 0 ? NULL : record_operator(ROW_##name, a, b);           \
        }                                                                          \
        const double z = value_##name(x);                                          \
        if (FALLIBLE_##name && !isfinite(z)) {                                     \
            return record_operator(ROW_##name, a, b);                              \
        }                                                                          \
        if (suspended()) {                                                         \
            return (PyObject *)value_leaf(z);                                      \
        }                                                                          \
        Value *node = value_new(ROW_##name, z, 2);                                 \
        if (node == NULL) {                                                        \
            return NULL;                                                           \
        }                                                                          \
        set_edge(&node->edges[0], left, left ? partial_##name##_0(x, z) : x[0]);   \
        set_edge(&node->edges[1], right, right ? partial_##name##_1(x, z) : x[1]); \
        return finished(node);                                                     \
    }

BINARY(add)
BINARY(sub)
BINARY(mul)
BINARY(truediv)
BINARY(floordiv)
BINARY(mod)
BINARY(pow)

#define UNARY(name)                                                                \
    static PyObject *unary_##name(PyObject *self)                                  \
    {                                                                              \
        Value *operand = (Value *)self;                                            \
        if (code_##name.value == NULL || code_##name.partials[0] == NULL) {        \
            return record(ROW_##name, &self, 1);                                   \
        }                                                                          \
        const double z = code_##name.value(&operand->data);                        \
        if (code_##name.fallible && !isfinite(z)) {                                \
            return record(ROW_##name, &self, 1);                                   \
        }                                                                          \
        if (suspended()) {                                                         \
            return (PyObject *)value_leaf(z);                                      \
        }                                                                          \
        Value *node = value_new(ROW_##name, z, 1);                                 \
        if (node == NULL) {                                                        \
            return NULL;                                                           \
        }                                                                          \
        set_edge(&node->edges[0], operand,                                         \
                 code_##name.partials[0](&operand->data, z));                      \
        return finished(node);                                                     \
    }

EVERY_UNARY_ROW(UNARY)

static PyObject *
ternary_pow(PyObject *x, PyObject *y, PyObject *modulus)
{
    if (modulus != Py_None) {
        PyErr_SetString(PyExc_TypeError, "pow() of a Value takes no modulus");
        return NULL;
    }
    return binary_pow(x, y);
}

/* Methods */

#define UNARY_METHOD(method, row, doc)                                             \
    static PyObject *method_##method(PyObject *self, PyObject *Py_UNUSED(ignored)) \
    {                                                                              \
        return unary_##row(self);                                                  \
    }
EVERY_UNARY_METHOD(UNARY_METHOD)
#undef UNARY_METHOD

/* Names, defaults and mistakes: the method made from the row, in Python. */
static PyObject *
method_in_python(const char *name, PyObject *self, PyObject *const *args,
                 Py_ssize_t count, PyObject *keywords)
{
    PyObject *method = PyObject_GetAttrString(python_operations, name);
    if (method == NULL) {
        return NULL;
    }
    Py_ssize_t all = count + (keywords == NULL ? 0 : PyTuple_GET_SIZE(keywords));
    PyObject **stack = PyMem_New(PyObject *, (size_t)all + 1), *answer = NULL;
    if (stack == NULL) {
        PyErr_NoMemory();
    }
    else {
        stack[0] = self;
        if (all > 0) {
            memcpy(stack + 1, args, (size_t)all * sizeof *args);
        }
        answer = PyObject_Vectorcall(method, stack, (size_t)count + 1, keywords);
    }
    PyMem_Free(stack);
    Py_DECREF(method);
    return answer;
}

/* A method of a row with further operands. */
static PyObject *
method_of(const char *name, uint32_t row, PyObject *self, PyObject *const *args,
          Py_ssize_t count, PyObject *keywords)
{
    PyObject *operands[MOST_OPERANDS] = {self};
    if (keywords == NULL && count < record_arity(row)) {
        for (Py_ssize_t i = 0; i < count; i++) {
            operands[1 + i] = args[i];
        }
        if (record_complete(row, operands, count + 1, operands) != NULL) {
            return record(row, operands, record_arity(row));
        }
    }
    return method_in_python(name, self, args, count, keywords);
}

#define LONGER_METHOD(method, row, doc)                                            \
    static PyObject *method_##method(                                              \
        PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *named)  \
    {                                                                              \
        return method_of(#method, ROW_##row, self, args, count, named);            \
    }
EVERY_LONGER_METHOD(LONGER_METHOD)
#undef LONGER_METHOD

/* relu(at_zero=0.0): with another slope at 0 it is a row of its own. */
static PyObject *
method_relu(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    if (count == 0 && keywords == NULL) {
        return unary_relu(self);
    }
    Py_ssize_t named = keywords == NULL ? 0 : PyTuple_GET_SIZE(keywords);
    if (count + named != 1 ||
        (named == 1 && PyUnicode_CompareWithASCIIString(
                           PyTuple_GET_ITEM(keywords, 0), "at_zero") != 0)) {
        return method_in_python("relu", self, args, count, keywords);
    }
    if (PyFloat_CheckExact(args[0]) && PyFloat_AS_DOUBLE(args[0]) == 0.0) {
        return unary_relu(self);
    }
    PyObject *operands[2] = {self, args[0]};
    return record(ROW_relu_at, operands, 2);
}

/* _apply(name, operands): any row, also one that was added at run time. */
static PyObject *
method_apply(PyObject *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count)
{
    uint32_t row;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "_apply(name, operands) takes 2 arguments");
        return NULL;
    }
    PyObject *rule = record_find_row(args[0], &row), *made = NULL;
    PyObject *tuple = rule == NULL ? NULL : PySequence_Tuple(args[1]);
    if (tuple != NULL) {
        made = record(row, &PyTuple_GET_ITEM(tuple, 0), PyTuple_GET_SIZE(tuple));
    }
    Py_XDECREF(tuple);
    Py_XDECREF(rule); /* the table may have lost it meanwhile */
    return made;
}

#define FAST(function) ((PyCFunction)(void (*)(void))(function))

PyMethodDef record_methods[] = {
#define UNARY_METHOD(method, row, doc) \
    {#method, method_##method, METH_NOARGS, #method "($self, /)\n--\n\n" doc},
    EVERY_UNARY_METHOD(UNARY_METHOD)
#define LONGER_METHOD(method, row, doc) \
    {#method, FAST(method_##method), METH_FASTCALL | METH_KEYWORDS, doc},
    EVERY_LONGER_METHOD(LONGER_METHOD)
    {"relu", FAST(method_relu), METH_FASTCALL | METH_KEYWORDS,
     "relu($self, /, at_zero=0.0)\n--\n\n" DOC_relu},
    {"_apply", FAST(method_apply), METH_FASTCALL,
     "_apply($self, name, operands, /)\n--\n\nApply a row of the table by its name."},
    {NULL, NULL, 0, NULL},
};

PyType_Slot record_slots[] = {
    {Py_nb_add, binary_add},
    {Py_nb_subtract, binary_sub},
    {Py_nb_multiply, binary_mul},
    {Py_nb_true_divide, binary_truediv},
    {Py_nb_floor_divide, binary_floordiv},
    {Py_nb_remainder, binary_mod},
    {Py_nb_power, ternary_pow},
    {Py_nb_negative, unary_neg},
    {Py_nb_absolute, unary_abs},
    {0, NULL},
};
