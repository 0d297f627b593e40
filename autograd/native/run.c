/* Running the packs of a program on memory, without the GIL: some packs on one block of
   examples, or all of them block after block. */

#include "program.h"

/* Plans: slots become positions in a memory for blocks of some size */

static void
place_operand(const Program *program, Operand *x, int64_t block, int once)
{
    if (once) { /* lanes are innermost: m0 by m1 become m1 by m2 */
        x->s2 = x->s1;
        x->s1 = x->s0;
        x->s0 = 0;
        return;
    }
    if (x->base >= program->uniform) {
        x->base = program->first + (x->base - program->uniform) * block;
        x->s0 *= block;
        x->s1 *= block;
        x->term *= block;
        x->s2 = 1;
    }
}

/* Whether lanes are one row, side by side in all operands; in a fold, of few terms, a
   number for all will do. */
static int
is_row(const Instruction *p)
{
    int row = p->m0 == 1 && p->m1 == 1 &&
        (p->op == ROW || p->op == PARTIAL || (p->op == FOLD && p->terms <= FEW && !p->relu));
    for (int j = 0; j < p->operands; j++) {
        const Operand *x = &p->x[j];
        row &= x->index == NULL && (x->s2 == 1 || (x->s2 == 0 && p->op == FOLD));
    }
    return row;
}

