/* What adjoint.c and tangent.c share: numbers that may be entries, the walk over what
   an output depends on, and the local derivatives along it. */

#ifndef AUTOGRAD_SLOPES_H
#define AUTOGRAD_SLOPES_H

#include "wengert.h"

/* A number or an entry, or neither. */
enum { ABSENT, ZERO, NUMBER, ENTRY };

typedef struct {
    int kind; /* ZERO: the number that an input's adjoint begins with */
    int32_t entry;
    double number;
} Term;

static const Term NO_TERM = {ABSENT, -1, 0.0}, TRUE_TERM = {NUMBER, -1, 1.0};

static inline Term
plain(double x)
{
    return (Term){NUMBER, -1, x};
}

static inline Term
entry(int32_t k)
{
    return (Term){ENTRY, k, 0.0};
}

/* What is known of the partials of a row by each operand, of a reduction by those of a
   term. */
typedef struct {
    int known; /* one of these, or ABSENT if nobody has asked yet */
    int which; /* operand, or row of the only one */
    double number;
} Shape;
enum { IS_NUMBER = 1, IS_OPERAND, IS_ROW, COMPUTED };

/* What is known of a row, or of a partial; bits of the answer of Python's ``traits``. */
enum { MAY_BE_INFINITE = 1, CHOOSES = 2, ASKED = 4, IS_STEP = 8 };

typedef struct {
    Tape *tape;
    int32_t *order; /* what the outputs depend on, operands first */
    int64_t count, room;
    uint8_t *seen; /* by entry */
    int64_t capacity;
    Shape (*shapes)[MOST_OPERANDS]; /* by operation */
    int64_t shape_count;
    uint8_t *traits; /* by operation, 0 for not known yet */
    int64_t trait_count;
    PyObject *column; /* the partials of the reduction that was met last, or NULL */
    int32_t column_entry;
    int64_t column_number;
} Sweep;

/* What one entry gives to another, and under which condition. */
typedef struct {
    Term part, taken;
    int strict; /* behind a ``where`` of the function itself */
} Share;

/* Whether no derivative goes through an operation. */
static inline int
ends(int32_t op)
{
    return op < FIRST_ROW;
}

void sweep_free(Sweep *s);
int sweep_room(Sweep *s);
int sweep_walk(Sweep *s, int32_t output);
Term sweep_partial(Sweep *s, int32_t k, int64_t i);
int sweep_traits(Sweep *s, int32_t op);
Share sweep_share(Sweep *s, Term x, int32_t op, Term slope, Term here, int strict);

int32_t term_entry(Tape *tape, Term x);
Term term_apply(Tape *tape, uint32_t row, int count, Term x, Term y, Term z);
Term term_plus(Tape *tape, Term x, Term y);
Term term_further(Tape *tape, Term here, Term taken);
int term_join(Tape *tape, Term *reach, Term there);

#endif
