/* Calling a program with plain numbers: the arguments' floats into memory, the packs,
   the results' floats out again, with nothing in Python between.

   A caller knows the structure of the arguments and of the result. Whatever is not
   exactly so, a guard with another outcome, or a number for which Python might raise,
   is not for it: it answers NotImplemented, and the program does what it does without
   a caller.

   A result that depends on leaves is a node on them, as those of a checkpoint: with
   the derivatives by them, which the same run gave, and what computes it again. */

#include "program.h"

#include <structmember.h>

/* Numbers that are copied together, since their slots are neighbors, or all one. */
typedef struct {
    int64_t slot; /* of the first; -1 if nobody reads them */
    int64_t count, step;
} Span;

typedef struct {
    Span *all;
    int64_t count;
} Spans;

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    Program *program;
    PyObject *leaves, *watch;
    PyObject *rule, *make; /* of nodes; what makes what computes one again */
    uint32_t row;
    char *depends; /* for each output, whether it is a node */
    double *numbers; /* what uniform slots hold before a call */
    double *spare;   /* memory that no call is using */
    int64_t *slots;  /* of the inputs, the parameters, the outputs, the guards and the slopes */
    int64_t inputs, parameters, outputs, guards, slopes;
    Spans taken, given; /* of the inputs and the outputs */
    char *outcomes; /* of the guards */
    int raises, hasty;
    Shape arguments, result;
} Caller;

enum { MOST_WITH_GIL = 64 }; /* packs, for which it is not worth to release it */

/* What is left to give of a call's results. */
typedef struct {
    const Caller *caller;
    PyObject *args;
    const double *memory, *from; /* the next number */
    const char *depends;
    const int64_t *slopes; /* the slots of the next node's */
} Results;

/* A number that depends on the leaves. */
static PyObject *
give_node(Results *results)
{
    const Caller *caller = results->caller;
    const Py_ssize_t n = PyTuple_GET_SIZE(caller->leaves);
    const double number = *results->from++;
    Value *node = value_new(caller->row, number, 2 * (size_t)n + 1);
    if (node == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        const double slope = results->memory[*results->slopes++];
        set_edge(&node->edges[i], NULL, slope);
        set_edge(&node->edges[n + i], (Value *)PyTuple_GET_ITEM(caller->leaves, i), slope);
    }
    set_edge(&node->edges[2 * n], NULL, number);
    PyObject *made = watched_unless_suspended(node);
    PyObject *k = PyLong_FromSsize_t(results->depends - 1 - caller->depends);
    PyObject *again = made == NULL || k == NULL
        ? NULL
        : PyObject_CallFunctionObjArgs(caller->make, k, results->args, NULL);
    if (again == NULL || PyObject_SetAttrString(made, "_kept", again) < 0) {
        Py_CLEAR(made);
    }
    Py_XDECREF(again);
    Py_XDECREF(k);
    return made;
}

static PyObject *
give_one(void *from)
{
    Results *results = from;
    return *results->depends++ ? give_node(results) : PyFloat_FromDouble(*results->from++);
}

/* An array, in which no number depends on a leaf. */
static PyObject *
give_array(const Shape *shape, void *from)
{
    Results *results = from;
    Py_buffer view;
    PyObject *array = PyObject_CallOneArg(shape->empty, shape->dimensions);
    if (array == NULL ||
        take_buffer(array, &view, "result", "d", shape->count, 1) == NULL) {
        Py_XDECREF(array);
        return NULL;
    }
    memcpy(view.buf, results->from, (size_t)shape->count * sizeof(double));
    results->from += shape->count;
    results->depends += shape->count;
    PyBuffer_Release(&view);
    return array;
}

/* Memory for a call: that of the packs, then room for what comes in and goes out. */
static double *
take_memory(Caller *caller)
{
    double *memory = caller->spare;
    caller->spare = NULL;
    if (memory == NULL) {
        const int64_t doubles = program_doubles(caller->program, 1);
        const int64_t room = Py_MAX(caller->inputs, caller->outputs);
        memory = memory_new(doubles + room);
        if (memory == NULL) {
            return NULL;
        }
        memcpy(memory, caller->numbers,
               (size_t)caller->program->uniform * sizeof *memory);
    }
    return memory;
}

static void
give_back(Caller *caller, double *memory)
{
    if (caller->spare == NULL) {
        caller->spare = memory;
    }
    else {
        memory_free(memory);
    }
}