Plan *
program_plan(Program *program, int64_t block)
{
    int made = 0;
    for (Plan *plan = program->plans; plan != NULL; plan = plan->next, made++) {
        if (plan->block == block) {
            return plan;
        }
    }
    Plan *plan = PyMem_Malloc(
        offsetof(Plan, instructions) + (size_t)program->count * sizeof(Instruction));
    if (plan == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    *plan = (Plan){.next = program->plans, .block = block, .stays = made < MOST_PLANS};
    for (int64_t i = 0; i < program->count; i++) {
        Instruction *p = &plan->instructions[i];
        const int once = i < program->once;
        *p = program->packs[i].in_slots;
        if (once) {
            p->m2 = p->m1;
            p->m1 = p->m0;
            p->m0 = 1;
        }
        if (!adds_up(p)) { /* else it counts sums */
            place_operand(program, &p->out, block, once);
        }
        for (int j = 0; j < p->operands; j++) {
            place_operand(program, &p->x[j], block, once);
        }
        p->row = is_row(p);
        p->few = once && p->m0 == 1 && p->m1 * p->m2 <= CHUNK && p->out.s2 == 1 &&
            (p->m1 == 1 || p->out.s1 == p->m2);
    }
    plan = stretches_fold(plan, program->once, program->count);
    if (plan != NULL && plan->stays) {
        program->plans = plan;
    }
    return plan;
}

void
program_plan_done(Plan *plan)
{
    if (!plan->stays) {
        stretches_free(plan);
    }
}

/* Running */

static int
check_block(const Program *program, int64_t block, int64_t examples)
{
    if (block < 1 || block > INT32_MAX || examples < 0 || examples > block ||
        program->slots - program->uniform > (INT64_MAX >> 8) / block) {
        PyErr_Format(PyExc_ValueError, "%lld examples in a block of %lld",
                     (long long)examples, (long long)block);
        return -1;
    }
    return 0;
}

int64_t
program_doubles(const Program *program, int64_t block)
{
    return program->first + (program->slots - program->uniform) * block + PADDING;
}

enum { LINE = 64 };

/* Numbers for a run, all 0, from the beginning of a cache line on: in a block, which is a
   multiple of 8, no vector lies across two lines then. NULL with an exception for want
   of memory. */
double *
memory_new(int64_t doubles)
{
    char *room = PyMem_Calloc((size_t)doubles + LINE / sizeof(double), sizeof(double));
    if (room == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    char *start = room + LINE - (uintptr_t)room % LINE;
    memcpy(start - sizeof room, &room, sizeof room); /* for memory_free */
    return (double *)start;
}

void
memory_free(double *memory)
{
    if (memory != NULL) {
        char *room;
        memcpy(&room, (char *)memory - sizeof room, sizeof room);
        PyMem_Free(room);
    }
}

int
program_check_range(const Program *program, int64_t from, int64_t to)
{
    if (from < 0 || from > to || to > program->count) {
        PyErr_Format(PyExc_ValueError, "packs %lld to %lld of %lld", (long long)from,
                     (long long)to, (long long)program->count);
        return -1;
    }
    for (int64_t i = from; i < to; i++) {
        if (!program->packs[i].supported) {
            PyErr_Format(PyExc_ValueError, "pack %lld is not one for C", (long long)i);
            return -1;
        }
    }
    return 0;
}

/* Buffers that a call holds, for which None stands for none. */
static int
take_optional(PyObject *x, Py_buffer *view, const char *name, const char *format,
              int64_t least, void **to)
{
    *to = NULL;
    if (x == Py_None) {
        return 0;
    }
    *to = take_buffer(x, view, name, format, least, 1);
    return *to == NULL ? -1 : 0;
}

/* run(memory, first_pack, last_pack, block, examples, sums, failed) */
PyObject *
program_run(Program *program, PyObject *args)
{
    PyObject *memory, *sums, *failed;
    long long from, to, block, examples;
    if (!PyArg_ParseTuple(
            args, "OLLLLOO", &memory, &from, &to, &block, &examples, &sums, &failed) ||
        check_block(program, block, examples) < 0 || program_check_range(program, from, to) < 0) {
        return NULL;
    }
    Plan *plan = program_plan(program, block);
    if (plan == NULL) {
        return NULL;
    }
    Py_buffer views[3] = {{0}};
    void *to_sums = NULL, *to_failed = NULL;
    double *numbers =
        take_buffer(memory, &views[0], "memory", "d", program_doubles(program, block), 1);
    int bad = numbers == NULL ||
        take_optional(sums, &views[1], "sums", "d", program->sums * SUMS, &to_sums) < 0 ||
        take_optional(failed, &views[2], "failed", "B?", block, &to_failed) < 0;
    for (int64_t i = from; !bad && to_sums == NULL && i < to; i++) {
        if (adds_up(&program->packs[i].in_slots)) {
            PyErr_SetString(PyExc_ValueError, "a program with sums needs room for them");
            bad = 1;
        }
    }
    if (!bad) {
        const Run run = {numbers,  to_sums,  program->uniform, program->first,
                         block,    examples, to_failed};
        Py_BEGIN_ALLOW_THREADS
        program_run_packs(program, plan, from, to, &run);
        Py_END_ALLOW_THREADS
    }
    release_buffers(views, 3);
    program_plan_done(plan);
    return bad ? NULL : Py_NewRef(Py_None);
}

static void
copy_in(const Columns *columns, const Run *run, int64_t start)
{
    for (int64_t i = 0; i < columns->count; i++) {
        double *d = run->memory + position(run, (int32_t)columns->slots[i]);
        const int64_t step = columns->places[2 * i + 1];
        const char *from = (const char *)(intptr_t)columns->places[2 * i] + start * step;
        if (step == sizeof *d) {
            memcpy(d, from, (size_t)run->examples * sizeof *d);
            continue;
        }
        for (int64_t k = 0; k < run->examples; k++, from += step) {
            memcpy(d + k, from, sizeof *d);
        }
    }
}

static void
copy_out(const Columns *columns, const Run *run, int64_t start)
{
    for (int64_t i = 0; i < columns->count; i++) {
        const int64_t slot = columns->slots[i], varies = slot >= run->uniform;
        const double *x = run->memory + position(run, (int32_t)slot);
        const int64_t step = columns->places[2 * i + 1];
        char *to = (char *)(intptr_t)columns->places[2 * i] + start * step;
        if (varies && step == sizeof *x) {
            memcpy(to, x, (size_t)run->examples * sizeof *x);
            continue;
        }
        for (int64_t k = 0; k < run->examples; k++, to += step) {
            memcpy(to, x + k * varies, sizeof *x);
        }
    }
}

static int
check_slots(const Program *program, const Columns *columns, int64_t low)
{
    for (int64_t i = 0; i < columns->count; i++) {
        if (columns->slots[i] < low || columns->slots[i] >= program->slots) {
            PyErr_Format(PyExc_ValueError, "slot %lld is none of the program's",
                         (long long)columns->slots[i]);
            return -1;
        }
    }
    return 0;
}

/* Block after block: the inputs to their slots, all packs, the outputs. */
void
program_map_blocks(const Program *program, const Plan *plan, const Mapping *map, Run *run)
{
    uint8_t *failed = run->failed;
    for (int64_t start = 0; start < map->n; start += map->block) {
        const int64_t left = map->n - start;
        run->examples = left < map->block ? left : map->block;
        run->failed = failed != NULL ? failed + start : NULL;
        copy_in(&map->inputs, run, start);
        program_run_packs(program, plan, map->once, program->count, run);
        copy_out(&map->outputs, run, start);
    }
}

/* The arguments of ``map`` that are buffers; the last two may be None. */
enum { MEMORY, INPUTS, INPUT_SLOTS, OUTPUTS, OUTPUT_SLOTS, SUMS_OF, FAILED, BUFFERS };

/* Look at all of them; 0, or -1 with an exception. */
static int
take_mapping(Program *program, Mapping *map, PyObject *const *x, Py_buffer *views,
             void **found)
{
    static const char *const names[] = {
        "memory", "inputs", "input_slots", "outputs", "output_slots"};
    for (int i = 0; i <= OUTPUT_SLOTS; i++) {
        const int64_t least = i == MEMORY ? program_doubles(program, map->block)
            : i == INPUTS || i == OUTPUTS ? 2 * PyObject_Length(x[i + 1])
                                          : 0;
        found[i] = take_buffer(
            x[i], &views[i], names[i], i == MEMORY ? "d" : INTEGERS, least, i == MEMORY);
        if (found[i] == NULL) {
            return -1;
        }
    }
    const int64_t sums = program->sums * SUMS;
    if (take_optional(x[SUMS_OF], &views[SUMS_OF], "sums", "d", sums, &found[SUMS_OF]) < 0 ||
        take_optional(x[FAILED], &views[FAILED], "failed", "B?", map->n, &found[FAILED]) < 0) {
        return -1;
    }
    if (sums > 0 && found[SUMS_OF] == NULL) {
        PyErr_SetString(PyExc_ValueError, "a program with sums needs room for them");
        return -1;
    }
    map->inputs = (Columns){found[INPUTS], found[INPUT_SLOTS], views[INPUT_SLOTS].len / 8};
    map->outputs =
        (Columns){found[OUTPUTS], found[OUTPUT_SLOTS], views[OUTPUT_SLOTS].len / 8};
    if (check_slots(program, &map->inputs, program->uniform) < 0) {
        return -1;
    }
    return check_slots(program, &map->outputs, 0);
}

/* map(memory, once, block, n, inputs, input_slots, outputs, output_slots, sums,
   failed): the packs behind the first ``once`` for all examples. The addresses in
   inputs and outputs are the caller's word. */
PyObject *
program_map(Program *program, PyObject *args)
{
    PyObject *x[BUFFERS];
    long long once, block, n;
    if (!PyArg_ParseTuple(
            args, "OLLLOOOOOO", &x[MEMORY], &once, &block, &n, &x[INPUTS],
            &x[INPUT_SLOTS], &x[OUTPUTS], &x[OUTPUT_SLOTS], &x[SUMS_OF], &x[FAILED]) ||
        check_block(program, block, 0) < 0 ||
        program_check_range(program, once, program->count) < 0) {
        return NULL;
    }
    if (n < 0 || block % SUMS != 0) {
        return PyErr_Format(PyExc_ValueError,
                            "%lld examples in blocks of %lld, no multiple of 8", n, block);
    }
    Plan *plan = program_plan(program, block);
    if (plan == NULL) {
        return NULL;
    }
    Mapping map = {.once = once, .block = block, .n = n};
    Py_buffer views[BUFFERS] = {{0}};
    void *found[BUFFERS] = {NULL};
    const int bad = take_mapping(program, &map, x, views, found) < 0;
    if (!bad) {
        Run run = {found[MEMORY], found[SUMS_OF], program->uniform, program->first, block,
                   0,             found[FAILED]};
        Py_BEGIN_ALLOW_THREADS
        program_map_blocks(program, plan, &map, &run);
        Py_END_ALLOW_THREADS
    }
    release_buffers(views, BUFFERS);
    program_plan_done(plan);
    return bad ? NULL : Py_NewRef(Py_None);
}
