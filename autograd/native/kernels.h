/* The instructions of a compiled program, and who runs them.

   An instruction computes a grid of lanes, m0 by m1 by m2, of which m2 is innermost:
   the examples (m2 = 0) or, for what is computed once for all of them, lanes too. It
   is a pack of ``autograd/program/packs.py`` in which slots have become positions in
   one array of numbers, the memory. ``program.c`` has checked all of them. */

#ifndef AUTOGRAD_KERNELS_H
#define AUTOGRAD_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum {
    SUMS = 8,     /* accumulators of a sum over examples, on every machine */
    CHUNK = 256,  /* lanes that a row's function gets at a time */
    FEW = 4,      /* terms of a fold whose sums stay in the nearest cache */
    PADDING = 8,  /* numbers behind the memory that a whole vector may read */
    OPERANDS = 4, /* at most */
};

/* As in packs.py */
enum { FOLD, ROW, PARTIAL, MANY, TAKE, DOTS, TOTAL, SCATTER, OPS };
enum { PRODUCT, PLUS, MINUS, KINDS };
enum { NUMBER, OPERAND, OUT, BEGINS };
enum { NOTHING, VALUE, TIMES, AFTERS };

/* A function of ``lanes.h``: some operands, each n numbers side by side, to a result
   for each. Returns whether Python might have raised at one of them. */
typedef struct {
    const char *name;
    int operands;
    int (*apply)(double *d, const double *const *x, int n);
} LaneFunction;

/* Positions: affine in lane and term, or (index) a slot for each term and lane. */
typedef struct {
    int64_t base, s0, s1, s2, term;
    const int32_t *index;
} Operand;

typedef struct {
    int op, kind, begin, after, checked, operands;
    int relu; /* what follows is ReLU, or its slope: done in registers */
    int row;  /* one row of lanes side by side; a fold: of few terms, or one for all */
    int few;  /* a grid of at most CHUNK lanes, computed once, with results side by side */
    int64_t m0, m1, m2, terms;
    double start;
    int function; /* of the row, or of what follows a fold; -1 if there is none */
    Operand out, x[OPERANDS];
    int from, step; /* which operand a fold starts with, and which follows it */
} Instruction;

/* Whether it adds over the examples, so that its result is a sum and no slot. */
static inline int
adds_up(const Instruction *p)
{
    return p->op >= DOTS;
}

typedef struct {
    double *memory, *sums;
    int64_t uniform, first, block; /* where a slot lies: see ``position`` */
    int64_t examples;              /* of this run, at most block */
    uint8_t *failed; /* an entry per example, or NULL: errors are of no interest */
} Run;

static inline int64_t
position(const Run *run, int32_t slot)
{
    return slot < run->uniform ? slot
                               : run->first + (slot - run->uniform) * run->block;
}

/* The kernels for one width of vectors. */
typedef struct {
    void (*run)(const Instruction *p, const Run *run);
    const LaneFunction *functions;
} Kernels;

extern const Kernels kernels_portable;
extern const int lane_functions;

#if defined(__GNUC__) && defined(__x86_64__)
#define AUTOGRAD_X86_KERNELS 1
extern const Kernels kernels_avx2, kernels_avx512;
extern const Kernels kernels_avx2_fast, kernels_avx512_fast; /* not exact */
#endif

#endif