/* Run the packs on memory that has its inputs. Returns whether the results count. */
static int
run_all(Caller *caller, const Plan *plan, double *memory)
{
    Program *program = caller->program;
    uint8_t failed = 0;
    const Run run = {memory, NULL, program->uniform,
                     program->first, 1, 1, caller->raises ? &failed : NULL};
    if (program->count > MOST_WITH_GIL) {
        Py_BEGIN_ALLOW_THREADS
        program_run_packs(program, plan, 0, program->count, &run);
        Py_END_ALLOW_THREADS
    }
    else {
        program_run_packs(program, plan, 0, program->count, &run);
    }
    const int64_t *guards =
        caller->slots + caller->inputs + caller->parameters + caller->outputs;
    for (int64_t i = 0; i < caller->guards; i++) {
        failed |= (memory[guards[i]] != 0.0) != (caller->outcomes[i] != 0);
    }
    return !failed;
}

/* The numbers that the program reads, to its memory. */
static void
put_numbers(const Caller *caller, const double *inputs, double *memory)
{
    const int64_t *slots = caller->slots + caller->inputs;
    for (int64_t i = 0; i < caller->taken.count; i++) {
        const Span span = caller->taken.all[i];
        if (span.slot >= 0) {
            const int64_t count = span.step == 1 ? span.count : 1;
            memcpy(memory + span.slot, inputs, (size_t)count * sizeof *inputs);
        }
        inputs += span.count;
    }
    for (int64_t i = 0; i < caller->parameters; i++, slots++) {
        if (*slots >= 0) {
            memory[*slots] = ((Value *)PyTuple_GET_ITEM(caller->leaves, i))->data;
        }
    }
}

/* Numbers that a copy of a span must have, on average, to cost less than they do. */
enum { LONG_SPAN = 8 };

/* Gather the results of a run. Returns whether they are those of the function, and not
   nan as only a careful recording may say. */
static int
gather(const Caller *caller, const double *memory, double *room)
{
    const int64_t *slots = caller->slots + caller->inputs + caller->parameters;
    const int one_by_one = caller->outputs < LONG_SPAN * caller->given.count;
    for (int64_t i = 0; one_by_one && i < caller->outputs; i++) {
        room[i] = memory[slots[i]];
    }
    double *to = room;
    for (int64_t i = 0; !one_by_one && i < caller->given.count; i++) {
        const Span span = caller->given.all[i];
        if (span.step == 1) {
            memcpy(to, memory + span.slot, (size_t)span.count * sizeof *to);
        }
        for (int64_t j = 0; span.step == 0 && j < span.count; j++) {
            to[j] = memory[span.slot];
        }
        to += span.count;
    }
    if (!caller->hasty) {
        return 1;
    }
    int spoiled = 0;
    for (int64_t i = 0; i < caller->outputs; i++) {
        spoiled |= room[i] != room[i];
    }
    slots += caller->outputs;
    for (int64_t i = 0; i < caller->guards + caller->slopes; i++) {
        spoiled |= memory[slots[i]] != memory[slots[i]];
    }
    return !spoiled;
}

/* The results of a run, whose numbers are gathered in the room. */
static PyObject *
take_results(const Caller *caller, PyObject *const *args, const double *memory,
             double *room)
{
    const int64_t *slots = caller->slots + caller->inputs + caller->parameters;
    Results results = {caller, NULL, memory, room, caller->depends,
                       slots + caller->outputs + caller->guards};
    const Giver giver = {give_one, give_array, &results};
    if (caller->slopes == 0) {
        return shape_give(&caller->result, &giver);
    }
    results.args = PyTuple_New(caller->arguments.count);
    for (Py_ssize_t i = 0; results.args != NULL && i < caller->arguments.count; i++) {
        PyTuple_SET_ITEM(results.args, i, Py_NewRef(args[i]));
    }
    PyObject *answer = results.args != NULL ? shape_give(&caller->result, &giver) : NULL;
    Py_XDECREF(results.args);
    return answer;
}

static PyObject *
caller_call(Caller *caller, PyObject *const *args, size_t flags, PyObject *keywords)
{
    const Py_ssize_t count = PyVectorcall_NARGS(flags);
    double *memory, *to;
    Plan *plan;
    if (keywords != NULL || count != caller->arguments.count ||
        (caller->slopes != 0 && suspended()) || !watch_is_same(caller->watch)) {
        return Py_NewRef(Py_NotImplemented);
    }
    if ((plan = program_plan(caller->program, 1)) == NULL ||
        (memory = take_memory(caller)) == NULL) {
        return NULL;
    }
    double *const room = memory + program_doubles(caller->program, 1);
    int fits = 1;
    to = room;
    for (Py_ssize_t i = 0; fits && i < count; i++) {
        fits = shape_take(&caller->arguments.parts[i], args[i], &to);
    }
    PyObject *answer = NULL;
    if (fits) {
        put_numbers(caller, room, memory);
        fits = run_all(caller, plan, memory) && gather(caller, memory, room);
        answer = fits ? take_results(caller, args, memory, room) : NULL;
    }
    give_back(caller, memory);
    program_plan_done(plan);
    return fits ? answer : Py_NewRef(Py_NotImplemented);
}

static PyTypeObject *Caller_Type;

