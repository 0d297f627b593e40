/* What the files of compiled programs share: the program, and how it is run.

   program.c checks and loads it; run.c runs its packs on memory, a block of examples at
   a time, and stretches.c those that repeat as loops; caller.c calls it with plain
   numbers in the structures of shapes.c, mapper.c with arrays of examples, player.c
   plays what was recorded on Values, all while watch.c sees no change outside; called.c
   is how a program calls them; leaves.c moves the numbers of leaves. */

#ifndef AUTOGRAD_PROGRAM_H
#define AUTOGRAD_PROGRAM_H

#include "engine.h"

#include "kernels.h"

/* A pack as it came, in slots; and what is to be known of it. */
typedef struct {
    Instruction in_slots;
    int supported;
    const char *damage; /* why it is refused, or NULL */
} Pack;

/* From one repetition to the next: how far an operand moves, and all of an instruction. */
typedef struct {
    int64_t base, index; /* the index in bytes */
} Move;

typedef struct {
    Move out, x[OPERANDS];
} Advance;

/* Packs from ``first`` on, ``period`` of them ``count`` times; their instructions, and
   with count > 1 their advances, are those from ``at`` on. */
typedef struct {
    int64_t first, period, count, at;
} Stretch;

enum { PERIOD = 32, WORTH = 16 }; /* the longest, and the least packs that it folds */

/* The instructions for blocks of one size. They are not changed once made; the plans of
   the first few sizes stay. */
typedef struct Plan {
    struct Plan *next;
    int64_t block, count, kept; /* of examples, of stretches, of instructions */
    int stays;
    Stretch *stretches;
    Advance *advances;
    Instruction instructions[];
} Plan;

typedef struct {
    PyObject_HEAD
    const Kernels *kernels;
    int64_t uniform, first, slots, sums, once, count;
    Pack *packs;
    int32_t *index, *spread; /* as it came; and what was made of affine operands */
    PyObject *unsupported;
    Plan *plans;
} Program;

enum { MOST_PLANS = 8 };

/* program.c */

extern PyTypeObject *Program_Type;

void *take_buffer(PyObject *x, Py_buffer *view, const char *name, const char *format,
                  int64_t least, int writable);
void release_buffers(Py_buffer *views, int count);
#define INTEGERS "lq"

/* run.c */

int64_t program_doubles(const Program *program, int64_t block);
double *memory_new(int64_t doubles);
void memory_free(double *memory);
int program_check_range(const Program *program, int64_t from, int64_t to);
Plan *program_plan(Program *program, int64_t block);
void program_plan_done(Plan *plan);
/* Where the arguments' and results' scalars lie: address and step for each slot. */
typedef struct {
    const int64_t *places, *slots;
    int64_t count;
} Columns;

typedef struct {
    int64_t once, block, n;
    Columns inputs, outputs;
} Mapping;

void program_map_blocks(const Program *program, const Plan *plan, const Mapping *map,
                        Run *run);
PyObject *program_run(Program *program, PyObject *args);
PyObject *program_map(Program *program, PyObject *args);

/* stretches.c */

Plan *stretches_fold(Plan *plan, int64_t once, int64_t n);
void stretches_free(Plan *plan);
void program_run_packs(const Program *program, const Plan *plan, int64_t from,
                       int64_t to, const Run *run);

/* shapes.c */

typedef struct Shape {
    enum { ONE, LIST, TUPLE, ARRAY } kind;
    Py_ssize_t count; /* of parts, or of an array's numbers */
    struct Shape *parts;
    PyObject *dimensions, *empty; /* owned; of an array, and what makes one */
} Shape;

/* Where a structure's parts come from, in their order. */
typedef struct {
    PyObject *(*one)(void *from);
    PyObject *(*array)(const Shape *shape, void *from);
    void *from;
} Giver;

int shape_read(Shape *shape, PyObject *spec);
void shape_clear(Shape *shape);
int64_t shape_size(const Shape *shape);
int shape_take(const Shape *shape, PyObject *x, double **to);
PyObject *shape_give(const Shape *shape, const Giver *giver);

/* caller.c */

int caller_init(PyObject *module);
PyObject *program_caller(Program *program, PyObject *args);

/* player.c */

int player_init(PyObject *module);

/* called.c */

int called_init(PyObject *module);

/* mapper.c */

int mapper_init(PyObject *module);
PyObject *program_mapper(Program *program, PyObject *args);

/* watch.c */

int watch_init(PyObject *module);
int watch_check(PyObject *x);
int watch_is_same(PyObject *x);

/* leaves.c */

extern PyMethodDef leaves_functions[];

#endif
