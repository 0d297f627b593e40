/* What entries were when the program was recorded: computed when it is asked for. */

#include "wengert.h"

#include "kernels.h"

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
        if (PyUnicode_CompareWithASCIIString(op_name(op), function->name) == 0) {
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