/* The slots of one kind, from a buffer to the list of all. */
static int
add_slots(Caller *caller, PyObject *x, const char *name, int64_t least, int64_t *filled)
{
    Py_buffer view = {0};
    const int64_t *slots = take_buffer(x, &view, name, INTEGERS, 0, 0);
    if (slots == NULL) {
        return -1;
    }
    const int64_t count = view.len / 8;
    int64_t *all = PyMem_Realloc(caller->slots, (size_t)(*filled + count + 1) * 8);
    int failed = all == NULL;
    if (failed) {
        PyErr_NoMemory();
    }
    else {
        caller->slots = all;
    }
    for (int64_t i = 0; !failed && i < count; i++) {
        failed = slots[i] < least || slots[i] >= caller->program->uniform;
        all[*filled + i] = slots[i];
        if (failed) {
            PyErr_Format(PyExc_ValueError, "%s: slot %lld is none of the program's", name,
                         (long long)slots[i]);
        }
    }
    *filled += count;
    PyBuffer_Release(&view);
    return failed ? -1 : 0;
}

/* Slots in as few spans as they are; no input has the slot of another one. */
static int
find_spans(const int64_t *slots, int64_t n, Spans *spans)
{
    spans->all = PyMem_New(Span, (size_t)n + 1);
    if (spans->all == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (int64_t i = 0; i < n; i++) {
        Span *last = spans->count > 0 ? &spans->all[spans->count - 1] : NULL;
        const int64_t step = last == NULL ? -1 : slots[i] - slots[i - 1];
        const int goes_on = step == 0 || (step == 1 && slots[i - 1] >= 0);
        if (goes_on && (last->count == 1 || step == last->step)) {
            last->step = step;
            last->count++;
        }
        else {
            spans->all[spans->count++] = (Span){slots[i], 1, 1};
        }
    }
    return 0;
}

static int
caller_check(const Caller *caller, PyObject *arguments)
{
    const Program *program = caller->program;
    const char *wrong = NULL;
    if (program->once != program->count || program->sums != 0) {
        wrong = "a program over examples is mapped, not called";
    }
    else if (caller->arguments.kind != TUPLE ||
             shape_size(&caller->arguments) != caller->inputs ||
             shape_size(&caller->result) != caller->outputs) {
        wrong = "structures of other numbers than the program has";
    }
    else if (caller->parameters != PyTuple_GET_SIZE(caller->leaves)) {
        wrong = "a parameter for each leaf";
    }
    if (wrong != NULL) {
        PyErr_Format(PyExc_ValueError, "%s: %R", wrong, arguments);
        return -1;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(caller->leaves); i++) {
        if (!is_value(PyTuple_GET_ITEM(caller->leaves, i))) {
            PyErr_SetString(PyExc_TypeError, "leaves must be Values");
            return -1;
        }
    }
    return program_check_range(program, 0, program->count);
}

/* Fill in a caller: the numbers, the slots and the structures. */
static int
caller_fill(Caller *caller, PyObject *numbers, PyObject *const *slots, PyObject *outcomes,
            PyObject *arguments, PyObject *result)
{
    static const char *const names[] = {"inputs", "parameters", "outputs", "guards"};
    int64_t *const counts[] = {
        &caller->inputs, &caller->parameters, &caller->outputs, &caller->guards};
    const int64_t uniform = caller->program->uniform;
    Py_buffer view = {0};
    const double *given = take_buffer(numbers, &view, "numbers", "d", uniform, 0);
    if (given == NULL) {
        return -1;
    }
    caller->numbers = PyMem_New(double, (size_t)uniform + 1);
    if (caller->numbers != NULL) {
        memcpy(caller->numbers, given, (size_t)uniform * sizeof *given);
    }
    PyBuffer_Release(&view);
    int64_t filled = 0;
    for (int i = 0; caller->numbers != NULL && i < 4; i++) {
        const int64_t before = filled;
        if (add_slots(caller, slots[i], names[i], i < 2 ? -1 : 0, &filled) < 0) {
            return -1;
        }
        *counts[i] = filled - before;
    }
    caller->outcomes = PyMem_Malloc((size_t)caller->guards + 1);
    if (caller->numbers == NULL || caller->outcomes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (PyBytes_GET_SIZE(outcomes) != caller->guards) {
        PyErr_SetString(PyExc_ValueError, "an outcome for each guard");
        return -1;
    }
    memcpy(caller->outcomes, PyBytes_AS_STRING(outcomes), (size_t)caller->guards);
    const int64_t *outputs = caller->slots + caller->inputs + caller->parameters;
    if (find_spans(caller->slots, caller->inputs, &caller->taken) < 0 ||
        find_spans(outputs, caller->outputs, &caller->given) < 0 ||
        shape_read(&caller->arguments, arguments) < 0) {
        return -1;
    }
    return shape_read(&caller->result, result);
}

/* Which outputs are nodes, of the row ``name``, and the slots of their slopes. */
static int
caller_nodes(Caller *caller, PyObject *depends, PyObject *slopes, PyObject *name,
             PyObject *make)
{
    int64_t filled =
        caller->inputs + caller->parameters + caller->outputs + caller->guards;
    const int64_t before = filled;
    int64_t nodes = 0;
    caller->depends = PyMem_Calloc((size_t)caller->outputs + 1, 1);
    if (caller->depends == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (make == Py_None) {
        return 0;
    }
    if ((caller->rule = record_find_row(name, &caller->row)) == NULL ||
        add_slots(caller, slopes, "slopes", 0, &filled) < 0) {
        return -1;
    }
    caller->slopes = filled - before;
    caller->make = Py_NewRef(make);
    for (int64_t i = 0; i < caller->outputs && i < PyBytes_GET_SIZE(depends); i++) {
        caller->depends[i] = PyBytes_AS_STRING(depends)[i] != 0;
        nodes += caller->depends[i];
    }
    if (caller->slopes != nodes * caller->parameters) {
        PyErr_SetString(PyExc_ValueError, "a slope for each node and leaf");
        return -1;
    }
    return 0;
}

/* caller(numbers, inputs, parameters, leaves, outputs, guards, outcomes, arguments,
   result, raises, watch=None, depends=b"", slopes=b"", name="", make=None,
   hasty=False) */
PyObject *
program_caller(Program *program, PyObject *args)
{
    PyObject *numbers, *slots[4], *leaves, *outcomes, *arguments, *result;
    PyObject *watch = Py_None, *depends = NULL, *slopes = NULL, *name = NULL;
    PyObject *make = Py_None;
    int raises, hasty = 0;
    if (!PyArg_ParseTuple(
            args, "OOOO!OOSOOp|OSOUOp", &numbers, &slots[0], &slots[1], &PyTuple_Type, &leaves,
            &slots[2], &slots[3], &outcomes, &arguments, &result, &raises, &watch,
            &depends, &slopes, &name, &make, &hasty) ||
        watch_check(watch) < 0) {
        return NULL;
    }
    Caller *caller = (Caller *)PyType_GenericAlloc(Caller_Type, 0); /* all zeros */
    if (caller == NULL) {
        return NULL;
    }
    caller->call = (vectorcallfunc)caller_call;
    caller->program = (Program *)Py_NewRef((PyObject *)program);
    caller->leaves = Py_NewRef(leaves);
    caller->watch = Py_NewRef(watch);
    caller->raises = raises;
    caller->hasty = hasty;
    if (caller_fill(caller, numbers, slots, outcomes, arguments, result) < 0 ||
        caller_check(caller, arguments) < 0 ||
        caller_nodes(caller, depends, slopes, name, make) < 0) {
        Py_CLEAR(caller);
    }
    return (PyObject *)caller;
}

static int
caller_traverse(Caller *caller, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(caller));
    Py_VISIT(caller->watch);
    Py_VISIT(caller->make);
    return 0;
}

static int
caller_clear(Caller *caller)
{
    Py_XSETREF(caller->watch, Py_NewRef(Py_None));
    Py_XSETREF(caller->make, Py_NewRef(Py_None));
    return 0;
}

static void
caller_dealloc(Caller *caller)
{
    PyTypeObject *type = Py_TYPE(caller);
    PyObject_GC_UnTrack(caller);
    shape_clear(&caller->arguments);
    shape_clear(&caller->result);
    PyMem_Free(caller->numbers);
    memory_free(caller->spare);
    PyMem_Free(caller->depends);
    PyMem_Free(caller->slots);
    PyMem_Free(caller->taken.all);
    PyMem_Free(caller->given.all);
    PyMem_Free(caller->outcomes);
    Py_XDECREF(caller->program);
    Py_XDECREF(caller->leaves);
    Py_XDECREF(caller->watch);
    Py_XDECREF(caller->rule);
    Py_XDECREF(caller->make);
    type->tp_free((PyObject *)caller);
    Py_DECREF(type);
}

static PyMemberDef caller_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Caller, call), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot caller_slots[] = {
    {Py_tp_doc, "Calls a program with plain numbers, or answers NotImplemented."},
    {Py_tp_dealloc, caller_dealloc},
    {Py_tp_traverse, caller_traverse},
    {Py_tp_clear, caller_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, caller_members},
    {0, NULL},
};

static PyType_Spec caller_spec = {
    .name = "autograd.native.engine.Caller",
    .basicsize = sizeof(Caller),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_HAVE_GC |
        Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = caller_slots,
};

int
caller_init(PyObject *module)
{
    Caller_Type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &caller_spec, NULL);
    return Caller_Type != NULL ? 0 : -1;
}
