/* Mapping a program over arrays of examples, with nothing in Python between: the
   arrays' numbers into memory block by block, the packs, arrays of results out again,
   and the sums of gradients to the leaves.

   A mapper takes arrays of doubles with the examples first, of the very shapes that it
   was made for, all of one length. Whatever is not exactly so, an example that takes
   another path, or one for which Python might raise, is not for it: it answers
   NotImplemented, has changed nothing, and the program does what it does without.

   Threads that share the examples give a tuple of arrays for the results besides, each a
   part of the whole. */

#include "program.h"

#include <structmember.h>

/* Which number of an argument's example goes to which slot. */
typedef struct {
    Py_ssize_t argument;
    int64_t number, slot;
} Source;

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    Program *program;
    PyObject *leaves, *shapes, *empty, *watch;
    double *numbers, *spare; /* of uniform slots; memory that no call is using */
    Source *columns;
    int64_t *slots; /* of the parameters, the outputs and the guards; then the totals */
    char *outcomes;
    int64_t inputs, parameters, outputs, guards;
    int64_t seed; /* the slot of the scale, -1 if nothing depends on it */
    int64_t block, most;
    int total, raises, hasty;
} Mapper;

/* One call: what it holds, and must give back. */
typedef struct {
    Py_buffer *views; /* of the arguments, then of the results */
    Py_ssize_t held;
    int64_t n;
    double *memory, *sums;
    PyObject *results; /* an array for each output */
    double *found;     /* n numbers for each guard; in the same room: */
    double *totals;    /* for each leaf, if there are any */
    uint8_t *failed;   /* for each example */
} Call;

/* The examples of an array whose rows are of some shape, each in one piece; 0 if it is
   no such array. */
static int64_t
take_rows(PyObject *x, PyObject *shape, Py_buffer *view)
{
    if (strcmp(Py_TYPE(x)->tp_name, "numpy.ndarray") != 0 ||
        PyObject_GetBuffer(x, view, PyBUF_STRIDES | PyBUF_FORMAT) < 0) {
        PyErr_Clear();
        view->obj = NULL;
        return 0;
    }
    Py_ssize_t size = sizeof(double);
    int fits = strcmp(view->format, "d") == 0 && view->ndim == PyTuple_GET_SIZE(shape) + 1;
    for (int i = view->ndim - 1; fits && i > 0; i--) {
        const Py_ssize_t count = PyLong_AsSsize_t(PyTuple_GET_ITEM(shape, i - 1));
        fits = view->shape[i] == count && (count <= 1 || view->strides[i] == size);
        size *= count;
    }
    return fits ? view->shape[0] : 0;
}

/* The arguments of a call: 1, 0 if they are not for the mapper, or -1. */
static int
take_arguments(const Mapper *mapper, PyObject *const *args, Call *call)
{
    const Py_ssize_t count = PyTuple_GET_SIZE(mapper->shapes);
    call->views = PyMem_Calloc((size_t)(count + mapper->outputs), sizeof(Py_buffer));
    if (call->views == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        const int64_t n =
            take_rows(args[i], PyTuple_GET_ITEM(mapper->shapes, i), &call->views[i]);
        call->held = i + 1;
        if (n < 1 || n > mapper->most || (i > 0 && n != call->n)) {
            return 0;
        }
        call->n = n;
    }
    return 1;
}

/* An array for each output, to be filled: the caller's, or new ones. */
static int
take_results(const Mapper *mapper, Call *call)
{
    PyObject *n = PyLong_FromLongLong(call->n);
    const int given = call->results != NULL;
    if (n != NULL && !given) {
        call->results = PyTuple_New((Py_ssize_t)mapper->outputs);
    }
    int failed = n == NULL || call->results == NULL;
    for (int64_t i = 0; !failed && i < mapper->outputs; i++) {
        PyObject *array = given ? PyTuple_GET_ITEM(call->results, i)
                                : PyObject_CallOneArg(mapper->empty, n);
        failed = array == NULL;
        if (!failed) {
            if (!given) {
                PyTuple_SET_ITEM(call->results, i, array);
            }
            failed = take_buffer(array, &call->views[call->held++], "result", "d",
                                 call->n, 1) == NULL;
        }
    }
    Py_XDECREF(n);
    return failed ? -1 : 0;
}

