/* Compiled programs: packs checked once, then run by the kernels without the GIL.

   A program arrives as the arrays of ``autograd/program/packs.py``, perhaps out of a
   file. Every slot that a pack could touch is checked here, so that the kernels need
   to check nothing. */

#include "program.h"

/* The kernels that can run here, the widest vectors first, and where new programs
   take theirs from. Portable vectors are no faster than the C library's functions, so
   there ``exact=False`` changes nothing. */
typedef struct {
    const char *name;
    const Kernels *exact, *fast;
} Choice;

static Choice choices[4];
static const Choice *chosen = choices;

static void
find_kernels(void)
{
    Choice *choice = choices;
#ifdef AUTOGRAD_X86_KERNELS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
        *choice++ = (Choice){"avx512", &kernels_avx512, &kernels_avx512_fast};
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        *choice++ = (Choice){"avx2", &kernels_avx2, &kernels_avx2_fast};
    }
#endif
    *choice = (Choice){"portable", &kernels_portable, &kernels_portable};
}

/* kernels(name=None): let programs loaded from now on have others. Returns all names. */
static PyObject *
use_kernels(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *name = NULL;
    if (!PyArg_ParseTuple(args, "|z", &name)) {
        return NULL;
    }
    PyObject *names = PyList_New(0);
    int known = name == NULL;
    for (const Choice *c = choices; names != NULL && c->name != NULL; c++) {
        PyObject *one = PyUnicode_FromString(c->name);
        if (one == NULL || PyList_Append(names, one) < 0) {
            Py_CLEAR(names);
        }
        Py_XDECREF(one);
        if (name != NULL && strcmp(c->name, name) == 0) {
            chosen = c;
            known = 1;
        }
    }
    if (!known && names != NULL) {
        PyErr_Format(PyExc_ValueError, "kernels must be one of %R, got '%s'", names, name);
        Py_CLEAR(names);
    }
    return names;
}

