/* What the files of compiled programs share: the program, and how it is run.

   program.c checks and loads it; run.c runs its packs on memory, a block of examples at
   a time; caller.c calls it with plain numbers, mapper.c with arrays of examples, both
   while watch.c sees no change outside; called.c is how a program calls them; leaves.c
   moves the numbers of leaves. */

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

/* The instructions for blocks of one size. They are not changed once made; the first
   few are kept. */
typedef struct Plan {
    struct Plan *next;
    int64_t block;
    int kept;
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
int program_check_range(const Program *program, int64_t from, int64_t to);
Plan *program_plan(Program *program, int64_t block);
void program_plan_done(Plan *plan);
void program_run_packs(const Program *program, const Plan *plan, int64_t from,
                       int64_t to, const Run *run);
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

/* caller.c */

int caller_init(PyObject *module);
PyObject *program_caller(Program *program, PyObject *args);

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