static double *
result_of(const Mapper *mapper, const Call *call, int64_t i)
{
    return call->views[PyTuple_GET_SIZE(mapper->shapes) + i].buf;
}

/* Room for a call: the packs' memory and the sums behind it, perhaps of the call
   before; and for what comes out. */
static int
take_room(Mapper *mapper, Call *call)
{
    const Program *program = mapper->program;
    const int64_t doubles = program_doubles(program, mapper->block);
    const size_t most = PY_SSIZE_T_MAX / sizeof(double) / 2;
    call->memory = mapper->spare;
    mapper->spare = NULL;
    if (call->memory == NULL) {
        call->memory = memory_new(doubles + program->sums * SUMS);
        if (call->memory == NULL) {
            return -1;
        }
        memcpy(call->memory, mapper->numbers, (size_t)program->uniform * sizeof(double));
    }
    if ((size_t)call->n < most / (size_t)(mapper->guards + 1)) {
        const int64_t numbers = call->n * mapper->guards + mapper->parameters;
        call->found = PyMem_Malloc((size_t)numbers * sizeof(double) + (size_t)call->n);
    }
    if (call->found == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    call->sums = call->memory + doubles;
    memset(call->sums, 0, (size_t)(program->sums * SUMS) * sizeof(double));
    call->totals = call->found + mapper->guards * call->n;
    call->failed = (uint8_t *)(call->totals + mapper->parameters);
    memset(call->failed, 0, (size_t)call->n);
    return take_results(mapper, call);
}

static void
call_done(Mapper *mapper, Call *call)
{
    release_buffers(call->views, (int)call->held);
    PyMem_Free(call->views);
    PyMem_Free(call->found);
    Py_XDECREF(call->results);
    if (mapper->spare == NULL) {
        mapper->spare = call->memory;
    }
    else {
        memory_free(call->memory);
    }
}

/* The sums of the derivatives by the leaves, each of its accumulators in pairs. */
static void
add_up(const Mapper *mapper, const Call *call)
{
    const int64_t *totals =
        mapper->slots + mapper->parameters + mapper->outputs + mapper->guards;
    for (int64_t i = 0; mapper->total && i < mapper->parameters; i++) {
        const double *x = call->sums + totals[i] * SUMS;
        call->totals[i] =
            ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
    }
}

/* All packs, for all examples. Returns -1 with an exception if there is no memory. */
static int
run_all(Mapper *mapper, Call *call, double scale)
{
    Program *program = mapper->program;
    const int64_t kept = mapper->outputs + mapper->guards;
    double *memory = call->memory;
    for (int64_t i = 0; i < mapper->parameters; i++) {
        if (mapper->slots[i] >= 0) {
            memory[mapper->slots[i]] = ((Value *)PyTuple_GET_ITEM(mapper->leaves, i))->data;
        }
    }
    if (mapper->seed >= 0) {
        memory[mapper->seed] = scale;
    }
    Plan *plan = program_plan(program, mapper->block);
    int64_t *room = PyMem_New(int64_t, (size_t)(3 * mapper->inputs + 2 * kept + 1));
    if (plan == NULL || room == NULL) {
        PyMem_Free(room);
        PyErr_NoMemory();
        return -1;
    }
    int64_t *slots = room + 2 * mapper->inputs, *places = slots + mapper->inputs;
    for (int64_t i = 0; i < mapper->inputs; i++) {
        const Source *column = &mapper->columns[i];
        const Py_buffer *view = &call->views[column->argument];
        room[2 * i] = (int64_t)(intptr_t)((double *)view->buf + column->number);
        room[2 * i + 1] = view->strides[0];
        slots[i] = column->slot;
    }
    for (int64_t i = 0; i < kept; i++) {
        const int64_t guard = i - mapper->outputs;
        const double *to =
            guard < 0 ? result_of(mapper, call, i) : call->found + guard * call->n;
        places[2 * i] = (int64_t)(intptr_t)to;
        places[2 * i + 1] = sizeof(double);
    }
    const Mapping map = {
        program->once, mapper->block, call->n, {room, slots, mapper->inputs},
        {places, mapper->slots + mapper->parameters, kept}};
    Run run = {memory, call->sums, program->uniform, program->first, mapper->block,
               1, mapper->raises ? call->failed : NULL};
    Py_BEGIN_ALLOW_THREADS
    program_run_packs(program, plan, 0, program->once, &run);
    program_map_blocks(program, plan, &map, &run);
    add_up(mapper, call);
    Py_END_ALLOW_THREADS
    program_plan_done(plan);
    PyMem_Free(room);
    return 0;
}

/* Whether something is nan that may be a number to a careful recording. */
static int
is_spoiled(const Mapper *mapper, const Call *call)
{
    int spoiled = 0;
    for (int64_t i = 0; i < mapper->outputs; i++) {
        const double *x = result_of(mapper, call, i);
        for (int64_t k = 0; k < call->n; k++) {
            spoiled |= x[k] != x[k];
        }
    }
    for (int64_t i = 0; i < mapper->guards * call->n; i++) { /* of watched derivatives */
        spoiled |= call->found[i] != call->found[i];
    }
    for (int64_t i = 0; mapper->total && i < mapper->parameters; i++) {
        spoiled |= call->totals[i] != call->totals[i];
    }
    return spoiled;
}

/* Whether all examples took this path, and none of them may have raised. */
static int
all_fit(const Mapper *mapper, const Call *call)
{
    if (memchr(call->failed, 1, (size_t)call->n) != NULL) {
        return 0;
    }
    const double *found = call->found;
    int other = 0;
    for (int64_t i = 0; i < mapper->guards; i++) {
        for (int64_t k = 0; k < call->n; k++) {
            other |= (*found++ != 0.0) != (mapper->outcomes[i] != 0);
        }
    }
    return !other && !(mapper->hasty && is_spoiled(mapper, call));
}

/* Add the sums to the leaves' gradients. */
static void
add_gradients(const Mapper *mapper, const Call *call)
{
    for (int64_t i = 0; i < mapper->parameters; i++) {
        ((Value *)PyTuple_GET_ITEM(mapper->leaves, i))->grad += call->totals[i];
    }
}

static PyObject *
mapper_call(Mapper *mapper, PyObject *const *args, size_t flags, PyObject *keywords)
{
    const Py_ssize_t count = PyVectorcall_NARGS(flags), own = mapper->total != 0;
    const Py_ssize_t arrays = PyTuple_GET_SIZE(mapper->shapes);
    Call call = {0};
    if (!own && count == arrays + 1 && PyTuple_CheckExact(args[arrays]) &&
        PyTuple_GET_SIZE(args[arrays]) == mapper->outputs) {
        call.results = args[arrays];
    }
    if (keywords != NULL || (call.results == NULL && count != arrays + own) ||
        (own && !PyFloat_CheckExact(args[0])) || !watch_is_same(mapper->watch)) {
        return Py_NewRef(Py_NotImplemented);
    }
    Py_XINCREF(call.results);
    int fits = take_arguments(mapper, args + own, &call);
    if (fits > 0) {
        const double scale = own ? PyFloat_AS_DOUBLE(args[0]) : 0.0;
        fits = take_room(mapper, &call) < 0 || run_all(mapper, &call, scale) < 0
            ? -1
            : all_fit(mapper, &call);
    }
    if (fits > 0 && mapper->total) {
        add_gradients(mapper, &call);
    }
    PyObject *answer = fits < 0 ? NULL
                     : Py_NewRef(fits > 0 ? call.results : Py_NotImplemented);
    call_done(mapper, &call);
    return answer;
}

/* Making one */

static PyTypeObject *Mapper_Type;

/* Some integers from a buffer to the end of the list of all. */
static int
add_slots(Mapper *mapper, PyObject *x, const char *name, int64_t least, int64_t limit,
          int64_t *filled, int64_t *count)
{
    Py_buffer view = {0};
    const int64_t *slots = take_buffer(x, &view, name, INTEGERS, 0, 0);
    if (slots == NULL) {
        return -1;
    }
    *count = view.len / 8;
    int64_t *all = PyMem_Realloc(mapper->slots, (size_t)(*filled + *count + 1) * 8);
    int failed = all == NULL;
    if (failed) {
        PyErr_NoMemory();
    }
    else {
        mapper->slots = all;
    }
    for (int64_t i = 0; !failed && i < *count; i++) {
        all[*filled + i] = slots[i];
        failed = slots[i] < least || slots[i] >= limit;
        if (failed) {
            PyErr_Format(PyExc_ValueError, "%s: %lld is none of the program's", name,
                         (long long)slots[i]);
        }
    }
    *filled += *count;
    PyBuffer_Release(&view);
    return failed ? -1 : 0;
}

/* The columns of the arguments that the program reads. */
static int
fill_columns(Mapper *mapper, PyObject *inputs)
{
    Py_buffer view = {0};
    const int64_t *slots = take_buffer(inputs, &view, "inputs", INTEGERS, 0, 0);
    if (slots == NULL) {
        return -1;
    }
    const int64_t count = view.len / 8;
    int64_t at = 0;
    mapper->columns = PyMem_New(Source, (size_t)count + 1);
    int failed = mapper->columns == NULL;
    for (Py_ssize_t i = 0; !failed && i < PyTuple_GET_SIZE(mapper->shapes); i++) {
        PyObject *shape = PyTuple_GET_ITEM(mapper->shapes, i);
        int64_t size = 1;
        failed = !PyTuple_Check(shape);
        for (Py_ssize_t j = 0; !failed && j < PyTuple_GET_SIZE(shape); j++) {
            const Py_ssize_t n = PyLong_AsSsize_t(PyTuple_GET_ITEM(shape, j));
            failed = n < 0 || (n > 0 && size > count / n);
            size *= n;
        }
        for (int64_t j = 0; !failed && j < size; j++, at++) {
            failed = at >= count || slots[at] < -1 ||
                slots[at] >= mapper->program->slots ||
                (slots[at] >= 0 && slots[at] < mapper->program->uniform);
            if (!failed && slots[at] >= 0) {
                mapper->columns[mapper->inputs++] = (Source){i, j, slots[at]};
            }
        }
    }
    PyBuffer_Release(&view);
    if (!failed && at == count) {
        return 0;
    }
    PyErr_Clear();
    PyErr_SetString(PyExc_ValueError, "inputs: not those of arguments of these shapes");
    return -1;
}

static int
mapper_check(const Mapper *mapper, int64_t totals)
{
    const Program *program = mapper->program;
    const char *wrong = NULL;
    if (mapper->block < 1 || mapper->block % SUMS != 0 || mapper->block > INT32_MAX ||
        program->slots - program->uniform > (INT64_MAX >> 8) / mapper->block) {
        wrong = "a block that is no multiple of 8";
    }
    else if (mapper->parameters != PyTuple_GET_SIZE(mapper->leaves)) {
        wrong = "a parameter for each leaf";
    }
    else if (mapper->total ? totals != mapper->parameters : program->sums != 0) {
        wrong = "a total for each parameter";
    }
    else if (mapper->seed < -1 || mapper->seed >= program->uniform) {
        wrong = "a seed that is the same for all examples";
    }
    for (Py_ssize_t i = 0; wrong == NULL && i < PyTuple_GET_SIZE(mapper->leaves); i++) {
        wrong = is_value(PyTuple_GET_ITEM(mapper->leaves, i)) ? NULL : "leaves: Values";
    }
    if (wrong != NULL) {
        PyErr_Format(PyExc_ValueError, "a mapper needs %s", wrong);
        return -1;
    }
    return program_check_range(program, 0, program->count);
}

static int
mapper_fill(Mapper *mapper, PyObject *numbers, PyObject *inputs, PyObject *const *slots,
            PyObject *outcomes)
{
    const Program *program = mapper->program;
    const int64_t uniform = program->uniform;
    int64_t filled = 0, totals = 0;
    Py_buffer view = {0};
    const double *given = take_buffer(numbers, &view, "numbers", "d", uniform, 0);
    if (given == NULL) {
        return -1;
    }
    mapper->numbers = PyMem_New(double, (size_t)uniform + 1);
    if (mapper->numbers != NULL) {
        memcpy(mapper->numbers, given, (size_t)uniform * sizeof *given);
    }
    PyBuffer_Release(&view);
    mapper->outcomes = PyMem_Malloc((size_t)PyBytes_GET_SIZE(outcomes) + 1);
    if (mapper->numbers == NULL || mapper->outcomes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(mapper->outcomes, PyBytes_AS_STRING(outcomes),
           (size_t)PyBytes_GET_SIZE(outcomes));
    if (fill_columns(mapper, inputs) < 0 ||
        add_slots(mapper, slots[0], "parameters", -1, uniform, &filled,
                  &mapper->parameters) < 0 ||
        add_slots(mapper, slots[1], "outputs", 0, program->slots, &filled,
                  &mapper->outputs) < 0 ||
        add_slots(mapper, slots[2], "guards", 0, program->slots, &filled,
                  &mapper->guards) < 0 ||
        add_slots(mapper, slots[3], "totals", 0, program->sums, &filled, &totals) < 0) {
        return -1;
    }
    if (PyBytes_GET_SIZE(outcomes) != mapper->guards) {
        PyErr_SetString(PyExc_ValueError, "an outcome for each guard");
        return -1;
    }
    return mapper_check(mapper, totals);
}

/* mapper(numbers, inputs, parameters, leaves, outputs, guards, outcomes, totals, seed,
   total, block, most, shapes, empty, raises, watch, hasty=False) */
PyObject *
program_mapper(Program *program, PyObject *args)
{
    PyObject *numbers, *inputs, *slots[4], *leaves, *outcomes, *shapes, *empty, *watch;
    long long seed, block, most;
    int total, raises, hasty = 0;
    if (!PyArg_ParseTuple(
            args, "OOOO!OOSOLpLLO!OpO|p", &numbers, &inputs, &slots[0], &PyTuple_Type,
            &leaves, &slots[1], &slots[2], &outcomes, &slots[3], &seed, &total, &block,
            &most, &PyTuple_Type, &shapes, &empty, &raises, &watch, &hasty) ||
        watch_check(watch) < 0) {
        return NULL;
    }
    Mapper *mapper = (Mapper *)PyType_GenericAlloc(Mapper_Type, 0); /* all zeros */
    if (mapper == NULL) {
        return NULL;
    }
    mapper->call = (vectorcallfunc)mapper_call;
    mapper->program = (Program *)Py_NewRef((PyObject *)program);
    mapper->leaves = Py_NewRef(leaves);
    mapper->shapes = Py_NewRef(shapes);
    mapper->empty = Py_NewRef(empty);
    mapper->watch = Py_NewRef(watch);
    mapper->seed = seed;
    mapper->total = total;
    mapper->block = block;
    mapper->most = most;
    mapper->raises = raises;
    mapper->hasty = hasty;
    if (mapper_fill(mapper, numbers, inputs, slots, outcomes) < 0) {
        Py_CLEAR(mapper);
    }
    return (PyObject *)mapper;
}

static int
mapper_traverse(Mapper *mapper, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(mapper));
    Py_VISIT(mapper->watch);
    return 0;
}

static int
mapper_clear(Mapper *mapper)
{
    Py_XSETREF(mapper->watch, Py_NewRef(Py_None));
    return 0;
}

static void
mapper_dealloc(Mapper *mapper)
{
    PyTypeObject *type = Py_TYPE(mapper);
    PyObject_GC_UnTrack(mapper);
    PyMem_Free(mapper->numbers);
    memory_free(mapper->spare);
    PyMem_Free(mapper->columns);
    PyMem_Free(mapper->slots);
    PyMem_Free(mapper->outcomes);
    Py_XDECREF(mapper->program);
    Py_XDECREF(mapper->leaves);
    Py_XDECREF(mapper->shapes);
    Py_XDECREF(mapper->empty);
    Py_XDECREF(mapper->watch);
    type->tp_free((PyObject *)mapper);
    Py_DECREF(type);
}

static PyMemberDef mapper_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Mapper, call), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot mapper_slots[] = {
    {Py_tp_doc, "Maps a program over arrays of examples, or answers NotImplemented."},
    {Py_tp_dealloc, mapper_dealloc},
    {Py_tp_traverse, mapper_traverse},
    {Py_tp_clear, mapper_clear},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, mapper_members},
    {0, NULL},
};

static PyType_Spec mapper_spec = {
    .name = "autograd.native.engine.Mapper",
    .basicsize = sizeof(Mapper),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_HAVE_GC |
        Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = mapper_slots,
};

int
mapper_init(PyObject *module)
{
    Mapper_Type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &mapper_spec, NULL);
    return Mapper_Type != NULL ? 0 : -1;
}