static int
find_function(const char *name)
{
    for (int i = 0; i < lane_functions; i++) {
        if (strcmp(kernels_portable.functions[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

/* Buffers */

/* The numbers of a contiguous buffer of some format, at least ``least`` of them; NULL
   with an exception otherwise. */
void *
take_buffer(PyObject *x, Py_buffer *view, const char *name, const char *format,
            int64_t least, int writable)
{
    if (PyObject_GetBuffer(
            x, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0)) < 0) {
        view->obj = NULL;
        return NULL;
    }
    const char *given = view->format != NULL ? view->format : "B";
    const Py_ssize_t size = strpbrk(format, "dlq") ? 8 : format[0] == 'i' ? 4 : 1;
    const int fits =
        strchr(format, given[0]) != NULL && given[1] == '\0' && view->itemsize == size;
    if (fits && view->len / view->itemsize >= least) {
        return view->buf;
    }
    PyErr_Format(
        PyExc_ValueError, "%s must be at least %lld numbers of format %.1s, got %zd of %s",
        name, (long long)least, format, view->len / view->itemsize, given);
    PyBuffer_Release(view);
    view->obj = NULL;
    return NULL;
}

void
release_buffers(Py_buffer *views, int count)
{
    for (int i = 0; i < count; i++) {
        if (views[i].obj != NULL) {
            PyBuffer_Release(&views[i]);
        }
    }
}

/* Loading */

enum { OP, ROW_NAME, KIND, M0, M1, TERMS, BEGIN, AFTER, AFTER_ROW, CHECKED, FIRST, READ,
       CODE };
enum { BASE, S0, S1, TERM, INDEX, OPERAND_COLUMNS };
static const int64_t MOST = INT64_C(1) << 30; /* of each number in an instruction */

/* How many operands a pack reads; those of its terms; where a fold starts, and what
   it ends with, stand behind them. */
static int64_t
term_operands(const Instruction *p)
{
    return p->op == FOLD                    ? 1 + (p->kind == PRODUCT)
        : p->op == MANY || p->op == TAKE ? 1
                                         : 0;
}

static int64_t
terms_of(const Instruction *p, int64_t j)
{
    return j < term_operands(p) ? p->terms : 1;
}

/* Whether all slots of an affine operand lie in [low, high). */
static int
within(const Operand *x, const Instruction *p, int64_t terms, int64_t low, int64_t high)
{
    const int64_t steps[] = {x->s0 * (p->m0 - 1), x->s1 * (p->m1 - 1),
                             x->term * (terms - 1)};
    int64_t least = x->base, most = x->base;
    for (int i = 0; i < 3; i++) {
        *(steps[i] < 0 ? &least : &most) += steps[i];
    }
    return low <= least && most < high;
}

static const char *
check_operand(const Program *program, const Instruction *p, int64_t j, int once)
{
    const Operand *x = &p->x[j];
    const int64_t terms = terms_of(p, j), high = once ? program->uniform : program->slots;
    if (x->index != NULL) {
        for (int64_t k = 0; k < terms * p->m0 * p->m1; k++) {
            if (x->index[k] < 0 || x->index[k] >= high) {
                return "a slot of its index is none of the program";
            }
        }
        return NULL;
    }
    if (!within(x, p, terms, 0, program->uniform) &&
        (once || !within(x, p, terms, program->uniform, program->slots))) {
        return "an operand reads other slots than those of the program";
    }
    return NULL;
}

static const char *
check_out(const Program *program, const Instruction *p, int once)
{
    if (adds_up(p)) {
        const int64_t terms = p->op == SCATTER ? p->terms : 1;
        return once || !within(&p->out, p, terms, 0, program->sums) ? "no such sum" : NULL;
    }
    const int64_t low = once ? 0 : program->uniform;
    const int64_t high = once ? program->uniform : program->slots;
    return within(&p->out, p, 1, low, high) ? NULL : "its result has other slots";
}

/* What the rows' names mean here: a function, or -1. */
static int *
find_rows(PyObject *rows, int64_t *count)
{
    *count = PySequence_Fast_GET_SIZE(rows);
    int *found = PyMem_New(int, (size_t)*count + 1);
    if (found == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (int64_t i = 0; i < *count; i++) {
        const char *name = PyUnicode_AsUTF8(PySequence_Fast_GET_ITEM(rows, i));
        if (name == NULL) {
            PyMem_Free(found);
            return NULL;
        }
        found[i] = find_function(name);
    }
    return found;
}

/* Whether lanes that lie behind each other do so in the innermost dimension. */
static void
turn(Instruction *p)
{
    if (p->m1 == 1 && p->m0 > 1) {
        p->m1 = p->m0;
        p->m0 = 1;
        for (int64_t j = -1; j < p->operands; j++) {
            Operand *x = j < 0 ? &p->out : &p->x[j];
            x->s1 = x->s0;
            x->s0 = 0;
        }
    }
}

/* Read a row of ``code``. The indices of its operands are checked to be there. */
static const char *
read_pack(Program *program, Pack *pack, const int64_t *code, double start,
          const int64_t *operands, int64_t operand_count, int64_t index_count)
{
    Instruction *p = &pack->in_slots;
    if (code[OP] < 0 || code[OP] >= OPS || code[KIND] < 0 || code[KIND] >= KINDS ||
        code[BEGIN] < 0 || code[BEGIN] >= BEGINS || code[AFTER] < 0 ||
        code[AFTER] >= AFTERS) {
        return "an unknown operation";
    }
    p->op = (int)code[OP];
    p->kind = (int)code[KIND];
    p->begin = (int)code[BEGIN];
    p->after = p->op == FOLD ? (int)code[AFTER] : NOTHING;
    p->checked = code[CHECKED] != 0;
    p->start = start;
    p->m0 = code[M0];
    p->m1 = code[M1];
    p->terms = code[TERMS];
    if (p->m0 < 1 || p->m1 < 1 || p->terms < 0 || p->m0 > MOST || p->m1 > MOST / p->m0 ||
        p->terms > MOST) {
        return "a number of lanes or terms out of range";
    }
    const int64_t read = code[READ], at = code[FIRST];
    if (read < 0 || at < 0 || at >= operand_count || read > operand_count - 1 - at) {
        return "operands that are not there";
    }
    pack->supported = read <= OPERANDS;
    p->operands = (int)(read <= OPERANDS ? read : OPERANDS);
    const int64_t lanes = p->m0 * p->m1;
    for (int64_t j = -1; j < p->operands; j++) {
        const int64_t *o = operands + (at + 1 + j) * OPERAND_COLUMNS;
        for (int c = 0; c < INDEX; c++) {
            if (o[c] > MOST || o[c] < -MOST) {
                return "a number out of range";
            }
        }
        Operand *x = j < 0 ? &p->out : &p->x[j];
        *x = (Operand){o[BASE], o[S0], o[S1], 0, o[TERM], NULL};
        if (o[INDEX] >= 0 && j >= 0) {
            const int64_t terms = terms_of(p, j);
            if (o[INDEX] > index_count ||
                (terms > 0 && lanes > (index_count - o[INDEX]) / terms)) {
                return "an index that ends too early";
            }
            x->index = program->index + o[INDEX];
        }
    }
    return NULL;
}

/* How many operands the pack must have, and whether there is a function for it. */
static const char *
resolve(Pack *pack, const int64_t *code, const int *functions, int64_t row_count)
{
    Instruction *p = &pack->in_slots;
    const int64_t row = p->op == FOLD ? code[AFTER_ROW] : code[ROW_NAME];
    const int named = p->op == ROW || p->op == PARTIAL || p->op == MANY ||
        p->after != NOTHING;
    if (named && (row < 0 || row >= row_count)) {
        return "a row that is not there";
    }
    p->function = named ? functions[row] : -1;
    const LaneFunction *function =
        p->function >= 0 ? &kernels_portable.functions[p->function] : NULL;
    pack->supported = pack->supported && p->op != MANY && (function != NULL || !named);
    if (!pack->supported) {
        return NULL;
    }
    int64_t needs = 2;
    if (p->op == FOLD) {
        needs = term_operands(p);
        p->from = p->begin == OPERAND ? (int)needs++ : 0;
        p->step = p->after == TIMES ? (int)needs++ : 0;
        p->relu = named && strncmp(function->name, "relu", 4) == 0 &&
            (function->name[4] == '\0' || function->name[4] == ':');
        if (named && function->operands != (p->after == VALUE ? 1 : 2)) {
            return "a row of too many operands behind a fold";
        }
    }
    else if (named) {
        needs = function->operands;
    }
    else if (p->op == TOTAL) {
        needs = 1;
    }
    return p->operands == needs ? NULL : "a wrong number of operands";
}

/* A mixed fold gets indices for its affine operands too. Returns how many slots, and
   writes them if there is room. */
static int64_t
spread(Instruction *p, int32_t *room)
{
    int64_t filled = 0;
    int listed = 0;
    for (int j = 0; j < p->operands; j++) {
        listed |= p->x[j].index != NULL;
    }
    if (p->op != FOLD || !listed) {
        return 0;
    }
    p->relu = 0; /* in registers for affine operands alone */
    for (int j = 0; j < p->operands; j++) {
        Operand *x = &p->x[j];
        const int64_t terms = terms_of(p, j);
        if (x->index != NULL) {
            continue;
        }
        if (room != NULL) {
            int32_t *slot = room + filled;
            for (int64_t t = 0; t < terms; t++) {
                for (int64_t i = 0; i < p->m0; i++) {
                    for (int64_t u = 0; u < p->m1; u++) {
                        *slot++ = (int32_t)(x->base + t * x->term + i * x->s0 + u * x->s1);
                    }
                }
            }
            x->index = room + filled;
        }
        filled += terms * p->m0 * p->m1;
    }
    return filled;
}

static int
spread_all(Program *program)
{
    int64_t total = 0;
    for (int64_t i = 0; i < program->count; i++) {
        total += program->packs[i].supported ? spread(&program->packs[i].in_slots, NULL) : 0;
    }
    program->spread = PyMem_New(int32_t, (size_t)total + 1);
    if (program->spread == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    int32_t *room = program->spread;
    for (int64_t i = 0; i < program->count; i++) {
        if (program->packs[i].supported) {
            room += spread(&program->packs[i].in_slots, room);
        }
    }
    return 0;
}

/* A sum or difference of two is a row, for which lanes side by side are one long one;
   but not of a number for all examples, which only a fold broadcasts in registers. */
static void
as_row(const Program *program, Instruction *p)
{
    const int function = find_function(p->kind == PLUS ? "add" : "sub");
    const Operand term = p->x[0];
    if (p->op == FOLD && p->terms == 1 && p->begin == OPERAND && p->kind != PRODUCT &&
        p->after == NOTHING && function >= 0 &&
        (term.base < program->uniform) == (p->x[1].base < program->uniform)) {
        p->op = ROW;
        p->function = function;
        p->x[0] = p->x[1];
        p->x[1] = term;
    }
}

static const char *
load_pack(Program *program, int64_t i, const int64_t *code, double start,
          const int64_t *operands, int64_t operand_count, int64_t index_count,
          const int *functions, int64_t row_count)
{
    Pack *pack = &program->packs[i];
    Instruction *p = &pack->in_slots;
    const int once = i < program->once;
    const char *damage =
        read_pack(program, pack, code, start, operands, operand_count, index_count);
    damage = damage ? damage : resolve(pack, code, functions, row_count);
    damage = damage ? damage : check_out(program, p, once);
    for (int64_t j = 0; damage == NULL && j < p->operands; j++) {
        damage = check_operand(program, p, j, once);
    }
    if (damage == NULL && pack->supported) {
        as_row(program, p);
    }
    if (damage == NULL && once) {
        turn(p);
        if (p->m0 * p->m1 > 1 && p->out.s1 != 1) {
            pack->supported = 0;
        }
    }
    return damage;
}

static int
list_unsupported(Program *program)
{
    PyObject *list = PyList_New(0);
    for (int64_t i = 0; list != NULL && i < program->count; i++) {
        if (!program->packs[i].supported) {
            PyObject *number = PyLong_FromLongLong(i);
            if (number == NULL || PyList_Append(list, number) < 0) {
                Py_CLEAR(list);
            }
            Py_XDECREF(number);
        }
    }
    program->unsupported = list == NULL ? NULL : PyList_AsTuple(list);
    Py_XDECREF(list);
    return program->unsupported == NULL ? -1 : 0;
}

static int
load_packs(Program *program, PyObject *arrays[4], PyObject *rows)
{
    Py_buffer views[4] = {{0}};
    int64_t row_count;
    int failed = -1, *functions = find_rows(rows, &row_count);
    const int64_t *code = NULL, *operands = NULL;
    const double *start = NULL;
    const int32_t *index = NULL;
    if (functions != NULL &&
        (code = take_buffer(arrays[0], &views[0], "code", INTEGERS, 0, 0)) != NULL) {
        program->count = views[0].len / 8 / CODE;
        start = take_buffer(arrays[1], &views[1], "start", "d", program->count, 0);
    }
    if (start != NULL) {
        operands = take_buffer(arrays[2], &views[2], "operands", INTEGERS, 0, 0);
    }
    if (operands != NULL) {
        index = take_buffer(arrays[3], &views[3], "index", "i", 0, 0);
    }
    if (index != NULL) {
        program->packs = PyMem_Calloc((size_t)program->count + 1, sizeof(Pack));
        program->index = PyMem_Malloc((size_t)views[3].len + 1);
        failed = program->packs == NULL || program->index == NULL ? -1 : 0;
        if (failed) {
            PyErr_NoMemory();
        }
    }
    if (!failed) {
        memcpy(program->index, index, (size_t)views[3].len);
    }
    for (int64_t i = 0; !failed && i < program->count; i++) {
        const char *damage = load_pack(
            program, i, code + i * CODE, start[i], operands,
            views[2].len / 8 / OPERAND_COLUMNS, views[3].len / 4, functions, row_count);
        if (damage != NULL) {
            PyErr_Format(
                PyExc_ValueError, "a damaged program: pack %lld has %s", (long long)i,
                damage);
            failed = -1;
        }
    }
    for (int i = 0; i < 4; i++) {
        if (views[i].obj != NULL) {
            PyBuffer_Release(&views[i]);
        }
    }
    PyMem_Free(functions);
    return failed;
}

PyTypeObject *Program_Type;

/* load(code, start, operands, index, rows, uniform, first, slots, sums, once, exact=1) */
static PyObject *
program_load(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *arrays[4], *rows;
    long long numbers[5];
    int exact = 1;
    if (!PyArg_ParseTuple(
            args, "OOOOOLLLLL|p", &arrays[0], &arrays[1], &arrays[2], &arrays[3], &rows,
            &numbers[0], &numbers[1], &numbers[2], &numbers[3], &numbers[4], &exact)) {
        return NULL;
    }
    for (int i = 0; i < 5; i++) {
        if (numbers[i] < 0 || numbers[i] > INT32_MAX) {
            return PyErr_Format(PyExc_ValueError, "a damaged program: %lld slots or sums",
                                numbers[i]);
        }
    }
    if (numbers[1] < numbers[0] || numbers[2] < numbers[0]) {
        PyErr_SetString(PyExc_ValueError, "a damaged program: uniform slots overlap");
        return NULL;
    }
    rows = PySequence_Fast(rows, "rows must be a sequence of names");
    Program *program = rows ? PyObject_New(Program, Program_Type) : NULL;
    if (program == NULL) {
        Py_XDECREF(rows);
        return NULL;
    }
    program->kernels = exact ? chosen->exact : chosen->fast;
    program->uniform = numbers[0];
    program->first = numbers[1];
    program->slots = numbers[2];
    program->sums = numbers[3];
    program->once = numbers[4];
    program->count = 0;
    program->packs = NULL;
    program->index = program->spread = NULL;
    program->unsupported = NULL;
    program->plans = NULL;
    if (load_packs(program, arrays, rows) < 0 || spread_all(program) < 0 ||
        list_unsupported(program) < 0) {
        Py_CLEAR(program);
    }
    Py_DECREF(rows);
    return (PyObject *)program;
}

static void
program_dealloc(Program *program)
{
    PyTypeObject *type = Py_TYPE(program);
    while (program->plans != NULL) {
        Plan *plan = program->plans;
        program->plans = plan->next;
        stretches_free(plan);
    }
    PyMem_Free(program->packs);
    PyMem_Free(program->index);
    PyMem_Free(program->spread);
    Py_XDECREF(program->unsupported);
    PyObject_Free(program);
    Py_DECREF(type);
}

static PyObject *
program_unsupported(Program *program, void *Py_UNUSED(closure))
{
    return Py_NewRef(program->unsupported);
}

static PyMethodDef program_methods[] = {
    {"run", (PyCFunction)program_run, METH_VARARGS,
     "run($self, memory, first, last, block, examples, sums, failed, /)\n--\n\n"
     "Run some packs on a block of examples."},
    {"map", (PyCFunction)program_map, METH_VARARGS,
     "map($self, memory, once, block, n, inputs, input_slots, outputs, output_slots, "
     "sums, failed, /)\n--\n\n"
     "Run the packs from ``once`` on for all examples, block after block."},
    {"caller", (PyCFunction)program_caller, METH_VARARGS,
     "caller($self, numbers, inputs, parameters, leaves, outputs, outcomes, arguments, "
     "result, ieee, watch=None, depends=b'', slopes=b'', name='', make=None, /)\n--\n\n"
     "What calls the program with plain numbers; see caller.c."},
    {"mapper", (PyCFunction)program_mapper, METH_VARARGS,
     "mapper($self, numbers, inputs, parameters, leaves, outputs, guards, outcomes, "
     "totals, seed, total, block, most, shapes, empty, raises, watch, /)\n--\n\n"
     "What maps the program over arrays of examples; see mapper.c."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef program_attributes[] = {
    {"unsupported", (getter)program_unsupported, NULL,
     "The numbers of the packs that C cannot run.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot program_slots[] = {
    {Py_tp_doc, "The packs of a compiled program, checked."},
    {Py_tp_dealloc, program_dealloc},
    {Py_tp_methods, program_methods},
    {Py_tp_getset, program_attributes},
    {0, NULL},
};

static PyType_Spec program_spec = {
    .name = "autograd.native.engine.Packs",
    .basicsize = sizeof(Program),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = program_slots,
};

static PyMethodDef functions[] = {
    {"load", program_load, METH_VARARGS,
     "load($module, code, start, operands, index, rows, uniform, first, slots, sums, "
     "once, exact=True, /)\n--\n\nCheck the arrays of a program, for its packs to be run."},
    {"kernels", use_kernels, METH_VARARGS,
     "kernels($module, name=None, /)\n--\n\n"
     "Let other kernels run; the names of those that can, the widest first."},
    {NULL, NULL, 0, NULL},
};

int
program_init(PyObject *module)
{
    if (Program_Type == NULL) {
        find_kernels();
        Program_Type =
            (PyTypeObject *)PyType_FromModuleAndSpec(module, &program_spec, NULL);
    }
    if (Program_Type == NULL || caller_init(module) < 0 ||
        called_init(module) < 0 || mapper_init(module) < 0 || player_init(module) < 0 ||
        watch_init(module) < 0 || tape_init(module) < 0 ||
        PyModule_AddFunctions(module, leaves_functions) < 0) {
        return -1;
    }
    return PyModule_AddFunctions(module, functions);
}
