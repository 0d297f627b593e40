/* What groups.c finds on a tape, and packs.c makes packs of. */

#ifndef AUTOGRAD_GROUPS_H
#define AUTOGRAD_GROUPS_H

#include "kernels.h"
#include "wengert.h"

enum { FOLD_OP = -1, NO_OP = -1, NONE = -1 };

/* What becomes a lane of a pack. A fold has two operands for each term, and then what
   it starts with, or NONE. */
typedef struct {
    int32_t node, op, group;
    int32_t after, beside; /* what follows a fold, and the operand of that */
    int64_t arg, kind;     /* where its operands and its kinds of terms begin */
    int32_t args, terms;
    int dropped, alone; /* alone: a sum over the examples, and no lane */
} Lane;

/* Lanes that are alike: their nodes, their operands (operands, lanes), and what is
   beside. */
typedef struct {
    int64_t signature; /* where it begins */
    int32_t length, first, lanes, filled;
    int32_t order[2]; /* whether it varies, and the depth */
    int32_t *nodes, *args, *beside;
} Group;

typedef struct {
    const Tape *tape;
    uint8_t *varies, *form, *uses, *wanted, *read;
    int32_t *at, *depth, *reads, *slopes;
    Lane *lanes;
    int64_t lane_count;
    int32_t *args;
    uint8_t *kinds;
    Group *groups, **order; /* as they were met, and as they run */
    int64_t group_count, group_room;
    int32_t *signatures;
    int64_t signature_count, signature_room;
    int32_t *table; /* of groups, by the hash of their signatures */
    uint64_t mask;
    void *blocks[16]; /* what is as long as the tape, to be freed */
    int block_count;
} Groups;

/* Entries from Python. */
typedef struct {
    int32_t *entries;
    Py_ssize_t count;
} Chosen;

int groups_find(Groups *w, const Tape *tape, const Chosen *outputs,
                const Chosen *varying, const Chosen *sums);
void groups_free(Groups *w);

/* What a fold starts from, if that is a zero: 1, and its sign in ``zero``. */
static inline int
zero_before(const Groups *w, const Lane *fold, double *zero)
{
    const int32_t start = w->args[fold->arg + fold->args - 1];
    *zero = start == NONE ? -0.0 : w->tape->number[start];
    return start == NONE || (w->tape->op[start] == OP_NUMBER && *zero == 0.0);
}

#endif
