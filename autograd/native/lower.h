/* What the files that make packs of groups share: what autograd/program/passes/lower.py
   and grids.py do.

   slots.c gives each entry its slot; grids.c cuts lanes on which slots rise by equal
   steps; packs.c writes the packs of a group; lower.c goes through the groups, adds the
   sums over the examples, and hands all of it to Python. */

#ifndef AUTOGRAD_LOWER_H
#define AUTOGRAD_LOWER_H

#include "groups.h"

enum { LIMIT = 1 << 30 };

typedef struct {
    int64_t op, row, kind, m0, m1, terms, begin, after, after_row, checked, first, read;
} Code;

typedef struct {
    int64_t base, s0, s1, term, index;
} Read;

/* A growing array. */
typedef struct {
    void *data;
    int64_t count, room;
} Array;

/* The slots that the lanes of a group read, (terms, lanes). */
typedef struct {
    int32_t *slots;
    int64_t terms;
} Rows;

typedef struct {
    int64_t first, m0, m1;
} Grid;

typedef struct {
    Groups groups;
    const Tape *tape;
    int32_t *slot;  /* of each entry; -1 for none; of examples from LIMIT on */
    int32_t examples;
    Array numbers;  /* of double: what uniform slots hold */
    Map constants;
    Array code, start, reads, index;
    Array operations; /* of int32_t: those of the rows, in the order of first use */
    Array scratch;  /* of void *: blocks to be freed after a group */
    Array heads, grids, ends;
} Lowering;

/* slots.c */

void *more(Array *array, int64_t count, size_t size);
void *scratch(Lowering *l, int64_t count, size_t size);
void forget_scratch(Lowering *l);
int place_group(Lowering *l, const Group *group, Rows *out);
int read_slots(Lowering *l, const int32_t *entries, int64_t step, int64_t terms,
               int64_t lanes, Rows *rows);

/* grids.c */

int64_t find_grids(Lowering *l, const Rows *rows, int count, int64_t lanes);
int64_t find_run(Lowering *l, const Rows *rows, int count, int64_t lanes, int64_t t);
int rising(const Rows *rows, int count, int64_t lanes);
void slice(const Rows *rows, int count, int64_t lanes, int64_t t, int64_t e, Rows *part);

/* packs.c */

int cut(Lowering *l, const Code *pack, double start, Rows *rows, int count,
        const Rows *out, int64_t lanes);
int emit_row(Lowering *l, const Group *group, const Lane *lane, int whole);
int emit_fold(Lowering *l, const Group *group, const Lane *lane);

#endif
